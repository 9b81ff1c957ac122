"""What models are made of: networks, losses, likelihoods, optimizers, the classifier."""
