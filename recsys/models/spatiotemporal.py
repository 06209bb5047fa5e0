"""Spatiotemporal dependence: what a person is interested in here and now, from what they did, when and where.

p(i | t, s) = softmax over items of r(t) · cos(x(t), c_i), beside a pointer to the person's own events (`copying.py`). x(t) is the
state of blocks with order, time and distance biases, told the hour of the week and the place of the request; c_i is the item's
text, a learnt difference and its place; r(t) is the learnt strength of interest, the temperature of the softmax.

Deviations from the article: r belongs to the moment and not to the kind of item, since the kind is in c_i; c_i changes over time
only where the model `evolves`, by a learnt map of who took the item lately (`audience.py`). Places go in as random Fourier features
of some widths, so that products of vectors can be kernels of distance.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recsys.core import PAD, Dataset
from recsys.core.split import TRAIN, Split
from recsys.models.base.causal import CausalModel, Hidden, SequenceConfig
from recsys.models.base.sequences import HOURS, Tokens
from recsys.models.layers.attention import AttentionTrace, Block, Context, Window, through_blocks
from recsys.models.layers.derived_cache import DerivedCache
from recsys.models.layers.dropout import fast_dropout
from recsys.models.layers.item_dynamics import PERIODS, item_states
from recsys.models.layers.item_vectors import ItemVectors
from recsys.models.layers.losses import mixed_softmax_loss
from recsys.models.layers.pointer import HIDDEN, Pointer
from recsys.models.popularity import item_places

WIDTHS_KM = (0.3, 1.0, 3.0, 10.0)
WAVES = 16
KM_PER_DEGREE = 111.2
SPOT_SIZE = 2 * WAVES * len(WIDTHS_KM)


@dataclass(frozen=True)
class SpatioTemporalConfig(SequenceConfig):
    """`time` and `place` can be left out, to see what each is worth; with `evolves` items change with their audience."""

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
    """Scores are log probabilities."""

    Config = SpatioTemporalConfig
    listens = True
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
        self.hours = nn.Embedding(HOURS + 1, size) if config.time else None
        if config.place:
            self.register_buffer("spots", torch.zeros(len(item_ids), SPOT_SIZE))
            self.register_buffer("middle", torch.zeros(2, dtype=torch.float64))
            self.register_buffer("waves", _waves())
            self.item_spot, self.here = nn.Linear(SPOT_SIZE, size, bias=False), nn.Linear(SPOT_SIZE, size, bias=False)
        if config.evolves:
            self.register_buffer("turns", torch.full((PERIODS - 1,), torch.inf, dtype=torch.float64))
            self.register_buffer("audience", torch.zeros(PERIODS, len(item_ids), size))
            self.changed = nn.Linear(size, size, bias=False)
            nn.init.zeros_(self.changed.weight)  # items begin as what they always are
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
        places = item_places(dataset, split.labels == TRAIN) if self.config.place else None
        if places is not None and np.isfinite(places).all(axis=1).any():
            self.middle.copy_(torch.from_numpy(np.nanmean(places, axis=0)))
            self.spots.copy_(self._features(torch.from_numpy(np.array(places))))  # a copy: the data is read-only
        if self.config.evolves:
            from recsys.text import item_vectors, whiten

            turns, states = item_states(dataset, split, whiten(item_vectors(dataset), self.config.embedding_size))
            self.turns.copy_(torch.from_numpy(turns))
            self.audience.copy_(torch.from_numpy(states))

    def item_vectors(self) -> Tensor:
        """(n_items, D), of length 1; of a model that evolves (n_items, PERIODS · D), one vector of length 1 after the other."""
        return self._items_by_period().transpose(0, 1).flatten(1)

    def _items_by_period(self) -> Tensor:
        """(PERIODS, n_items, D), of length 1; (1, n_items, D) where items stay what they are."""
        lasting = self._table()[None, 1:-1]
        return functional.normalize(lasting + self.changed(self.audience) if self.config.evolves else lasting, dim=-1)

    def item_sources(self) -> list[Tensor]:
        moving = [self.audience, self.changed.weight] if self.config.evolves else []
        return [*super().item_sources(), *([self.spots, self.item_spot.weight] if self.config.place else []), *moving]

    @property
    def reach(self) -> int:
        return (self.config.n_blocks + 1) * (self.config.max_length - 1) + 2

    def loss(self, tokens: Tokens, precision: torch.dtype) -> tuple[Tensor, int]:
        """Summed −log p of the targets: the softmax and the pointer as one mixture."""
        targets, codes = self._on_device(tokens.targets), self._on_device(tokens.codes)
        states, context, vectors = self._read(tokens, codes, None, None)
        (window,) = context.windows(0, codes.shape[1], self.config.max_length, codes.device)
        nothing, logits, _ = self.pointer(states, vectors, codes, self._on_device(tokens.hours), window, len(self.vocabulary) + 1)
        wanted = targets != PAD
        whole = torch.logaddexp(nothing, logits.logsumexp(-1))
        returns = logits.masked_fill(codes[:, None, :] != targets[:, :, None], HIDDEN).logsumexp(-1)
        shares = (nothing - whole)[wanted], (returns - whole)[wanted]
        # A long history must not drown the short ones, which are as many people: its events count less, by the root of their number.
        many = wanted.sum(1, keepdim=True).clamp_min(1).float() ** -0.5
        weights = many.expand_as(wanted)[wanted]
        weights = weights * (len(weights) / weights.sum().clamp_min(1e-6))
        interest, chosen, periods = self._interest(states[wanted]).float(), targets[wanted] - 1, self._periods(tokens)[wanted]
        total = states.new_zeros(())
        for period, items in enumerate(self._items_by_period().float()):
            now = periods == period
            known = shares[0][now], shares[1][now], weights[now]
            total = total + mixed_softmax_loss(interest[now], items, chosen[now], *known, precision)
        return total, len(periods)

    def forward(self, tokens: Tokens, last_only: bool = False, looks: AttentionTrace | None = None) -> Hidden:
        codes, hours = self._on_device(tokens.codes), self._on_device(tokens.hours)
        length, most = codes.shape[1], self.config.max_length
        kept = min(length, most + 1) if last_only else length  # the pointer needs the states of its window, and one before
        states, context, vectors = self._read(tokens, codes, kept if last_only else None, looks)
        codes, hours, vectors = codes[:, -kept:], hours[:, -kept:], vectors[:, -kept:]
        rows = 1 if last_only else kept
        parts = []
        for window in context.last(kept).windows(kept - rows, kept, most, codes.device):
            nothing, logits, terms = self.pointer(states, vectors, codes, hours, window, len(self.vocabulary) + 1)
            whole = torch.logaddexp(nothing, logits.logsumexp(-1))
            weights = (logits - whole[..., None]).exp()
            if looks is not None:
                looks.layers.append(_as_layer(weights, terms))
            parts.append(_banded(weights, codes, window, min(most, kept)))
        copies, copied_codes = (torch.cat(each, 1) for each in zip(*parts, strict=True))
        return Hidden(self._in_period(self._interest(states[:, -rows:]), tokens), copies, copied_codes, {"own history": copies.sum(-1)})

    def _read(self, tokens: Tokens, codes: Tensor, last: int | None, looks: AttentionTrace | None) -> tuple[Tensor, Context, Tensor]:
        """States (B, T, D), of the `last` tokens where only those are needed; the context; vectors (B, T, D) of the tokens."""
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
        x = fast_dropout(x, self.config.dropout, self.training)
        return self.norm(through_blocks(self.blocks, x, context, self.config.max_length, last, looks)), context, vectors

    def _interest(self, states: Tensor) -> Tensor:
        """r(t) x(t) / |x(t)|, which the cosine with an item is made of."""
        return functional.normalize(self.interest(states), dim=-1) * functional.softplus(self.strength(states))

    def _in_period(self, interest: Tensor, tokens: Tokens) -> Tensor:
        """Where items evolve, the interest (B, R, D) of the last R tokens stands among zeros (B, R, PERIODS · D): the product with all
        that an item ever is meets it as it is when asked for."""
        if not self.config.evolves:
            return interest
        period = functional.one_hot(self._periods(tokens)[:, -interest.shape[1] :], PERIODS).to(interest.dtype)
        return (period[..., None] * interest[..., None, :]).flatten(-2)

    def _periods(self, tokens: Tokens) -> Tensor:
        """(B, T) in which period each token's request is made; the last where that is unknown."""
        asked = self._on_device(tokens.asked)
        if not self.config.evolves:
            return torch.zeros_like(asked, dtype=torch.int64)
        return torch.searchsorted(self.turns, asked.nan_to_num(nan=torch.inf), right=True)

    def _table(self) -> Tensor:
        """(n_items + 2, D) by code: text, learnt difference and place."""

        def made() -> Tensor:
            return self.embedding.table(self.embedding.vectors() + (self.item_spot(self.spots) if self.config.place else 0.0))

        return self._placed(self.item_sources(), made)

    def _features(self, places: Tensor) -> Tensor:
        """Fourier features (…, SPOT_SIZE) of places (…, 2) in degrees, zeros where unknown; products of two are kernels of distance."""
        away = places.double() - self.middle
        east = away[..., 1] * torch.cos(torch.deg2rad(self.middle[0]))
        angles = (torch.stack([away[..., 0], east], -1) * KM_PER_DEGREE).float() @ self.waves
        return torch.cat([angles.cos(), angles.sin()], -1).nan_to_num() * SPOT_SIZE**-0.5


def _waves() -> Tensor:
    """(2, SPOT_SIZE / 2) frequencies in radians a kilometre: Gaussian kernels of the widths (Rahimi & Recht 2007), always the same."""
    drawn = np.random.default_rng(0).standard_normal((2, len(WIDTHS_KM), WAVES)) / np.array(WIDTHS_KM)[None, :, None]
    return torch.from_numpy(drawn.reshape(2, -1).astype(np.float32))


def _banded(weights: Tensor, codes: Tensor, window: Window, width: int) -> tuple[Tensor, Tensor]:
    """Weights (B, R, C) and codes (B, T) as (B, R, width): to each row the tokens up to its own, so that length takes no square of memory."""
    rows = torch.arange(window.rows.start, window.rows.stop, device=codes.device)
    columns = (rows[:, None] + torch.arange(1 - width, 1, device=codes.device)).expand(len(codes), -1, -1)
    inside = columns >= window.columns.start
    own = (columns - window.columns.start).clamp_min(0)
    there = codes[:, None, :].expand(-1, len(rows), -1).gather(2, columns.clamp_min(0))
    return torch.where(inside, weights.gather(2, own), 0.0), torch.where(inside, there, PAD)


def _as_layer(weights: Tensor, terms: dict[str, Tensor]) -> dict[str, Tensor]:
    """The pointer as one more layer of attention: what is not taken from the history looks at the start token."""
    whole = weights.clone()
    whole[..., 0] += 1.0 - weights.sum(-1)
    return {"weights": whole[:, None], **{name: values.expand_as(whole)[:, None] for name, values in terms.items()}}
