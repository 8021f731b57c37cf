"""The models of an experiment as formulas that browsers set: MathML, of letters that stand here and no other text."""

from collections.abc import Sequence

from superposition.params import Experiment, Model

SUM = "<munder><mo>∑</mo><mi>i</mi></munder>"
ONE_NTH = "<mfrac><mn>1</mn><mi>n</mi></mfrac>"


def formulas(experiment: Experiment) -> list[tuple[str, str]]:
    """Names of models and what they compute, one for each; and the loss of them all."""
    return [*((model.name, formula(model)) for model in experiment.models), ("loss", loss(experiment))]


def formula(model: Model) -> str:
    """h = hidden(W x + c) and y = output(V h + b), with only what this model has; y by the class of one's own."""
    if model.module is not None:
        return typeset(["y", "=", f"<mi>{model.module.partition(':')[2]}</mi>", "(", "x", ")"])
    inner = ["W", "x"] + (["+", "c"] if model.hidden_bias else [])
    outer = [power("W", "⊤") if model.tied else "V", "h"] + (["+", "b"] if model.output_bias else [])
    parts = [["h", "=", *applied(model.hidden, inner)], ["y", "=", *applied(model.output, outer)]]
    return typeset([*parts[0], ",", *parts[1], *in_training(model)])


def in_training(model: Model) -> list[str]:
    """What training makes of h before it goes on: noise, and factors of dropout."""
    h = ["h", "+", "ε"] if model.hidden_noise else ["h"]
    if model.dropout:
        h = ["d", "(", *h, ")"] if model.hidden_noise else ["d", "h"]
    noise = [",", "|", "ε", "|", "≤", f"{model.hidden_noise:g}"] if model.hidden_noise else []
    share = [",", "P", "(", "d", "=", "0", ")", "=", f"{model.dropout:g}"] if model.dropout else []
    return [";", "<mtext>training: </mtext>", "h", "→", *h, *noise, *share] if noise or share else []


def applied(function: str, inner: Sequence[str]) -> list[str]:
    return [FUNCTIONS[function], "(", *inner, ")"] if function in FUNCTIONS else list(inner)


def loss(experiment: Experiment) -> str:
    """The importance-weighted squared error, mean over samples and features, and what training adds to it.

    Where it minimises another power of errors, p, or several. Several targets, or mixed ones, are t.
    """
    targets = {model.target for model in experiment.models}
    mixed = any(model.mixing for model in experiment.models)
    wanted = WANTED[targets.pop()] if len(targets) == 1 and not mixed else [sub("t", "i")]
    powers = {model.loss_power for model in experiment.models}
    exponent = "p" if len(powers) > 1 else f"{powers.pop():g}"
    ends = ("(", ")") if exponent == "2" else ("|", "|")
    terms = [sub("I", "i"), ends[0], sub("y", "i"), "−", *wanted, power(ends[1], exponent)]
    penalty = ["+", "λ", "‖", "h", sub("‖", "1")] if any(model.hidden_l1 for model in experiment.models) else []
    return typeset(["L", "=", ONE_NTH, "mean", "(", SUM, *terms, *penalty, ")"])


def typeset(parts: Sequence[str]) -> str:
    return f"<math><mrow>{''.join(token(part) for part in parts)}</mrow></math>"


def token(part: str) -> str:
    """A letter or a word is an identifier, a number is one, and all else is an operator."""
    if part.startswith("<"):  # typeset already
        return part
    kind = "mi" if part.isalpha() else "mn" if part.replace(".", "").isdigit() else "mo"
    return f"<{kind}>{part}</{kind}>"


def power(base: str, exponent: str) -> str:
    return f"<msup>{token(base)}{token(exponent)}</msup>"


def sub(base: str, index: str) -> str:
    return f"<msub>{token(base)}{token(index)}</msub>"


FUNCTIONS = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "clipped_relu": "ClippedReLU",
    "gelu": "GELU",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
}
WANTED = {
    "identity": [sub("x", "i")],
    "absolute": ["|", sub("x", "i"), "|"],
    "relu": ["ReLU", "(", sub("x", "i"), ")"],
    "products": [sub("x", "i"), "<msub><mi>x</mi><mrow><mi>i</mi><mo>+</mo><mn>1</mn></mrow></msub>"],
}
