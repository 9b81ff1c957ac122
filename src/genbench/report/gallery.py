"""Pictures of the report: drawn or copied into its folder, and how the page shows them."""

import os
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

import numpy as np
import vl_convert

from ..utils import images
from .vega import CONFIG, POINTER_ONLY, Spec

SPRITE_COLUMNS = 50
FONTS = Path(__file__).with_name("templates") / "fonts.conf"


class Figure(NamedTuple):
    """A picture of the page: its link, its size in CSS pixels, and the words beside it.

    kind : a chart, or pixels of images, which a click opens in full size
    spec : of a chart, which the page's script draws again
    """

    src: str
    width: int
    height: int
    alt: str
    kind: Literal["chart", "pixels"]
    title: str
    caption: str
    spec: Spec | None


class Aspect(NamedTuple):
    """The same thing of several models, side by side: by model, one picture, or one per snapshot.

    steps : whether the pictures are snapshots, of which a slider shows one
    """

    title: str
    caption: str
    figures: dict[str, list[Figure]]
    steps: bool = False


@dataclass(frozen=True)
class Gallery:
    """The pictures of one dataset, in `<folder>/<dataset>/`; `folder` is the page's `figures`.

    Every method puts one picture there; size : height of the dataset's images in pixels
    """

    folder: Path
    dataset: str
    size: int

    def chart(self, spec: Spec, name: str, title: str = "", caption: str = "") -> Figure:
        """A chart as SVG, or where the name ends so as PNG, of two pixels per CSS pixel."""
        path = self._path(name)
        still = dict(spec)
        if "layer" in spec:
            still["layer"] = [each for each in spec["layer"] if each.get("name") != POINTER_ONLY]
        if path.suffix == ".png":
            _load_fonts()
            path.write_bytes(vl_convert.vegalite_to_png(still, config=CONFIG, scale=2))
        else:
            path.write_text(to_svg(still), encoding="utf-8")
        return self._figure(name, "chart", title, caption, spec)

    def copy(self, source: Path, name: str, title: str = "", caption: str = "") -> Figure:
        """A stage's PNG, pixel by pixel."""
        shutil.copyfile(source, self._path(name))
        return self._figure(name, "pixels", title, caption)

    def grid(self, x: np.ndarray, columns: int, name: str, title: str = "") -> Figure:
        """Images (N, C, H, W) uint8 as a grid like the stages'."""
        images.save_png(self._path(name), images.grid(x, columns))
        return self._figure(name, "pixels", title, "")

    def sprite(self, x: np.ndarray, name: str) -> Spec:
        """Images (N, C, H, W) uint8 in one sheet, and how the script finds the i-th there."""
        sheet = images.grid(x, SPRITE_COLUMNS, pixels=max(x.shape[2:]), gap=1)
        images.save_png(self._path(name), sheet)
        return {
            "src": self._link(name),
            "columns": SPRITE_COLUMNS,
            "tile": [x.shape[3], x.shape[2]],
            "sheet": [sheet.shape[1], sheet.shape[0]],
        }

    def _path(self, name: str) -> Path:
        path = self.folder / self.dataset / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _link(self, name: str) -> str:
        return quote(f"figures/{self.dataset}/{name}")

    def _figure(
        self,
        name: str,
        kind: Literal["chart", "pixels"],
        title: str,
        caption: str,
        spec: Spec | None = None,
    ) -> Figure:
        width, height = picture_size(self._path(name))
        # half the size of a PNG is sharp on every screen: 2x2 pixels are one or become one
        if name.endswith(".png") and (kind == "chart" or images.enlargement(self.size) % 2 == 0):
            width, height = width // 2, height // 2
        return Figure(
            src=self._link(name),
            width=width,
            height=height,
            alt=" ".join(Path(name).with_suffix("").parts).replace("_", " "),
            kind=kind,
            title=title,
            caption=caption,
            spec=spec,
        )


def to_svg(spec: Spec) -> str:
    """The same picture of the same specification, whatever was drawn before it."""
    _load_fonts()
    svg = vl_convert.vegalite_to_svg(spec, config=CONFIG)
    ids = list(dict.fromkeys(re.findall(r"\bclip\d+", svg)))  # numbered on from picture to picture
    return re.sub(r"\bclip\d+", lambda match: f"clip-{ids.index(match[0])}", svg)


@cache
def _load_fonts() -> None:
    """Those of vl-convert and no others: letters are the same, whatever fonts a machine has.

    It reads the variable once, when it first draws; a browser started later must not find it.
    """
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(FONTS)
    vl_convert.svg_to_png('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
    if before is None:
        del os.environ["FONTCONFIG_FILE"]
    else:
        os.environ["FONTCONFIG_FILE"] = before


def side_by_side(columns: dict[str, list[Figure]]) -> list[Aspect]:
    """The figures of each model by their titles: first what all models have, then the rest.

    Of what all have, a caption that is the same for all stands above them.
    """
    titles = {model: [figure.title for figure in figures] for model, figures in columns.items()}
    in_order = list(dict.fromkeys(title for each in titles.values() for title in each))
    shared = [title for title in in_order if all(title in each for each in titles.values())]
    aspects = []
    for title in shared:
        figures = {
            model: next(figure for figure in each if figure.title == title)
            for model, each in columns.items()
        }
        captions = {figure.caption for figure in figures.values()}
        caption = captions.pop() if len(captions) == 1 else ""
        cells = {
            model: [figure._replace(title="", caption="" if caption else figure.caption)]
            for model, figure in figures.items()
        }
        aspects.append(Aspect(title, caption, cells))
    rest = {
        model: own
        for model, each in columns.items()
        if (own := [figure for figure in each if figure.title not in shared])
    }
    return [*aspects, Aspect("What only some of the models have", "", rest)] if rest else aspects


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of a PNG or of an SVG, from its header."""
    if path.suffix == ".png":
        with path.open("rb") as file:
            header = file.read(24)
        return int.from_bytes(header[16:20]), int.from_bytes(header[20:24])
    width, height = re.findall(r' (?:width|height)="(\d+)', path.read_text(encoding="utf-8"))[:2]
    return int(width), int(height)
