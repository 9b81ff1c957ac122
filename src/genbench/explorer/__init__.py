"""A page in which trained models run in the browser: export, its data, the page itself."""
