"""Tests run as on a user's machine: bytecode is written, signals arrive, a worker has one core."""

import os
import signal

import forked_python
import pytest
import repository
import yaml

import genbench  # noqa: F401  before NumPy and PyTorch, which it tells how to compute

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported, here and in child processes
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Python writes bytecode beside its sources unless told not to; DVC must not take it for code
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# the same in C; tests read and write some thousand times
yaml.SafeLoader, yaml.SafeDumper = yaml.CSafeLoader, yaml.CSafeDumper

# a shell's background job ignores SIGINT and nohup SIGHUP, and children would inherit that;
# what has a handler is inherited as the default
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)


LONG = ("test_pipeline.py", "test_other_machines.py", "test_damaged_inputs.py")


def pytest_xdist_auto_num_workers():
    """One more than there are cores: many tests wait for what they have started."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items):
    """The longest files first, so that the other workers have the rest meanwhile."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


def pytest_addoption(parser):
    parser.addoption("--model", help="of params.yaml, the one that tests/models/test_laws.py tests")


@pytest.fixture(scope="session")
def programs():
    """A folder for the start of PATH, whose `python` runs a script at once."""
    return forked_python.programs()


@pytest.fixture(scope="module")
def scripts_start_at_once(programs):
    """For `repository.run`, and by PATH for other commands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repository, "PROGRAMS", [str(programs), *repository.PROGRAMS])
        patch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        yield


@pytest.fixture
def undrawn(monkeypatch, tmp_path):
    """Charts are empty pictures, for tests that read the words of many pages."""
    import numpy as np
    import vl_convert

    from genbench.utils import images

    images.save_png(tmp_path / "empty.png", np.zeros((2, 2, 3), np.uint8))
    png = (tmp_path / "empty.png").read_bytes()
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"></svg>'
    monkeypatch.setattr(vl_convert, "vegalite_to_png", lambda *_, **__: png)
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda *_, **__: svg)
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda *_: "")


@pytest.fixture(scope="session")
def random_inception(tmp_path_factory):
    """Inception as torchmetrics builds it, with random weights, and the file of these."""
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torchmetrics.image.fid import NoTrainInceptionV3

    path = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, _: None)
        torch.save({}, path)
        network = NoTrainInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"], str(path))
    normalizations = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for module in normalizations:
        torch.nn.init.uniform_(module.weight, 0.5, 1.5)
        torch.nn.init.normal_(module.bias, 0, 0.1)
        module.momentum = 1.0
        torch.nn.Module.train(module)
    # statistics of images: with others, the features would be those of no image
    network._torch_fidelity_forward(torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8))
    for module in normalizations:
        module.eval()
    torch.save(network.state_dict(), path)
    return network, path
