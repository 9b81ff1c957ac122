"""All results of a run, as `report` and `tracking` read them, and the one table of metrics."""
