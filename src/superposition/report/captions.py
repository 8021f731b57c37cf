"""What figures show, in words: a caption, and what stands for the figure where it is not seen.

They say how to read a figure and what its marks are, which is so with any parameters. What came out is said by the
claims beside it, which are of the run that drew it. A figure that only some experiments have is known as
EXPERIMENT/NAME, one of any experiment as NAME.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Caption:
    caption: str  # one to three sentences
    seen: str  # panels, axes and marks, for those who do not see them


def caption_of(experiment: str, name: str) -> Caption:
    """Of a figure; of one that nothing is known of, its name."""
    words = name.replace("_", " ")
    return CAPTIONS.get(f"{experiment}/{name}") or CAPTIONS.get(name) or Caption(f"{words.capitalize()}.", words)


SEEN_OF_CIRCLES = (
    "Directions of twelve features in the plane, coloured by their place on the ring: around a circle in the order of "
    "colours for ring data, and in no order for independent features. Beside it, over the number of hidden "
    "dimensions, the correlation of products of directions with the covariance of the features."
)
SEEN_OF_LAWS = (
    "Over density, the number of features represented in one and in two dimensions, with a dashed line where two begin "
    "to share one in theory; below, circles of radius 1 with vectors of the five features at six densities."
)

# The paper's figure first; of an experiment that has more of its own, in this order.
CAPTIONS = {
    "intro/feature_vectors": Caption(
        "As features become rarer, the same two dimensions hold more of them: first the two most important ones, then "
        "pairs that point in opposite directions, then all five as a pentagon.",
        "A circle of radius 1 for each sparsity, with one vector from its centre for each of five features. Darker "
        "ones are more important. Below each circle stands how many features are represented.",
    ),
    "intro/mathematics": Caption(
        "Which inputs the loss is of: those with one active feature, with two, and so on. When features are rare "
        "enough, samples with a single active feature decide, and what they cost is a Thomson problem, of points that "
        "repel each other.",
        "Areas stacked by the number of active features, over the density of the inputs, for each trained model; and a "
        "curve of the least energy of N points on a circle, beside that of regular polygons.",
    ),
    "basis_alignment/rotations": Caption(
        "A rotation of the hidden space changes nothing where the layer is linear, and breaks a model with a ReLU on "
        "it. Whether features lie along the neurons more than by chance is a question of its own.",
        "Weights of a linear and a ReLU model at two densities as heat maps; then, over density, the loss after "
        "random rotations over that before, and the share of a feature on its strongest neuron; and a histogram of "
        "how many rotations align features at least as well as training did.",
    ),
    "basis_alignment_adam/trace": Caption(
        "Adam adapts each coordinate by itself and so knows the axes. The trace that it leaves in models whose "
        "architecture has no privileged basis.",
        "A histogram over the share of rotations that align features at least as well as training, with a dashed line "
        "where chance would be; and the share of a feature on its strongest neuron over density, with grey bars for "
        "rotated models.",
    ),
    "polysemantic_neurons/responses": Caption(
        "Neurons are rows and features columns: a neuron with one cell in its row stands for one feature, a neuron "
        "with several is polysemantic. Few neurons and rare features make more of those.",
        "A grid of heat maps, by the number of neurons downwards and by density to the right: blue cells where a "
        "neuron responds to one feature, red ones where to several. Beside it the share of polysemantic neurons over "
        "density, of the best models and of all.",
    ),
    "dedicated_neurons/responses": Caption(
        "The same map of models that began with a neuron for each feature. They keep it at all densities, and have no "
        "error.",
        "A row of heat maps by density: blue cells on the diagonal, one for each neuron and feature; beside it the "
        "share of polysemantic neurons over density, of the best models and of all, which is 0.",
    ),
    "superposition_hypothesis/balance": Caption(
        "What superposition gains is a feature more, what it costs is interference. Where features are rare the cost "
        "falls faster than the gain, and the balance tips.",
        "Features for each dimension over density, one line for each importance curve, above the flat line of linear "
        "models; theory's gain and cost over density, which cross once; and the loss of ReLU models over the linear "
        "one, as areas of what is not represented and of interference.",
    ),
    "almost_orthogonal_directions/packings": Caption(
        "Exactly orthogonal directions are as many as dimensions, almost orthogonal ones exponentially many. How many "
        "chance gives, how many a search finds, and how those of trained models compare.",
        "Four panels of points and theory's lines: the number of random directions until two are close, over "
        "dimensions and on a logarithmic scale; as many as can be found; the largest cosine over the number of "
        "directions; and the largest cosine of trained, optimised and random directions over dimensions.",
    ),
    "sparse_recovery/recovery": Caption(
        "How many active features come back from the hidden vector, by the model's own read-out and by solvers of "
        "compressed sensing; for trained, for random and for evenly spread directions.",
        "A grid of heat maps, decoders to the right and kinds of directions downwards. In each, active features to the "
        "right and dimensions upwards, darker where more samples are recovered, with lines where half are and where "
        "theory has the transition.",
    ),
    "sparse_recovery/read_out": Caption(
        "What the simple read-out of a trained model loses against a solver that is told the weights, and when.",
        "Mean squared error over dimensions for four decoders; the share of samples recovered over the number of "
        "active features; and the dimensions of the transition against k log(n / k), beside theory's line.",
    ),
    "one_active_feature/interference": Caption(
        "With one feature active, its neighbours in the pentagon light up and those opposite are pushed below 0. "
        "What the bias and the ReLU filter away, one by one and together.",
        "A pentagon with one active vector and its products with all others; bars of the read-outs, linear, with the "
        "bias, with the ReLU and with both; outputs as the feature grows stronger; and the share of interference that "
        "is taken away over density.",
    ),
    "several_active_features/explanations": Caption(
        "With several features active, the same hidden vector can come from other features as well, and the model "
        "cannot know. The more are active, the more explanations there are.",
        "Three planes with the same hidden vector as different sums of feature vectors, and bars of what the model "
        "makes of it; below, over the number of active features and for each width, how many vectors have rivals, how "
        "many explanations each has, and the error of those that have.",
    ),
    "simulated_network/map": Caption(
        "The paper's picture of a narrow network that simulates a wide one, as a table: which neuron answers to "
        "which half of which feature.",
        "Three heat maps with a row for each half of a feature and a column for each neuron: a diagonal for the wide "
        "network, a few cells for the narrow one with dense features, and several in most rows with sparse features. "
        "Dots mark rows that are simulated.",
    ),
    "simulated_network/equivalent_width": Caption(
        "How wide a network without superposition would have to be to do as well as a narrow one with it.",
        "Equivalent width over the number of neurons, one line for each density, for features of equal importance and "
        "for falling importance. A dashed diagonal stands for no superposition.",
    ),
    "simulated_network/readouts": Caption(
        "Whether the simulated neurons can be read off the narrow layer, by a linear readout or by a neuron's.",
        "Share of the wide network's variance that is explained, over the neurons of the narrow one, a line for each "
        "density: near the diagonal for linear readouts, above it for rectified ones.",
    ),
    "noise_filters/trained_without": Caption(
        "Superposition needs a filter for interference. Models that are trained without the ReLU, without the bias, or "
        "without sparsity have less of it, or none.",
        "Features for each dimension, and loss over the least without superposition, both over density: lines for "
        "models with ReLU and bias, without the bias and without the ReLU.",
    ),
    "noise_filters/switched_off": Caption(
        "What the filters of a trained model are worth: its loss with one of them switched off.",
        "Loss over the least without superposition, over the density in training, with lines for the model as trained, "
        "bias off, ReLU off and dense data; and the error that interference of antipodal pairs leaves, over the "
        "density of the data.",
    ),
    "weights_and_norms": Caption(
        "Which features a model represents, and which share a direction. Above are the products of all pairs of "
        "feature vectors, and the biases; below are the features' norms. A clean diagonal is a dimension for each "
        "feature, cells beside it are superposition.",
        "A column for each point, dense to sparse: a heat map of W^T W with the biases beside it, and below a bar for "
        "each feature, as long as its norm, from dark where it has a dimension of its own to yellow where it is in "
        "superposition.",
    ),
    "phase_diagram": Caption(
        "What becomes of the last feature as it is more or less important, and features are more or less rare: not "
        "represented, in superposition, or with a dimension of its own. Regions with sharp edges are phases.",
        "Three maps with relative importance to the right and density downwards: theory, the mean of the trained "
        "models and the best of them. Grey is not learned, blue has a dimension of its own, red is in superposition; "
        "white lines are theory's boundaries.",
    ),
    "phase_change/loss_branches": Caption(
        "Each simple solution has a loss of its own. Where the lowest two cross, the best solution changes at once and "
        "the slope of the loss jumps: a change of first order.",
        "For three relative importances, the loss of the antipodal pair and of a single feature over density, with "
        "dots of trained models along them; and below the slopes of the lowest branch, with a jump where they cross.",
    ),
    "phase_change/loss_surfaces": Caption(
        "The loss over both weights, after McGrath's comment on the paper: one minimum stays while another becomes "
        "the lowest.",
        "Three contour maps over W1 and W2 with circles at their minima, and below how the weights of the lowest "
        "minimum move between them: with a jump, smoothly, and with a jump.",
    ),
    "geometry/dimensions_per_feature": Caption(
        "How many dimensions a feature gets. The curve falls as features become rare, and rests at one half, where "
        "features are antipodal pairs.",
        "Dimensions per feature over 1 / (1 - S): a line that starts at 1 and has a plateau at 1/2, with circles for "
        "the paper's curve and dotted lines at 1 and 1/2.",
    ),
    "geometry/feature_dimensionality": Caption(
        "The share of a dimension that each single feature gets. Features cluster at the fractions of regular "
        "polytopes, such as 1/2 for a pair and 2/5 for a pentagon.",
        "A cloud of points, one for each feature, over 1 / (1 - S), with horizontal lines at the fractions of "
        "polytopes: 1, 3/4, 2/3, 1/2, 2/5, 3/8 and 0.",
    ),
    "geometry/feature_graphs": Caption(
        "Features as nodes that are joined where they interfere. What falls apart into small graphs is made of "
        "polytopes in dimensions of their own.",
        "Six graphs for growing sparsity. Pairs are green, triangles blue, pentagons orange, square antiprisms red; "
        "what has no name is grey, at the highest sparsity a single dense ball.",
    ),
    "geometry/adversarial_vulnerability": Caption(
        "Interference is what an attacker can use. Vulnerability to small perturbations rises with the features per "
        "dimension.",
        "Vulnerability over 1 / (1 - S), features per dimension over the same, and one against the other, with circles "
        "for the paper's numbers.",
    ),
    "geometry/features_per_dimension": Caption(
        "How many features fit, beside what compressed sensing allows, with one constant for all sparsities.",
        "Features per dimension over 1 / (1 - S), represented and recovered ones, with dashed bounds; and the same "
        "divided by the bound, of which a flat part is where one constant serves.",
    ),
    "geometry/frames": Caption(
        "Models use all their capacity at every density, and so each feature lies in one eigenspace of its own kind "
        "(Ivanov et al. 2026).",
        "Two lines over 1/(1 - S) that stay near 1: the sum of dimensionalities over the number of dimensions, and the "
        "mean of dimensionalities over leverages. Beside them a point for each feature at its eigenvalue: few levels "
        "where features are dense, one at 2 on the plateau of pairs, and rising from there on.",
    ),
    "geometry/nonlinear_compression": Caption(
        "Two dense features can share one number without superposition, by a function that takes ever finer steps. "
        "As exact steps it beats linear compression from three of them on, as ramps, which a network can have, "
        "where those are steep enough.",
        "Mean squared error over the number of steps Z, falling lines for ramps of several widths, beside a dashed "
        "line for linear compression and circles for the paper's values.",
    ),
    "dimensions_per_feature": Caption(
        "Whether models of another size have the same curve; beside it is the paper's, of 400 features in 30 "
        "dimensions.",
        "Dimensions per feature over 1 / (1 - S): lines for two seeds that start at 1 and have a shoulder at 1/2, with "
        "circles for the paper's curve.",
    ),
    "varied_feature_density/feature_vectors": Caption(
        "One of five features is made rarer or more frequent than the others. The pentagon gives way, and then snaps "
        "into two pairs without that feature.",
        "Two circles with the vectors of the best model at each density on top of each other: two pairs at right "
        "angles, with the varied feature at 0; and pentagons with it pointing up, longer where it is rarer.",
    ),
    "varied_feature_density/losses": Caption(
        "Each geometry has a loss of its own, and the lowest changes where their lines cross.",
        "Loss over the relative density of the varied feature: lines for the pentagon, for two pairs without the "
        "varied feature or without another one, and for three features, with dots of trained models.",
    ),
    "correlated_features/five_models": Caption(
        "Where models put features that are active together, and features that exclude each other. Five models of each "
        "kind, as they came.",
        "Rows of five circles with four vectors, in two colours for the two pairs: correlated and anti-correlated "
        "pairs, each at two densities, with the angles of the mates below.",
    ),
    "correlated_pairs/five_models": Caption(
        "Three correlated pairs in two dimensions, beside independent features. Mates that are active together sit "
        "side by side.",
        "Rows of five circles with six vectors: correlated pairs in three colours, and independent features in grey at "
        "three densities.",
    ),
    "correlated_pairs/collapse": Caption(
        "As features become more frequent, correlated pairs collapse, one after the other, to their principal "
        "component, the direction of their sum.",
        "Ten circles from dense to sparse with the vectors of three pairs: at first all pairs lie on one direction "
        "each, in the end none does and the six form a hexagon.",
    ),
    "local_orthogonal_bases/dot_products": Caption(
        "Features that are active together get directions that are almost orthogonal among themselves. Interference is "
        "left to those of the other set.",
        "A heat map of W^T W in four blocks: clean diagonals within each set, and across them a diagonal of negative "
        "products with partners.",
    ),
    "learning_dynamics/dimensionality_and_loss": Caption(
        "While a model learns, features jump between the levels of a few shapes, and each jump is a drop of the loss.",
        "Above, a line for the dimensionality of each feature over steps: many rise to 1/2 at once, and later ones "
        "jump up by themselves, while those at 1/2 stay there. Below, the held-out loss over the same steps, falling "
        "in stairs, with dashed lines at the levels that are expected.",
    ),
    "geometric_transformations/stages": Caption(
        "Two sets of three correlated features in three dimensions. The loss falls in stairs, and each stair is a "
        "geometric change: onto one axis, into two triangles, and a turn into an antiprism.",
        "Four stages, seen from above and from the side: all features near the origin, two opposite clusters on an "
        "axis, two triangles, and the triangles turned against each other. Below, the loss over steps with the stages "
        "marked, in grey for other seeds.",
    ),
    "geometric_transformations/animation": Caption(
        "The same run, moving.",
        "Six points seen from above and from the side, which spread from the origin to two triangles, over the loss "
        "with a dot that moves along it.",
    ),
    "adversarial_training/radius": Caption(
        "Training against attacks takes superposition away, at the price of features.",
        "Over the size of the attack in training: how many features are represented and in superposition, features per "
        "dimension, and the norms of all features.",
    ),
    "privileged_basis/linear_and_relu": Caption(
        "Without a ReLU on the hidden layer features lie anywhere, with one they line up with neurons.",
        "Pairs of heat maps of W at three densities: blocks of mixed colours for the linear layer, and mostly a "
        "diagonal for the ReLU layer, which more features share as they become rarer.",
    ),
    "privileged_basis/neuron_stacks": Caption(
        "From neurons that stand for one feature to neurons that stand for many.",
        "A column for each configuration: a heat map of W, and a bar for each neuron with its weights stacked. Below, "
        "the numbers of mono- and polysemantic neurons over density, which change places.",
    ),
    "hidden_bias/shares_and_losses": Caption(
        "If neurons have a bias, they shift themselves to where the ReLU does nothing, and are no neurons any more.",
        "Dots for each model at two densities: the share of data on which a neuron is on, close to 1; its bias; and "
        "the loss over that of a linear layer.",
    ),
    "averaged_bias/averages": Caption(
        "Without a bias, the many features that are left out add up to something like one, while many are active.",
        "Dots for each neuron at three densities: what left-out features add, many standard deviations where features "
        "are frequent; the share of data on which the neuron is on, largest there; and the loss over that of a "
        "linear layer.",
    ),
    "absolute_value/weights": Caption(
        "Six neurons compute three absolute values, with two for each: one for its positive and one for its negative "
        "half.",
        "Bars for six neurons at two densities, in one colour for each feature: input weights of 1 and -1 in turn, and "
        "output weights of 1.",
    ),
    "computation/neurons": Caption(
        "Neurons that compute a hundred absolute values: with dense features each has one, with rare ones most have a "
        "stack of several.",
        "Seven panels from dense to sparse with a bar for each of forty neurons, its weights stacked: single blocks at "
        "first, stacks of many thin pieces in the end.",
    ),
    "computation/primary_features": Caption(
        "What a polysemantic neuron is about depends on how active it is: high activations mean its largest feature, "
        "low ones mean others.",
        "For five densities, the share of cases in which the largest feature is active, over the neuron's activation: "
        "a curve for each mixed neuron that rises to 100 %.",
    ),
    "asymmetric_superposition/motif": Caption(
        "Two features share a neuron in unequal parts, and a second neuron turns the interference away.",
        "Stacked input and output weights of ten neurons, with the shared and the inhibiting ones shaded; outputs of "
        "the victims with and without inhibition, and the share of models that have the motif.",
    ),
    "hidden_l1/penalty": Caption(
        "A penalty on hidden values takes superposition away, and features with it.",
        "Over the penalty: represented features and those in superposition, the loss without the penalty, and a column "
        "of circles for the features of the best model, yellow where they are in superposition.",
    ),
    "hidden_l1/saved_per_activation": Caption(
        "By the loss saved for each activation, superposition is never better than a dimension for each feature, and "
        "nearly as good where features are sparse.",
        "Two curves over density that meet at a third where features are sparse, a digon's below that of a feature "
        "with its own dimension; and their relative distance, which falls as the square of the density.",
    ),
    "polygon_levels/levels": Caption(
        "Where training ends, and whether it rests on the way, beside the losses of regular polygons (Chen et al. "
        "2023).",
        "Losses of sixty seeds over steps, which end on horizontal lines for a square, a pentagon and a hexagon, with "
        "bars of how many end at each; and below the polygons found, over theory's.",
    ),
    "incidental_polysemanticity/neurons": Caption(
        "Some neurons end with two features by chance, however many neurons there are (Lecomte et al. 2023).",
        "Over the number of neurons, the number of those with two features, along a falling line of what chance makes, "
        "and shares of features that are on one neuron; and a heat map of one model's weights, in which some rows have "
        "a positive and a negative cell and the others one cell.",
    ),
    "width_scaling/widths": Caption(
        "Where nearly all features are represented, overlaps of their directions fall as 1/m, and the loss faster "
        "(Liu et al. 2025).",
        "Three panels over the number of hidden dimensions, with a line for each law of densities: the loss, which "
        "falls; the share of features that are represented, near 1; and the mean squared cosine of two of them times "
        "the number of dimensions, near 1, over dotted lines of the least that is possible.",
    ),
    "width_scaling_weak/widths": Caption(
        "Where few features are represented, the loss is that of the features which are left out, and falls as that "
        "does (Liu et al. 2025).",
        "Three panels over the number of hidden dimensions, with a line for each law of densities: the loss, with the "
        "loss of what is left out as a dashed line below; the share of features that are represented; and the mean "
        "squared cosine of two of them times the number of dimensions.",
    ),
    "values_unit/laws": Caption(
        "How many of five features one and two dimensions hold, with the paper's uniform values.",
        SEEN_OF_LAWS,
    ),
    "values_exponential/laws": Caption(
        "The same with exponential values: features begin to share dimensions where they are denser.",
        SEEN_OF_LAWS,
    ),
    "values_power_law/laws": Caption(
        "The same with power-law values, which are sparse by themselves: superposition at any density.",
        SEEN_OF_LAWS,
    ),
    "values_constant/laws": Caption(
        "The same with constant values: longer vectors and biases give back exactly what is active alone.",
        SEEN_OF_LAWS,
    ),
    "error_power/responses": Caption(
        "Squared errors serve half of the features and drop the others; higher powers serve all of them alike.",
        "A line for each power of the error, the responses of features to themselves from large to small: a step from "
        "1 to 0 for squares, level lines for higher powers. Beside it the responses of outputs to single features as "
        "heat maps: a diagonal with gaps for squares, one of even strength among small cells for fourth powers.",
    ),
    "error_power_small/responses": Caption(
        "The same with five neurons: both maps are as near to the identity as rank five allows, in different ways.",
        "Responses of twenty features to themselves, from large to small, a step for squares and a level line at a "
        "half for fourth powers; and the matrices of all responses as heat maps.",
    ),
    "mixed_labels/mixing": Caption(
        "The loss is below that of serving half of the features only where a mixing matrix is in the labels.",
        "Held-out loss over the density, over how much of the matrix is in the labels, with a level line at 1/12; and "
        "a line for each amount, the responses of features to themselves from large to small: down to nothing "
        "without the matrix, and nearly level with it.",
    ),
    "circles/directions": Caption(
        "Features that are active together lie side by side: a ring in the data is a circle in the model (Prieto et "
        "al. 2026).",
        SEEN_OF_CIRCLES,
    ),
    "circles_weak/directions": Caption(
        "The same with less decay: in more than two dimensions directions have less of the data.",
        SEEN_OF_CIRCLES,
    ),
    "feature_vectors": Caption(
        "Feature vectors of the best model at each point.",
        "A circle of radius 1 for each point with one vector from its centre for each feature; darker ones are more "
        "important.",
    ),
    "learning_curves": Caption(
        "How the held-out loss falls while training.",
        "Held-out loss over steps, both logarithmic: a panel for each model, a colour for each sparsity, the best seed "
        "in bold and others faint.",
    ),
}
