"""Trainings with other choices than those of params.yaml, measured: more seeds, sweeps."""
