"""Sparse recovery: decoders and theory with known answers, claims on the ideal and on others, figures, bad input."""

from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog, minimize_scalar
from scipy.stats import norm
from sklearn.linear_model import Lasso

from superposition.claims import CLAIMS, evaluate
from superposition.figures import figures_of, sparse_recovery, svg
from superposition.measures import recovery
from superposition.measures.extra import extra_tables
from superposition.measures.recovery import SOLVERS, gaussian, judged, moved_apart, with_active
from superposition.params import ParamsError, read
from superposition.readings.results import Tables
from superposition.readings.transitions import others, pooled, trained, transitions
from superposition.theory.compressed_sensing import no_pair_active, only_non_negative, order, smallest_sum
from tests import as_printed, hand_made
from tests.documents import changed, write
from tests.hand_made import HandMade, trained_model

HERE: dict[str, object] = {}  # names of an experiment's random streams

N = 40
WIDTHS, ACTIVE = (4, 8, 12, 16, 20, 24, 32, 40), (1, 2, 3, 4, 6, 8)
IDS = [claim.id.removeprefix("sparse_recovery.") for claim in CLAIMS["sparse_recovery"]]


def recovered(W, x, decoder):
    y = SOLVERS[decoder](W, W @ x)
    return np.abs(y - x).max(axis=0) < 1e-4


def paired(n):
    """Features 2i and 2i + 1 in opposite directions of dimension i, [n / 2, n]."""
    return np.repeat(np.eye(n // 2), 2, axis=1) * np.tile([1.0, -1.0], n // 2)


def circle(d, n):
    """n equally spaced points of the trigonometric moment curve 1, cos t, sin t, ..., cos dt, sin dt."""
    t = 2 * np.pi * np.arange(n) / n
    return np.array([np.ones(n), *(f(j * t) for j in range(1, d + 1) for f in (np.cos, np.sin))])


# --- decoders --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decoder", SOLVERS)
def test_everything_is_recovered_where_nothing_is_hidden(decoder):
    assert recovered(np.eye(6), with_active(6, 3, 20, 0, HERE), decoder).all()


@pytest.mark.parametrize("decoder", ["nnls", "lasso"])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_points_of_the_moment_curve_are_recovered_up_to_half_the_dimensions(d, decoder):
    # The cyclic polytope of m - 1 = 2d dimensions is d-neighbourly: any d of its points span a face, so that no other
    # x >= 0 has the same h (Gale 1963; Donoho & Tanner 2005, section 1).
    W = circle(d, 9)
    x = np.zeros((9, len(list(combinations(range(9), d)))))
    for sample, chosen in enumerate(combinations(range(9), d)):
        x[list(chosen), sample] = 1 - 0.2 * np.arange(d)
    assert recovered(W, x, decoder).all()


def test_one_point_more_and_there_are_others():
    # Three points with gaps between them span no face of the cyclic polytope of 4 dimensions: they can be replaced.
    W, x = circle(2, 9), np.zeros(9)
    x[[0, 3, 6]] = 1
    elsewhere = np.where(x > 0, 0.0, -1.0)
    assert linprog(elsewhere, A_eq=W, b_eq=W @ x).fun < -0.5
    # ... and two cannot
    x[6] = 0
    elsewhere = np.where(x > 0, 0.0, -1.0)
    assert linprog(elsewhere, A_eq=W, b_eq=W @ x).fun == pytest.approx(0, abs=1e-7)


def test_gaussian_projections_are_in_general_position():
    # Any 4 of 8 columns are independent: the spark is 5, and of at most 2 features each sample is the only one.
    W = gaussian(4, 8, 0, HERE)
    assert all(np.linalg.matrix_rank(W[:, chosen]) == 4 for chosen in map(list, combinations(range(8), 4)))
    x = with_active(8, 2, 30, 0, HERE)
    for sample in x.T:
        fits = [
            chosen
            for chosen in combinations(range(8), 2)
            if np.linalg.lstsq(W[:, chosen], W @ sample, rcond=None)[1].sum() < 1e-12
        ]
        assert fits == [tuple(np.flatnonzero(sample))]


def test_the_lasso_is_the_smallest_sum():
    W, x = gaussian(8, 20, 1, HERE), with_active(20, 4, 10, 0, HERE)
    found = SOLVERS["lasso"](W, W @ x)
    for y, sample in zip(found.T, x.T, strict=True):
        best = linprog(np.ones(20), A_eq=W, b_eq=W @ sample)
        assert y == pytest.approx(best.x, abs=1e-4)


def test_it_is_the_lasso_of_scikit_learn():
    # Optimality: W^T (W x - h) + p^2 sum x >= 0. scikit-learn divides the squared error by 2m: alpha = p^2 sum x / m.
    W, x = gaussian(8, 20, 1, HERE), with_active(20, 2, 1, 0, HERE)
    penalty = 0.1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recovery, "PENALTY", penalty)
        (y,) = SOLVERS["lasso"](W, W @ x).T
    lasso = Lasso(alpha=penalty**2 * y.sum() / 8, positive=True, fit_intercept=False, tol=1e-12, max_iter=10**6)
    assert y == pytest.approx(lasso.fit(W, W @ x[:, 0]).coef_, abs=1e-5)


def test_matching_pursuit_does_not_know_that_features_are_not_negative():
    # h = -1: the first of two opposite columns explains it with -1
    (y,) = SOLVERS["omp"](np.array([[1.0, -1.0]]), np.array([[-1.0]])).T
    assert y.tolist() == [-1, 0]
    # nor does it mind columns of other lengths, or none: (0, 2, 0.5, 0) -> (2, 1), of which 2 is taken first
    W = np.array([[0.0, 1, 0, 0], [0, 0, 2, 0]])
    assert SOLVERS["omp"](W, W @ np.array([[0], [2], [0.5], [0]]))[:, 0] == pytest.approx([0, 2, 0.5, 0])


def test_the_pseudo_inverse_spreads_what_it_finds():
    assert SOLVERS["pseudo_inverse"](np.array([[1.0, 1.0]]), np.array([[1.0]])) == pytest.approx(np.full((2, 1), 0.5))
    # ... also where dimensions are nothing, multiples or sums of others: six of them, of which three tell something
    W = np.vstack(
        [gaussian(3, 8, 0, HERE), np.zeros(8), 2 * gaussian(3, 8, 0, HERE)[0], gaussian(3, 8, 0, HERE)[:2].sum(axis=0)]
    )
    h = W @ with_active(8, 2, 5, 0, HERE)
    np.testing.assert_allclose(SOLVERS["pseudo_inverse"](W, h), np.linalg.pinv(W) @ h, atol=1e-12)
    assert len(recovery.independent(W)) == 3
    assert not SOLVERS["pseudo_inverse"](np.zeros((2, 3)), np.zeros((2, 1))).any()


@pytest.mark.parametrize("m", [4, 20, 32])
def test_who_does_not_know_that_features_are_sparse_recovers_nothing(m):
    # h has fewer numbers than x, and of all x that have it the smallest is taken, which is not sparse.
    W = gaussian(m, N, 0, HERE)
    for active in (1, 3, 12):
        x = with_active(N, active, 30, 0, HERE)
        assert judged(x, SOLVERS["pseudo_inverse"](W, W @ x), tolerance=0.05)["recovered"] == 0
    x = with_active(N, 3, 30, 0, HERE)
    assert judged(x, SOLVERS["lasso"](W, W @ x), tolerance=0.05)["recovered"] > 0.9 or m < 20  # knows it


@pytest.mark.parametrize("decoder", ["nnls", "lasso"])
def test_of_pairs_all_is_recovered_but_two_that_meet(decoder):
    x = with_active(12, 4, 200, 0, HERE)
    meet = ((x[::2] > 0) & (x[1::2] > 0)).any(axis=0)
    assert np.array_equal(recovered(paired(12), x, decoder), ~meet)
    # 1 - (6 pairs: 2^4 C(6, 4) = 240 of C(12, 4) = 495), 200 samples
    assert 1 - meet.mean() == pytest.approx(240 / 495, abs=0.1)


def test_what_the_table_says_of_outputs():
    x = np.array([[0.0, 0.6, 0.0], [1.0, 0.8, 0.0]])
    y = np.array([[0.0, 0.6, 0.0], [0.9, 0.4, 0.3]])
    found = judged(x, y, tolerance=0.2)
    # errors 0.1 of 1 and 0.4 of 1; both samples have their active ones on top, and nothing is active in the third
    assert found == {
        "recovered": 0.5,
        "found": 1.0,
        "error": 0.25,
        "loss": pytest.approx((0.01 + 0.16 + 0.09) / 6, rel=1e-3),
    }
    assert judged(x, y[::-1], 0.2)["found"] == 0.5  # (0.9, 0) is the wrong way round; both are active in the other


def test_samples_have_as_many_active_features_as_they_should():
    x = with_active(10, 3, 500, 0, HERE)
    assert ((x > 0).sum(axis=0) == 3).all()
    assert (x > 0).mean(axis=1) == pytest.approx(np.full(10, 0.3), abs=0.07)
    assert x[x > 0].mean() == pytest.approx(0.5, abs=0.03)
    assert np.array_equal(x * 2**16, np.round(x * 2**16))
    assert np.array_equal(with_active(10, 3, 20, 0, HERE), x[:, :20])
    assert not np.array_equal(with_active(10, 3, 500, 1, HERE), x)


def test_projections_of_other_kinds():
    W = gaussian(30, 400, 0, HERE)
    assert W.std() == pytest.approx(30**-0.5, rel=0.03)
    assert np.abs(W.mean()) < 0.01
    apart = moved_apart(gaussian(2, 3, 0, HERE))
    # three lines in the plane: 60 degrees between them
    assert np.abs(apart.T @ apart) == pytest.approx(np.full((3, 3), 0.5) + np.eye(3) / 2, abs=1e-3)
    W = gaussian(12, 40, 0, HERE)
    largest = [np.abs(np.triu(V.T @ V, 1)).max() for V in (recovery.unit(W), moved_apart(W))]
    assert largest[1] < 0.6 * largest[0]
    assert np.sqrt((moved_apart(W) ** 2).sum(axis=0)) == pytest.approx(np.ones(40), abs=1e-5)


def test_a_read_out_is_fitted_to_its_projection():
    x = with_active(6, 1, 50, 0, HERE)
    assert recovery.fitted(np.eye(6) / 2, x) == pytest.approx((4.0, 0.0), rel=1e-5)  # W^T W = 1/4
    assert recovery.fitted(np.zeros((2, 6)), x) == (0.0, 0.0)
    # Each feature and a tenth of it on the others: thresholds help, and a is then above 1
    a, c = recovery.fitted(recovery.to_grid(np.linalg.cholesky(0.9 * np.eye(6) + 0.1).T, 18), x)
    assert a > 1
    assert 0 < c < 0.1


# --- theory ----------------------------------------------------------------------------------------------------------


def test_thresholds_of_random_projections():
    # The weak threshold of the simplex at m / n = 0.5: k / m = 0.5581 (Donoho & Tanner 2009, "Observed universality of
    # phase transitions in high-dimensional geometry", figure 1, whose curve passes there).
    assert smallest_sum(0.5581 * 500, 1000) == pytest.approx(500, abs=1)
    assert smallest_sum(10, 10) == 10
    # t = 0 is one of those that the least is taken over
    assert all(smallest_sum(k, N) < only_non_negative(np.array([k]), N)[0] for k in (1.0, 4.0, 10.0, 30.0))
    assert only_non_negative(np.array([0.0, N]), N).tolist() == [N / 2, N]
    # of very few, 2 k log(n / k) to leading order, from below
    assert 1.5 < smallest_sum(1, 10**9) / order(np.array([1.0]), 10**9)[0] < 2


@pytest.mark.parametrize(("active", "n"), [(0.5, 40), (1.0, 40), (4.0, 40), (39.0, 40), (20.0, 1000), (1.0, 10**6)])
def test_the_threshold_is_the_least_over_t(active, n):
    def dimension(t):
        beyond = (1 + t * t) * norm.sf(t) - t * norm.pdf(t)
        return active * (1 + t * t) + (n - active) * beyond

    found = minimize_scalar(dimension, bounds=(0, 10), method="bounded", options={"xatol": 1e-9}).fun
    assert smallest_sum(active, n) == pytest.approx(found, rel=1e-11)


def test_pairs_of_which_at_most_one_is_active():
    assert no_pair_active(1, 20, 40) == 1
    assert no_pair_active(2, 20, 40) == pytest.approx(1 - 1 / 39)  # the second must not be the first one's partner
    assert no_pair_active(2, 1, 4) == pytest.approx(5 / 6)  # one of six pairs of four features
    assert no_pair_active(3, 1, 2 + 1) == 0


# --- the table -------------------------------------------------------------------------------------------------------


def model(W, b, **other):
    return trained_model(W, b=np.array(b, dtype=float), density=np.full(len(b), 0.2), **other)


SETTINGS = {"active": [1, 3], "samples": 20, "tolerance": 0.05, "matrices": 2}


def test_the_table_of_pairs_and_of_an_identity():
    models = [model(paired(8), [0.0] * 8), model(np.eye(8), [0.0] * 8, instance=1)]
    (table,) = extra_tables(models, {"recovery": SETTINGS, "attack": None}).values()
    assert (
        " ".join(table.columns) == "projection number instance best n_hidden decoder active recovered found error loss"
    )
    # (2 trained + 2 widths x 2 kinds x 2 matrices) x 5 decoders x (2 numbers and data like that of training)
    assert len(table) == 10 * 5 * 3
    whole = table[table["instance"] == 1]
    assert (whole["recovered"] == 1).all()
    assert (whole["loss"] == 0).all()
    own = table[(table["instance"] == 0)].set_index(["decoder", "active"])
    # the read-out of pairs does what the lasso does: 0 where both are active, the difference
    for active in (1.0, 3.0):
        ways = [own.loc[(decoder, active), "recovered"] for decoder in ("relu_readout", "lasso", "nnls")]
        assert ways[0] == ways[1] == ways[2]
    assert own.loc[("relu_readout", 1.0), "recovered"] == 1
    assert own.loc[("pseudo_inverse", 1.0), "error"] == pytest.approx(0.5**0.5, abs=1e-4)  # (x/2, -x/2)
    losses = table[table["active"].isna() & (table["instance"] == 0)].set_index("decoder")["loss"]
    x = recovery.as_in_training(models[0], recovery.AS_TRAINED * 20)
    lesser = np.minimum(x[::2], x[1::2])  # by which both of a pair are off
    assert losses["relu_readout"] == pytest.approx((lesser**2).mean(), rel=1e-3)
    assert losses["relu_readout"] == pytest.approx(losses["lasso"], rel=1e-3)


def test_a_model_has_the_same_rows_whatever_stands_beside_it():
    first, second = model(paired(8), [0.1] * 8), model(gaussian(4, 8, 5, HERE), [0.0] * 8, instance=1, seed=1)
    alone, both = recovery.table([second], SETTINGS), recovery.table([first, second], SETTINGS)
    pd.testing.assert_frame_equal(
        alone.reset_index(drop=True), both[both["instance"] != 0].reset_index(drop=True), check_exact=True
    )


def test_transitions_are_between_widths():
    shares = pd.DataFrame({1.0: [0.6, 1.0, 1.0], 2.0: [0.2, 0.6, 1.0], 3.0: [0.0, 0.1, 0.4]}, index=[4, 8, 16])
    # (0.5 - 0.2) / 0.4 of the way from 4 to 8; of one the transition is below 4, of three above 16
    assert transitions(shares).to_dict() == pytest.approx({2.0: 7.0})


# --- claims and figures ----------------------------------------------------------------------------------------------


def share(m, half):
    return float(np.clip(0.5 + (m - half) / 6, 0, 1))


@cache
def ideal() -> Tables:
    """The lasso where theory has it; pairs at half as many dimensions; a read-out that recovers nothing below that."""
    models, rows = [], []
    whole = {m: [] for m in WIDTHS}
    for m in WIDTHS:
        for seed in range(2):
            W = np.zeros((m, N))
            W[: min(m, N // 2)] = paired(N)[: min(m, N // 2)] if m < N else np.eye(N)[: N // 2]
            whole[m].append(len(models))
            models.append(
                HandMade(W.tolist(), [0.0] * N, 0.95, seed=seed, loss=0.01 * (1 - m / 50) * (1 + seed / 10), n_hidden=m)
            )
    widest, halves = max(WIDTHS), {float(k): smallest_sum(k, N) - 1 for k in ACTIVE}
    models = [replace(one, W=[*one.W, *[[0.0] * N] * (widest - len(one.W))]) for one in models]

    def row(kind, number, instance, m, decoder, k):
        half = halves.get(k, 0.0)
        lasso = (
            share(m, half) if kind != "trained" or m < N // 2 else 0.9 * no_pair_active(int(k) if k == k else 1, 20, N)
        )
        loss = {"lasso": 0.01 / m**2, "relu_readout": 0.01 / m}.get(decoder, 0.02 / m)
        if kind == "trained" and m == N // 2:
            loss = 0.05**2 / 6
        if kind != "trained" and decoder == "relu_readout":
            loss = 0.05 / m
        got = {"lasso": lasso, "nnls": lasso, "omp": 0.5 * lasso, "relu_readout": 0.0, "pseudo_inverse": 0.0}[decoder]
        if kind == "trained" and decoder == "relu_readout" and m >= N // 2:
            got = lasso
        if m == N:
            got, loss = 1.0, 0.0
        found = {"recovered": got, "found": got, "error": 1 - got, "loss": loss}
        start = {"projection": kind, "number": number, "instance": instance, "best": number == 0, "n_hidden": m}
        return start | {"decoder": decoder, "active": k} | found

    for m in WIDTHS:
        for number in range(2):
            for kind in ("trained", "gaussian", "optimised"):
                instance = whole[m][number] if kind == "trained" else -1
                rows += [
                    row(kind, number, instance, m, decoder, k)
                    for decoder in ("relu_readout", *SOLVERS)
                    for k in (*map(float, ACTIVE), np.nan)
                ]
    return replace(hand_made.tables(models), extra={"recovery": pd.DataFrame(rows)})


def verdicts(tables):
    return {v["id"].removeprefix("sparse_recovery."): v for v in evaluate({"sparse_recovery": tables}).verdicts}


def wrong(tables, change):
    """With other rows of the table of recovery: `change` gets a copy of it."""
    table = tables.extra["recovery"].copy()
    change(table)
    return replace(tables, extra={"recovery": table})


def test_all_claims_hold_on_the_ideal():
    found = verdicts(ideal())
    assert list(found) == IDS
    assert {id: one["verdict"] for id, one in found.items()} == dict.fromkeys(IDS, "holds")
    assert found["best_for_pairs"]["measured"].startswith(
        "antipodal pairs, loss 1.000 times the lasso's and 1.00 times"
    )


def _set(where, column, value):
    def change(table):
        rows = table.eval(where)
        table.loc[rows, column] = value(table.loc[rows, column])

    return change


@pytest.mark.parametrize(
    ("claim", "change"),
    [
        # transitions at widths 8 below 20 become those at 20: all numbers of features at the same m
        ("log_law", _set("projection == 'gaussian' and n_hidden < 20", "recovered", lambda old: 0 * old)),
        ("donoho_tanner", _set("projection == 'gaussian' and n_hidden < 16", "recovered", lambda old: 0 * old)),
        ("recovers_less", _set("decoder == 'relu_readout' and n_hidden == 8", "found", lambda old: old + 1)),
        ("recovers_less", _set("decoder == 'relu_readout' and n_hidden == 8", "recovered", lambda old: old + 1)),
        ("loses_more", _set("decoder == 'relu_readout' and n_hidden == 8", "loss", lambda old: old / 100)),
        ("best_for_pairs", _set("decoder == 'lasso' and n_hidden == 20", "loss", lambda old: old / 1.1)),
        (
            "projection_costs",
            _set("projection == 'trained' and decoder == 'omp'", "recovered", lambda old: 0 * old + 1),
        ),
        ("suits_its_read_out", _set("projection == 'optimised' and n_hidden == 12", "loss", lambda old: old / 100)),
    ],
)
def test_each_claim_fails_where_it_is_not_so(claim, change):
    assert verdicts(wrong(ideal(), change))[claim]["verdict"] == "fails"


def test_features_that_are_in_no_pairs_do_not_count_as_such():
    shown = ideal()
    weights = shown.weights.assign(value=shown.weights["value"].abs())
    found = verdicts(replace(shown, weights=weights))["best_for_pairs"]
    assert found["verdict"] == "fails"
    assert found["measured"].startswith("not all in antipodal pairs")


def test_claims_are_not_tested_without_what_they_are_about():
    shown = ideal()
    untested = evaluate({"sparse_recovery": replace(shown, extra={})}).untested
    assert {reason for _, reason in untested} == {"this run did not measure recovery: its measures.recovery is null"}
    assert len(untested) == len(IDS)
    table = shown.extra["recovery"]
    few = replace(shown, extra={"recovery": table[~(table["active"] > 2)]})
    assert {claim.id for claim, _ in evaluate({"sparse_recovery": few}).untested} == {
        "sparse_recovery.log_law",
        "sparse_recovery.donoho_tanner",
    }


def test_claims_on_models_are_about_their_density():
    shown = ideal()
    denser = replace(shown, features=shown.features.assign(density=0.2))
    tested = {verdict["id"] for verdict in evaluate({"sparse_recovery": denser}).verdicts}
    assert tested == {"sparse_recovery.log_law", "sparse_recovery.donoho_tanner"}


def test_seeds_are_ranked_by_their_loss_at_each_width():
    shown = ideal()
    first, second = trained(shown.extra["recovery"], shown)
    assert set(first.rows["number"]) == {0}
    assert set(second.rows["number"]) == {1}
    assert first.widths == list(WIDTHS)
    both = pooled(others(shown.extra["recovery"], "gaussian"))
    assert both.losses("relu_readout")[20] == pytest.approx(0.05 / 20)


def test_figures_are_drawn(tmp_path):
    drawn = figures_of("sparse_recovery", ideal())
    assert set(drawn) == {"recovery", "read_out", "learning_curves"}
    for name, figure in drawn.items():
        svg.save(figure, tmp_path / f"{name}.svg")
    maps = drawn["recovery"].axes
    theory = [line for line in maps[2].lines if line.get_color() == sparse_recovery.THEORY]
    # 8.79 dimensions for three features: 0.79 / 4 of the way from the row of 8 to that of 12
    assert theory[0].get_ydata()[2] == pytest.approx(1.5 + (smallest_sum(3, N) - 8) / 4, abs=1e-4)
    assert not sparse_recovery.fits(replace(ideal(), extra={}))
    assert "recovery" not in figures_of("sparse_recovery", as_printed.intro())


# --- parameters ------------------------------------------------------------------------------------------------------

GOOD = {"active": [1, 2], "samples": 10, "tolerance": 0.1, "matrices": 2}


def faults(tmp_path, *changes):
    path = tmp_path / "params.yaml"
    write(path, changed(*changes))
    with pytest.raises(ParamsError) as error:
        read(path)
    return str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("active", [], "must be a list of at least one number of active features"),
        ("active", [0], "must be a whole number of at least 1"),
        ("active", [4], "must be at most n_features = 3"),
        ("samples", 0, "must be a whole number between 1 and 10000"),
        ("tolerance", 1, "must be a number above 0 and below 1"),
        ("matrices", 0, "must be a whole number between 1 and 1000"),
    ],
)
def test_bad_settings_are_refused(tmp_path, key, value, said):
    assert said in faults(tmp_path, ("experiments.intro.measures", {"recovery": GOOD | {key: value}}))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model", ["linear", "relu_output"], "must be null where model is an axis"),
        ("sparsity", [0.5, 0.9], "must be null where sparsity is an axis"),
        ("importance", [1.0, 2.0], "must be null where importance is an axis"),
        ("model", "relu_hidden", "must be null for models that are not linear on h"),
        ("values", "signed", "must be null where values are not unit"),
    ],
)
def test_experiments_that_it_does_not_suit_are_refused(tmp_path, key, value, said):
    found = faults(tmp_path, ("experiments.intro.measures", {"recovery": GOOD}), (f"experiments.intro.{key}", value))
    assert "experiments.intro.measures.recovery" in found
    assert said in found


def test_good_settings_are_read(tmp_path):
    path = tmp_path / "params.yaml"
    write(path, changed(("experiments.intro.measures", {"recovery": GOOD})))
    assert read(path).experiments["intro"].measures.recovery.active == [1, 2]
