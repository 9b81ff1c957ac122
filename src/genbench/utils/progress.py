"""How far a long job is: a bar on a terminal, a plain line now and then anywhere else."""

import sys
import time

SECONDS_BETWEEN_LINES = 10


class Progress:
    """Shows how much of `total` is done, `done` before it began; a context manager.

    tqdm draws the bar. Where it cannot, it would still rewrite one line; here every line stays.
    """

    def __init__(self, label: str, total: int, unit: str = "images", done: int = 0):
        self.label = label
        self.total = total
        self.unit = unit
        self.initial = done
        self.done = done
        self.start = time.monotonic()
        self.last_line = self.start
        self.bar = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=total, desc=label, unit=f" {unit}", unit_scale=True, initial=done)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.bar is not None:
            self.bar.close()
        elif kind is None:  # an error speaks for itself
            self._line("")

    def update(self, done: int, values: dict[str, float] | None = None) -> None:
        """Set the work done so far and show `values` beside it."""
        text = " ".join(f"{k} {v:.4g}" for k, v in (values or {}).items())
        if self.bar is not None:
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update(done - self.done)
        self.done = done
        if self.bar is None and time.monotonic() - self.last_line >= SECONDS_BETWEEN_LINES:
            self._line(text)

    def write(self, line: str) -> None:
        """Print a line of its own, above the bar where there is one."""
        if self.bar is not None:
            self.bar.write(line)
        else:
            print(line, flush=True)

    def _line(self, text: str) -> None:
        self.last_line = time.monotonic()
        seconds = max(self.last_line - self.start, 1e-9)
        rate = (self.done - self.initial) / seconds
        left = max(self.total - self.done, 0) / rate if rate else 0
        when = f"{left:.0f} s left" if left else f"{seconds:.1f} s"
        count = f"{self.done:,} of {self.total:,} {self.unit}"
        print(f"{self.label}: {count}, {rate:,.0f}/s, {when} {text}".rstrip(), flush=True)
