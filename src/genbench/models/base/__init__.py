"""The interface of all models, what GANs and what VAEs share, and how any model is used."""
