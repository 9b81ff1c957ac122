"""The environment that makes results equal on all processors, and arithmetic that needs no MKL."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from genbench.networks.linear import LARGE, Linear
from genbench.utils import portable
from genbench.utils.distances import cdist, sqrt

ROOT = Path(__file__).parents[2]


def python(folder, code, *words):
    """What a new process prints, whose environment has nothing of ours."""
    own = portable.ENVIRONMENT
    env = {k: v for k, v in os.environ.items() if k not in own} | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


STATE = """
import torch, numpy
from numpy._core._multiarray_umath import __cpu_features__ as features
print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads(), features["X86_V4"])
"""


def test_genbench_pins_all_libraries_that_are_loaded_after_it(tmp_path):
    out, error = python(tmp_path, f"import genbench{STATE}")
    assert out.split() == ["AVX2", "1", "False"] and error == ""


def test_what_is_not_to_be_portable_is_left_as_it_is(tmp_path):
    (tmp_path / "params.yaml").write_text("portable: false\n")
    out, _ = python(tmp_path, f"import genbench, os; print(os.environ.get('MKL_CBWR')){STATE}")
    free, _ = python(tmp_path, STATE)
    assert out == f"None\n{free}"


def test_a_program_that_loads_numpy_first_is_told_so(tmp_path):
    _, error = python(tmp_path, "import numpy, genbench")
    assert error.startswith("note: NumPy was loaded before genbench") and error.count("\n") == 1


UNTIL_GENBENCH = """
import runpy, sys
class Stop:
    def find_spec(name, *_):
        if name.startswith("genbench.") and not sys.modules["genbench"].__spec__._initializing:
            sys.exit(print("genbench is loaded"))
sys.meta_path.insert(0, Stop)
runpy.run_path(sys.argv[1], run_name="x")
"""


def test_no_stage_loads_numpy_first(tmp_path):
    for path in sorted((ROOT / "stages").glob("*.py")):
        out, error = python(tmp_path, UNTIL_GENBENCH, str(path))
        assert (out, error) == ("genbench is loaded\n", ""), path.name


@pytest.mark.parametrize(
    "machine, flags, words",
    [
        ("x86_64", "fpu avx2", None),
        ("x86_64", "fpu avx", "this processor has no AVX2"),
        ("aarch64", "", "this processor is no x86-64 but aarch64"),
    ],
)
def test_a_processor_with_other_hashes_is_named(monkeypatch, machine, flags, words):
    monkeypatch.setattr(portable.platform, "machine", lambda: machine)
    monkeypatch.setattr(portable.Path, "read_text", lambda *_, **__: f"flags : {flags}")
    line = portable.why_not_here()
    assert (line is None) if words is None else line.startswith(f"{words}: results are the same")


def test_the_square_root_is_right_to_a_unit_in_the_last_place():
    x = 10 ** torch.linspace(-30, 30, 10_001)
    for values in (x, x.double()):
        exact = np.sqrt(values.numpy())
        assert (np.abs(sqrt(values).numpy() - exact) <= 1.01 * np.spacing(exact)).all()
    assert sqrt(torch.tensor([0.0, 1.0, torch.inf])).tolist() == [0, 1, float("inf")]


def test_distances_are_those_of_their_definition_and_nearly_0_between_copies():
    x, others = torch.randn(40, 300) + 5, torch.randn(30, 300)
    exact = np.linalg.norm(x.numpy()[:, None].astype(float) - others.numpy(), axis=2)
    np.testing.assert_allclose(cdist(x, others), exact, rtol=1e-5)
    assert (cdist(x, x).diagonal() < 0.002 * x.norm(dim=1)).all()
    assert torch.equal(cdist(x, x), cdist(x, x).T)
    assert cdist(x, others).dtype == torch.float32


@pytest.mark.parametrize("bias", [True, False])
def test_a_large_layer_and_its_gradients_of_first_and_second_order_are_those_of_torch(bias):
    torch.manual_seed(0)
    layer = Linear(200, LARGE // 200, bias=bias)
    x = torch.randn(9, 200, requires_grad=True)
    found, expected = [], []
    for of, outputs in ((layer, found), (torch.nn.Linear.forward, expected)):
        y = of(x) if of is layer else of(layer, x)
        gradients = torch.autograd.grad(y.tanh().sum(), (x, layer.weight), create_graph=True)
        second = torch.autograd.grad(gradients[0].square().sum(), (x, layer.weight))
        outputs += [y, *gradients, *second]
    for got, want in zip(found, expected, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-3, atol=1e-4)
    assert not torch.equal(found[2], expected[2])  # it is another sum


def test_a_small_layer_and_one_of_another_precision_are_torchs_own():
    for layer, x in (
        (Linear(10, 10), torch.randn(3, 10)),
        (Linear(200, 200).double(), torch.randn(3, 200).double()),
        (Linear(200, 200), torch.randn(2, 3, 200)),
    ):
        assert torch.equal(layer(x), torch.nn.Linear.forward(layer, x))
