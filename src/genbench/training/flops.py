"""What a training costs, counted: the same on every machine, as seconds are not."""

from copy import deepcopy

import torch
from torch.utils._python_dispatch import TorchDispatchMode

BATCH_SIZE = 8


def flops_per_image(model, image_shape: tuple[int, int, int]) -> float:
    """Floating-point operations per image seen: losses and gradients of one iteration, averaged.

    Matrix products and convolutions count, with a product and a sum as two operations, by the
    formulas of torch.utils.flop_counter; optimizers, normalization and activations do not. Neither
    the model nor the random generators change.
    """
    with torch.random.fork_rng(), _Counter() as counter:
        model = deepcopy(model).train()
        x = torch.rand(BATCH_SIZE, *image_shape, device=model.device) * 2 - 1
        y = torch.zeros(BATCH_SIZE, dtype=torch.long, device=model.device)
        for player in model.update_order:
            loss = model.loss(player, x, y)["loss"]
            torch.autograd.grad(loss, model.players()[player])
    return counter.total / (BATCH_SIZE * len(model.update_order))


class _Counter(TorchDispatchMode):
    """Sums the floating-point operations of all that runs in it.

    torch's FlopCounterMode also asks in which module they run, which fails for gradients of
    gradients and for spectral normalization (torch 2.15).
    """

    total = 0

    def __torch_dispatch__(self, call, types, args=(), kwargs=None):
        from torch.utils.flop_counter import flop_registry

        kwargs = kwargs or {}
        out = call(*args, **kwargs)
        if formula := flop_registry.get(call.overloadpacket):
            self.total += formula(*args, **kwargs, out_val=out)
        elif call.overloadpacket == torch.ops.mkldnn._linear_pointwise:
            self.total += 2 * args[0].numel() * len(args[1])
        return out
