"""How the lowest minimum of a loss surface moves as sparsity and importance change in even steps.

For claims and figures; `theory.loss_surfaces` has the surfaces.
"""

from collections.abc import Sequence

from superposition.theory.loss_surfaces import Minimum, largest_step

WAY = 41  # points between two surfaces, both included
STRETCH = 40  # parts of the way; the lowest minimum moves smoothly or jumps by how far it moves in one of them
SMOOTH, JUMP = 0.1, 0.5  # that distance between weights: at most, at least


def largest_move(way: Sequence[Minimum]) -> tuple[float, int, int]:
    """The farthest that the lowest minimum moves within a part of the way, and from which point to which.

    However many points the way has, more than parts: a jump does not get smaller with more of them, a slope does.
    """
    apart, rest = divmod(len(way) - 1, STRETCH)
    if not apart or rest:
        raise ValueError(f"a way needs a multiple of {STRETCH} steps, not {len(way) - 1}")
    moves = [(*largest_step(way[start::step]), start, step) for step in range(1, apart + 1) for start in range(step)]
    move, place, start, step = max(moves, key=lambda one: one[0])
    first = start + place * step
    return move, first, first + step


def how_it_moves(step: float) -> str:
    """In words, by the largest distance on the way."""
    if step >= JUMP:
        return "jumps"
    return "moves smoothly" if step <= SMOOTH else "moves"
