"""The same bytes on every processor: what numeric libraries are told before they are loaded.

Measured: with these, PyTorch, NumPy, SciPy and scikit-learn give equal bytes on x86-64 processors
with and without AVX-512, but for square roots and inverse trigonometric functions of PyTorch, which
MKL computes (`distances` has the square root).
"""

import os
import platform
import re
import sys
from pathlib import Path

ENVIRONMENT = {
    "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # its convolutions
    "MKL_CBWR": "COMPATIBLE",  # its matrix products: MKL's only mode that is equal on AMD and Intel
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",  # NumPy's own kernels
    "OPENBLAS_CORETYPE": "Haswell",  # matrix products of NumPy and SciPy
    "OMP_NUM_THREADS": "1",  # sums of several threads are added in another order
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
PARAMS = Path("params.yaml")


def pin() -> None:
    """Set the environment, unless params.yaml says `portable: false`.

    Libraries read it when they are loaded: NumPy was not, or a line says that it is too late.
    """
    if not is_asked_for(PARAMS):
        return
    is_late = "numpy" in sys.modules and not is_pinned()
    os.environ.update(ENVIRONMENT)
    if is_late:
        print(
            "note: NumPy was loaded before genbench, so that results may depend on this processor;"
            " import genbench first",
            file=sys.stderr,
        )


def is_pinned() -> bool:
    """Whether the environment is set, here or by the process that started this one."""
    return ENVIRONMENT.items() <= os.environ.items()


def is_asked_for(params: Path) -> bool:
    """Whether a params.yaml does not say `portable: false`, read in no time and not checked."""
    try:
        text = params.read_bytes()
    except OSError:
        text = b""
    return re.search(rb"^portable:\s*false\b", text, re.MULTILINE) is None


def why_not_here() -> str | None:
    """Why hashes made here may differ from those of other machines, in a line; None if not."""
    machine = platform.machine()
    if machine not in ("x86_64", "AMD64"):
        reason = f"this processor is no x86-64 but {machine}"
    elif not _has_avx2():
        reason = "this processor has no AVX2"
    else:
        return None
    return (
        f"{reason}: results are the same at every run here, but their hashes may differ from those"
        " of other machines"
    )


def _has_avx2() -> bool:
    try:
        return "avx2" in Path("/proc/cpuinfo").read_text(encoding="ascii").split()
    except OSError:  # no Linux
        return True
