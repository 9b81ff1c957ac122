"""Lines of progress, as where there is no terminal."""

import pytest

from genbench.utils import progress


@pytest.mark.parametrize("done, end", [(40, "6 s left"), (100, "4.0 s"), (384, "4.0 s")])
def test_a_line_says_what_is_left_and_never_less_than_nothing(capsys, monkeypatch, done, end):
    seconds = iter([0.0, 4.0, 4.0])
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 1)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    progress.Progress("vae", 100).update(done)
    text = capsys.readouterr().out
    assert text.startswith(f"vae: {done} of 100 images") and text.rstrip().endswith(end)
