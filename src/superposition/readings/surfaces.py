"""How the lowest minimum of a loss surface moves as sparsity and importance change in even steps.

For claims and figures; `theory.loss_surfaces` has the surfaces.
"""

WAY = 41  # points between two surfaces
SMOOTH, JUMP = 0.1, 0.5  # distance between the best weights of neighbouring points: at most, at least


def how_it_moves(step: float) -> str:
    """In words, by the largest distance on the way."""
    if step >= JUMP:
        return "jumps"
    return "moves smoothly" if step <= SMOOTH else "moves"
