"""Pictures of the report: drawn or copied into its folder, and how the page shows them."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

import numpy as np

from ..utils import images


class Figure(NamedTuple):
    """A picture of the page: its link, its width in CSS pixels, and the words beside it.

    kind : a chart, or pixels of images, which a click opens in full size
    """

    src: str
    width: int | None
    alt: str
    kind: Literal["chart", "pixels"]
    title: str
    caption: str


@dataclass(frozen=True)
class Gallery:
    """The pictures of one dataset, in `<folder>/<dataset>/`; `folder` is the page's `figures`.

    Every method puts one picture there; size : height of the dataset's images in pixels
    """

    folder: Path
    dataset: str
    size: int

    def chart(
        self, draw: Callable[..., None], name: str, *data, title: str = "", caption: str = ""
    ) -> Figure:
        """What `draw(path, *data)` of `charts` draws."""
        draw(self._path(name), *data)
        return self._figure(name, "chart", title, caption)

    def copy(self, source: Path, name: str, title: str = "", caption: str = "") -> Figure:
        """A stage's PNG, pixel by pixel."""
        shutil.copyfile(source, self._path(name))
        return self._figure(name, "pixels", title, caption)

    def grid(self, x: np.ndarray, columns: int, name: str, title: str = "") -> Figure:
        """Images (N, C, H, W) uint8 as a grid like the stages'."""
        images.save_png(self._path(name), images.grid(x, columns))
        return self._figure(name, "pixels", title, "")

    def _path(self, name: str) -> Path:
        path = self.folder / self.dataset / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _figure(
        self, name: str, kind: Literal["chart", "pixels"], title: str, caption: str
    ) -> Figure:
        width = png_width(self._path(name))
        # half the size of a PNG is sharp on every screen: 2x2 pixels are one or become one
        halved = kind == "chart" or images.enlargement(self.size) % 2 == 0
        return Figure(
            src=quote(f"figures/{self.dataset}/{name}"),
            width=width // 2 if width and halved else width,
            alt=" ".join(Path(name).with_suffix("").parts).replace("_", " "),
            kind=kind,
            title=title,
            caption=caption,
        )


def png_width(path: Path) -> int | None:
    """Width of a PNG in pixels, from its header; None for other files."""
    if path.suffix != ".png":
        return None
    with path.open("rb") as file:
        return int.from_bytes(file.read(24)[16:20])
