"""Hand the classifier to those models whose loss looks through it; the others get a word."""

from pathlib import Path

from genbench import cli, params
from genbench.workspace import replacing


def main(argv=None):
    a = cli.parse(__doc__, argv, classifier=Path, out=Path)
    p = params.load()
    with replacing(a.out) as folder:
        folder.mkdir()
        for model in p.models:
            wanted = p.zoo.get(model, {}).get("perceptual")
            content = a.classifier.read_bytes() if wanted else b"not used\n"
            (folder / f"{model}.pt").write_bytes(content)


if __name__ == "__main__":
    cli.run(main)
