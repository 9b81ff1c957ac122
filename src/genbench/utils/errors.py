"""The one exception that is the user's to fix, and how its message lists wrong names."""


class InputError(ValueError):
    """A choice, a file or an archive that cannot be used; `cli.run` shows its message alone.

    The message is one line: what was got, what is allowed, and the key or the file to fix.
    """


def unknown_names(key: str, names, known) -> str | None:
    """A line that says which of `names`, the value of `key`, are not `known`; None if all are."""
    wrong = [n for n in names if n not in known]
    return f"{key}: unknown {', '.join(wrong)}; known: {', '.join(known)}" if wrong else None
