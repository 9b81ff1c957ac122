"""What is read of dvc.lock, and what is no dvc.lock."""

import pytest
import yaml

from genbench.utils import lock_file
from genbench.utils.errors import InputError

STAGES = {"train": {"cmd": "x", "deps": [{"path": "a", "md5": "0" * 32, "size": 1}]}}


def test_the_stages_are_those_of_the_file_with_all_that_dvc_says_of_them(tmp_path):
    path = tmp_path / "dvc.lock"
    path.write_text(yaml.safe_dump({"schema": "2.0", "stages": STAGES}))
    assert lock_file.load(path) == STAGES


@pytest.mark.parametrize("text", [None, "", "# nothing\n", "schema: '2.0'\n"])
def test_where_dvc_has_not_run_there_are_no_stages(tmp_path, text):
    path = tmp_path / "dvc.lock"
    if text is not None:
        path.write_text(text)
    assert lock_file.load(path) == {}


@pytest.mark.parametrize(
    "text, reason",
    [
        (b"\x00\xff", "not valid YAML"),
        (b"<<<<<<< HEAD\nstages:\n=======\nstages:\n>>>>>>> x\n", "not valid YAML"),
        (b"stages:\n<<<<<<< HEAD\n  a: {}\n=======\n  b: {}\n>>>>>>> x\n", "not valid YAML"),
        (b"- 1\n", "the file: input should be a valid dictionary"),
        (b"stages: 5\n", "stages: input should be a valid dictionary"),
        (b"stages:\n  train:\n", "stages.train: input should be a valid dictionary"),
        (b"stages: {a: {deps: [{path: b}]}}\n", "stages.a.deps.0.md5 is missing"),
        (b"stages: {a: {params: {params.yaml: 5}}}\n", "stages.a.params.params.yaml: input should"),
    ],
)
def test_what_dvc_has_not_written_is_one_line_that_says_how_to_get_it_back(tmp_path, text, reason):
    path = tmp_path / "dvc.lock"
    path.write_bytes(text)
    with pytest.raises(InputError) as error:
        lock_file.load(path)
    line = str(error.value)
    assert line.startswith(str(path)) and reason in line and "\n" not in line
    assert f"`git checkout HEAD {path}`" in line and line.endswith("; then `dvc repro`")
