"""The moving average of weights over training."""

import torch


class EMA:
    """Exponential moving average of weights and batch-norm statistics, half-life in images.

    Source: Karras et al. 2018, arXiv:1710.10196; the half-life is at most 5 % of the images
    seen, so that the initial weights are forgotten early (Karras et al. 2020, arXiv:2006.06676).

    Attributes
    ----------
    weights : the tensors of the model that are averaged, which training changes
    shadow : their averages
    """

    def __init__(self, model, half_life: int):
        names = model.averaged if half_life else ()
        states = [getattr(model, name).state_dict(keep_vars=True).values() for name in names]
        self.weights = [v.detach() for state in states for v in state if v.is_floating_point()]
        self.shadow = [v.clone() for v in self.weights]
        self.half_life = half_life

    @torch.no_grad()
    def update(self, images_seen: int, new_images: int) -> None:
        """Follow the weights after `new_images` more images, `images_seen` in all."""
        if self.shadow:
            decay = 0.5 ** (new_images / min(self.half_life, 0.05 * images_seen))
            torch._foreach_lerp_(self.shadow, self.weights, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the averages and the model's weights."""
        for average, weight in zip(self.shadow, self.weights, strict=True):
            current = weight.clone()
            weight.copy_(average)
            average.copy_(current)
