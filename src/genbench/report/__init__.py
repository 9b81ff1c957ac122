"""The report: one page from the results of a run."""
