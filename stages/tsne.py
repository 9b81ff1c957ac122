"""Embed every encoder's latent codes, and real and generated features in one space, by t-SNE."""

from pathlib import Path

from genbench.latent import results, tsne
from genbench.params import load as load_params
from genbench.utils import cli, failure, files, imported, seeds


def main(
    dataset: str, data: Path, reference: Path, latent: Path, evaluate: Path, out: Path
) -> None:
    params = load_params()
    seed = seeds.derive_seed(params.data_seed, "tsne", dataset)
    options = {**params.tsne.model_dump(), "seed": seed}
    embeddings = []
    metrics = {}
    measured = [model for model in params.models if failure.load(evaluate / model) is None]
    for model in measured:
        is_imported = imported.load(latent / model) is not None
        codes = None if is_imported else results.load_codes(latent / model / results.CODES)
        if codes is not None:
            of_codes, metrics[model] = tsne.tsne_of_latents(model, *codes, **options)
            embeddings.append(of_codes)
    (y,) = files.load_npz(data, "test_y")
    (features,) = files.load_npz(reference / "features.npz", "test")
    fake = {
        model: files.load_npz(evaluate / model / "features.npz", "fake", "logits")
        for model in measured
    }
    embedding, feature_metrics, fractions = tsne.tsne_of_features((features, y), fake, **options)
    record = results.Embeddings(codes=metrics, features=feature_metrics, real_neighbors=fractions)
    with files.atomic_write(out) as folder:
        record.save(folder / results.METRICS_FILE)
        points = [each for each in (*embeddings, embedding) if each is not None]
        results.save_embeddings(folder / results.EMBEDDINGS, points)


if __name__ == "__main__":
    cli.run(main)
