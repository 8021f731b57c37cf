"""Colours of pages, which are HTML, and those that figures share with them. All other colours are in figures/style.py.

Names and numbers alone, so that pages are made without the libraries that draw.
"""

INK = "#22252b"  # of letters, on paper
PAPER = "#ffffff"

# Figures are drawn on paper. In the dark they are inverted, not to black; turning the hue back leaves blue blue.
FIGURES_IN_THE_DARK = "invert(.88) hue-rotate(180deg)"
PAPER_IN_THE_DARK = "#1f1f1f"  # what becomes of PAPER

# Of pages, by what they are for, where it is light and where it is dark: variables of CSS, --ground, --card ...
LIGHT = {
    "ground": "#fbfbfa",
    "card": PAPER,
    "ink": INK,
    "muted": "#5c626d",
    "line": "#e3e5e9",
    "accent": "#2b5c8a",
    # verdicts: holds, fails, holds at best, differs from print; and what a word of each stands on
    "good": "#1d6b45",
    "good-ground": "#e2f3ea",
    "bad": "#a1242c",
    "bad-ground": "#fbe6e6",
    "half": "#2b5c8a",
    "half-ground": "#e3edf7",
    "other": "#7a5300",
    "other-ground": "#faf0d7",
    # numbers above and below 0, and two sets of features
    "positive": "#d6543f",
    "negative": "#3d7fc1",
    "first-set": "#2b6cb0",
    "second-set": "#c2571a",
}
DARK = {
    "ground": "#16181c",
    "card": PAPER_IN_THE_DARK,
    "ink": "#e6e7ea",
    "muted": "#9aa1ad",
    "line": "#33373f",
    "accent": "#9cc7ee",
    "good": "#7fd6a8",
    "good-ground": "#17362a",
    "bad": "#f29a9a",
    "bad-ground": "#40201f",
    "half": "#9cc7ee",
    "half-ground": "#1d3044",
    "other": "#ecc873",
    "other-ground": "#3b3013",
    "positive": "#d6543f",
    "negative": "#3d7fc1",
    "first-set": "#2b6cb0",
    "second-set": "#c2571a",
}
