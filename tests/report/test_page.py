import hashlib
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import fabricated
import pytest

from genbench import params
from genbench.report import results, training
from genbench.report.page import save_report
from genbench.utils import files

STAGE = Path(__file__).parents[2] / "stages" / "report.py"


class Page(HTMLParser):
    """What a browser would see: links, ids and text; refuses tags that do not close."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.text, self.open = [], [], "", []
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[k] for k in ("src", "href") if k in attrs]
        self.ids += [attrs["id"]] if "id" in attrs else []
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def write(root, p):
    folders = fabricated.tree(root, datasets=p.datasets)
    save_report(p, results.collect(p, *folders), root / "summary.json", root / "reports")
    return root / "reports"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("report"), fabricated.params())


@pytest.fixture(scope="module")
def page(folder):
    return Page(folder / "index.html")


def test_every_link_leads_to_a_file_of_the_folder_or_a_part_of_the_page(folder, page):
    assert len(page.links) > 100
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (folder / unquote(link)).is_file(), link
            assert ".." not in link and not link.startswith(("/", "file:", "http"))


def test_every_picture_of_the_folder_is_shown(folder, page):
    there = {str(p.relative_to(folder)) for p in (folder / "figures").rglob("*") if p.is_file()}
    assert there == {unquote(link) for link in page.links if not link.startswith("#")}


def test_ids_are_unique(page):
    assert len(page.ids) == len(set(page.ids))


def test_names_of_users_are_text_and_never_markup(page):
    for name in ("Käfer", fabricated.PARTNER, "class <b>0</b> & more"):
        assert name in page.text


def test_an_alarm_stands_in_the_ranking_and_at_the_models_curves(page):
    (line,) = fabricated.ALARMS["gan"]
    assert page.text.count(line) == 2 * len(fabricated.SIDES)


def test_a_model_is_shown_only_where_it_has_something_to_show(folder):
    shown = {p.parent.name for p in folder.rglob("reconstructions.png")}
    assert shown == {"vae"}
    assert len(list(folder.rglob("interpolation_slerp.png"))) == 2 * len(fabricated.MODELS)


def test_losses_of_players_share_a_chart_and_validation_is_its_players_dashed_line(tmp_path):
    folders = fabricated.tree(tmp_path, datasets=["digits"])
    (study,) = results.collect(fabricated.params(datasets=["digits"]), *folders)
    gan, wgan, vae = (training.panels(study.results[i]) for i in (0, 2, 3))
    lines = {part: [(n.label, n.colour, n.dashed) for n in gan[part]] for part in gan}
    players = [("discriminator", 0, False), ("generator", 1, False), ("discriminator", 0, True)]
    assert lines["loss"] == players
    assert len(lines["verdict"]) == 4 and lines.keys() == {"loss", "verdict"}
    assert wgan.keys() == {"loss", "earth_movers_distance", "clip_saturation"}
    diagnostics = {"active_units", "diversity"}
    assert vae.keys() == {"loss", "reconstruction", "kl", "kl_layers"} | diagnostics
    assert [(n.label, n.colour) for n in vae["kl_layers"]] == [("layer 1", 0), ("layer 2", 1)]
    assert [(n.label, n.colour, n.dashed) for n in vae["kl"]] == [
        ("training", 0, False),
        ("training", 0, True),
    ]


def test_two_datasets_have_a_table_across_them_and_one_has_not(page, tmp_path):
    assert "All datasets" in page.text
    p = fabricated.params(datasets=["digits"], models=["gan"])
    text = Page(write(tmp_path, p) / "index.html").text
    assert "All datasets" not in text
    assert "dcgan" not in text


def test_the_same_results_give_the_same_bytes_wherever_they_lie(tmp_path):
    def digest(folder):
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        named = [str(p.relative_to(folder)).encode() + p.read_bytes() for p in files]
        return hashlib.sha256(b"".join(named)).hexdigest()

    p = fabricated.params(datasets=["Käfer"], models=["wgan", "vae"])
    assert digest(write(tmp_path / "a", p)) == digest(write(tmp_path / "b", p))


def test_models_without_scores_and_a_missing_sweep_leave_no_empty_chapters(tmp_path):
    data, metrics = fabricated.tree(tmp_path, datasets=["digits"])
    for model in fabricated.MODELS:
        nothing = {"main_score": None, "anomaly": {}, "ood": {"noise": {}, fabricated.PARTNER: {}}}
        files.save_json(metrics / "anomaly" / "digits" / f"{model}.json", nothing)
    for point in (metrics / "sweep").iterdir():
        point.unlink()
    p = fabricated.params(datasets=["digits"])
    save_report(p, results.collect(p, data, metrics), tmp_path / "s.json", tmp_path / "reports")
    text = Page(tmp_path / "reports" / "index.html").text
    assert "No model has a score for this." in text
    assert "Other datasets" not in text and "Sweep" not in text


def test_the_stage_replaces_an_earlier_report_or_leaves_it_alone(tmp_path, monkeypatch):
    import runpy

    main = runpy.run_path(str(STAGE))["main"]
    data, metrics = fabricated.tree(tmp_path, datasets=["digits"])
    p = fabricated.params(datasets=["digits"], models=["gan"])
    monkeypatch.setattr(params, "load", lambda: p)
    out, into = tmp_path / "reports", tmp_path / "summary.json"
    places = {"--data": data, "--metrics": metrics, "--summary": into, "--out": out}
    options = [str(word) for pair in places.items() for word in pair]
    out.mkdir()
    (out / "ghost.html").write_text("of an earlier run")

    kept = (metrics / "tsne" / "digits.json").rename(tmp_path / "kept.json")
    with pytest.raises(FileNotFoundError):
        main(options)
    assert [f.name for f in out.iterdir()] == ["ghost.html"] and not into.exists()

    kept.rename(metrics / "tsne" / "digits.json")
    main(options)
    assert {f.name for f in out.iterdir()} == {"index.html", "figures", "plots"}
    assert files.load_json(into)["digits"]["gan"]["fid_classifier"] == 30


def test_the_report_imports_nothing_slow():
    slow = "{'torch', 'torchvision', 'torchmetrics', 'sklearn', 'mlflow', 'matplotlib.pyplot'}"
    code = f"import sys, genbench.report.page, genbench.params; print({slow} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
