"""The page as its readers have it: in a browser, in one file, with nothing else."""

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest

from scripts.settings import settings
from scripts.vary import with_settings
from superposition.claims import evaluate
from superposition.figures import figures_of
from superposition.figures.svg import save
from superposition.params import Model
from superposition.params import read as read_params
from superposition.params.document import parse
from superposition.params.experiments import resolve
from superposition.report import explore
from superposition.report.captions import CAPTIONS, caption_of
from superposition.report.formulas import formulas
from superposition.report.page import chapters, command, page, section
from superposition.report.pictures import pictures_of, size, slim, words
from superposition.report.templates import typeset
from tests import as_printed, hand_made, layout
from tests.browser import page as browser
from tests.hand_made import HandMade

ROOT = Path(__file__).parents[1]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="300pt" height="150pt"><circle r="9" fill="#fff"/></svg>'
EXPERIMENTS = read_params(ROOT / "params.yaml").experiments
SHOWN = ("intro", "basic_results", "phase_change", "geometry", "learning_dynamics", "geometric_transformations")


def phase_change():
    """A diagram of two densities and two importances: the last feature shares, or is dropped, or has it to itself."""
    cells = [((1.0, -1.0), 0.9, 0.1), ((1.0, -1.0), 0.9, 10.0), ((1.0, 0.0), 0.0, 0.1), ((0.0, 1.0), 0.0, 10.0)]
    return hand_made.tables(
        [
            HandMade([list(W)], [0.0, 0.25], sparsity, [1.0, importance], importance_label=f"last {importance:g}")
            for W, sparsity, importance in cells
        ]
    )


# ---- What it is made of.


def test_pictures_are_the_same_in_fewer_characters():
    drawn = (
        '<?xml version="1.0"?>\n<svg width="4.5pt" height="3pt">\n <metadata> <a/> </metadata>\n <!-- b -->\n'
        ' <g id="axes_1">\n  <defs><path id="p1" d="M 0 1 \nL 2 3 \nz\n" style="fill: none; stroke: #000"/></defs>\n'
        '  <use href="#p1"/><text>it\'s</text>\n'
        '  <text x="1" fill-opacity="0">of &lt; two</text>\n </g>\n</svg>\n'
    )
    assert slim(drawn) == (
        "<svg width='4.5pt' height='3pt'><g><defs><path id='a' d='M0 1L2 3z' style='fill:none;stroke:#000'/></defs>"
        "<use href='#a'/><text>it&apos;s</text></g></svg>"
    )
    assert size(drawn) == (6, 4)  # 4/3 pixels to a point
    assert size('<svg xmlns="x" width="720" height="590">') == (720, 590)


def test_names_are_short_and_a_style_that_stands_twice_is_written_once():
    marks = "".join(
        f'<g clip-path="url(#clip{k})"><use xlink:href="#mark{k}" style="fill: #abc"/></g>' for k in range(28)
    )
    names = "".join(f'<path id="mark{k}" d="M 0 {k}"/><clipPath id="clip{k}"/>' for k in range(28))
    drawn = slim(f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="1"><defs>{names}</defs>{marks}</svg>')
    assert drawn.startswith(
        "<svg width='1'><style>.a{fill:#abc}</style><defs><path id='a' d='M0 0'/><clipPath id='b'/>"
    )
    assert drawn.endswith("<g clip-path='url(#bd)'><use href='#bc' class='a'/></g></svg>")
    assert drawn.count("fill") == 1


def test_words_over_a_picture_are_those_that_do_not_move():
    moving = "<g transform='translate(0 9)'><text x='3'>4 of 5</text><animateTransform/></g><text><animate/>gone</text>"
    drawn = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='40pt' height='30pt'>"
        f"<g><text x='1.26' y='2' fill-opacity='0'>a &lt; b</text></g>{moving}"
        "<text transform='rotate(-90 20.04 3)'>up</text></svg>"
    )
    assert words(drawn) == (
        '<svg class="words" viewBox="0 0 40 30" aria-hidden="true"><text x="1.3" y="2">a &lt; b</text>'
        '<text transform="rotate(-90 20 3)">up</text></svg>'
    )
    assert words(SVG) == ""


def test_the_papers_figure_comes_first_and_learning_curves_last(tmp_path):
    names = ("learning_curves", "animation", "feature_graphs", "dimensions_per_feature", "another")
    for name in names:
        (tmp_path / f"{name}.svg").write_text(SVG, encoding="utf-8")
    found = [picture.place.rpartition("/")[2] for picture in pictures_of("geometry", tmp_path)]
    assert found[-2:] == ["animation", "learning_curves"]
    assert found.index("dimensions_per_feature") < found.index("feature_graphs")


def test_every_figure_and_every_experiment_has_words():
    for file in sorted((ROOT / "reports" / "figures").glob("*/*.svg")):
        key = f"{file.parent.name}/{file.stem}"
        assert key in CAPTIONS or file.stem in CAPTIONS, key
        assert len(caption_of(file.parent.name, file.stem).seen) > 30
    assert all(experiment.about for experiment in EXPERIMENTS.values())
    assert caption_of("mine", "unheard_of").caption == "Unheard of."


def test_chapters_are_sections_of_the_paper_in_its_order(tmp_path):
    own = [section(key, EXPERIMENTS[key], getattr(as_printed, key)(), tmp_path) for key in ("geometry", "intro")]
    again = [*own, own[0]]
    assert [(chapter.title, len(chapter.sections)) for chapter in chapters(again)] == [
        ("The Geometry of Superposition", 2),
        ("Introduction", 1),
    ]


def test_the_commands_that_vary_experiments_are_accepted():
    document = parse(ROOT / "params.yaml")
    varied = deepcopy(document)
    for key, experiment in EXPERIMENTS.items():
        words = command(key, experiment)
        assert words.startswith(f'make vary EXPERIMENT={key} SET="')
        given = settings(words.partition('SET="')[2].removesuffix('"'), key)
        varied, replaced = with_settings(varied, key, given)
        assert len(replaced) == 2
    changed = resolve(varied).experiments
    assert all(len(changed[key].seeds) == 3 for key in EXPERIMENTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.9^i of W^T W", "0.9<sup>i</sup> of W<sup>T</sup> W"),
        ("m / ||W||_F^2, L_0", "m / ||W||<sub>F</sub><sup>2</sup>, L<sub>0</sub>"),
        ("density^1.02. 2^-24, 100^(-1/99)", "density<sup>1.02</sup>. 2<sup>-24</sup>, 100<sup>(-1/99)</sup>"),
        ("n_features of relu_output, <b>", "n_features of relu_output, &lt;b&gt;"),
        (4.3, "4.3"),
    ],
)
def test_powers_and_indices_are_set_as_such_and_names_are_not(text, expected):
    assert typeset(text) == expected


def test_formulas_have_what_the_models_have():
    (name, model), (_, loss) = formulas(EXPERIMENTS["intro"])
    letters = model.replace("<", " <").replace(">", "> ").split()
    assert name == "relu_output"
    assert "".join(word for word in letters if "<" not in word) == "h=Wx,y=ReLU(W⊤h+b)"
    assert "λ" not in loss
    assert "λ" in formulas(EXPERIMENTS["hidden_l1"])[-1][1]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"hidden": "tanh"}, "h=tanh(Wx),y=ReLU(W⊤h+b)"),
        ({"hidden_noise": 0.1}, "h=Wx,y=ReLU(W⊤h+b);training: h→h+ε,|ε|≤0.1"),
        ({"dropout": 0.2}, "h=Wx,y=ReLU(W⊤h+b);training: h→dh,P(d=0)=0.2"),
        ({"hidden_noise": 0.1, "dropout": 0.2}, "h=Wx,y=ReLU(W⊤h+b);training: h→d(h+ε),|ε|≤0.1,P(d=0)=0.2"),
    ],
)
def test_the_formula_of_what_training_does_to_hidden_values(keys, expected):
    (_, formula), _ = formulas(EXPERIMENTS["intro"].model_copy(update={"models": (Model(name="own", **keys),)}))
    assert re.sub(r"<[^>]*>", "", formula) == expected


def test_the_formula_of_a_class_of_ones_own_is_its_name():
    own = Model(name="own", module="src/own/mine.py:Mine_2")
    (_, formula), _ = formulas(EXPERIMENTS["intro"].model_copy(update={"models": (own,)}))
    assert formula == "<math><mrow><mi>y</mi><mo>=</mo><mi>Mine_2</mi><mo>(</mo><mi>x</mi><mo>)</mo></mrow></math>"


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ([{}], "(yi−xi)2"),
        ([{"target": "absolute"}], "(yi−|xi|)2"),
        ([{"target": "relu", "loss_power": 4.0}], "|yi−ReLU(xi)|4"),
        ([{"target": "products"}], "(yi−xixi+1)2"),
        ([{"mixing": {"gaussian": 0.1}}], "(yi−ti)2"),
        ([{"loss_power": 2.5}, {"target": "relu", "loss_power": 2.5}], "|yi−ti|2.5"),
        ([{"loss_power": 4.0}, {"loss_power": 2.0}], "|yi−xi|p"),
    ],
)
def test_the_formula_of_the_loss_has_its_target_and_its_power(models, expected):
    own = tuple(Model(name=f"own{number}", **keys) for number, keys in enumerate(models))
    _, loss = formulas(EXPERIMENTS["intro"].model_copy(update={"models": own}))[-1]
    letters = loss.replace("<", " <").replace(">", "> ").split()
    assert "".join(word for word in letters if "<" not in word) == f"L=1nmean(∑iIi{expected})"


def test_data_to_explore_are_whole_numbers_of_thousandths():
    (panel,) = explore.panels("intro", as_printed.intro())
    data = json.loads(panel.data)
    assert [point["represented"] for point in data["points"]] == [2, 4, 5]
    assert all(isinstance(weight, int) for point in data["points"] for weight in point["W"])
    # the pentagon's first feature: 1.1 (cos 15 deg, sin 15 deg)
    assert (data["points"][2]["W"][0], data["points"][2]["W"][5]) == (1063, 285)
    assert explore.panels("intro", as_printed.learning_dynamics()) == []  # too many features
    assert explore.panels("phase_change", as_printed.intro()) == []  # no diagram
    assert explore.panels("mine", as_printed.intro()) == []
    assert "<" not in explore.written({"a": "</script>"})


# ---- In a browser.


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A page of all kinds of panels, with a figure for each experiment."""
    folder = tmp_path_factory.mktemp("page")
    tables = {key: phase_change() if key == "phase_change" else getattr(as_printed, key)() for key in SHOWN}
    for key in SHOWN:
        (folder / "figures" / key).mkdir(parents=True)
        (folder / "figures" / key / "feature_vectors.svg").write_text(SVG, encoding="utf-8")
    for name, figure in figures_of("intro", tables["intro"]).items():
        save(figure, folder / "figures" / "intro" / f"{name}.svg")
    sections = [section(key, EXPERIMENTS[key], own, folder) for key, own in tables.items()]
    file = folder / "index.html"
    file.write_text(page(sections, evaluate({key: tables[key] for key in ("intro", "geometry")})), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def opened(written, tmp_path_factory):
    with browser("about:blank", tmp_path_factory.mktemp("browser")) as found:
        found.watched(written.as_uri())
        yield found


def wait(opened, condition):
    """Until it is so; the machine may be busy."""
    limit = 60_000  # milliseconds
    came = opened.evaluate(f"""new Promise(go => {{
        const start = performance.now();
        const late = () => performance.now() - start > {limit};
        const look = () => ({condition}) ? go(true) : late() ? go(false) : setTimeout(look, 20);
        look();
    }})""")
    assert came, condition


def show_all(opened):
    """Panels are drawn as they come near."""
    for key in SHOWN:
        opened.evaluate(f"document.querySelector('[data-of={key}]').scrollIntoView({{behavior: 'instant'}})")
        wait(opened, f"document.querySelector('[data-of={key}] .stage').childElementCount > 1")


def said(opened, key):
    return opened.evaluate(f"document.querySelector('[data-of={key}] .said').textContent")


def move(opened, key, number, value):
    """A slider of a panel."""
    opened.evaluate(f"""(() => {{
        const slider = document.querySelectorAll("[data-of={key}] input[type=range]")[{number}];
        slider.value = {value};
        slider.dispatchEvent(new Event("input", {{bubbles: true}}));
    }})()""")


def shown(opened):
    return opened.evaluate("document.querySelectorAll('#claims tbody tr:not([hidden])').length")


def test_a_link_of_the_contents_leads_to_its_section(opened):
    """Though sections above it have not been laid out yet, and are as high as guessed."""
    for name in ("geometry", "intro", "phase_change"):
        opened.evaluate(f"location.hash = '{name}'")
        top = f"document.getElementById('{name}').getBoundingClientRect().top"
        opened.evaluate("new Promise(go => setTimeout(go, 300))")
        assert -2 < opened.evaluate(top) < 120, name
    opened.evaluate("location.hash = ''")


def test_the_committed_page_weighs_less_than_15_megabytes():
    assert (ROOT / "reports/index.html").stat().st_size < 15e6


def test_it_asks_for_nothing_and_complains_about_nothing(opened, written):
    show_all(opened)
    loading = [event["params"]["request"]["url"] for event in opened.events if "requestWillBeSent" in event["method"]]
    assert {url for url in loading if not url.startswith("data:")} <= {written.as_uri()}
    assert [event for event in opened.events if event["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")] == []
    assert opened.evaluate("performance.getEntriesByType('resource').length") == 0
    opened.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
    wait(opened, "[...document.images].every(image => image.complete)")
    assert opened.evaluate("[...document.images].every(image => image.naturalWidth >= 400 && image.alt.length > 30)")


def test_every_link_on_the_page_leads_somewhere(opened):
    dead = """[...document.querySelectorAll('a[href^="#"]')].map(link => link.hash.slice(1).split("?")[0])
        .filter(id => !document.getElementById(id))"""
    assert opened.evaluate(dead) == []
    twice = "[...document.querySelectorAll('[id]')].map(one => one.id).filter((id, i, all) => all.indexOf(id) !== i)"
    assert opened.evaluate(twice) == []


@pytest.mark.parametrize("width", [360, 900, 1400])
def test_it_is_as_wide_as_the_screen(opened, width):
    opened.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    show_all(opened)
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened.evaluate("scrollTo({top: 5000, behavior: 'instant'})")
    wait(opened, "scrollY > 1000")
    top = opened.evaluate("document.getElementById('contents').getBoundingClientRect().top")
    assert top == 0  # the contents stay in view
    assert opened.evaluate("document.querySelector('#contents details').open") == (width == 1400)
    opened.call("Emulation.clearDeviceMetricsOverride")


def test_figures_are_dark_where_the_screen_is_and_never_on_paper(opened):
    filtered = "getComputedStyle(document.querySelector('figure img')).filter"
    scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
    opened.call("Emulation.setEmulatedMedia", features=scheme)
    assert "invert" in opened.evaluate(filtered)
    exchanged = "getComputedStyle(document.querySelector('.in-the-dark')).display"
    assert opened.evaluate(exchanged) == "block"
    opened.call("Emulation.setEmulatedMedia", media="print", features=scheme)
    assert opened.evaluate(filtered) == opened.evaluate(exchanged) == "none"
    assert opened.evaluate("getComputedStyle(document.querySelector('.explore')).display") == "none"
    assert opened.evaluate("getComputedStyle(document.querySelector('.words')).display") == "none"
    opened.call("Emulation.setEmulatedMedia", media="", features=[])


def test_what_figures_say_is_found_and_selected(opened):
    opened.evaluate("getSelection().removeAllRanges()")
    assert opened.evaluate("find('feature importance')")
    assert opened.evaluate("getSelection().toString()") == "feature importance"
    assert opened.evaluate("getSelection().anchorNode.parentElement.closest('figure').id") == (
        "figures/intro/feature_vectors"
    )
    opened.evaluate("getSelection().removeAllRanges()")
    place = "[...document.querySelectorAll('.words text')].find(one => one.textContent === 'share of the loss')"
    opened.evaluate(f"{place}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    opened.evaluate("new Promise(go => setTimeout(go, 300))")
    box = opened.evaluate(f"(({{x, y, width, height}}) => ({{x, y, width, height}}))({place}.getBoundingClientRect())")
    assert box["height"] > 3 * box["width"]  # it goes up
    twice = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] - 12, "button": "left"}
    for clicks in (1, 2):  # two clicks select a word
        for kind in ("mousePressed", "mouseReleased"):
            opened.call("Input.dispatchMouseEvent", type=kind, clickCount=clicks, **twice)
    assert opened.evaluate("getSelection().toString()").strip() == "share"
    assert opened.evaluate(f"getComputedStyle({place}).fill") == "rgba(0, 0, 0, 0)"
    opened.evaluate("getSelection().removeAllRanges()")


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("name", ["feature_vectors", "learning_curves"])
def test_words_lie_over_their_letters(opened, written, width, name):
    """Along a line to 1.5 pt; lines are higher than letters."""
    opened.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    drawn, width_in_points, _ = layout.texts((written.parent / "figures" / "intro" / f"{name}.svg").read_bytes())
    figure = f"document.getElementById('figures/intro/{name}')"
    opened.evaluate(f"{figure}.scrollIntoView({{behavior: 'instant'}})")
    boxes = opened.evaluate(f"""(figure => {{
        const picture = figure.querySelector("img").getBoundingClientRect();
        return [...figure.querySelectorAll(".words text")].map(one => {{
            const box = one.getBoundingClientRect();
            return [box.left - picture.left, box.top - picture.top, box.right - picture.left, box.bottom - picture.top]
                .map(place => place * {width_in_points} / picture.width);
        }});
    }})({figure})""")
    opened.call("Emulation.clearDeviceMetricsOverride")
    for text in drawn:
        lines = [boxes.pop(0) for _ in text.words.split(" / ")]
        first, last = [min(side) for side in zip(*lines, strict=True)], [max(side) for side in zip(*lines, strict=True)]
        upright = last[3] - first[1] > 3 * (last[2] - first[0])
        room = [text.left - first[0], last[2] - text.right, text.top - first[1], last[3] - text.bottom]
        along, across = (room[2:], room[:2]) if upright else (room[:2], room[2:])
        assert max(map(abs, along)) < 1.5, text
        assert min(across) > -1.5, text
    assert not boxes


def test_claims_are_filtered_and_the_address_says_how(opened, written):
    every = shown(opened)
    opened.evaluate("document.querySelector('#claims-filter [value=fails]').click()")
    failing = shown(opened)
    assert 0 < failing < every
    assert opened.evaluate("location.hash") == "#claims?verdict=fails"
    assert opened.evaluate("document.getElementById('claims-shown').textContent") == f"{failing} of {every} claims"
    opened.evaluate("document.querySelector('#claims-filter [type=reset]').click()")
    wait(opened, "location.hash === '#claims'")
    assert shown(opened) == every
    # an address that someone sent
    opened.evaluate("location.hash = '#claims?experiment=intro&words=PENTAGON%20gaps&sort=name'")
    wait(opened, "document.querySelector('[name=words]').value !== ''")
    assert shown(opened) == 1
    assert opened.evaluate("document.querySelector('#claims tbody tr:not([hidden])').id") == "intro.pentagon"
    # a link to a claim that is filtered away shows it
    opened.evaluate("location.hash = '#intro.two_orthogonal_features'")
    wait(opened, "!document.getElementById('intro.two_orthogonal_features').hidden")
    # a link to all of them leaves what is filtered, and the address says so
    opened.evaluate("document.querySelector('#claims-filter [value=fails]').click()")
    opened.evaluate("location.hash = '#claims'")
    wait(opened, "location.hash === '#claims?verdict=fails'")
    opened.evaluate("location.hash = '#claims?words=nowhere%20to%20be%20found'")
    wait(opened, "document.getElementById('claims-shown').textContent === 'no claim fits'")
    # and one that says nonsense does no harm
    opened.evaluate("location.hash = '#claims?verdict=maybe&section=none&sort=none'")
    wait(opened, "document.querySelector('[name=sort]').value === ''")
    opened.evaluate("location.hash = '#claims?sort=verdict'")
    wait(opened, "document.querySelector('[name=sort]').value === 'verdict'")
    assert opened.evaluate("document.querySelector('#claims tbody tr').dataset.verdict") == "fails"
    assert shown(opened) == every


def test_what_is_known_stands_beside_claims_that_fail(opened):
    without = "[...document.querySelectorAll('tr.fails')].filter(row => !row.cells[1].querySelector('.remark')).length"
    found = evaluate({"intro": as_printed.intro(), "geometry": as_printed.geometry()})
    failing = [one["id"] for one in found.verdicts if one["verdict"] == "fails"]
    known = [one for one in failing if one in found.remarks]
    assert known
    assert opened.evaluate("document.querySelectorAll('tr.fails').length") == len(failing)
    assert opened.evaluate(without) == len(failing) - len(known)


def test_vectors_and_products_follow_the_slider(opened):
    show_all(opened)
    lines = "document.querySelectorAll('[data-of=intro] svg')[0].querySelectorAll('line')"
    length = f"[...{lines}].filter(one => Math.hypot(one.getAttribute('x2'), one.getAttribute('y2')) > 0.5).length"
    for place, represented in ((0, 2), (1, 4), (2, 5)):
        move(opened, "intro", 0, place)
        assert f"{represented} of 5 features" in said(opened, "intro")
        assert opened.evaluate(length) == represented
    move(opened, "intro", 0, 0.5)
    assert said(opened, "intro").startswith("Not trained")
    cells = "document.querySelectorAll('[data-of=basic_results] rect').length"
    move(opened, "basic_results", 0, 0)
    dense = opened.evaluate(cells)
    move(opened, "basic_results", 0, 6)
    assert opened.evaluate(cells) > dense


def test_sliders_have_a_mark_at_each_point(opened):
    show_all(opened)
    marks = "document.querySelector('[data-of=%s] input').list.options.length"
    assert [opened.evaluate(marks % key) for key in ("intro", "phase_change")] == [3, 2]
    unnamed = "[...document.querySelectorAll('.explore input')].filter(one => one.labels.length !== 1).length"
    assert opened.evaluate(unnamed) == 0
    assert opened.evaluate("document.querySelector('.explore label').control.type") == "range"


def test_cells_of_a_phase_diagram_show_their_model(opened):
    show_all(opened)
    words = {}
    for column in (0, 1):
        for row in (0, 1):
            move(opened, "phase_change", 0, column)
            move(opened, "phase_change", 1, row)
            words[column, row] = said(opened, "phase_change")
    assert "Density 0.1, relative importance 0.1: the last feature is in superposition" in words[0, 0]
    assert "Density 1, relative importance 0.1: the last feature is not represented" in words[0, 1]
    assert "Density 1, relative importance 10: the last feature is with a dimension of its own" in words[1, 1]
    assert "Biases 0.00, 0.25" in words[1, 1]
    opened.evaluate("""(() => {
        const map = document.querySelector("[data-of=phase_change] svg");
        const cell = map.querySelectorAll("rect")[0].getBoundingClientRect();
        const at = {clientX: cell.x + cell.width / 2, clientY: cell.y + cell.height / 2};
        map.dispatchEvent(new PointerEvent("pointermove", at));
    })()""")
    assert said(opened, "phase_change") == words[0, 0]


def test_points_of_the_scatter_show_their_shape_which_turns(opened):
    show_all(opened)
    assert said(opened, "geometry").endswith("It is one of 5 features that interfere, in 2 dimensions: a pentagon.")
    places = "document.querySelector('[data-of=geometry] .turned').innerHTML"
    before = opened.evaluate(places)
    opened.evaluate("""document.querySelector("[data-of=geometry] .turned")
        .dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft", cancelable: true}))""")
    assert opened.evaluate(places) != before
    found = set()
    for column in range(int(opened.evaluate("document.querySelector('[data-of=geometry] input').max")) + 1):
        move(opened, "geometry", 0, column)
        move(opened, "geometry", 1, 10**6)  # the feature with the largest share
        found.add(said(opened, "geometry").rpartition(": ")[2])
    assert {"a tetrahedron.", "a digon."} <= found


@pytest.mark.parametrize("key", ["learning_dynamics", "geometric_transformations"])
def test_learning_is_scrubbed_played_and_paused(opened, key):
    show_all(opened)
    button = f"document.querySelector('[data-of={key}] button')"
    move(opened, key, 0, 0)
    assert said(opened, key).startswith("Step 0:")
    opened.evaluate("""(own => {  // the frame that was begun before the click
        window.requestAnimationFrame = tick => {
            window.requestAnimationFrame = own;
            return own(now => tick(now - 1000));
        };
    })(window.requestAnimationFrame)""")
    opened.evaluate(f"{button}.click()")
    assert opened.evaluate(f"{button}.textContent") == "Pause"
    wait(opened, f"!document.querySelector('[data-of={key}] .said').textContent.startsWith('Step 0:')")
    opened.evaluate(f"{button}.click()")
    assert opened.evaluate(f"{button}.textContent") == "Play"
    stopped = said(opened, key)
    opened.evaluate("new Promise(go => setTimeout(go, 300))")
    assert said(opened, key) == stopped
