"""The benchmarks run and print a table; what they measure is for those who call them."""

import importlib
import re
import shutil
import subprocess
from pathlib import Path

import fabricated
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("scripts_start_at_once")]
FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    "command, first",
    [
        (["trainer.py", "vae_mlp"], "| vae_mlp | 28x28x1 |"),
        (["choices.py", "at_once_1_thread", "--cases", "gan 28x28x1"], "| at_once_1_thread |"),
    ],
)
def test_a_benchmark_prints_ratios(command, first):
    words = ["python", FOLDER / command[0], *command[1:], "--pairs", "1", "--seconds", "0.1"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.split("|---|\n")[1].splitlines()
    assert line.startswith(first) and re.search(r"\d\.\d+ \(\d+\.\d+ to \d+\.\d+\)", line)


def test_the_cost_of_tracking_is_told_in_seconds():
    words = ["python", FOLDER / "tracking.py", "--images", "2000", "--pairs", "1"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    pairs = r"a training of \d+\.\d s takes [+-]\d+\.\d\d s with tracking .*, allowed 1\.00"
    parts = r"\d\.\d\d s in its own process, \d+\.\d processor seconds of the child beside it"
    assert re.fullmatch(pairs, first) and re.fullmatch(parts, second)


def test_the_table_of_results_has_a_row_per_model_best_first_and_keeps_them(tmp_path):
    fabricated.tree(tmp_path, datasets=["digits"])
    for model in fabricated.MODELS:
        (tmp_path / "data" / "models" / "digits" / model / "weights.pt").write_text(model)
    code = f"import sys; sys.path.insert(0, {str(FOLDER)!r})\n"
    code += "import results; results.KEPT = results.Path('kept'); results.main('digits')"
    (tmp_path / "tell.py").write_text(code)
    for _ in range(2):
        done = subprocess.run(["python", "tell.py"], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        shutil.rmtree(tmp_path / "metrics", ignore_errors=True)  # the second time, as kept
        quality, detection, latent = done.stdout.split("\n\n")
        assert "| `vae` | kl | 0.800 | 0.750 | 0.750 |" in detection.splitlines()
        assert detection.splitlines()[2].startswith("| none | png_size |")
        assert latent.splitlines()[2].startswith("| `vae` | 5.00 | 1.50 | 21.0 | 0.910 | 6.1 |")
        assert latent.splitlines()[3].startswith("| `wgan` | 4.00 | 1.50 | - | - | - |")
        rows = [[c.strip() for c in line.split("|")[1:-1]] for line in quality.splitlines()]
        assert [row[0] for row in rows[2:]] == [
            "floor",
            "ceiling",
            "`vae`",
            "`wgan`",
            "`dcgan`",
            "`gan`",
        ]
        assert rows[2][1] == "3.1 (2.9 to 3.3)"
        assert dict(zip(rows[0], rows[4], strict=True)) == {
            "model": "`vae`",
            "fid": "7.5 (7.1 to 7.9)",
            "fid_infinity": "6.5",
            "is": "8.00",
            "precision": "0.500",
            "recall": "0.400",
            "density": "0.900",
            "coverage": "0.800",
            "copying_z": "1.2",
            "near_copies": "1.0%",
            "duplicates": "0.020",
            "classes_covered": "3",
            "negative_elbo": "21.40",
            "label_accuracy": "-",
            "images_per_second": "-",
            "parameters": "493,824",
            "images": "60,000",
            "warnings": "-",
        }
        assert rows[-1][-1] == fabricated.ALARMS["gan"][0]
    assert len(list((tmp_path / "kept" / "digits").glob("*.png"))) == 4


def test_intervals_and_tests_of_aurocs_keep_their_promise(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    benchmark = importlib.import_module("inference_auroc")
    monkeypatch.setattr(benchmark, "RUNS", 200)
    monkeypatch.setattr(benchmark, "N_IMAGES", (200,))
    monkeypatch.setattr(benchmark, "AREAS", (0.8,))
    rows = benchmark.rows()
    assert len({row["case"] for row in rows}) == 2 * 3
    for row in rows:  # four standard errors of a share of 200
        nominal = row["nominal"]
        error = (nominal * (1 - nominal) / benchmark.RUNS) ** 0.5
        assert row["measured"] == pytest.approx(nominal, abs=4 * error), row["case"]
