"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1)."""

from ..utils.choices import Few, Rate, Weight
from .base.adversarial import GradientPenaltyGAN


class Model(GradientPenaltyGAN):
    def __init__(
        self,
        image_shape,
        classes,
        *,
        latent_dim: int,
        width: int,
        lr: Rate,
        penalty: Weight,
        n_critic: Few,
    ):
        super().__init__(
            image_shape,
            latent_dim=latent_dim,
            width=width,
            lr=lr,
            penalty=penalty,
            n_critic=n_critic,
        )
