"""Sources, readers and splits of datasets, as uint8 arrays."""
