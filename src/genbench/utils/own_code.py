"""Code of the user's own that params.yaml names: `plugins/mine.py:Name`, `package.module:Name`.

The first is in a file of this repository, the second in an installed package. Loading runs it.
"""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from .errors import InputError
from .files import atomic_write
from .provenance import sha256

FOLDER = "plugins"
COPIES = Path("data/code")
"""Copies of the code, on which DVC lets the stages depend that load it."""


class OwnCode(NamedTuple):
    """What a key of params.yaml names.

    key : of params.yaml, for messages
    module : plugins/mine.py, or package.module
    name : of the class or function in it
    """

    key: str
    module: str
    name: str

    @classmethod
    def of(cls, key: str, path: str) -> "OwnCode":
        """From the value of the key; an `InputError` for what is no such path."""
        module, _, name = str(path).rpartition(":")
        if not module or not name.isidentifier():
            form = f"{FOLDER}/<file>.py:<name> or <package>.<module>:<name>"
            raise InputError(f"{key}: must be {form}, got {path!r}")
        return cls(key, module, name)

    @property
    def is_file(self) -> bool:
        """Whether it is in a file of this repository."""
        return self.module.endswith(".py")

    def source(self) -> Path:
        """The file with the code; an `InputError` where there is none that may be used."""
        if self.is_file:
            path = Path(self.module)
            if path.parts[0] != FOLDER or ".." in path.parts:
                raise self.error(f"must lie in {FOLDER}/, on which stages depend")
            if not path.is_file():
                raise self.error("there is no such file")
            return path
        with self.one_line():
            spec = importlib.util.find_spec(self.module)
        if spec is None or not str(spec.origin).endswith(".py"):
            raise self.error("there is no such module, or it is no file of its own")
        return Path(str(spec.origin))

    def load(self, copy: Path, module_name: str) -> Any:
        """What bears the name in `copy`, a copy of the file, or in the package; None if none does.

        module_name : of the copy as a module

        Raises
        ------
        InputError : with the line of code that fails, and for a package that differs from the copy.
        """
        with self.one_line(copy.name):
            if self.is_file:
                module = load_file(copy, module_name)
            else:
                module = importlib.import_module(self.module)
        if not self.is_file and sha256(copy) != sha256(Path(str(module.__file__))):
            raise self.error("it has changed; run `dvc repro --force params`")
        return getattr(module, self.name, None)

    @contextmanager
    def one_line(self, copy: str = "") -> Iterator[None]:
        """Whatever the code raises, as an `InputError` with its line.

        copy : the name of the file that is run, if it is another
        """
        try:
            yield
        except Exception as error:
            own = {copy, Path(self.module).name, f"{self.module.rpartition('.')[2]}.py"}
            trace = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in trace if Path(frame.filename).name in own]
            line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
            text = error.msg if isinstance(error, SyntaxError) else str(error).partition("\n")[0]
            where = f"line {line}: " if line else ""
            raise self.error(f"{where}{type(error).__name__}: {text}") from None

    def error(self, problem: str) -> InputError:
        """A line with the key and the module."""
        return InputError(f"{self.key}: {self.module}: {problem}")


def copy(source: Path, target: Path) -> None:
    """Copy a file of code; what fails is said of `target`."""
    with atomic_write(target) as new:
        new.write_bytes(source.read_bytes())


def load_file(path: Path, name: str) -> ModuleType:
    """A file as a module of this name, so that it imports as the modules beside it do.

    Without bytecode, which would lie in an output of DVC.
    """
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where pickles look for it
    exec(compile(path.read_bytes(), path, "exec"), module.__dict__)
    return module
