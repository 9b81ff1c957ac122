"""Numbers and lists of words as text."""

from collections.abc import Sequence

from ..utils.record import Number

DASH = "\N{EN DASH}"


def number(value: float | None, places: int | None = None) -> str:
    """Three significant digits, or `places` decimals; thousands are separated."""
    if value is None:
        return DASH
    if places is None:
        places = decimals([value])
    return f"{value:,.{places}f}".replace("-", "\N{MINUS SIGN}")


def decimals(values: Sequence[Number]) -> int:
    """Decimals at which the smallest of the values still shows three significant digits; 0 to 4."""
    if all(isinstance(v, int) for v in values):
        return 0
    small = min((abs(v) for v in values if v), default=1)
    return next((d for d in range(4) if small * 10**d >= 99.95), 4)


def probability(p: float) -> str:
    """A p-value with two significant digits: 0.34, 0.006, 3e-28."""
    if p >= 0.001:
        return f"{p:.2g}"
    return f"{p:.0e}".replace("e-0", "e-") if p > 0 else "0"


def join_words(words: Sequence[str]) -> str:
    """Words as a list in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def spaced(name: str) -> str:
    """A name of the code in words: negative elbo."""
    return name.replace("_", " ")
