"""Pointer to the user's own events: the probability that each item of the history is the next one, mixed with the softmax.

In datasets with repeated items, counting beats most sequence models, since those must reconstruct every item from its vector. A
pointer (arXiv 1506.03134, mixed with the vocabulary as in arXiv 1704.04368) copies the item of an event directly. This one weights
events by similarity of situation, time gap, hour of the day, distance, and whether they followed the user's current item.
"""

import torch
from torch import Tensor, nn

from recsys.models.base.sequences import HOURS_PER_WEEK
from recsys.models.layers.attention import DISTANCE_BUCKETS, TIME_BUCKETS, Window, gather_bias

MASKED_LOGIT = -1e4
"""Logit of a masked event: its weight is 0, and its gradient is not NaN as it would be with −inf."""
HOUR_BUCKETS = 40
BIAS_SCALE = 10.0
"""Factor of the bias tables: Adam moves an entry by about the learning rate per step, and biases have to become large."""


def bucket_hours(requested: Tensor, happened: Tensor) -> Tensor:
    """Return buckets (B, R, C) of hours of the week (B, R) and (B, C): the difference on the clock from 0 to 12 hours, and the similarity
    of the days (weekday and weekend, same kind, same weekday); 0 where either is unknown."""
    now, then = requested[:, :, None], happened[:, None, :]
    apart = ((now - 1) % 24 - (then - 1) % 24).abs()
    both = ((now - 1) % HOURS_PER_WEEK >= 120) == ((then - 1) % HOURS_PER_WEEK >= 120)
    alike = both.long() + ((now - 1) // 24 == (then - 1) // 24)
    return torch.where((now > 0) & (then > 0), 1 + torch.minimum(apart, 24 - apart) + 13 * alike, 0)


class Pointer(nn.Module):
    """One softmax over "no repeat" and the events of the window. Four heads were tried: no better on check-ins."""

    def __init__(self, size: int, max_length: int, time: bool, distance: bool):
        super().__init__()
        self.asking = nn.Linear(size, size)
        self.situation = nn.Linear(size, size, bias=False)
        self.item = nn.Linear(size, size, bias=False)
        self.nothing = nn.Linear(size, 1)
        self.order = nn.Parameter(torch.zeros(max_length, 1))
        self.follows = nn.Parameter(torch.zeros(1))
        self.time = nn.Parameter(torch.zeros(TIME_BUCKETS, 1)) if time else None
        self.hour = nn.Parameter(torch.zeros(HOUR_BUCKETS, 1)) if time else None
        self.distance = nn.Parameter(torch.zeros(DISTANCE_BUCKETS, 1)) if distance else None

    def forward(
        self, states: Tensor, vectors: Tensor, codes: Tensor, hours: Tensor, window: Window, start: int
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Return the logits of "no repeat" (B, R) and of the events (B, R, C), and the terms of the latter.

        `states` and `vectors` (B, T, D) of all tokens, `codes` and `hours` (B, T); `start` is the code of the start token. The
        situation and the hour of an event are those of the token before it, at which it was requested.
        """
        rows, columns = window.rows, window.columns
        before = _shift(states)[:, columns]
        queries = self.asking(states[:, rows])
        keys = self.situation(before) + self.item(vectors[:, columns])
        terms = {"content": (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)}
        terms["order"] = BIAS_SCALE * gather_bias(self.order, window.order)
        terms["follows"] = BIAS_SCALE * self.follows * (codes[:, rows, None] == _shift(codes)[:, None, columns])
        if self.time is not None and self.hour is not None and window.time is not None:
            terms["time"] = BIAS_SCALE * gather_bias(self.time, window.time)[0]
            terms["hour"] = BIAS_SCALE * gather_bias(self.hour, bucket_hours(hours[:, rows], _shift(hours)[:, columns]))[0]
        if self.distance is not None and window.distance is not None:
            terms["distance"] = BIAS_SCALE * gather_bias(self.distance, window.distance)[0]
        gap = torch.arange(rows.start, rows.stop, device=codes.device)[:, None] - torch.arange(
            columns.start, columns.stop, device=codes.device
        )
        hidden = (gap < 0) | (gap >= len(self.order)) | ((codes == 0) | (codes == start))[:, None, columns]
        logits = sum(terms.values(), torch.zeros((), device=codes.device)).float().masked_fill(hidden, MASKED_LOGIT)
        return self.nothing(states[:, rows])[..., 0].float(), logits, terms


def _shift(values: Tensor) -> Tensor:
    """Shift values (B, T, …) by one token; zeros before the first."""
    return torch.cat([torch.zeros_like(values[:, :1]), values[:, :-1]], 1)
