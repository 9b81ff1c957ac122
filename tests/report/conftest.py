"""Results of made-up trainings, read once."""

import fabricated
import numpy as np
import pytest
import vl_convert

from genbench.results.run import collect
from genbench.utils import images


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Of the first dataset, nothing of which is to be changed in place."""
    folders = fabricated.tree(tmp_path_factory.mktemp("results"))
    return collect(fabricated.params(), *folders)[0]


@pytest.fixture
def undrawn(monkeypatch, tmp_path):
    """Charts are empty pictures, for tests that read the words of many pages."""
    images.save_png(tmp_path / "empty.png", np.zeros((2, 2, 3), np.uint8))
    png = (tmp_path / "empty.png").read_bytes()
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"></svg>'
    monkeypatch.setattr(vl_convert, "vegalite_to_png", lambda *_, **__: png)
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda *_, **__: svg)
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda *_: "")
