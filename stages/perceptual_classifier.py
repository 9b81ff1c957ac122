"""Hand the classifier to those models whose loss looks through it; the others get a word."""

from pathlib import Path

from genbench import params
from genbench.utils import cli
from genbench.utils.files import atomic_write


def main(argv=None):
    a = cli.parse(__doc__, argv, classifier=Path, out=Path)
    p = params.load()
    with atomic_write(a.out) as folder:
        folder.mkdir()
        for model in p.models:
            wanted = p.zoo.get(model, {}).get("perceptual")
            content = a.classifier.read_bytes() if wanted else b"not used\n"
            (folder / f"{model}.pt").write_bytes(content)


if __name__ == "__main__":
    cli.run(main)
