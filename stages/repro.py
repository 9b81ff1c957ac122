"""Run the pipeline past a stage that fails, and then report what there is and what became of it."""

from genbench.cluster.run import repro
from genbench.utils import cli


def main(jobs: int = 1) -> None:
    repro(jobs=jobs)


if __name__ == "__main__":
    cli.run(main)
