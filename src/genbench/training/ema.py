"""The moving average of weights over training."""

import torch


class EMA:
    """Exponential moving average of weights and batch-norm statistics, half-life in images.

    Source: Karras et al. 2018, arXiv:1710.10196; the half-life is at most 5 % of the images
    seen, so that the initial weights are forgotten early (Karras et al. 2020, arXiv:2006.06676).
    """

    def __init__(self, model, half_life: int):
        names = model.averaged if half_life else ()
        states = [getattr(model, name).state_dict(keep_vars=True).values() for name in names]
        self.live = [v.detach() for state in states for v in state if v.is_floating_point()]
        self.mean = [v.clone() for v in self.live]
        self.half_life = half_life

    @torch.no_grad()
    def update(self, seen: int, step: int) -> None:
        """Follow the weights after `step` more images, `seen` in all."""
        if self.mean:
            decay = 0.5 ** (step / min(self.half_life, 0.05 * seen))
            torch._foreach_lerp_(self.mean, self.live, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the averaged weights and the model's."""
        for mean, live in zip(self.mean, self.live, strict=True):
            kept = live.clone()
            live.copy_(mean)
            mean.copy_(kept)
