"""Pictures of the report: drawn or copied into its folder, and how the page shows them."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from ..utils import images
from .html import Html, join, tag


@dataclass(frozen=True)
class Gallery:
    """The figures of one dataset, in `figures/<dataset>/` of the page's folder `root`.

    Every method puts one picture there and returns it as a <figure>.
    """

    root: Path
    dataset: str
    size: int
    """Height of the dataset's images in pixels."""

    def chart(self, draw: Callable, name: str, *data, caption, **options) -> Html:
        """What `draw(path, *data, **options)` of `figures` draws."""
        draw(self._path(name), *data, **options)
        return self._figure(name, caption, "chart")

    def copy(self, source: Path, name: str, caption) -> Html:
        """A stage's PNG, pixel by pixel."""
        shutil.copyfile(source, self._path(name))
        return self._figure(name, caption, "pixels")

    def grid(self, x: np.ndarray, columns: int, name: str, caption) -> Html:
        """Images (N, C, H, W) uint8 as a grid like the stages'."""
        images.save_png(self._path(name), images.grid(x, columns))
        return self._figure(name, caption, "pixels")

    def _path(self, name: str) -> Path:
        path = self.root / "figures" / self.dataset / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _figure(self, name: str, caption, kind: str) -> Html:
        src, width = quote(f"figures/{self.dataset}/{name}"), png_width(self._path(name))
        # half the size of a PNG is sharp on every screen: 2x2 pixels are one or become one
        halved = kind == "chart" or images.enlargement(self.size) % 2 == 0
        alt = " ".join(Path(name).with_suffix("").parts).replace("_", " ")
        shown = width // 2 if width and halved else width
        picture = tag("img", src=src, width=shown, alt=alt, loading="lazy")
        if kind == "pixels":
            picture = tag("a", picture, href=src, title="full size")
        return tag("figure", picture, tag("figcaption", caption), class_=kind)


def row(figures: list[Html]) -> Html | None:
    """Figures side by side, as many as fit; None for none."""
    return tag("div", figures, class_="row") if figures else None


def strip(figures: list[Html]) -> Html:
    """Figures in one row that scrolls."""
    return tag("div", figures, class_="strip")


def legend(names: list[str], colours: list[str]) -> Html:
    """Names with their colours, in HTML because fonts of charts lack many scripts."""
    pairs = zip(names, colours, strict=True)
    items = [tag("li", tag("i", style=f"background:{c}"), join(name)) for name, c in pairs]
    return tag("ul", items, class_="legend")


def png_width(path: Path) -> int | None:
    """Width of a PNG in pixels, from its header; None for other files."""
    if path.suffix != ".png":
        return None
    with path.open("rb") as file:
        return int.from_bytes(file.read(24)[16:20])
