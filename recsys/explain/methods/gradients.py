"""Gradient × input and integrated gradients with respect to the input vectors of events."""

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys.core import TOP_K, Recommender
from recsys.core.translation import _
from recsys.explain.explanation import Explanation
from recsys.explain.game import Game

if TYPE_CHECKING:
    from torch import Tensor

POINTS = 128
"""Points of the path from the baseline to the history at which gradients are integrated."""


def why_not(model: Recommender, game: Game) -> str | None:
    """Return why gradients are not offered for a model: only a network that reads events as vectors has them; None where they are."""
    del game
    if not hasattr(model, "embedding"):
        return _("the model has no gradients")
    return None


def explain_by_gradient(game: Game) -> Explanation:
    """Explain by gradient × input: each event's vector times the gradient of the score there, summed (arXiv 1704.02685, section 3.2).

    A first-order approximation of the event's effect, good where the model is nearly linear.
    """
    return _attribute(game, "gradient", integrate=False)


def explain_by_integrated_gradients(game: Game) -> Explanation:
    """Explain by gradients integrated on the straight path from zero vectors to the events' own (Sundararajan et al., arXiv 1703.01365).

    The baseline is the score with zero vectors for all events. The values add up to the score up to the error of the integration.
    """
    return _attribute(game, "integrated-gradients", integrate=True)


def _attribute(game: Game, method: str, integrate: bool) -> Explanation:
    import torch
    from captum.attr import InputXGradient, IntegratedGradients

    since, game = game.mark_cost(), game.events_only()
    values, baseline = np.zeros(len(game.players)), None
    with torch.backends.cudnn.flags(enabled=False):  # it has no gradients outside training mode
        read, start, value = _input_vectors(game)
        if len(game.steps) and integrate:
            zeros = torch.where(torch.arange(read.shape[1])[None, :, None] < start, read.cpu(), 0.0).to(read.device)
            at_once = max(1, 16_384 // read.shape[1])
            parts = IntegratedGradients(value).attribute(read, zeros, n_steps=POINTS, method="gausslegendre", internal_batch_size=at_once)
            with torch.no_grad():
                baseline = float(value(zeros)[0])
        elif len(game.steps):
            parts = InputXGradient(value).attribute(read.requires_grad_())
        if len(game.steps):
            found = np.zeros(len(game.steps))
            events = parts[0, start:].sum(-1).detach().double().cpu().numpy()
            found[len(found) - len(events) :] = events  # events beyond the maximum length have no gradient
            values = np.array([found[np.searchsorted(game.steps, player.steps)].sum() for player in game.players])
    game.count(POINTS + 1 if integrate else 1)
    return game.to_explanation(method, values, None, since, baseline=baseline)


def _input_vectors(game: Game) -> "tuple[Tensor, int, Callable[[Tensor], Tensor]]":
    """Return the input vectors (1, T, D), the position of the first event, and the target (B,) as a function of such vectors."""
    import torch
    from torch import Tensor, nn

    class Reader(nn.Module):
        """An embedding layer that returns given vectors, or looks up and remembers the model's own."""

        def __init__(self, own: Any) -> None:
            super().__init__()
            self.own = own
            self.given: Tensor | None = None
            self.looked_up: Tensor | None = None

        def forward(self, codes: Any, *rest: Any) -> Any:
            if self.given is None:
                self.looked_up = self.own(codes, *rest)
                return self.looked_up
            return self.given

        def __getattr__(self, name: str) -> Any:
            return super().__getattr__(name) if name in ("own", "training") else getattr(super().__getattr__("own"), name)

    model: Any = game.model
    other, reader = copy(model), Reader(model.embedding)
    other.__dict__["_modules"] = {**model._modules, "embedding": reader}  # the model itself is shared, and never changed
    ((_, tokens),) = model._last_batches(model._stream([game.known_request]))
    with torch.no_grad():
        items = model.item_vectors().float().clone()
        other(tokens, last_only=True)
    start = tokens.codes.shape[1] - min(tokens.codes.shape[1], len(game.steps))

    def value(vectors: "Tensor") -> "Tensor":
        reader.given = vectors
        return _target_of(game, other.score_items(other(tokens.repeat(len(vectors)), last_only=True), items))

    assert reader.looked_up is not None, "the model did not call its embedding layer"
    return reader.looked_up.clone().detach(), start, value


def _target_of(game: Game, scores: "Tensor") -> "Tensor":
    """Return the target (B,) of scores (B, n_items)."""
    import torch

    own = scores[:, game.column]
    if game.target == "logit":
        return own
    others = scores.masked_fill(torch.from_numpy(~game.competitors).to(scores.device), -torch.inf)
    if game.target == "probability":
        return torch.sigmoid(own - others.logsumexp(1))
    return own - others.topk(min(TOP_K, int(game.competitors.sum())), dim=1).values[:, -1] if game.competitors.any() else own * 0
