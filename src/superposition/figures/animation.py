"""Moving pictures as SVG, without scripts: browsers play them inside <img>, and the same numbers give the same bytes.

Attributes are those of the last frame, so that a program that plays nothing shows how it ends. Places are in pixels
from the top left corner, rounded to tenths.
"""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import running_total, total
from superposition.figures.style import INK, MOVING_FONT, MOVING_TEXT, PAPER

Number = int | float
MOVING = 0.85  # of each round; for the rest of it the last frame stands


class Animation:
    """An SVG in which attributes go through one value for each frame.

    `times` are the frames' moments in any unit, rising; a round takes `seconds` and starts again when it is over.
    """

    def __init__(self, width: Number, height: Number, times: Float[np.ndarray, " frame"], seconds: Number) -> None:
        box = {"width": number(width), "height": number(height), "viewBox": f"0 0 {number(width)} {number(height)}"}
        self.root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **box})
        self.add("rect", width=width, height=height, fill=PAPER)
        moments = MOVING * (times - times[0]) / (times[-1] - times[0])
        self._timing = {
            "dur": f"{number(seconds)}s",
            "repeatCount": "indefinite",
            "keyTimes": ";".join(f"{moment:.4f}" for moment in [*moments, 1.0]),
        }

    def add(self, tag: str, parent: Element | None = None, text: str | None = None, **attributes: object) -> Element:
        """An element with these attributes; `stroke_width=1` is stroke-width="1"."""
        written = {key.replace("_", "-"): _written(value) for key, value in attributes.items()}
        element = ElementTree.SubElement(self.root if parent is None else parent, tag, written)
        element.text = text
        return element

    def text(
        self,
        x: Number,
        y: Number,
        text: str,
        size: Number = MOVING_TEXT,
        parent: Element | None = None,
        **style: object,
    ) -> None:
        options: dict[str, Any] = {"fill": INK, "font_family": MOVING_FONT, "font_size": size} | style
        self.add("text", parent, text, **options | {"x": x, "y": y})

    def animate(self, element: Element, attribute: str, values: Sequence[object], jumping: bool = False) -> None:
        """One value for each frame. `jumping`: from one to the next at once, not through those between."""
        every = [_written(value) for value in [*values, values[-1]]]
        element.set(attribute, every[-1])
        mode = "discrete" if jumping else "linear"
        given = {"attributeName": attribute, "values": ";".join(every), "calcMode": mode}
        ElementTree.SubElement(element, "animate", given | self._timing)

    def move(self, element: Element, places: Float[np.ndarray, "frame 2"], jumping: bool = False) -> None:
        """Shifts an element by (x, y) at each frame."""
        every = [f"{number(float(x))} {number(float(y))}" for x, y in [*places, places[-1]]]
        element.set("transform", f"translate({every[-1]})")
        mode = "discrete" if jumping else "linear"
        given = {"attributeName": "transform", "type": "translate", "values": ";".join(every), "calcMode": mode}
        ElementTree.SubElement(element, "animateTransform", given | self._timing)

    def draw(self, points: Float[np.ndarray, "frame 2"], parent: Element | None = None, **style: Any) -> None:
        """A line through all points that is as long, at each frame, as the way up to there."""
        path = self.add("polyline", parent, points=line(points), fill="none", **style)
        ways = np.sqrt(total(np.square(np.diff(np.round(points, 1), axis=0)), axis=1))
        gone = np.concatenate([[0.0], running_total(ways)])
        path.set("stroke-dasharray", number(float(gone[-1] + 1)))
        self.animate(path, "stroke-dashoffset", list(gone[-1] + 1 - gone))

    def svg(self) -> bytes:
        ElementTree.indent(self.root)
        return ElementTree.tostring(self.root, encoding="utf-8") + b"\n"


def number(x: Number) -> str:
    """To tenths, without what is not needed: 3.0 is 3."""
    return f"{round(x, 1) + 0.0:.1f}".removesuffix(".0")  # -0.0 + 0.0 is 0.0


def line(points: Float[np.ndarray, "point 2"]) -> str:
    """As the points of a polyline or polygon."""
    return " ".join(f"{number(float(x))},{number(float(y))}" for x, y in points)


def _written(value: object) -> str:
    return number(float(value)) if isinstance(value, int | float | np.number) else str(value)
