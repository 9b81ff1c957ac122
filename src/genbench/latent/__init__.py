"""What a latent space holds: its numbers, its figures and its 2-D embeddings."""
