"""Spatiotemporal transformer: the user's interest at a time and place, from the items, times and places of the history.

p(i | t, s) = softmax over items of r(t) · cos(x(t), c_i), mixed with a pointer to the user's own events (`layers/pointer.py`). x(t)
is the state of blocks with order, time and distance biases, and uses the hour of the week and the place of the request; c_i is the
item's text, a learnt difference and its place; r(t) is the learnt strength of interest, the inverse temperature of the softmax.

Deviations from the article: r depends on the request and not on the category of the item, since c_i holds the category; c_i changes
over time only where the model `evolves`, by a learnt map of the item's recent users (`layers/item_dynamics.py`). Places are random
Fourier features of several widths, so that products of vectors can be kernels of distance.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD, Dataset
from recsys.core.split import TRAIN, Split
from recsys.models.base.causal import CausalModel, Hidden, SequenceConfig
from recsys.models.base.places import locate_items
from recsys.models.base.sequences import HOURS_PER_WEEK, Tokens
from recsys.models.layers.attention import AttentionTrace, Block, Context, Window, run_blocks
from recsys.models.layers.derived_cache import DerivedCache
from recsys.models.layers.dropout import apply_dropout
from recsys.models.layers.item_dynamics import PERIODS, compute_item_states
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.losses import mixed_softmax_loss
from recsys.models.layers.pointer import MASKED_LOGIT, Pointer

WIDTHS_KM = (0.3, 1.0, 3.0, 10.0)
WAVES = 16
KM_PER_DEGREE = 111.2
SPOT_SIZE = 2 * WAVES * len(WIDTHS_KM)


@dataclass(frozen=True)
class SpatioTemporalConfig(SequenceConfig):
    """`time` and `place` can be switched off for ablations; with `evolves` item vectors change with their recent users."""

    time: bool = True
    place: bool = True
    evolves: bool = False
    text: str = "delta"
    dropout: float = 0.3
    batch_tokens: int = 3000

    @property
    def shows_attention(self) -> bool:
        return True


class SpatioTemporal(CausalModel):
    """Transformer blocks, item vectors of unit length, and a pointer; scores are log probabilities."""

    Config = SpatioTemporalConfig
    reads_event_text = True
    spots: Tensor
    middle: Tensor
    waves: Tensor
    turns: Tensor
    audience: Tensor

    def __init__(self, item_ids: np.ndarray, config: SpatioTemporalConfig):
        super().__init__(item_ids, config)
        size = config.embedding_size
        self.embedding = ItemVectors(len(item_ids), size, config.text)
        self._placed = DerivedCache()
        self.hours = nn.Embedding(HOURS_PER_WEEK + 1, size) if config.time else None
        if config.place:
            self.register_buffer("spots", torch.zeros(len(item_ids), SPOT_SIZE))
            self.register_buffer("middle", torch.zeros(2, dtype=torch.float64))
            self.register_buffer("waves", _waves())
            self.item_spot, self.here = nn.Linear(SPOT_SIZE, size, bias=False), nn.Linear(SPOT_SIZE, size, bias=False)
        if config.evolves:
            self.register_buffer("turns", torch.full((PERIODS - 1,), torch.inf, dtype=torch.float64))
            self.register_buffer("audience", torch.zeros(PERIODS, len(item_ids), size))
            self.changed = nn.Linear(size, size, bias=False)
            nn.init.zeros_(self.changed.weight)  # at the start of training, items do not change
        shape = (size, config.n_heads, config.max_length, config.dropout, config.time, config.place)
        self.blocks = nn.ModuleList([Block(*shape) for _ in range(config.n_blocks)])
        self.norm = nn.LayerNorm(size)
        self.interest, self.strength = nn.Linear(size, size), nn.Linear(size, 1)
        self.pointer = Pointer(size, config.max_length, config.time, config.place)
        if self.hours is not None:
            nn.init.normal_(self.hours.weight, std=0.02)
        nn.init.constant_(self.strength.bias, 10.0)

    def read(self, dataset: Dataset, split: Split) -> None:
        super().read(dataset, split)
        places = locate_items(dataset, split.labels == TRAIN) if self.config.place else None
        if places is not None and np.isfinite(places).all(axis=1).any():
            self.middle.copy_(torch.from_numpy(np.nanmean(places, axis=0)))
            self.spots.copy_(self._features(torch.from_numpy(np.array(places))))  # copied, since the dataset is read-only
        if self.config.evolves:
            from recsys.text import item_vectors, whiten

            turns, states = compute_item_states(dataset, split, whiten(item_vectors(dataset), self.config.embedding_size))
            self.turns.copy_(torch.from_numpy(turns))
            self.audience.copy_(torch.from_numpy(states))

    def item_vectors(self) -> Tensor:
        """Return vectors (n_items, D) of length 1; if items evolve (n_items, PERIODS · D), one vector of length 1 per period."""
        return self._items_by_period().transpose(0, 1).flatten(1)

    def _items_by_period(self) -> Tensor:
        """Return vectors (PERIODS, n_items, D) of length 1; (1, n_items, D) where items do not evolve."""
        static = self._table()[None, 1:-1]
        return functional.normalize(static + self.changed(self.audience) if self.config.evolves else static, dim=-1)

    def item_sources(self) -> list[Tensor]:
        dynamics = [self.audience, self.changed.weight] if self.config.evolves else []
        return [*super().item_sources(), *([self.spots, self.item_spot.weight] if self.config.place else []), *dynamics]

    @property
    def receptive_field(self) -> int:
        return (self.config.n_blocks + 1) * (self.config.max_length - 1) + 2

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Return the summed −log p of the targets under the mixture of softmax and pointer, and their number."""
        targets, codes = self._on_device(tokens.targets), self._on_device(tokens.codes)
        states, context, vectors = self._encode(tokens, codes, None, None)
        (window,) = context.windows(0, codes.shape[1], self.config.max_length, codes.device)
        no_repeat, logits, _terms = self.pointer(states, vectors, codes, self._on_device(tokens.hours), window, len(self.vocabulary) + 1)
        is_target = targets != PAD
        total_logit = torch.logaddexp(no_repeat, logits.logsumexp(-1))
        repeats = logits.masked_fill(codes[:, None, :] != targets[:, :, None], MASKED_LOGIT).logsumexp(-1)
        shares = (no_repeat - total_logit)[is_target], (repeats - total_logit)[is_target]
        # The weight of an event falls with the root of its history's length, so that long histories do not dominate short ones.
        length_weights = is_target.sum(1, keepdim=True).clamp_min(1).float() ** -0.5
        weights = length_weights.expand_as(is_target)[is_target]
        weights = weights * (len(weights) / weights.sum().clamp_min(1e-6))
        interest, chosen, periods = self._interest(states[is_target]).float(), targets[is_target] - 1, self._periods(tokens)[is_target]
        total = states.new_zeros(())
        for period, items in enumerate(self._items_by_period().float()):
            now = periods == period
            known = shares[0][now], shares[1][now], weights[now]
            total = total + mixed_softmax_loss(interest[now], items, chosen[now], *known, precision)
        return total, len(periods)

    def forward(self, tokens: Tokens, last_only: bool = False, attention: AttentionTrace | None = None) -> Hidden:
        codes, hours = self._on_device(tokens.codes), self._on_device(tokens.hours)
        length, most = codes.shape[1], self.config.max_length
        kept = min(length, most + 1) if last_only else length  # the pointer needs the states of its window and one token before it
        states, context, vectors = self._encode(tokens, codes, kept if last_only else None, attention)
        codes, hours, vectors = codes[:, -kept:], hours[:, -kept:], vectors[:, -kept:]
        rows = 1 if last_only else kept
        parts = []
        for window in context.last(kept).windows(kept - rows, kept, most, codes.device):
            no_repeat, logits, terms = self.pointer(states, vectors, codes, hours, window, len(self.vocabulary) + 1)
            total_logit = torch.logaddexp(no_repeat, logits.logsumexp(-1))
            weights = (logits - total_logit[..., None]).exp()
            if attention is not None:
                attention.layers.append(_to_attention_layer(weights, terms))
            parts.append(_select_band(weights, codes, window, min(most, kept)))
        copies, copied_codes = (torch.cat(each, 1) for each in zip(*parts, strict=True))
        return Hidden(self._in_period(self._interest(states[:, -rows:]), tokens), copies, copied_codes, {"own history": copies.sum(-1)})

    def _encode(self, tokens: Tokens, codes: Tensor, last: int | None, attention: AttentionTrace | None) -> tuple[Tensor, Context, Tensor]:
        """Return states (B, T, D), or of the `last` tokens alone; the context; and the vectors (B, T, D) of the tokens."""
        time, place = self.config.time, self.config.place
        vectors = x = self.embedding(codes, self._table())
        if self.hours is not None:
            x = x + self.hours(self._on_device(tokens.hours))
        if place:
            x = x + self.here(self._features(self._on_device(tokens.here)))
        if self.said is not None:
            x = x + self.said(tokens)
        context = Context(
            seconds=self._on_device(tokens.seconds) if time else None,
            asked=self._on_device(tokens.asked) if time else None,
            places=self._on_device(tokens.places) if place else None,
            here=self._on_device(tokens.here) if place else None,
            padding=codes == PAD if bool((tokens.codes[:, 0] == PAD).any()) else None,
        )
        x = apply_dropout(x, self.config.dropout, self.training)
        return self.norm(run_blocks(self.blocks, x, context, self.config.max_length, last, attention)), context, vectors

    def _interest(self, states: Tensor) -> Tensor:
        """Return r(t) x(t) / |x(t)|, whose product with an item vector is the logit."""
        return functional.normalize(self.interest(states), dim=-1) * functional.softplus(self.strength(states))

    def _in_period(self, interest: Tensor, tokens: Tokens) -> Tensor:
        """Place the interest (B, R, D) of the last R tokens among zeros (B, R, PERIODS · D) where items evolve.

        The product with the concatenated vectors of an item then uses its vector in the period of the request.
        """
        if not self.config.evolves:
            return interest
        period = functional.one_hot(self._periods(tokens)[:, -interest.shape[1] :], PERIODS).to(interest.dtype)
        return (period[..., None] * interest[..., None, :]).flatten(-2)

    def _periods(self, tokens: Tokens) -> Tensor:
        """Return the periods (B, T) of the tokens' requests; the last where the time is unknown."""
        asked = self._on_device(tokens.asked)
        if not self.config.evolves:
            return torch.zeros_like(asked, dtype=torch.int64)
        return torch.searchsorted(self.turns, asked.nan_to_num(nan=torch.inf), right=True)

    def _table(self) -> Tensor:
        """Return the lookup table (n_items + 2, D) by code: text, learnt difference and place."""

        def compute() -> Tensor:
            return self.embedding.table(self.embedding.vectors() + (self.item_spot(self.spots) if self.config.place else 0.0))

        return self._placed(self.item_sources(), compute)

    def _features(self, places: Tensor) -> Tensor:
        """Return Fourier features (…, SPOT_SIZE) of places (…, 2) in degrees, zeros where unknown; their products are kernels of distance."""
        offsets = places.double() - self.middle
        east = offsets[..., 1] * torch.cos(torch.deg2rad(self.middle[0]))
        angles = (torch.stack([offsets[..., 0], east], -1) * KM_PER_DEGREE).float() @ self.waves
        return torch.cat([angles.cos(), angles.sin()], -1).nan_to_num() * SPOT_SIZE**-0.5


def _waves() -> Tensor:
    """Return frequencies (2, SPOT_SIZE / 2) in radians per kilometre for Gaussian kernels (Rahimi & Recht 2007), always the same."""
    drawn = np.random.default_rng(0).standard_normal((2, len(WIDTHS_KM), WAVES)) / np.array(WIDTHS_KM)[None, :, None]
    return torch.from_numpy(drawn.reshape(2, -1).astype(np.float32))


def _select_band(weights: Tensor, codes: Tensor, window: Window, width: int) -> tuple[Tensor, Tensor]:
    """Return weights (B, R, C) and codes (B, T) as (B, R, width), each row with the tokens up to its own; memory is linear in the length."""
    rows = torch.arange(window.rows.start, window.rows.stop, device=codes.device)
    columns = (rows[:, None] + torch.arange(1 - width, 1, device=codes.device)).expand(len(codes), -1, -1)
    inside = columns >= window.columns.start
    own = (columns - window.columns.start).clamp_min(0)
    own_codes = codes[:, None, :].expand(-1, len(rows), -1).gather(2, columns.clamp_min(0))
    return torch.where(inside, weights.gather(2, own), 0.0), torch.where(inside, own_codes, PAD)


def _to_attention_layer(weights: Tensor, terms: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the pointer as one more layer of attention, with the probability of "no repeat" on the start token."""
    whole = weights.clone()
    whole[..., 0] += 1.0 - weights.sum(-1)
    return {"weights": whole[:, None], **{name: values.expand_as(whole)[:, None] for name, values in terms.items()}}
