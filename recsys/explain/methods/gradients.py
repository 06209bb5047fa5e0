"""Gradients: how the score answers to small changes of the vectors that events are read as."""

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys.core import TOP_K, Recommender
from recsys.explain.explanation import Explanation
from recsys.explain.game import Game

if TYPE_CHECKING:
    from torch import Tensor

POINTS = 128
"""Points on the way from nothing to the history at which integrated gradients look."""


def why_not(model: Recommender, game: Game) -> str | None:
    """Only a network that reads every event as a vector has a gradient for each."""
    del game
    if not hasattr(model, "embedding"):
        return "it has no gradient to follow"
    return None


def explain_by_gradient(game: Game) -> Explanation:
    """Gradient × input: each event's vector times the slope of the score there, added up (arXiv 1704.02685, section 3.2).

    A first guess at what the event adds, good where the model is nearly linear.
    """
    return _attributed(game, "gradient", integrate=False)


def explain_by_integrated_gradients(game: Game) -> Explanation:
    """The slopes on the straight way from vectors of 0 to the events' own, added up (Sundararajan et al., arXiv 1703.01365).

    The baseline is the score where all events are read as 0; from there the values add up to the score, but for the steps of the way.
    """
    return _attributed(game, "integrated-gradients", integrate=True)


def _attributed(game: Game, method: str, integrate: bool) -> Explanation:
    import torch
    from captum.attr import InputXGradient, IntegratedGradients

    since, game = game.spent(), game.of_events()
    values, baseline = np.zeros(len(game.players)), None
    with torch.backends.cudnn.flags(enabled=False):  # it has no gradients for what is not in training
        read, start, value = _read(game)
        if len(game.steps) and integrate:
            nothing = torch.where(torch.arange(read.shape[1])[None, :, None] < start, read.cpu(), 0.0).to(read.device)
            at_once = max(1, 16_384 // read.shape[1])
            parts = IntegratedGradients(value).attribute(read, nothing, n_steps=POINTS, method="gausslegendre", internal_batch_size=at_once)
            with torch.no_grad():
                baseline = float(value(nothing)[0])
        elif len(game.steps):
            parts = InputXGradient(value).attribute(read.requires_grad_())
        if len(game.steps):
            found = np.zeros(len(game.steps))
            events = parts[0, start:].sum(-1).detach().double().cpu().numpy()
            found[len(found) - len(events) :] = events  # those beyond the model's reach have no slope
            values = np.array([found[np.searchsorted(game.steps, player.steps)].sum() for player in game.players])
    game.count(POINTS + 1 if integrate else 1)
    return game.explained(method, values, None, since, baseline=baseline)


def _read(game: Game) -> "tuple[Tensor, int, Callable[[Tensor], Tensor]]":
    """The vectors (1, T, D) that the model reads, which of them is the first event, and the value (B,) as a function of such vectors."""
    import torch
    from torch import Tensor, nn

    class Reader(nn.Module):
        """Stands where the model looks events up; hands over what it is given, or what it finds."""

        def __init__(self, own: Any) -> None:
            super().__init__()
            self.own = own
            self.given: Tensor | None = None
            self.found: Tensor | None = None

        def forward(self, codes: Any, *rest: Any) -> Any:
            if self.given is None:
                self.found = self.own(codes, *rest)
                return self.found
            return self.given

        def __getattr__(self, name: str) -> Any:
            return super().__getattr__(name) if name in ("own", "training") else getattr(super().__getattr__("own"), name)

    model: Any = game.model
    other, reader = copy(model), Reader(model.embedding)
    other.__dict__["_modules"] = {**model._modules, "embedding": reader}  # the model itself is shared, and never changed
    ((_, tokens),) = model._last_batches(model._stream([game.known]))
    with torch.no_grad():
        items = model.item_vectors().float().clone()
        other(tokens, last_only=True)
    start = tokens.codes.shape[1] - min(tokens.codes.shape[1], len(game.steps))

    def value(vectors: "Tensor") -> "Tensor":
        reader.given = vectors
        return _of_scores(game, other.scores(other(tokens.repeated(len(vectors)), last_only=True), items))

    assert reader.found is not None, "the model looked no event up"
    return reader.found.clone().detach(), start, value


def _of_scores(game: Game, scores: "Tensor") -> "Tensor":
    """The value (B,) to explain, of scores (B, n_items)."""
    import torch

    own = scores[:, game.column]
    if game.target == "logit":
        return own
    others = scores.masked_fill(torch.from_numpy(~game.rivals).to(scores.device), -torch.inf)
    if game.target == "probability":
        return torch.sigmoid(own - others.logsumexp(1))
    return own - others.topk(min(TOP_K, int(game.rivals.sum())), dim=1).values[:, -1] if game.rivals.any() else own * 0
