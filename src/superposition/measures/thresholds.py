"""Where measures, claims and figures draw the line between features that are represented and those that are not."""

# A feature counts as represented when its direction is longer than this. Norms cluster near 1 and 0; the paper draws
# no line between them, Liu et al. (2025, "Superposition Yields Robust Neural Scaling") draw it here too.
REPRESENTED_NORM = 0.5

# A represented feature counts as dedicated, having a direction of its own, when its superposition is below this. An
# antipodal pair has 1 and a feature of its own about 0.001 after training, so that anything between would do.
DEDICATED_SUPERPOSITION = 0.1

# A represented feature counts as being in superposition, where training is to remove that, when its superposition is
# above this: three tenths of what an antipodal pair has. In between lie features on the way from one to the other.
IN_SUPERPOSITION = 0.3

# A neuron is used by the features that it weighs more than this, and holds a single one if all others are below the
# lower line. Weights of the paper's neurons are 0.5 to 1 or within 0.1 of 0; it draws no line between them.
NEURON_USED = 0.3
NEURON_UNUSED = 0.15
# Heights of a neuron's stack of input weights, in units of the largest, up to which it counts as monosemantic and as
# slightly polysemantic. The paper shades its neurons by eye.
MONOSEMANTIC_HEIGHT = 1.1
POLYSEMANTIC_HEIGHT = 1.5
