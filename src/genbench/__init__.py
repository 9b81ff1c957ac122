"""genbench: image generative models on equal data and budget, judged by one protocol."""

import os

# Read by OpenMP when torch is imported. Its threads else spin while they wait for each other; where
# another process has one of two cores, a training step then took 10 to 100 times as long.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
