"""Pictures of the places of the simulated city, drawn from their category and district."""

from recsys.simulation.illustrations.drawing import draw_illustrations

__all__ = ["draw_illustrations"]
