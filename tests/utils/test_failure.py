from genbench.utils import failure


def test_a_reason_is_handed_on_in_place_of_older_results(tmp_path):
    failure.save(tmp_path / "train", "loss not finite")
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "samples.npz").write_text("of an earlier training")
    assert failure.hand_on(tmp_path / "train", tmp_path / "sample")
    assert failure.hand_on(tmp_path / "sample", tmp_path / "evaluate")
    for folder in ("sample", "evaluate"):
        assert [path.name for path in (tmp_path / folder).iterdir()] == ["failed.txt"]
        assert failure.load(tmp_path / folder) == "loss not finite"


def test_results_that_are_there_or_missing_without_a_reason_hand_on_nothing(tmp_path):
    (tmp_path / "train").mkdir()
    for source in ("train", "nothing"):
        assert not failure.hand_on(tmp_path / source, tmp_path / "sample")
    assert not (tmp_path / "sample").exists()
