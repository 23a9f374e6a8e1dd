"""Colours of the pictures: told apart with every kind of colour vision, and black text is legible on each of them."""

from __future__ import annotations

from autotrain_dsl.model import Move

TEXT = "#1a1a1a"
MUTED = "#595959"
LINE = "#4d4d4d"
GRID = "#bfbfbf"
HEAD = "#f2f2f2"
CHANGED = "#ffe08a"
WARNING = "#8a1c7c"
ARROW = {Move.PROGRESS: "#005f9e", Move.ROLLBACK: "#b34700", Move.STAY: "#595959"}
_TRAINING = ((255, 255, 217), (199, 233, 180), (127, 205, 187), (65, 182, 196))  # pale yellow to blue-green


def training(share: float) -> str:
    """Colour of a stage by its place in the order of training: 0 is the first, 1 the last."""
    at = min(max(share, 0.0), 1.0) * (len(_TRAINING) - 1)
    step = min(int(at), len(_TRAINING) - 2)
    low, high = _TRAINING[step], _TRAINING[step + 1]
    mixed = (round(a + (b - a) * (at - step)) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
