"""How good generated images are: one file per metric."""
