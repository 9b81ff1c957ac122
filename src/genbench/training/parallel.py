"""One training by several processes, each with a GPU or a core, that torchrun has started.

All of them draw the same batches and the same noise and compute the same losses as one process
would. Only a call of a network is shared: each process computes a part of the batch, and the
outputs are put together. So a loss may be any function of a whole batch, and of any gradients.
"""

import contextlib

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.func import functional_call
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from ..utils import seeds
from ..utils.errors import InputError
from .processes import add_up, count, own_part


@contextlib.contextmanager
def shared_networks(model: nn.Module):
    """In the block, each process computes a part of every call of a network of `model`.

    Networks are the modules that are attributes of `model`; in them the images of a batch may meet
    in batch normalization only, and noise be drawn by dropout only. Those in lists are not shared.
    """
    networks = dict(model.named_children()) if count() > 1 else {}
    shared = {n: _Shared(m) for n, m in networks.items() if not isinstance(m, nn.ModuleList)}
    vars(model).update(shared)  # found before those in model._modules, which stay
    try:
        yield
    finally:
        for name in shared:
            del vars(model)[name]


class _Shared:
    """A network in whose place the processes compute a part of the batch each."""

    def __init__(self, network: nn.Module):
        self.network = network

    def __getattr__(self, name: str):
        return getattr(self.network, name)

    def __call__(self, *inputs: Tensor) -> Tensor:
        n = len(inputs[0])
        weights = dict(self.network.named_parameters())
        copies = dict(zip(weights, _Copy.apply(*weights.values()), strict=True))
        parts = tuple(_Split.apply(each) for each in inputs)
        random = seeds.rng_state(inputs[0].device)
        with _WholeBatch(n) as layers:
            output = functional_call(self.network, copies, parts)
        after = seeds.rng_state(inputs[0].device)
        if not (layers.has_dropout or all(map(torch.equal, random, after))):
            raise InputError(
                "a network that draws random numbers, but by dropout, is trained by one process"
            )
        return _Join.apply(output, n)


class _WholeBatch(TorchFunctionMode):
    """Layers that need all `n` images of a batch, in the network that has a part of them."""

    def __init__(self, n: int):
        super().__init__()
        self.n = n
        self.has_dropout = False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        of_whole_batch = {F.batch_norm: _batch_norm, F.dropout: self._dropout}
        return of_whole_batch.get(function, function)(*args, **(kwargs or {}))

    def _dropout(self, x: Tensor, p=0.5, training=True, inplace=False) -> Tensor:
        """With this part of the mask that one process would draw."""
        self.has_dropout = True
        return x * own_part(F.dropout(_empty_batch(x, self.n).fill_(1), p, training))


def _batch_norm(
    x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
) -> Tensor:
    """torch's, with the mean and the variance of all parts (Ioffe & Szegedy 2015, 1502.03167)."""
    if not training:
        return F.batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    values = x.to(torch.promote_types(x.dtype, torch.float32)).movedim(1, -1)
    flat = values.flatten(0, -2)
    total, n = _sum_of_parts(flat.sum(0), flat.new_full((), len(flat)))
    mean = total / n
    (squares,) = _sum_of_parts((flat - mean).square().sum(0))
    variance = squares / n
    if running_mean is not None:
        with torch.no_grad():
            running_mean.lerp_(mean, momentum)
            running_var.lerp_(squares / (n - 1), momentum)
    values = (values - mean) * (variance + eps).rsqrt()
    if weight is not None:
        values = values * weight + bias
    return values.movedim(-1, 1).to(x.dtype)


def _sum_of_parts(*tensors: Tensor) -> tuple[Tensor, ...]:
    return _Copy.apply(*_Sum.apply(*tensors))


class _Copy(Function):
    """The same tensors, with which each process then computes its part."""

    @staticmethod
    def forward(ctx, *tensors):
        return tuple(each.detach() for each in tensors)  # a view would forget the layout

    @staticmethod
    def backward(ctx, *gradients):
        return _Sum.apply(*gradients)


class _Sum(Function):
    """The sums over processes of tensors that each has computed from its part."""

    @staticmethod
    def forward(ctx, *tensors):
        total = add_up(torch.cat([each.flatten() for each in tensors]))
        totals = total.split([each.numel() for each in tensors])
        return tuple(  # each in its layout, which a fused optimizer takes to be the weight's
            torch.empty_like(each).copy_(t.view(each.shape))
            for t, each in zip(totals, tensors, strict=True)
        )

    @staticmethod
    def backward(ctx, *gradients):
        return _Copy.apply(*gradients)


class _Split(Function):
    """This process's part of a batch (N, ...)."""

    @staticmethod
    def forward(ctx, whole):
        ctx.n = len(whole)
        return own_part(whole).clone()

    @staticmethod
    def backward(ctx, gradient):
        return _Join.apply(gradient, ctx.n)


class _Join(Function):
    """The batch of `n` rows from the parts of all processes."""

    @staticmethod
    def forward(ctx, part, n):
        whole = _empty_batch(part, n).zero_()
        own_part(whole).copy_(part)
        return add_up(whole)

    @staticmethod
    def backward(ctx, gradient):
        return _Split.apply(gradient), None


def _empty_batch(part: Tensor, n: int) -> Tensor:
    """An unset batch of `n` rows in the memory layout of `part`, which decides what is fast."""
    size = (n, *part.shape[1:])
    is_dense = part.stride(0) == part.shape[1:].numel()
    return part.new_empty_strided(size, part.stride()) if is_dense else part.new_empty(size)
