"""Many stages of the pipeline at once: on the cores of this machine, or on a cluster."""
