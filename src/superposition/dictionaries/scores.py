"""How well a dictionary of directions and its codes recover features that are known.

A dictionary explains hidden vectors h as codes @ decoder (+ bias): each row of the decoder, [latent, dimension], is the
direction of a latent. The truth has a row for each feature, [feature, dimension], as h = values @ truth. Rows without a
direction, all 0, have a cosine of 0 with everything. Codes are not negative, so that a latent of the opposite
direction is none of the feature's: cosines have their signs. (SAELens' `mean_correlation_coefficient` drops them, and
is a mean over pairs only, so that a dictionary that lacks features can have 1.)

Cosines are rounded to 2^-40, far above what rounding leaves: what is equal on paper is equal here, and the truth's
own score is 1. All have the same bits on every machine.
"""

import numpy as np
from jaxtyping import Bool, Float, Int, Real
from numpy import ndarray
from scipy.optimize import linear_sum_assignment

from superposition.exact.sums import matmul, mean, total

COSINE_BITS = 40
RECOVERED = 0.9  # cosine above which a feature counts as recovered (Sharkey et al. 2022)
# Cosine above which another latent may have absorbed a feature: below that of a latent that has added a parent to its
# child, 0.71 where the two are orthogonal, and above those of features in superposition, such as 0.31 in a pentagon.
ABSORBS = 0.5

Decoder = Real[ndarray, "latent dimension"]


def scores(
    decoder: ndarray,
    codes: ndarray,
    truth: ndarray,
    values: ndarray,
    hidden: ndarray,
    bias: ndarray | None = None,
    absorbs: float = ABSORBS,
) -> dict[str, float]:
    """All scores of a dictionary; NaN where there is nothing to judge, such as no sample with an active feature.

    Of a decoder [latent, dimension], codes [sample, latent], the truth [feature, dimension], values of the features
    [sample, feature], hidden vectors [sample, dimension], and what the dictionary adds to its sums, [dimension].

    mmcs                  mean over features of the largest cosine with a latent
    matched_cosine        the same of latents that are matched one to one; 0 for features that are left without
    recovered             share of features with a latent above a cosine of 0.9
    dead                  share of latents that are 0 in all samples
    l0                    latents that are not 0 in a sample, on average
    unexplained_variance  squared error of codes @ decoder + bias, over the squared distance of h from its mean
    precision, recall, f1 of the matched latent (not 0) for its feature (not 0), mean over features that are ever active
    absorption            see `absorption`

    Raises:
        ValueError: if shapes do not go together.
    """
    _go_together(decoder, codes, truth, values, hidden, bias)
    cosine = cosines(truth, decoder)
    latent = matched(cosine)
    active, speaks = values != 0, codes != 0
    return {
        **directions(cosine),
        "dead": float(mean(~speaks.any(axis=0))),
        "l0": float(mean(np.count_nonzero(speaks, axis=1))),
        "unexplained_variance": unexplained_variance(hidden, reconstruction(decoder, codes, bias)),
        **detection(active, speaks, latent),
        "absorption": absorption(active, speaks, cosine, latent, absorbs),
    }


def directions(cosine: Float[ndarray, "feature latent"]) -> dict[str, float]:
    """The scores of which only directions decide."""
    return {
        "mmcs": float(mean(largest(cosine))),
        "matched_cosine": float(mean(of_matched(cosine, matched(cosine)))),
        "recovered": float(mean(largest(cosine) > RECOVERED)),
    }


def cosines(a: Real[ndarray, "a dimension"], b: Real[ndarray, "b dimension"]) -> Float[ndarray, "a b"]:
    """Of each row of `a` with each of `b`, on a grid of 2^-40."""
    steps = np.round(matmul(unit(a), unit(b).T) * 2.0**COSINE_BITS)
    return np.asarray(steps * 2.0**-COSINE_BITS)


def unit(rows: Real[ndarray, "row dimension"]) -> Float[ndarray, "row dimension"]:
    """Rows of length 1; those of 0 stay."""
    rows = np.asarray(rows, dtype=np.float64)
    # By its largest entry first: squares of very small or large ones would leave what float64 can hold.
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
    rows = rows / np.where(largest > 0, largest, 1.0)
    length = np.sqrt(total(rows * rows, axis=1))[:, None]
    return np.asarray(rows / np.where(length > 0, length, 1.0))


def largest(cosine: Float[ndarray, "feature latent"]) -> Float[ndarray, " feature"]:
    """Of each feature with any latent; 0 where there are no latents."""
    return np.asarray(cosine.max(axis=1)) if cosine.shape[1] else np.zeros(len(cosine))


def matched(cosine: Float[ndarray, "feature latent"]) -> Int[ndarray, " feature"]:
    """The latent of each feature, one to one with the largest sum of cosines; -1 for features that are left without.

    By the Hungarian method, which adds, subtracts and compares: of these cosines without rounding.
    """
    features, latents = linear_sum_assignment(cosine, maximize=True)
    found = np.full(len(cosine), -1)
    found[features] = latents
    return found


def of_matched(
    cosine: Float[ndarray, "feature latent"], latent: Int[ndarray, " feature"]
) -> Float[ndarray, " feature"]:
    """Of each feature with its own latent, 0 without one."""
    every = np.arange(len(latent))
    return np.where(latent >= 0, cosine[every, latent], 0.0) if cosine.shape[1] else np.zeros(len(latent))


def agreement(one: Decoder, other: Real[ndarray, "other dimension"]) -> float:
    """Of two dictionaries, such as of two seeds: mean cosine of latents matched one to one, those of the smaller one.

    1 for a dictionary and the same in another order, whatever a larger one has besides.
    """
    smaller, larger = sorted((one, other), key=len)
    cosine = cosines(smaller, larger)
    return float(mean(of_matched(cosine, matched(cosine))))


def reconstruction(
    decoder: Decoder, codes: Real[ndarray, "sample latent"], bias: Real[ndarray, " dimension"] | None = None
) -> Float[ndarray, "sample dimension"]:
    return matmul(codes, decoder) + (0.0 if bias is None else np.asarray(bias, dtype=np.float64))


def unexplained_variance(
    hidden: Real[ndarray, "sample dimension"], explained: Real[ndarray, "sample dimension"]
) -> float:
    """Squared error over the squared distance from the mean, summed over samples and dimensions; 1 says the mean.

    NaN or infinite if all hidden vectors are the same.
    """
    hidden = np.asarray(hidden, dtype=np.float64)
    off, around = hidden - explained, hidden - mean(hidden, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(total(off * off) / total(around * around))


def detection(
    active: Bool[ndarray, "sample feature"], speaks: Bool[ndarray, "sample latent"], latent: Int[ndarray, " feature"]
) -> dict[str, float]:
    """Precision, recall and F1 of each feature's latent for whether the feature is active, mean over features.

    Of features that are active in some sample. Precision is 0 for a latent that never speaks, and all three are where
    there is none.
    """
    said = _own(speaks, latent)
    both, says, is_so = (
        np.asarray(np.count_nonzero(each, axis=0), dtype=np.float64) for each in (active & said, said, active)
    )
    some = is_so > 0
    both, says, is_so = both[some], says[some], is_so[some]
    return {
        "precision": float(mean(both / np.maximum(says, 1))),
        "recall": float(mean(both / is_so)),
        "f1": float(mean(2 * both / (says + is_so))),
    }


def absorption(
    active: Bool[ndarray, "sample feature"],
    speaks: Bool[ndarray, "sample latent"],
    cosine: Float[ndarray, "feature latent"],
    latent: Int[ndarray, " feature"],
    absorbs: float = ABSORBS,
) -> float:
    """How often a feature is active, its matched latent is silent, and another one of about its direction speaks.

    Share of the samples in which a feature is active, mean over features that are active in some sample and have a
    latent. "About its direction" is a cosine above `absorbs`.

    After Chanin et al. 2024, "A is for Absorption" (arXiv:2409.14507), who count inputs on which a probe finds the
    feature, all of its main latents are silent, and the latent with the largest effect on the output has a cosine with
    the probe above a limit. Here the feature is known where they have a probe, its main latent is the matched one, and
    there is no output: any latent that speaks may be the absorbing one, for which the limit is much higher than theirs
    of 0.025, as toy models have too few dimensions for directions to be orthogonal by chance. Features with a cosine
    above the limit with each other make it positive for the truth, too.
    """
    near = matmul(speaks, (cosine > absorbs).T, (0, 0)) > 0
    absorbed = np.count_nonzero(active & ~_own(speaks, latent) & near, axis=0)
    is_so = np.count_nonzero(active, axis=0)
    some = (is_so > 0) & (latent >= 0)
    return float(mean(absorbed[some] / is_so[some]))


def _own(speaks: Bool[ndarray, "sample latent"], latent: Int[ndarray, " feature"]) -> Bool[ndarray, "sample feature"]:
    """Whether each feature's latent speaks; false without one."""
    if not speaks.shape[1]:
        return np.zeros((len(speaks), len(latent)), dtype=bool)
    return np.asarray(speaks[:, latent] & (latent >= 0))


def _go_together(
    decoder: ndarray, codes: ndarray, truth: ndarray, values: ndarray, hidden: ndarray, bias: ndarray | None
) -> None:
    samples, dimensions = hidden.shape
    wanted = {
        "decoder": (decoder.shape, (codes.shape[-1], dimensions)),
        "codes": (codes.shape, (samples, len(decoder))),
        "truth": (truth.shape, (values.shape[-1], dimensions)),
        "values": (values.shape, (samples, len(truth))),
        "bias": ((dimensions,) if bias is None else bias.shape, (dimensions,)),
    }
    for name, (shape, right) in wanted.items():
        if shape != right:
            raise ValueError(f"{name} of shape {list(shape)}: must be {list(right)}, as the others are")
