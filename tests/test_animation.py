from xml.etree import ElementTree

import numpy as np
import pytest

from superposition.figures import figures_of, svg
from superposition.figures.animation import Animation, line, number
from tests import as_printed

SVG = "{http://www.w3.org/2000/svg}"


def picture() -> Animation:
    return Animation(100, 50, np.array([0.0, 1.0, 4.0]), seconds=10)


def read(animation: Animation) -> ElementTree.Element:
    return ElementTree.fromstring(animation.svg())


def test_numbers_are_short():
    assert [number(x) for x in (3.0, -0.04, 0.25, -1.26, 1e4)] == ["3", "0", "0.2", "-1.3", "10000"]
    assert line(np.array([[0.0, 1.0], [2.51, -3.0]])) == "0,1 2.5,-3"


def test_frames_come_at_their_times_and_the_last_one_stands():
    animation = picture()
    animation.animate(animation.add("line"), "x2", [1.0, 2.0, 3.0])
    element = read(animation).find(f"{SVG}line")
    assert element.get("x2") == "3"  # what is seen where nothing moves
    moving = element.find(f"{SVG}animate")
    assert moving.get("values") == "1;2;3;3"
    # 0.85 of a round over times 0, 1 and 4
    assert moving.get("keyTimes") == "0.0000;0.2125;0.8500;1.0000"
    assert (moving.get("dur"), moving.get("repeatCount"), moving.get("calcMode")) == ("10s", "indefinite", "linear")


def test_a_line_is_drawn_as_far_as_the_way():
    animation = picture()
    animation.draw(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 10.0]]))  # 5 and 6 long
    element = read(animation).find(f"{SVG}polyline")
    # A dash and a gap of 12; shifted by 12, nothing is seen, and by 1 the first 11
    assert element.get("stroke-dasharray") == "12"
    assert element.find(f"{SVG}animate").get("values") == "12;7;1;1"


def test_things_are_shifted():
    animation = picture()
    animation.move(animation.add("g"), np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]), jumping=True)
    element = read(animation).find(f"{SVG}g")
    assert element.get("transform") == "translate(3 4)"
    moving = element.find(f"{SVG}animateTransform")
    assert (moving.get("values"), moving.get("calcMode")) == ("0 0;1 2;3 4;3 4", "discrete")


@pytest.fixture(scope="module")
def moving() -> bytes:
    return figures_of("geometric_transformations", as_printed.geometric_transformations())["animation"].svg()


def test_it_plays_by_itself_without_scripts_and_with_the_same_bytes(moving, tmp_path):
    root = ElementTree.fromstring(moving)
    assert not list(root.iter(f"{SVG}script"))
    assert not list(root.iter(f"{SVG}image"))
    again = figures_of("geometric_transformations", as_printed.geometric_transformations())["animation"]
    svg.save(again, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes() == moving
    assert again.svg() == again.svg()


def test_every_value_has_its_time(moving):
    root = ElementTree.fromstring(moving)
    played = [*root.iter(f"{SVG}animate"), *root.iter(f"{SVG}animateTransform")]
    assert len(played) > 30
    # steps 100, 1000 and 10000, and the last once more
    assert {len(one.get("values").split(";")) for one in played} == {4}
    assert {len(one.get("keyTimes").split(";")) for one in played} == {4}


def test_features_end_where_the_weights_say(moving):
    root = ElementTree.fromstring(moving)
    vectors = [one for one in root.iter(f"{SVG}line") if one.get("stroke-width") == "2.5"]
    assert len(vectors) == 12  # six from above, six from the side
    ends = [(float(v.get("x2")) - float(v.get("x1")), float(v.get("y2")) - float(v.get("y1"))) for v in vectors[:6]]
    # Antipodal, and from above sqrt(2/3) of 120 pixels long
    assert np.array(ends[:3]) == pytest.approx(-np.array(ends[3:]), abs=0.2)
    assert np.hypot(*np.array(ends).T) == pytest.approx(120 * np.sqrt(2 / 3), abs=0.2)
    steps = [one.text for one in root.iter(f"{SVG}text")]
    assert {"100", "1\u202f000", "10\u202f000"} <= set(steps)
