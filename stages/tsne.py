"""Map the codes of every encoder by class, and real beside generated images in one space."""

from pathlib import Path

from genbench import params
from genbench.latent import tsne
from genbench.utils import cli, files, seeds


def main(argv=None):
    a = cli.parse(
        __doc__,
        argv,
        dataset=str,
        data=Path,
        real=Path,
        codes=Path,
        features=Path,
        points=Path,
        out=Path,
    )
    p = params.load()
    seed = seeds.derive_seed(p.seed, "tsne", a.dataset)
    choices = {**p.tsne.model_dump(), "seed": seed}
    stored = {m: a.codes / f"{m}.npz" for m in p.models}
    codes = {
        m: files.load_npz(path, "codes", "codes_y")
        for m, path in stored.items()
        if "codes" in files.array_names(path)
    }
    (y,) = files.load_npz(a.data, "test_y")
    real = (*files.load_npz(a.real, "test"), y)
    fake = {m: files.load_npz(a.features / f"{m}.npz", "fake", "logits") for m in p.models}
    maps, numbers = tsne.tsne_of_latents(codes, **choices)
    together, more = tsne.tsne_of_features(real, fake, **choices)
    files.save_npz(a.points, **maps, **together)
    files.save_json(a.out, {"codes": numbers, "features": more})


if __name__ == "__main__":
    cli.run(main)
