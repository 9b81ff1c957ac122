"""genbench: image generative models on equal data and budget, judged by one protocol."""
