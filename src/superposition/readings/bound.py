"""Where the constant of compressed sensing's bound is taken from: claims and figures do so alike."""

CONSTANT_FROM = (0.25, 0.5)  # densities above and up to; where features are less sparse
