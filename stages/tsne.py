"""Map the codes of every encoder by class, and real beside generated images in one space."""

from pathlib import Path

from genbench import cli, embedding, images, params, records, seeds


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "data": Path, "real": Path, "codes": Path, "features": Path},
        **{"points": Path, "out": Path},
    )
    p = params.load()
    seed = seeds.derive(p.seed, "tsne", a.dataset)
    choices = {**p.tsne.model_dump(), "seed": seed}
    stored = {m: a.codes / f"{m}.npz" for m in p.models}
    codes = {
        m: images.load_npz(path, "codes", "codes_y")
        for m, path in stored.items()
        if "codes" in images.names_in(path)
    }
    (y,) = images.load_npz(a.data, "test_y")
    real = (*images.load_npz(a.real, "test"), y)
    fake = {m: images.load_npz(a.features / f"{m}.npz", "fake", "logits") for m in p.models}
    maps, numbers = embedding.of_codes(codes, **choices)
    together, more = embedding.of_features(real, fake, **choices)
    images.save_npz(a.points, **maps, **together)
    records.save_json(a.out, {"codes": numbers, "features": more})


if __name__ == "__main__":
    cli.run(main)
