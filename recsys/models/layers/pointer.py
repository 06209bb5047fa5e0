"""A pointer to the person's own events: which of them comes back now, as a part of the list beside the learnt softmax.

Where people return, two lines of counting beat most sequence models, since those must spell every item out of its vector. A
pointer (arXiv 1506.03134, mixed with the vocabulary as in arXiv 1704.04368) hands an event's item on as it is. Ours weighs events by
likeness of situation, time gap, hour of the day, distance, and whether they followed the item that the person is at now.
"""

import torch
from torch import Tensor, nn

from recsys.models.base.sequences import HOURS
from recsys.models.layers.attention import DISTANCE_BUCKETS, TIME_BUCKETS, Window, gather_bias

HIDDEN = -1e4
"""A logit that no weight comes from, and no gradient that is not a number."""
HOUR_BUCKETS = 40
SWIFT = 10.0
"""What tables of biases are multiplied with: a step of Adam moves an entry by the learning rate, and a bias has far to go."""


def hour_buckets(asked: Tensor, happened: Tensor) -> Tensor:
    """Buckets (B, R, C) of hours of the week (B, R) and (B, C): hours apart on the clock, 0 to 12, and how alike the days are, from
    one in the week and one not to the same weekday; 0 where either is unknown."""
    now, then = asked[:, :, None], happened[:, None, :]
    apart = ((now - 1) % 24 - (then - 1) % 24).abs()
    both = ((now - 1) % HOURS >= 120) == ((then - 1) % HOURS >= 120)
    alike = both.long() + ((now - 1) // 24 == (then - 1) // 24)
    return torch.where((now > 0) & (then > 0), 1 + torch.minimum(apart, 24 - apart) + 13 * alike, 0)


class Pointer(nn.Module):
    """One softmax over "nothing comes back" and the events of the window. Four heads in it were tried: no better on check-ins."""

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
        """Logits of "nothing" (B, R) and of the events (B, R, C), and the terms of the latter.

        `states` and `vectors` (B, T, D) of all tokens, `codes` and `hours` (B, T), `start` the code that is no event. An event's
        situation is the state of the token before it, at which it was asked for; so is its hour.
        """
        rows, columns = window.rows, window.columns
        before = _before(states)[:, columns]
        asking = self.asking(states[:, rows])
        keys = self.situation(before) + self.item(vectors[:, columns])
        terms = {"content": (asking * asking.shape[-1] ** -0.5) @ keys.transpose(-1, -2)}
        terms["order"] = SWIFT * gather_bias(self.order, window.order)
        terms["follows"] = SWIFT * self.follows * (codes[:, rows, None] == _before(codes)[:, None, columns])
        if self.time is not None and self.hour is not None and window.time is not None:
            terms["time"] = SWIFT * gather_bias(self.time, window.time)[0]
            terms["hour"] = SWIFT * gather_bias(self.hour, hour_buckets(hours[:, rows], _before(hours)[:, columns]))[0]
        if self.distance is not None and window.distance is not None:
            terms["distance"] = SWIFT * gather_bias(self.distance, window.distance)[0]
        gap = torch.arange(rows.start, rows.stop, device=codes.device)[:, None] - torch.arange(
            columns.start, columns.stop, device=codes.device
        )
        hidden = (gap < 0) | (gap >= len(self.order)) | ((codes == 0) | (codes == start))[:, None, columns]
        logits = sum(terms.values(), torch.zeros((), device=codes.device)).float().masked_fill(hidden, HIDDEN)
        return self.nothing(states[:, rows])[..., 0].float(), logits, terms


def _before(values: Tensor) -> Tensor:
    """Each token's (B, T, …) of the token before it; zeros before the first."""
    return torch.cat([torch.zeros_like(values[:, :1]), values[:, :-1]], 1)
