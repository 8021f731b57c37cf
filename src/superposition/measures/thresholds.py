"""Where measures, claims and figures draw the line between features that are represented and those that are not."""

# A feature counts as represented when its direction is longer than this. Norms cluster near 1 and 0; the paper draws
# no line between them, Liu et al. (2025, "Superposition Yields Robust Neural Scaling") draw it here too.
REPRESENTED_NORM = 0.5

# A represented feature counts as dedicated, having a direction of its own, when its superposition is below this. An
# antipodal pair has 1 and a feature of its own about 0.001 after training, so that anything between would do.
DEDICATED_SUPERPOSITION = 0.1
