"""onnxruntime-web, which runs the graphs in the page: pinned, and installed when first needed."""

import shutil
import subprocess
from pathlib import Path

from ..utils.errors import InputError
from ..utils.files import atomic_write
from ..utils.paths import main_repository

PINNED = Path(__file__).parent / "runtime"
"""package.json and package-lock.json: versions and hashes."""
LOCK = "package-lock.json"
LICENSE = PINNED / "LICENSE.onnxruntime"
MODULE = "ort.wasm.bundle.min.mjs"
WASM = "ort-wasm-simd-threaded.wasm"


def install() -> Path:
    """The folder of onnxruntime-web, installed into .genbench/ if it is not there.

    Raises
    ------
    InputError : without npm, and where npm cannot get it.
    """
    folder = main_repository() / ".genbench" / "onnxruntime-web"
    lock = folder / LOCK
    if not lock.exists() or lock.read_bytes() != (PINNED / LOCK).read_bytes():
        npm = shutil.which("npm")
        if npm is None:
            raise InputError(
                "the explorer needs npm, once, to install onnxruntime-web: Debian's package npm,"
                " or https://nodejs.org"
            )
        with atomic_write(folder) as new:
            shutil.copytree(PINNED, new)
            words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(words, cwd=new, capture_output=True, text=True)
            if done.returncode:
                said = " ".join(done.stderr.split())[:300]
                raise InputError(f"npm ci could not install onnxruntime-web: {said}")
    return folder / "node_modules" / "onnxruntime-web"
