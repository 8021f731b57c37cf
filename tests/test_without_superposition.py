"""Regimes without superposition, of models that are put together by hand."""

from dataclasses import replace

from superposition.claims import without_superposition as claims
from tests import as_printed


def shown(**other):
    every = {name: getattr(as_printed, name)() for name in claims.KINDS} | other
    return claims.regime_without(as_printed.hidden_l1(), *(every[name] for name in claims.KINDS))


def test_dense_models_and_penalised_ones_are_without():
    found = shown()
    assert (found.verdict, found.share.met, found.share.of) == ("holds", 6, 6)
    assert found.measured.startswith("penalty: 0.15, 0.2, 0.3, 0.5; intro: 1; basic results: 1; ")
    assert found.spread.startswith("penalty: 4 of 8; intro: 1 of 3; basic results: 1 of 7; ")


def test_one_kind_with_superposition_everywhere_is_one_too_many():
    intro = as_printed.intro()
    dense = replace(intro, features=intro.features.assign(superposition=1.0))
    found = shown(intro=dense)
    assert (found.verdict, found.share.met) == ("fails", 5)
    assert "; intro: none; " in found.measured


def test_a_model_without_features_is_no_such_regime():
    intro = as_printed.intro()
    assert "; intro: none; " in shown(intro=replace(intro, features=intro.features.assign(norm=0.0))).measured
