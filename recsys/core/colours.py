"""Colours as #rrggbb."""


def mix_colours(colour: str, other: str, share: float) -> str:
    """Return a colour mixed with a share of another, both #rrggbb."""
    pairs = ((int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(own * (1 - share) + far * share):02x}" for own, far in pairs)
