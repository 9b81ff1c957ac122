"""Trained models as ONNX graphs of one image each, whose weights lie together in one place.

TorchScript's tracer writes a graph in 0.1 s, `torch.export` in 5. What a trace cannot hold, a
branch on values, is found by running the graph on other inputs.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor, nn

from ..models.base.interface import GenerativeModel
from ..utils.errors import InputError
from .graphs import Graph, examples_of, make_graphs, traceable

OPSET = 17
SHARED = 1024
"""Bytes from which on a tensor lies with the others, once."""
LOCATION = "weights"
"""Name of that place in the graphs."""
TOLERANCE = 1e-3
"""Of a graph's values: a branch that the trace does not hold makes more, rounding less."""


class NotExportable(ValueError):
    """A model that cannot be a graph; the message says why."""


class Weights:
    """Bytes that graphs have in common, each once."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._places: dict[bytes, int] = {}

    def place(self, raw: bytes) -> int:
        """Where in `content` these bytes lie from now on."""
        if raw not in self._places:
            self.content += bytes(-len(self.content) % 8)
            self._places[raw] = len(self.content)
            self.content += raw
        return self._places[raw]


def export(
    model: GenerativeModel, shape: tuple[int, ...], log_shares: Tensor, weights: Weights
) -> dict[str, bytes]:
    """The graphs of a model, by name; all take and give one image, latent or label.

    decode : z (1, latent_dim) and y (1,) to an image (1, C, H, W) in [-1, 1]
    encode : x (1, C, H, W) in [-1, 1] and y to a code (1, latent_dim), of a model with an encoder
    scores : x to the model's scores, each (1,), and the label that suits x best; as
        `marginal_scores`
    features : x and y to features (1, D)
    errors : x and y to the map of errors (1, H, W), of a model that has one

    Parameters
    ----------
    shape : (C, H, W)
    log_shares : (K,) of `log_class_shares`
    weights : takes the tensors of all graphs

    Raises
    ------
    NotExportable : for operations that ONNX lacks and for branches on values.
    """
    if find_spec("onnx") is None:
        raise InputError("the explorer needs the Python package onnx: `make setup` installs it")
    model = traceable(model)
    examples = examples_of(model, shape, len(log_shares))
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the tracer: a batch's size becomes 1
            graphs = make_graphs(model, log_shares, examples[0])
            return {name: _export(graph, examples, weights) for name, graph in graphs.items()}
    except NotExportable:
        raise
    except Exception as error:  # a model of the user's own may raise anything
        line = str(error).strip().splitlines()[:1]
        raise NotExportable(f"{type(error).__name__}: {''.join(line)}") from error


class _Function(nn.Module):
    def __init__(self, function: Callable):
        super().__init__()
        self.function = function

    def forward(self, *args: Tensor) -> tuple[Tensor, ...]:
        # an input that is not used would be left out
        first, *others = self.function(*args)
        for arg in args:
            first = first + (arg.flatten()[0] * 0).to(first.dtype)
        return (first, *others)


def _export(graph: Graph, examples: list[dict[str, Tensor]], weights: Weights) -> bytes:
    first, second = (tuple(example[name] for name in graph.inputs) for example in examples)
    with _seeded_draws_kept() as replay, _exact_logarithms():
        graph.function(*first)
        replay()
        file = io.BytesIO()
        torch.onnx.export(
            _Function(graph.function),
            first,
            file,  # type: ignore[arg-type]  # torch does not say that it takes one
            dynamo=False,
            opset_version=OPSET,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
        )
    _compare(file.getvalue(), graph, second)
    return _without_weights(file.getvalue(), weights)


@contextmanager
def _seeded_draws_kept() -> Iterator[Callable[[], None]]:
    """Keep what `torch.randn` draws from generators; after a call of what is yielded, repeat it.

    ONNX has no generator, but what one of a fixed seed draws is a constant.
    """
    draws: list[Tensor] = []
    draw = torch.randn

    def keep(*args, generator=None, **options):
        values = draw(*args, generator=generator, **options)
        if generator is not None:
            draws.append(values)
        return values

    def repeat(*args, generator=None, **options):
        return draw(*args, **options) if generator is None else draws.pop(0)

    def replay() -> None:
        torch.randn = repeat

    torch.randn = keep
    try:
        yield replay
    finally:
        torch.randn = draw


@contextmanager
def _exact_logarithms() -> Iterator[None]:
    """Losses of logits by softplus: torch exports log(sigmoid), which is infinite for sure ones."""

    def log_sigmoid(g, x):
        return g.op("Neg", g.op("Softplus", g.op("Neg", x)))

    def cross_entropy(g, x, target, weight, pos_weight, reduction):
        one = g.op("Constant", value_t=torch.tensor(1.0))
        off = g.op("Mul", g.op("Sub", one, target), x)
        return g.op("Add", off, g.op("Softplus", g.op("Neg", x)))

    operations: dict[str, Callable] = {
        "aten::log_sigmoid": log_sigmoid,
        "aten::binary_cross_entropy_with_logits": cross_entropy,  # of each element, unweighted
    }
    for name, operation in operations.items():
        torch.onnx.register_custom_op_symbolic(name, operation, OPSET)
    try:
        yield
    finally:
        for name in operations:
            torch.onnx.unregister_custom_op_symbolic(name, OPSET)


def _compare(content: bytes, graph: Graph, inputs: tuple[Tensor, ...]) -> None:
    """Raise unless the graph gives what the model does."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    names = zip(graph.inputs, inputs, strict=True)
    feeds = {name: value.numpy() for name, value in names}
    outputs = ReferenceEvaluator(onnx.load_from_string(content)).run(None, feeds)
    for name, got, wanted in zip(graph.outputs, outputs, graph.function(*inputs), strict=True):
        scale = max(1.0, float(wanted.abs().max()))
        same = got.shape == tuple(wanted.shape)
        if not (same and np.abs(got - wanted.numpy()).max() <= TOLERANCE * scale):
            raise NotExportable(f"a graph of it gives another {name}: does it branch on values?")


def _without_weights(content: bytes, weights: Weights) -> bytes:
    """The graph whose large tensors lie in `weights`."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(content)
    constants = [node for node in model.graph.node if node.op_type == "Constant"]
    for node in constants:
        (value,) = node.attribute
        if len(value.t.raw_data) >= SHARED:
            value.t.name = node.output[0]
            model.graph.initializer.append(value.t)
            model.graph.node.remove(node)
    for tensor in model.graph.initializer:
        raw = numpy_helper.to_array(tensor).tobytes()
        if len(raw) >= SHARED:
            for field in ("raw_data", "float_data", "int64_data"):
                tensor.ClearField(field)
            tensor.data_location = onnx.TensorProto.EXTERNAL
            place = {"location": LOCATION, "offset": weights.place(raw), "length": len(raw)}
            for key, value in place.items():
                tensor.external_data.add(key=key, value=str(value))
    return model.SerializeToString()
