"""Models of the user's own: classes that params.yaml names by `zoo.<name>.class_path`.

`plugins/mine.py:Model` is a class in a file of this repository, `package.module:Model` one of an
installed package. Loading either runs its code.
"""

import importlib
import importlib.util
import inspect
import shutil
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import torch

from ...utils import files
from ...utils.errors import InputError
from ...utils.provenance import sha256
from .interface import GenerativeModel

FOLDER = "plugins"
CODE = Path("data/code")
"""Copies of the files of all models, by their names: on these DVC lets their stages depend."""
RECORD = "code.json"
"""Beside the weights of a model of the user's own: its class_path, and the SHA-256 of its file."""
N_IMAGES = 4
"""In the batch of `try_out`."""


def source(name: str, class_path: str) -> Path:
    """The file with the class that params.yaml names.

    Raises
    ------
    InputError : for what is no class_path, and where there is no such file or module.
    """
    module, _, class_name = str(class_path).rpartition(":")
    if not module or not class_name.isidentifier():
        form = f"{FOLDER}/<file>.py:<class> or <package>.<module>:<class>"
        raise InputError(f"zoo.{name}.class_path: must be {form}, got {class_path!r}")
    if module.endswith(".py"):
        path = Path(module)
        if path.parts[0] != FOLDER or ".." in path.parts:
            raise _error(name, module, f"must lie in {FOLDER}/, on which stages depend")
        if not path.is_file():
            raise _error(name, module, "there is no such file")
        return path
    with one_line(name, class_path):
        spec = importlib.util.find_spec(module)
    if spec is None or not str(spec.origin).endswith(".py"):
        raise _error(name, module, "there is no such module, or it is no file of its own")
    return Path(str(spec.origin))


def copy_code(class_paths: Mapping[str, str | None], folder: Path) -> None:
    """Copy the files of models, by their names, into a new folder: genbench's and the user's."""
    folder.mkdir()
    for name, class_path in class_paths.items():
        ours = Path(__file__).parents[1] / f"{name}.py"
        file = source(name, class_path) if class_path else ours
        shutil.copyfile(file, folder / f"{name}.py")


def load_class(name: str, class_path: str, code: Path) -> type[GenerativeModel]:
    """The class of a model, from `code`, the copy of its file, or from its package.

    Raises
    ------
    InputError : in a line, for code that cannot be run and for what is no model.
    """
    module, _, class_name = class_path.rpartition(":")
    with one_line(name, class_path):
        is_file = module.endswith(".py")
        loaded = load_file(name, code) if is_file else importlib.import_module(module)
    if not is_file and sha256(code) != sha256(Path(str(loaded.__file__))):
        raise _error(name, module, "it has changed; run `dvc repro --force params`")
    model = getattr(loaded, class_name, None)
    if not inspect.isclass(model) or not issubclass(model, GenerativeModel):
        base = f"{GenerativeModel.__module__}.{GenerativeModel.__name__}"
        raise _error(name, module, f"there is no class {class_name} that is a {base}")
    if missing := ", ".join(sorted(model.__abstractmethods__)):
        raise _error(name, module, f"{class_name} lacks {missing}")
    signature = inspect.signature(model)
    kinds = [p.kind for p in signature.parameters.values()]
    takes_two = kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) == 2
    if not takes_two or not {"latent_dim", "width"} <= signature.parameters.keys():
        wanted = "(image_shape, classes, *, latent_dim, width, ...)"
        raise _error(name, module, f"{class_name} must take {wanted}, got {signature}")
    return model


def facts(name: str, class_path: str, code: Path | None = None) -> dict[str, str]:
    """What lies in RECORD beside weights: which code they belong to."""
    code = code or CODE / f"{name}.py"
    return {"name": name, "class_path": class_path, "sha256": sha256(code)}


def recorded(folder: Path, code: Path | None = None) -> str | None:
    """The class_path of the model whose weights lie in a folder; None for one of genbench's.

    Raises
    ------
    InputError : if the code is not that with which it was trained.
    """
    if not (folder / RECORD).exists():
        return None
    trained = files.load_json(folder / RECORD)
    code = code or CODE / f"{trained['name']}.py"
    if not code.exists() or sha256(code) != trained["sha256"]:
        raise InputError(
            f"{folder}: {trained['class_path']} is not the code that it was trained with, whose"
            f" SHA-256 begins with {trained['sha256'][:8]}; `dvc repro` trains it anew"
        )
    return trained["class_path"]


def try_out(name: str, class_path: str, model: GenerativeModel, shape, classes: int) -> None:
    """Call what the stages call, with random images of this shape (C, H, W).

    Raises
    ------
    InputError : in a line, for what fails, is not finite or has another shape than it must have.
    """
    module = class_path.rpartition(":")[0]
    x = torch.rand(N_IMAGES, *shape) * 2 - 1
    y = torch.arange(N_IMAGES) % classes
    with one_line(name, class_path):
        z = torch.randn(N_IMAGES, model.latent_dim)
        for parameters in model.players().values():
            model.optimizer(parameters)
        losses = {f"the loss of {p}": model.loss(p, x, y)["loss"] for p in model.players()}
        model.eval()
        with torch.no_grad():
            images, codes = model.decode(z, y), model.encode(x, y)
            scores = {f"the score {key}": value for key, value in model.scores(x, y).items()}
            features = model.features(x, y)
    returned: list[tuple[str, torch.Tensor, tuple[int, ...]]]
    returned = [(what, loss, ()) for what, loss in losses.items()]
    returned += [("what decode returns", images, x.shape)]
    returned += [] if codes is None else [("what encode returns", codes, z.shape)]
    returned += [(what, values, (N_IMAGES,)) for what, values in scores.items()]
    returned += [("what features returns", features, (N_IMAGES, features[0].numel()))]
    for what, value, wanted in returned:
        if value.shape != torch.Size(wanted):
            expected = f"must have the shape {tuple(wanted)}, got {tuple(value.shape)}"
            raise _error(name, module, f"{what} {expected}")
        if not value.isfinite().all():
            raise _error(name, module, f"{what} is not finite")
    if images.abs().max() > 1:
        raise _error(name, module, "what decode returns must lie in [-1, 1]")


@contextmanager
def one_line(name: str, class_path: str) -> Iterator[None]:
    """Whatever the user's code raises, as an `InputError` with the line of the code."""
    module = class_path.rpartition(":")[0]
    try:
        yield
    except Exception as error:
        files_of_it = {f"{name}.py", f"{module.rpartition('.')[2]}.py"}
        trace = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in trace if Path(frame.filename).name in files_of_it]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        text = error.msg if isinstance(error, SyntaxError) else str(error).partition("\n")[0]
        where = f"line {line}: " if line else ""
        raise _error(name, module, f"{where}{type(error).__name__}: {text}") from None


def load_file(name: str, path: Path) -> ModuleType:
    """A file as the module genbench.models.<name>, so that it imports as ours do.

    Without bytecode, which would lie in an output of DVC.
    """
    spec = importlib.util.spec_from_file_location(f"genbench.models.{name}", path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where pickles look for it
    exec(compile(path.read_bytes(), path, "exec"), module.__dict__)
    return module


def _error(name: str, module: str, problem: str) -> InputError:
    return InputError(f"zoo.{name}.class_path: {module}: {problem}")
