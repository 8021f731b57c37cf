import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from superposition.figures import figures_of, style
from superposition.figures.grids import text_width, wrapped
from superposition.figures.learning_curves import best_curves
from superposition.figures.panels import SUPERPOSITION_RANGE, mosaic
from superposition.figures.points import spread_out, titles
from superposition.figures.svg import save
from superposition.readings.results import Tables
from tests import as_printed, hand_made, layout
from tests.hand_made import HandMade

WIDE = [[1.0] + [0.0] * 79, [0.0, 1.0] + [0.01] * 78]


def svg(figure, path):
    save(figure, path)
    return path.read_bytes()


def texts(figure):
    axes = [text.get_text() for axes in figure.axes for text in axes.texts]
    return [text.get_text() for text in figure.texts] + axes


def ladder(sparsities, seeds=1, W=((1.0, -1.0),), models=("relu_output",)) -> Tables:
    n = len(W[0])
    return hand_made.tables(
        [
            HandMade([list(row) for row in W], [0.0] * n, sparsity=sparsity, seed=seed, model=model, loss=0.1 + seed)
            for model in models
            for sparsity in sparsities
            for seed in range(seeds)
        ]
    )


def test_the_papers_experiments_have_the_papers_figures():
    assert set(figures_of("intro", as_printed.intro())) == {"feature_vectors", "mathematics", "learning_curves"}
    assert set(figures_of("basic_results", as_printed.basic_results())) == {"weights_and_norms", "learning_curves"}
    assert set(figures_of("notebook", as_printed.notebook())) == {"weights_and_norms", "learning_curves"}
    drawn = set(figures_of("privileged_basis", as_printed.privileged_basis()))
    assert drawn == {"linear_and_relu", "neuron_stacks", "learning_curves"}
    assert set(figures_of("absolute_value", as_printed.absolute_value())) == {"weights", "learning_curves"}
    drawn = set(figures_of("learning_dynamics", as_printed.learning_dynamics()))
    assert drawn == {"dimensionality_and_loss", "learning_curves"}
    drawn = set(figures_of("geometric_transformations", as_printed.geometric_transformations()))
    assert drawn == {"animation", "stages", "learning_curves"}
    assert set(figures_of("hidden_bias", as_printed.hidden_bias())) == {"shares_and_losses", "learning_curves"}
    drawn = set(figures_of("hidden_l1", as_printed.hidden_l1()))
    assert drawn == {"penalty", "saved_per_activation", "learning_curves"}
    assert set(figures_of("adversarial_training", as_printed.adversarial_training())) == {"radius", "learning_curves"}
    assert "adversarial_vulnerability" in figures_of("geometry", as_printed.geometry())
    computation = {"neurons", "primary_features", "learning_curves"}
    assert set(figures_of("computation", as_printed.computation())) == computation
    motif = set(figures_of("asymmetric_superposition", as_printed.asymmetric_superposition()))
    assert motif == {"motif", "learning_curves"}


def test_an_experiment_of_ones_own_gets_an_overview():
    assert set(figures_of("mine", as_printed.intro())) == {"weights_and_norms", "feature_vectors", "learning_curves"}
    assert set(figures_of("mine", as_printed.basic_results())) == {"weights_and_norms", "learning_curves"}


def test_a_paper_experiment_of_another_shape_gets_an_overview():
    assert "feature_vectors" not in figures_of("intro", as_printed.basic_results())
    assert set(figures_of("basic_results", as_printed.intro())) >= {"weights_and_norms", "feature_vectors"}
    assert "weights" not in figures_of("absolute_value", as_printed.computation())
    assert "neurons" not in figures_of("computation", as_printed.basic_results())


@pytest.mark.parametrize(
    "tables",
    [
        ladder([0.5], W=[[1.0]]),  # one feature, one dimension, one seed
        ladder([0.5], W=[[1.0], [0.0]]),
        ladder([0.5], W=[[0.0, 0.0], [0.0, 0.0]]),  # nothing learned
        ladder([[0.1, 0.2], [0.3, 0.4]], seeds=3),  # no common sparsity
        ladder(np.linspace(0, 0.9, 40).tolist(), seeds=2, W=[[1.0, 0.0], [0.0, 5.0]]),
        ladder([0.0, 0.9], models=("linear", "absolute_value", "mine", "yours", "theirs", "ours")),
        ladder([0.0], W=WIDE),
    ],
    ids=["1 in 1", "1 in 2", "nothing", "per feature", "many points", "many models", "many features"],
)
def test_every_shape_can_be_drawn(tables, tmp_path):
    for name, figure in figures_of("mine", tables).items():
        assert not layout.faults(svg(figure, tmp_path / f"{name}.svg"))


def test_losses_of_zero_can_be_drawn(tmp_path):
    tables = ladder([0.0])
    svg(figures_of("mine", replace(tables, history=tables.history.assign(loss=0.0)))["learning_curves"], tmp_path / "a")


def test_a_file_has_the_same_bytes_each_time_and_no_date_or_image(tmp_path):
    for name in figures_of("mine", as_printed.intro()):
        first = svg(figures_of("mine", as_printed.intro())[name], tmp_path / "first.svg")
        second = svg(figures_of("mine", as_printed.intro())[name], tmp_path / "second.svg")
        assert first == second
        assert b"<image" not in first
        assert b"<dc:date" not in first
        assert b"font-family" not in first  # letters are outlines


def test_a_file_has_the_same_bytes_in_another_process_with_other_settings(tmp_path):
    (tmp_path / "matplotlibrc").write_text("font.size: 20\nlines.linewidth: 9\nsvg.fonttype: none\n")
    code = (
        "from pathlib import Path; from tests import as_printed; from superposition.figures import figures_of, svg\n"
        f"svg.save(figures_of('intro', as_printed.intro())['feature_vectors'], Path({str(tmp_path / 'a.svg')!r}))"
    )
    root = Path(__file__).parents[1]
    environment = {"PYTHONPATH": f"{root / 'src'}:{root}", "MATPLOTLIBRC": str(tmp_path), "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    here = svg(figures_of("intro", as_printed.intro())["feature_vectors"], tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == here


def test_drawing_needs_no_torch():
    code = (
        "import sys, superposition.figures, superposition.claims, superposition.report.summary\n"
        "assert not {'torch', 'lightning', 'pytorch_lightning'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(Path(__file__).parents[1] / "src")})


def test_feature_vectors_end_where_the_weights_say():
    tables = as_printed.intro()
    pentagon = figures_of("intro", tables)["feature_vectors"].axes[2]
    ends = {tuple(np.round([line.get_xdata()[-1], line.get_ydata()[-1]], 9)) for line in pentagon.lines[2:]}
    W = tables.weights_of(int(tables.best["instance"].tolist()[2]))
    assert ends == {tuple(np.round(end, 9)) for end in W.T}


def test_bars_have_the_length_of_the_norm_and_the_colour_of_superposition():
    tables = as_printed.basic_results()
    figure = figures_of("basic_results", tables)["weights_and_norms"]
    heat, bias, norms = figure.axes[6:9]  # the third column: density 0.3, after the linear model and density 1
    lengths = [bar.get_width() for bar in norms.patches]
    assert lengths == [1.0] * 7 + [0.0] * 13
    shades = [bar.get_facecolor() for bar in norms.patches]
    assert shades[:3] == [tuple(style.SUPERPOSITION(SUPERPOSITION_RANGE(0.0)))] * 3
    assert shades[3:7] == [tuple(style.SUPERPOSITION(SUPERPOSITION_RANGE(1.0)))] * 4
    # 7 entries on the diagonal and 4 of two antipodal pairs, in two colours; entries that would be white are left out.
    assert [len(patch.get_path().to_polygons()) for patch in heat.patches] == [4, 7]
    assert not bias.patches


def test_a_mosaic_covers_each_cell_once_with_neighbours_of_a_row_as_one():
    shades = np.zeros((2, 4, 3))
    shades[0, :3], shades[1, 3] = 1.0, 0.5
    shown = np.array([[True, True, True, True], [False, True, False, True]])
    axes = Figure().subplots()
    mosaic(axes, np.array([0, 1, 2, 4, 8]), np.array([0, 10, 30]), shades, shown)
    found = {
        tuple(np.round(patch.get_facecolor()[:3], 1)): [
            (*polygon.min(axis=0), *polygon.max(axis=0)) for polygon in patch.get_path().to_polygons()
        ]
        for patch in axes.patches
    }
    assert found == {
        (0.0, 0.0, 0.0): [(4, 0, 8, 10), (1, 10, 2, 30)],
        (1.0, 1.0, 1.0): [(0, 0, 4, 10)],
        (0.5, 0.5, 0.5): [(4, 10, 8, 30)],
    }


def test_basic_results_shows_the_linear_model_once_and_then_density_falling():
    figure = figures_of("basic_results", as_printed.basic_results())["weights_and_norms"]
    shown = [text for text in texts(figure) if "1 - S" in text]
    expected = ["linear\n$1 - S$ = 0.001"] + [
        f"ReLU output\n$1 - S$ = {density:g}" for density in as_printed.BASIC_DENSITIES
    ]
    assert shown == expected


def test_larger_models_are_shown_without_a_linear_one_and_at_most_16_densities():
    large = figures_of("basic_results_large", as_printed.basic_results_large())["weights_and_norms"]
    shown = [text for text in texts(large) if "1 - S" in text]
    assert shown == [f"$1 - S$ = {density:g}" for density in as_printed.BASIC_DENSITIES]
    many = texts(figures_of("notebook", as_printed.notebook())["weights_and_norms"])
    assert any("16 of 20 points" in text for text in many)


def test_stacks_are_as_high_as_the_weights_of_their_neuron():
    stacks = figures_of("privileged_basis", as_printed.privileged_basis())["neuron_stacks"].axes[3]  # density 0.3
    bars = [bar for bars in stacks.containers for bar in bars]
    ends = [(bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height()) for bar in bars]
    # Three neurons with one weight of 1; the others have 0.9 + 0.9 above and -0.8 below.
    heights = [max(end for x, end in ends if x == pytest.approx(neuron + 0.5)) for neuron in range(5)]
    depths = [min(end for x, end in ends if x == pytest.approx(neuron + 0.5)) for neuron in range(5)]
    assert heights == pytest.approx([1, 1, 1, 1.8, 1.8], abs=1e-5)  # weights are rounded to 2^-18
    assert depths == pytest.approx([1, 1, 1, -0.8, -0.8], abs=1e-5)


def test_neurons_with_and_without_a_relu_stand_side_by_side_for_five_six_and_eight_features():
    figure = figures_of("privileged_basis", as_printed.privileged_basis())["linear_and_relu"]
    assert [text for text in texts(figure) if "1 - S" in text] == ["$1 - S$ = 0.7", "$1 - S$ = 0.3", "$1 - S$ = 0.06"]
    counts = [axes.get_title() for axes in figure.axes if "features" in axes.get_title()]
    assert counts == [f"{name}\n{n} features" for k in (5, 6, 8) for name, n in (("linear", 5), ("ReLU", k))]


def test_a_privileged_basis_without_a_model_to_compare_with_gets_an_overview():
    assert "neuron_stacks" not in figures_of("privileged_basis", as_printed.intro())


def test_neurons_are_stacks_of_their_weights():
    figure = figures_of("computation", as_printed.computation())["neurons"]
    said = [text for text in texts(figure) if "mono," in text]
    counts = ["40 mono, 0 slightly, 0"] * 2 + ["32 mono, 8 slightly, 0"] + ["20 mono, 0 slightly, 20"] * 3
    assert said == [f"{count} polysemantic" for count in [*counts, "0 mono, 0 slightly, 40"]]
    sparsest = figure.axes[6].collections[0]
    tops = [path.vertices[:, 1].max() for path in sparsest.get_paths()]
    assert max(tops) == 5  # five features of equal weight
    assert len(tops) == 40 * (5 + 1)  # and an empty piece for those too small to be seen


def test_curves_of_mixed_neurons_go_from_several_features_to_one():
    figure = figures_of("computation", as_printed.computation())["primary_features"]
    said = [text for text in texts(figure) if text.endswith(" neurons")]
    assert said == ["8 neurons", "20 neurons", "20 neurons", "20 neurons", "40 neurons"]
    mixed = figure.axes[2]  # density 0.01, weights 1 and 0.7
    # As likely at one level are x_1 of weight 1 and x_2 of weight 0.7 as 0.7 to 1; above 0.7 there is x_1 alone.
    assert mixed.lines[0].get_ydata()[0] == pytest.approx(100 * 0.7 / 1.7, abs=2)
    assert mixed.lines[0].get_ydata()[17] == pytest.approx(100, abs=1)


def test_the_motif_is_marked_on_the_neurons_that_form_it():
    figure = figures_of("asymmetric_superposition", as_printed.asymmetric_superposition())["motif"]
    assert {"shared\n5 ▸ 6", "inhibits\n5 ▸ 6"} <= set(texts(figure))
    assert any("the motif is in 80 of 200 seeds" in text for text in texts(figure))
    without, with_inhibition = figure.axes[2].lines[1:3]
    assert without.get_ydata()[-1] == pytest.approx(4)
    assert with_inhibition.get_ydata()[-1] == pytest.approx(0)


def test_models_without_the_motif_get_an_overview():
    assert "motif" not in figures_of("asymmetric_superposition", as_printed.absolute_value())


def test_weights_of_absolute_values_are_scaled_and_sorted():
    figure = figures_of("absolute_value", as_printed.absolute_value())["weights"]
    inputs, outputs = figure.axes[:2]
    bars = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in inputs.patches]
    assert [height for _, height in bars] == [1.0] * 3 + [-1.0] * 3
    assert [place for place, _ in bars] == pytest.approx([0.5, 2.5, 4.5, 1.5, 3.5, 5.5])
    assert [bar.get_height() for bar in outputs.patches] == [1.0] * 6


def test_panels_say_how_many_seeds_agree():
    said = texts(figures_of("intro", as_printed.intro())["feature_vectors"])
    assert "5 represented\n(2 of 3 seeds)" in said
    assert "2 represented\n(3 of 3 seeds)" in said


def test_what_is_left_out_is_said():
    many = figures_of("mine", ladder(np.linspace(0, 0.9, 40).tolist()))["weights_and_norms"]
    assert any("16 of 40 points" in text for text in texts(many))
    wide = figures_of("mine", ladder([0.0], W=WIDE))["weights_and_norms"]
    assert any("60 most important of 80 features" in text for text in texts(wide))


def test_titles_name_what_varies():
    assert list(titles(ladder([0.0, 0.5]), "density").values()) == ["$1 - S$ = 1", "$1 - S$ = 0.5"]
    both = titles(ladder([0.0, 0.5], models=("linear", "mine")), "density")
    assert both[3] == "mine\n$1 - S$ = 0.5"
    each = titles(ladder([[0.1, 0.2], [0.3, 0.4]]), "density")
    assert list(each.values()) == ["own densities (1)", "own densities (2)"]


def test_spread_out_keeps_both_ends():
    assert spread_out(3, 10) == [0, 1, 2]
    assert spread_out(40, 4) == [0, 13, 26, 39]
    assert spread_out(1, 4) == [0]


@pytest.mark.parametrize("name", ["style", "svg", "panels", "overview", "mathematics", "adversarial", "grids"])
def test_an_experiment_may_be_called_like_a_module_that_draws_for_others(name):
    assert set(figures_of(name, as_printed.intro())) == set(figures_of("mine", as_printed.intro()))


def test_losses_of_0_make_no_room_on_a_logarithmic_axis():
    """A dimension for each feature has no loss without superposition, and no line for it."""
    models = [HandMade([[1.0, 0.0], [0.0, 1.0]], [0, 0], 0.5, seed=seed, loss=0.01 / 2**seed) for seed in range(2)]
    tables = hand_made.tables(models)
    history = tables.history
    drawn = figures_of("mine", replace(tables, history=history.assign(loss=history["loss"].clip(lower=1e-4))))
    (axes,) = drawn["learning_curves"].axes
    assert all(line.get_linestyle() == "-" for line in axes.lines)
    assert axes.get_ylim()[0] > 1e-5


def test_learning_curves_are_numbers_too(tmp_path):
    """For `dvc plots`: by the number of the point, so that a changed value is a difference and no other line."""
    tables = as_printed.intro()
    found = best_curves(tables)
    assert list(dict.fromkeys(found["point"])) == ["1: 1 - S = 1", "2: 1 - S = 0.2", "3: 1 - S = 0.1"]
    last = found.drop_duplicates("point", keep="last")
    end = tables.history[tables.history["step"] == tables.history["step"].max()].set_index("instance")["loss"]
    assert last["loss"].astype(float).tolist() == pytest.approx(end[tables.best["instance"]].tolist(), rel=1e-4)
    assert (found["step"] > 0).all()
    template = json.loads((Path(__file__).parents[1] / ".dvc/plots/curves.json").read_text(encoding="utf-8"))
    assert template["facet"]["field"] in found.columns


COMMITTED = sorted(path for path in (Path(__file__).parents[1] / "reports").rglob("*.svg") if path.stem != "animation")


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_text_is_cut_off_or_over_another(path):
    assert not layout.faults(path.read_bytes())


def test_a_text_that_is_cut_off_and_two_over_each_other_are_found(tmp_path):
    figure = Figure(figsize=(2, 1))
    figure.text(0.05, 0.5, "much too long for a figure of two inches")
    figure.text(0.05, 0.05, r"$W^T W$", rotation=90)
    figure.text(0.06, 0.08, "bias")
    cut, over = layout.faults(svg(figure, tmp_path / "a.svg"))
    assert cut.startswith("cut off: 'much too long")
    assert over == "over each other: '$W^T W$' and 'bias'"


def test_notes_are_broken_where_the_figure_ends_and_widths_are_those_of_ink():
    words = "of seeds the lowest " * 20
    lines = wrapped([words.strip(), "next"], 3.0)
    assert lines[-1] == "next"
    assert " ".join(lines[:-1]) == words.strip()
    assert all(2.0 < text_width(line, style.NOTE) <= 3.0 for line in lines[:-2])
    assert text_width("$1 - S$ = 0.5", 10) < text_width("1 - S = 0.50000", 10)
    assert text_width("two\nlines", 8) == text_width("lines", 8)
