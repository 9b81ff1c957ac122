"""Which code made a result: what dvc.lock has of the stages that led to it."""

from ..utils import provenance

CODE_TAG = "genbench.code"
"""A digest of the code that made the results, as dvc.lock has it."""


def digest_code(name: str, dataset: str, stages: dict[str, dict]) -> str | None:
    """The code behind one training in 16 hexadecimal digits; None if DVC knows nothing of it.

    Of its own stages, such as train@digits-vae, and of those of its dataset: what they depend on
    of the code, at the time when they ran.

    name : of the item, such as digits-vae
    """
    entries = {k: v for k, v in stages.items() if k.partition("@")[2] in {name, dataset}}
    if not any(stage.endswith(f"@{name}") for stage in entries):
        return None
    return provenance.digest(
        {
            stage: [[dep["path"], dep["md5"]] for dep in entry.get("deps", ()) if _is_code(dep)]
            for stage, entry in entries.items()
        }
    )


def _is_code(dependency: dict) -> bool:
    return dependency["path"].startswith(("src/", "stages/", "data/code/"))
