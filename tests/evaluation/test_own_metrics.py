"""Metrics and an extractor of the user's own: what is found, refused in a line, and returned."""

import shutil
import sys
from pathlib import Path

import fabricated
import numpy as np
import pytest
import torch

from genbench.evaluation import own
from genbench.evaluation.extractors import choose_extractor, load_matching_extractor
from genbench.evaluation.fid import fid
from genbench.evaluation.quality import RealFeatures, feature_metrics
from genbench.utils.errors import InputError

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
SHAPE = (1, 8, 8)
CODE = """
import numpy as np
import torch

from genbench.evaluation.fid import fid


def frechet(real, fake):
    return fid(torch.from_numpy(real), torch.from_numpy(fake))


def mean(images):
    return images.mean((2, 3))
"""
REAL, FAKE = torch.randn(2, 60, 4, generator=torch.Generator().manual_seed(0)) + 1


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "data" / "code").mkdir(parents=True)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("genbench.evaluation.own_code")]:
        del sys.modules[name]


def choices(metrics=("plugins/mine.py:frechet",), extractor="classifier"):
    changes = {"metrics": list(metrics), "extractor": extractor}
    return fabricated.params().evaluate.model_copy(update=changes)


def check(code=CODE, **changes):
    """What the stage `params` does."""
    Path("plugins/mine.py").write_text(code)
    shutil.rmtree(own.FOLDER, ignore_errors=True)
    params = choices(**changes)
    own.copy_code(params, own.FOLDER)
    own.try_out(params, [SHAPE], own.FOLDER)
    return params


def measure(params, **options):
    real = RealFeatures.measure(REAL, 0)
    metrics = own.load_metrics(params)
    return feature_metrics(real, FAKE, FAKE[:, :3], params, 0, own=metrics, **options).metrics


def test_our_own_distance_as_a_metric_of_ones_own_has_its_value():
    found = measure(check())
    assert found["own_frechet"].value == found["fid"].value == fid(REAL, FAKE)
    assert found["own_frechet"].low is None


def test_without_any_there_is_a_folder_all_the_same():
    params = check(metrics=[])
    assert [path.name for path in own.FOLDER.iterdir()] == ["own.json"]
    assert own.load_metrics(params) == {} and not own.has_extractor(params)


def test_a_value_that_is_no_number_is_none():
    code = "def frechet(real, fake):\n    return float('nan') if len(real) == 60 else 1.0\n"
    assert "own_frechet" not in measure(check(code))


def test_a_metric_cannot_change_the_features_of_the_others():
    code = "def frechet(real, fake):\n    real *= 0\n    return real.sum()\n"
    found = measure(check(code))
    assert found["own_frechet"].value == 0 and found["fid"].value == fid(REAL, FAKE)


def test_an_own_extractor_has_features_and_no_logits():
    params = check(metrics=[], extractor="plugins/mine.py:mean")
    x = np.random.default_rng(0).integers(0, 256, (12, 3, 8, 8), dtype=np.uint8)
    extractor = choose_extractor(params, None, 3, CPU)
    features, logits = extractor.extract(x)
    np.testing.assert_allclose(features.numpy(), x.mean((2, 3)), rtol=1e-6)
    assert logits.shape == (12, 1) and extractor.name == "mine"
    again = load_matching_extractor(extractor.protocol(12, 0), params, None, CPU)
    assert torch.equal(again.extract(x)[0], features)


def test_an_extractor_that_has_changed_since_is_noticed():
    params = check(metrics=[], extractor="plugins/mine.py:mean")
    protocol = choose_extractor(params, None, 1, CPU).protocol(12, 0)
    check(CODE + "# another\n", metrics=[], extractor="plugins/mine.py:mean")
    with pytest.raises(InputError, match="the mine is not the one that the reference was made"):
        load_matching_extractor(protocol, params, None, CPU)


@pytest.mark.parametrize(
    "old, new, line",
    [
        ("def frechet(", "def frechet", r"line 8: SyntaxError"),
        ("def frechet", "def other", r"there is no function frechet$"),
        ("(real, fake)", "(real)", r"TypeError: frechet\(\) takes 1 positional argument but 2"),
        ("return fid", "raise KeyError('x')  #", r"line 9: KeyError: 'x'$"),
        ("return fid", "return fake  #", r"frechet must return a number, got array"),
    ],
)
def test_a_broken_metric_is_one_line_before_anything_is_trained(old, new, line):
    assert old in CODE
    with pytest.raises(InputError, match=rf"^evaluate.metrics\[0\]: plugins/mine.py: {line}"):
        check(CODE.replace(old, new, 1))


@pytest.mark.parametrize(
    "old, new, line",
    [
        ("def mean", "mean = 3\ndef other", r"there is no function mean$"),
        (
            "images.mean((2, 3))",
            "images.mean()",
            r"must return finite features \(20, D\), got \(\)",
        ),
        ("images.mean((2, 3))", "images[:3, 0, 0]", r"must return .* \(20, D\), got \(3, 8\)"),
        (
            "images.mean((2, 3))",
            "images[:, 0, 0] / np.inf * np.inf",
            r"must return finite features",
        ),
        ("images.mean((2, 3))", "images.nothing", r"line 13: AttributeError"),
    ],
)
def test_a_broken_extractor_is_one_line_before_anything_is_trained(old, new, line):
    assert old in CODE
    with pytest.raises(InputError, match=rf"^evaluate.extractor: plugins/mine.py: {line}"):
        check(CODE.replace(old, new, 1), metrics=[], extractor="plugins/mine.py:mean")


def test_two_metrics_of_one_name_are_refused():
    Path("plugins/other.py").write_text(CODE)
    paths = ["plugins/mine.py:frechet", "plugins/other.py:frechet"]
    with pytest.raises(InputError, match=r"evaluate.metrics\[1\]: .*metric is called frechet, too"):
        check(metrics=paths)


def test_the_shipped_example_counts_different_images():
    code = (ROOT / "plugins" / "vendi.py").read_text()
    paths = {"metrics": ["plugins/mine.py:vendi_score"], "extractor": "plugins/mine.py:pixels"}
    metric = own.load_metrics(check(code, **paths))["own_vendi_score"]
    one, many = np.ones((40, 8), np.float32), np.eye(8, dtype=np.float32).repeat(5, axis=0)
    assert metric(one, one) == pytest.approx(1) and metric(one, many) == pytest.approx(8, rel=1e-4)
