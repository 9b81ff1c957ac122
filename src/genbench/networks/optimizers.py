"""torch's Adam and RMSprop through their functional forms, which start faster than torch.optim.

The first step of a `torch.optim.Optimizer` imports torch's compiler: about 2 seconds, as long as
`import torch`, in every process that trains.
"""

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop


class Adam:
    """Adam (Kingma & Ba 2015, arXiv:1412.6980) in one fused kernel.

    With `decay`, the learning rate falls in a straight line to 0 after so many steps.
    """

    def __init__(
        self,
        parameters: list[Tensor],
        lr: float,
        betas: tuple[float, float],
        decay: int | None = None,
    ):
        self.parameters, self.lr, self.betas, self.decay = parameters, lr, betas, decay
        self.means = [torch.zeros_like(p) for p in parameters]
        self.squares = [torch.zeros_like(p) for p in parameters]
        self.steps = [torch.zeros((), device=p.device) for p in parameters]

    @property
    def state(self) -> list[Tensor]:
        """All that the next step depends on besides parameters and gradients."""
        return [*self.means, *self.squares, *self.steps]

    @torch.no_grad()
    def step(self, gradients: tuple[Tensor, ...]) -> None:
        """Move the parameters once against their gradients."""
        state = (self.means, self.squares, [], self.steps)
        left = 1 - self.steps[0].item() / self.decay if self.decay else 1.0
        choices = {"lr": self.lr * left, "beta1": self.betas[0], "beta2": self.betas[1]}
        choices |= {"eps": 1e-8}
        fixed = {"weight_decay": 0.0, "amsgrad": False, "maximize": False, "fused": True}
        adam(self.parameters, list(gradients), *state, **choices, **fixed)


class RMSprop:
    """RMSprop (Tieleman & Hinton 2012) without momentum."""

    def __init__(self, parameters: list[Tensor], lr: float):
        self.parameters, self.lr = parameters, lr
        self.squares = [torch.zeros_like(p) for p in parameters]
        self.steps = [torch.zeros(()) for _ in parameters]

    @property
    def state(self) -> list[Tensor]:
        """All that the next step depends on besides parameters and gradients."""
        return [*self.squares, *self.steps]

    @torch.no_grad()
    def step(self, gradients: tuple[Tensor, ...]) -> None:
        """Move the parameters once against their gradients."""
        state = (self.squares, [], [], self.steps)
        fixed = {"weight_decay": 0.0, "momentum": 0.0, "centered": False, "foreach": True}
        choices = {"lr": self.lr, "alpha": 0.99, "eps": 1e-8}
        rmsprop(self.parameters, list(gradients), *state, **choices, **fixed)
