"""Hand the classifier to trainings that compare its features; the others get a placeholder."""

from pathlib import Path

from genbench import params
from genbench.utils import cli, files


def main(classifier: Path, out: Path) -> None:
    choices = params.load()
    with files.atomic_write(out) as folder:
        folder.mkdir()
        for model in {*choices.models, *choices.sweep.models}:
            is_used = choices.zoo.get(model, {}).get("perceptual") or choices.train.select == "best"
            content = (classifier / "weights.pt").read_bytes() if is_used else b"not used\n"
            (folder / f"{model}.pt").write_bytes(content)


if __name__ == "__main__":
    cli.run(main)
