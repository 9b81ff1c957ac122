"""Train one model on one dataset: weights, loss curves, snapshots of the same latents."""

from pathlib import Path

from genbench import params
from genbench.networks import checkpoint
from genbench.training import live_logging
from genbench.training.run import TrainingSpec, train_model
from genbench.utils import cli, files, images, provenance
from genbench.utils.files import atomic_write


def main(argv=None):
    a = cli.parse(
        __doc__,
        argv,
        dataset=str,
        model=str,
        data=Path,
        perceptual=Path,
        out=Path,
        record=Path,
    )
    p = params.load()
    spec = TrainingSpec(
        params=p,
        dataset=a.dataset,
        model=a.model,
        data=a.data,
        perceptual=a.perceptual,
        snapshots=p.train.snapshots,
    )
    with (
        live_logging.live_logging(p, a.dataset, a.model) as log,
        train_model(spec, on_log=log) as run,
    ):
        with atomic_write(a.record) as record:
            for seen, x in run.snapshots:
                images.save_png(record / "snapshots" / f"{seen:08d}.png", images.grid(x, 5))
            files.save_csv(record / "history.csv", run.history)
            files.save_json(record / "summary.json", run.summary())
        checkpoint.save(a.out, run.model, **run.build_args)
        provenance.save(a.out, run.provenance)


if __name__ == "__main__":
    cli.run(main)
