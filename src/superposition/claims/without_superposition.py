"""Whether each kind of model has a regime without superposition ("The Strategic Picture of Superposition").

The paper takes phase changes as a hope that it has: that there are densities, or sizes of a penalty, at which features
are represented and none shares a direction. Left out are models of equally important dense features, none of which has
a direction of its own (`geometry`), and the notebook's, of which two features still share one (`notebook`).
"""

from superposition.claims.claim import Claim, Finding, Share, claims_of, plain
from superposition.claims.hidden_l1 import SECTION
from superposition.measures.thresholds import IN_SUPERPOSITION, REPRESENTED_NORM
from superposition.readings.results import Tables
from superposition.readings.without_superposition import by_density, by_penalty

KINDS = {  # of models that are not linear, by experiment
    "intro": "relu_output",
    "basic_results": "relu_output",
    "basic_results_large": "relu_output",
    "privileged_basis": "relu_hidden",
    "computation": "absolute_value",
}


def regime_without(tables: Tables, *others: Tables) -> Finding:
    """The best model at each density, and with each penalty; what is claimed is that one of them is without."""
    found = {
        "penalty": by_penalty(tables),
        **{name: by_density(other, name, model) for (name, model), other in zip(KINDS.items(), others, strict=True)},
    }
    text = "; ".join(
        f"{name.replace('_', ' ')}: {', '.join(f'{at:.3g}' for at in sorted(own)) or 'none'}"
        for name, (own, _) in found.items()
    )
    share = Share(sum(bool(own) for own, _ in found.values()), len(found), "kinds")
    spread = "; ".join(f"{name.replace('_', ' ')}: {len(own)} of {of}" for name, (own, of) in found.items())
    return Finding(plain(share.met == share.of), text, spread, share)


CLAIMS = claims_of(
    "hidden_l1",
    SECTION,
    "penalty",
    Claim(
        regime_without,
        statement="Most kinds of model have a regime without superposition: dense features, or a penalty.",
        paper="hoped for, since superposition begins by a phase change",
        tolerance=f"{', '.join(KINDS)}: a density, and in hidden_l1 a penalty, at which the best model has features "
        f"with norm > {REPRESENTED_NORM:g}, none of them with superposition > {IN_SUPERPOSITION:g}; geometry and "
        "notebook, of which no density here is without, are left out",
        limit="ours",
        fixed="after",
        beside=tuple(KINDS),
    ),
    topic="without_superposition",
)
