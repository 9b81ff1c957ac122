"""The one training loop: state, data, checkpoints, health checks, live curves."""
