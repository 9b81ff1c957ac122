"""What a training costs, counted: the same on every machine, as seconds are not."""

from copy import deepcopy

import torch
from torch.utils._python_dispatch import TorchDispatchMode

BATCH = 8


def flops_per_image(model, image_shape: tuple[int, int, int]) -> float:
    """Floating-point operations per image seen: one round of losses and gradients, averaged.

    Counted are matrix products and convolutions, a product and a sum as two, by the formulas of
    torch.utils.flop_counter; optimizers, normalisation and activations are left out. Neither the
    model nor the random generators change.
    """
    with torch.random.fork_rng(), _Counter() as counter:
        model = deepcopy(model).train()
        x = torch.rand(BATCH, *image_shape, device=model.device) * 2 - 1
        y = torch.zeros(BATCH, dtype=torch.long, device=model.device)
        for player in model.update_order:
            loss = model.loss(player, x, y)["loss"]
            torch.autograd.grad(loss, model.players()[player])
    return counter.total / (BATCH * len(model.update_order))


class _Counter(TorchDispatchMode):
    """Sums the operations of all that runs in it.

    torch's FlopCounterMode also asks in which module they run, which fails for gradients of
    gradients and for spectral normalisation (torch 2.15).
    """

    total = 0

    def __torch_dispatch__(self, call, types, args=(), kwargs=None):
        from torch.utils.flop_counter import flop_registry

        kwargs = kwargs or {}
        out = call(*args, **kwargs)
        if formula := flop_registry.get(call.overloadpacket):
            self.total += formula(*args, **kwargs, out_val=out)
        return out
