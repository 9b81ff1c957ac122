"""Results of made-up trainings, read once."""

import fabricated
import pytest

from genbench.results.run import collect


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Of the first dataset, nothing of which is to be changed in place."""
    folders = fabricated.tree(tmp_path_factory.mktemp("results"))
    return collect(fabricated.params(), *folders)[0]
