"""torch's Adam and RMSprop through their functional forms, which start faster than torch.optim.

The first step of a `torch.optim.Optimizer` imports torch's compiler: about 2 seconds, as long as
`import torch`, in every process that trains.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam

DECAY = 0.99
"""Of the mean of squared gradients in RMSprop, as in torch.optim."""
EPSILON = 1e-8


class Adam:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980) in one fused kernel.

    With `decay_steps`, the learning rate falls linearly to 0 over so many steps.
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        lr: float,
        betas: tuple[float, float],
        decay_steps: int | None = None,
    ):
        self.parameters = list(parameters)
        self.lr = lr
        self.betas = betas
        self.decay_steps = decay_steps
        self.means = [torch.zeros_like(p) for p in parameters]
        self.squares = [torch.zeros_like(p) for p in parameters]
        self.steps = [torch.zeros((), device=p.device) for p in parameters]

    @property
    def state(self) -> list[Tensor]:
        """All that the next step depends on besides parameters and gradients."""
        return [*self.means, *self.squares, *self.steps]

    @torch.no_grad()
    def step(self, gradients: tuple[Tensor, ...]) -> None:
        """Update the parameters once by their gradients."""
        lr_factor = 1 - self.steps[0].item() / self.decay_steps if self.decay_steps else 1.0
        adam(
            self.parameters,
            list(gradients),
            self.means,
            self.squares,
            [],  # maxima of the squares: amsgrad's
            self.steps,
            lr=self.lr * lr_factor,
            beta1=self.betas[0],
            beta2=self.betas[1],
            eps=EPSILON,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
            fused=True,
        )


class RMSprop:
    """RMSprop (Tieleman & Hinton 2012) without momentum."""

    def __init__(self, parameters: Sequence[Tensor], lr: float):
        self.parameters = list(parameters)
        self.lr = lr
        self.squares = [torch.zeros_like(p) for p in parameters]

    @property
    def state(self) -> list[Tensor]:
        """All that the next step depends on besides parameters and gradients."""
        return self.squares

    @torch.no_grad()
    def step(self, gradients: tuple[Tensor, ...]) -> None:
        """Update the parameters once by their gradients."""
        torch._foreach_mul_(self.squares, DECAY)
        torch._foreach_addcmul_(self.squares, gradients, gradients, 1 - DECAY)
        roots = torch._foreach_rsqrt(self.squares)  # as `utils.distances.sqrt`
        torch._foreach_reciprocal_(roots)
        torch._foreach_add_(roots, EPSILON)
        torch._foreach_addcdiv_(self.parameters, gradients, roots, -self.lr)
