"""The chapters of the report: each makes plain data, which its template shows."""
