"""Check params.yaml as a whole before anything is run, and copy the code of its models."""

from pathlib import Path

from genbench import params
from genbench.evaluation import own
from genbench.models.base import registry
from genbench.utils import cli, files


def main(out: Path, code: Path) -> None:
    out.unlink(missing_ok=True)
    choices = params.load()
    registry.check_names(choices)
    with files.atomic_write(code) as folder:
        registry.copy_code(choices, folder)
        registry.check(choices, folder)
        own.copy_code(choices.evaluate, folder / own.FOLDER.name)
        shapes = [choices.image_shape(dataset) for dataset in choices.datasets]
        own.try_out(choices.evaluate, shapes, folder / own.FOLDER.name)
    with files.atomic_write(out) as new:
        new.write_text("checked\n", encoding="utf-8")


if __name__ == "__main__":
    cli.run(main)
