"""Where the keys of an experiment stand: in its own block, in the defaults, or in what differs at full scale."""

from typing import Any

from superposition.params.faults import Location
from superposition.params.schema import Defaults, Initial, Training

# Mappings that are filled in key by key, as an experiment need name only what differs.
NESTED = [key for key, field in Defaults.model_fields.items() if field.annotation in (Initial, Training)]


def filled_in(own: dict[Any, Any], shared: dict[Any, Any]) -> dict[Any, Any]:
    """An experiment's keys over the defaults; `initial` and `training` are filled in key by key."""
    whole = {key: value for key, value in shared.items() if key in Defaults.model_fields} | own
    for key in NESTED:
        if isinstance(own.get(key), dict) and isinstance(shared.get(key), dict):
            whole[key] = shared[key] | own[key]
    return whole


def is_inherited(location: Location, own: dict[Any, Any]) -> bool:
    """Whether what stands at this location of an experiment was written in the defaults, not in its own block."""
    if not location or location[0] not in Defaults.model_fields:
        return False
    key, *rest = location
    if key in NESTED and rest and isinstance(own.get(key), dict):
        return rest[0] not in own[key]
    return key not in own


def enlarged(own: dict[Any, Any]) -> dict[Any, Any]:
    """An experiment's keys at full scale."""
    larger = own["full_scale"]
    merged = {key: own[key] | larger[key] for key in NESTED if isinstance(own.get(key), dict) and key in larger}
    return own | larger | {key: value for key, value in merged.items() if isinstance(larger[key], dict)}


def stands_in(larger: dict[Any, Any], location: Location) -> bool:
    """Whether what stands at this location of an experiment at full scale was written in `full_scale`."""
    if not location or location[0] not in larger:
        return False
    key, *rest = location
    return not (key in NESTED and rest and isinstance(larger[key], dict)) or rest[0] in larger[key]
