"""Check params.yaml as a whole before anything is run: keys, types, values, names of models."""

from pathlib import Path

from genbench import params
from genbench.models.base import registry
from genbench.utils import cli


def main(argv=None):
    a = cli.parse(__doc__, argv, out=Path)
    p = params.load()
    registry.check_names(p)
    for name in p.zoo.keys() | {*p.models, *p.sweep.models}:
        registry.build(name, (1, 8, 8), 2, **p.build_args(name))
    a.out.parent.mkdir(parents=True, exist_ok=True)
    a.out.write_text("checked\n", encoding="utf-8")


if __name__ == "__main__":
    cli.run(main)
