"""The one exception that is the user's to fix."""


class InputError(ValueError):
    """A choice, a file or an archive that cannot be used; `cli.run` shows its message alone.

    The message is one line: what was got, what is allowed, and the key or the file to fix.
    """
