"""Train one model on one dataset: weights, loss curves, snapshots of the same latents."""

from pathlib import Path

from genbench import checkpoint, cli, experiment, facts, images, live, params, records
from genbench.workspace import replacing


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "model": str, "data": Path, "perceptual": Path},
        **{"out": Path, "record": Path},
    )
    p = params.load()
    with (
        live.curves(p, a.dataset, a.model) as log,
        experiment.run(
            *(p, a.dataset, a.model, a.data),
            **{"perceptual": a.perceptual, "snapshots": p.train.snapshots, "on_log": log},
        ) as run,
    ):
        with replacing(a.record) as record:
            for seen, x in run.snapshots:
                images.save_png(record / "snapshots" / f"{seen:08d}.png", images.grid(x, 5))
            records.save_csv(record / "history.csv", run.history)
            records.save_json(record / "summary.json", run.summary())
        checkpoint.save(a.out, run.model, **run.how)
        facts.save(a.out, run.facts)


if __name__ == "__main__":
    cli.run(main)
