"""Compare what the last run has made, file by file, with what the commit says it should be."""

import subprocess

from genbench.utils import cli, lock_file, portable
from genbench.utils.errors import InputError

INPUTS = ("params.yaml", "dvc.yaml", "src", "stages")


def main() -> None:
    changed = git("status", "--porcelain", "--", *INPUTS).decode().splitlines()
    if changed:
        raise InputError(f"{changed[0][3:]} is not as committed; commit it, or `git stash` it")
    if note := portable.why_not_here():
        print(f"note: {note}")
    committed = hashes(lock_file.parse(git("show", f"HEAD:{lock_file.LOCK}")))
    made = hashes(lock_file.load())
    others = sorted(path for path in committed | made if committed.get(path) != made.get(path))
    for path in others:
        print(
            f"{path}: {made.get(path, 'not made')}, committed is {committed.get(path, 'nothing')}"
        )
    if others:
        raise InputError(f"{len(others)} of {len(committed)} outputs are not those of the commit")
    print(f"all {len(committed)} outputs are the bytes of the commit")


def git(*words: str) -> bytes:
    """What git says."""
    done = subprocess.run(["git", *words], capture_output=True)
    if done.returncode:
        reason = " ".join(done.stderr.decode(errors="replace").split())
        raise InputError(f"nothing to compare with: git {words[0]}: {reason}")
    return done.stdout


def hashes(stages: dict[str, dict]) -> dict[str, str]:
    """The hash of each output of the stages of a dvc.lock, by its path."""
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", ())}


if __name__ == "__main__":
    cli.run(main)
