"""The report: what the results say, as one page, its figures and the data behind its plots."""
