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
    "muted": "#646a75",
    "line": "#e3e5e9",
    "accent": "#2b5c8a",
}
DARK = {
    "ground": "#16181c",
    "card": "#1e2126",
    "ink": "#e6e7ea",
    "muted": "#9aa1ad",
    "line": "#33373f",
    "accent": "#9cc7ee",
}
