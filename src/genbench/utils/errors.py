"""The one exception that is the user's to fix, and how its message lists what is wrong."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class InputError(ValueError):
    """A choice, a file or an archive that cannot be used; `cli.run` shows its message alone.

    The message is one line: what was got, what is allowed, and the key or the file to fix.
    """


def unknown_names(key: str, names, known) -> str | None:
    """A line that says which of `names`, the value of `key`, are not `known`; None if all are."""
    wrong = [n for n in names if n not in known]
    return f"{key}: unknown {', '.join(wrong)}; known: {', '.join(known)}" if wrong else None


def validation_line(e: "ErrorDetails") -> str:
    """One of pydantic's errors as the key, what was got and what is allowed."""
    key = ".".join(map(str, e["loc"])) or "the file"
    if e["type"] == "extra_forbidden":
        return f"{key} is not a known key"
    if e["type"] == "missing":
        return f"{key} is missing"
    if e["type"] == "value_error" and isinstance(e["input"], dict):  # of several keys together
        return f"{key}: {e['ctx']['error']}"
    return f"{key}: {e['msg'][0].lower()}{e['msg'][1:]}, got {_shown(e['input'])}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes no longer ones
        return "a number of more than 4300 digits"
    return text if len(text) <= 100 else f"{text[:100]}..."
