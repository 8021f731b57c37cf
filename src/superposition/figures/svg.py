"""Figures as SVG, in coordinates that do not show by which processor they were computed.

What is drawn is the same everywhere (exact.functions, exact.sums); where it comes to lie matplotlib computes, and may
be off by a few units in the last place. Letters are of whole numbers (FreeType), and the same font file everywhere.

Letters are outlines, which look the same in every program. Over each text lies the same as transparent text: what shows
the file can let readers select it, and search for it.
"""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path as File
from typing import Any

import numpy as np
from matplotlib import _path
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Bbox, IdentityTransform

from superposition.exact.functions import Numbers
from superposition.figures.animation import Animation
from superposition.figures.plain_text import plain
from superposition.figures.style import PAPER, theme

PER_POINT = 1000  # steps of the grid, of which 0.001 pt are a sixtieth of what a high-resolution screen shows
# Of a step, so that boundaries lie at the golden section, 0.381966. Coordinates made of round numbers lie at halves,
# thirds and eighths of a step; this is the number to which fractions come the least close: 0.38 / q^2 of denominator q.
SHIFT = 0.1180339887498949  # sqrt(5) / 2 - 1
NOISE = 2.0**-46  # of a coordinate, or of 1024 pt if that is more: 128 units in the last place, and 1.5e-11 pt


def settled(x: Numbers) -> np.ndarray:
    """Coordinates in points, rounded to thousandths, so that what computed them may be a little off.

    Steps in which a coordinate comes about, products of matrices in a BLAS, logarithms of an axis, sums that a compiler
    fuses, each differ by a rounding between machines. What is written differs only if a boundary of the rounding is
    between two such coordinates. So one that is within NOISE of a boundary is refused: a figure that is written is the
    same on every machine whose coordinates are less than that away. Of the half a million coordinates in all figures
    together, one is refused by chance in about 1 of 70 changes of everything: 2 * 1.5e-11 / 0.001 each.

    What matplotlib decides by comparing coordinates, such as how many ticks fit on an axis, is not checked here; a test
    disturbs what it computes.
    """
    x = np.asarray(x, dtype=np.float64)
    scaled = x * PER_POINT + SHIFT
    steps = np.rint(scaled)
    room = (0.5 - np.abs(scaled - steps)) / PER_POINT
    close = room < NOISE * np.maximum(np.abs(x), 1024.0)
    if bool(close.any()):
        raise ArithmeticError(
            f"the coordinate {float(x[close].flat[0])!r} pt may be rounded to either side on another machine; draw the "
            f"figure a little larger or smaller, or change SHIFT in {__name__}"
        )
    return np.asarray(steps / PER_POINT + 0.0)  # no -0.0


class Renderer(RendererSVG):
    """Matplotlib's, but for coordinates, which are settled before anything is written or named after them."""

    def _convert_path(
        self,
        path: Path,
        transform: Any = None,
        clip: bool | None = None,
        simplify: bool | None = None,
        sketch: Any = None,
    ) -> str:
        area = (0.0, 0.0, self.width, self.height) if clip else None
        moved = path.cleaned(transform, remove_nans=True, clip=area, simplify=simplify, curves=True, sketch=sketch)
        vertices, codes = np.asarray(moved.vertices), np.asarray(moved.codes)
        moved = Path(settled(vertices[:-1]), codes[:-1])  # the last code says that it ends
        commands = [b"M", b"L", b"Q", b"C", b"z"]
        text: bytes = _path.convert_to_string(  # type: ignore[attr-defined]
            moved, None, None, False, None, 3, commands, False
        )
        return text.decode("ascii")

    def _get_clip_attrs(self, gc: Any) -> dict[str, str]:
        if gc.get_clip_path()[0] is not None:
            raise NotImplementedError("figures are clipped by rectangles only")
        if (box := gc.get_clip_rectangle()) is not None:
            gc.set_clip_rectangle(Bbox(settled([box.min, box.max])))
        attributes: dict[str, str] = super()._get_clip_attrs(gc)
        return attributes

    def _iter_collection(self, *args: Any, **kwargs: Any) -> Iterator[tuple[Any, ...]]:
        for x, y, *rest in super()._iter_collection(*args, **kwargs):  # type: ignore[misc]
            yield (*settled([x, y]).tolist(), *rest)

    def draw_markers(
        self, gc: Any, marker_path: Path, marker_trans: Any, path: Path, trans: Any, rgbFace: Any = None
    ) -> None:
        moved = trans.transform_path(path)
        moved = Path(settled(moved.vertices), moved.codes)
        super().draw_markers(gc, marker_path, marker_trans, moved, IdentityTransform(), rgbFace)

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        x, y = settled([x, y]).tolist()
        super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
        width, _, _ = self.get_text_width_height_descent(s, prop, ismath)
        if words := plain(s) if ismath else s.strip():
            place = {"x": f"{x:g}", "y": f"{y:g}", "font-size": f"{prop.get_size_in_points():g}"}
            if angle:
                place["transform"] = f"rotate({-angle:g} {x:g} {y:g})"
            # As wide as the outlines, whatever font there is.
            place |= {"textLength": f"{float(settled(width)):g}", "fill-opacity": "0"}
            self.writer.element("text", words, attrib=place)


def svg(figure: Figure) -> bytes:
    """What is drawn on a white ground, without a date."""
    file = StringIO()
    figure.set(dpi=72, facecolor=PAPER)  # one pixel is a point
    width, height = figure.get_size_inches() * 72
    renderer = Renderer(float(width), float(height), file, metadata={"Date": None, "Creator": None})
    figure.draw(renderer)
    renderer.finalize()
    return file.getvalue().encode("utf-8")


def save(figure: Figure | Animation, path: File) -> None:
    """Write an SVG with the same bytes every time, on every machine."""
    with theme():
        path.write_bytes(figure.svg() if isinstance(figure, Animation) else svg(figure))
