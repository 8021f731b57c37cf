"""What kind of data and models a run has, as theories and figures about single kinds ask. Needs pandas, not torch."""

from superposition.readings.results import Tables

OF_MODEL = {"absolute_value": "signed"}  # the values that the paper trains a model on, where they are not `unit`


def is_plain(tables: Tables, values: str = "unit") -> bool:
    """Independent features with these values, in all models: what closed forms of losses are about."""
    return set(tables.instances["sets"]) == {"independent"} and set(tables.instances["values"]) == {values}


def has_one_width(tables: Tables) -> bool:
    return tables.instances["n_hidden"].nunique() == 1


def is_important_alike(tables: Tables) -> bool:
    """All features of all models, with importance 1."""
    return bool((tables.features["importance"] == 1).all())
