"""Explanations in one to three sentences, each a whole template and true of the numbers that fill it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys.core import TOP_K
from recsys.core.formatting import format_fixed, format_number, format_share, join_words
from recsys.core.translation import _, ngettext
from recsys.explain.counterfactual.addition import MAX_ADDED, Addition
from recsys.explain.counterfactual.removal import Counterfactual
from recsys.explain.explanation import Explanation, Player
from recsys.explain.fidelity.deletion import Fidelity

MAX_NAMED = 3
MAX_NAMED_REMOVALS = 8  # items of a counterfactual, above which only their number is given
ENOUGH_SHARE, LITTLE_SHARE = 0.6, 0.35  # shares of all increases: enough to be the reason, and too little for it
WORTH_NAMING = 0.25  # of the largest increase: a decrease that is worth a sentence
SURE = 2.0  # standard errors
MIN_EVENTS = 4  # below which the methods cannot be compared
TRUSTED, CHANCE = 0.9, 0.75  # shares of the random orders that a method beats
LEVEL = 0.98  # of the best method's areas
NEGLIGIBLE = 1e-4  # of the score


@dataclass(frozen=True)
class ClearContributions:
    """Positions of players that clearly raise and lower the score, the largest first, and the shares of all increases."""

    up: tuple[int, ...]
    down: tuple[int, ...]
    shares: tuple[float, ...]

    @property
    def named(self) -> tuple[int, ...]:
        """The players that together account for most of the increases, at most three."""
        held = np.cumsum(self.shares[:MAX_NAMED])
        enough = int(np.searchsorted(held, ENOUGH_SHARE - 1e-9)) + 1
        return self.up[: min(enough, MAX_NAMED)]

    @property
    def named_share(self) -> float:
        """The share of the named players in all increases."""
        return float(sum(self.shares[: len(self.named)]))


def find_clear_contributions(explanation: Explanation) -> ClearContributions:
    """Return the players that raise and lower the score by more than their standard errors allow and more than a negligible amount."""
    values, errors = explanation.values, explanation.standard_errors
    sure = np.abs(values) > np.maximum(SURE * errors, _negligible(explanation))
    order = explanation.strongest(len(values))
    up = tuple(int(at) for at in order if sure[at] and values[at] > 0)
    down = tuple(int(at) for at in order if sure[at] and values[at] < 0)
    total = float(values[values > 0].sum())
    return ClearContributions(up, down, tuple(float(values[at]) / total for at in up))


def has_contributions(explanation: Explanation) -> bool:
    """Return whether any player contributes more than a negligible amount, clearly or not."""
    return bool((np.abs(explanation.values) > _negligible(explanation)).any())


def _negligible(explanation: Explanation) -> float:
    return NEGLIGIBLE * max(abs(explanation.score - explanation.baseline), abs(explanation.score) * 0.01, 1e-9)


def merge_by_item(explanation: Explanation) -> Explanation:
    """Merge events of the same item into one player, so that a sentence names each item once."""
    order: dict[object, list[int]] = {}
    for at, player in enumerate(explanation.players):
        order.setdefault(player.item_id if player.item_id is not None else (player.kind, at), []).append(at)
    parts = list(order.values())
    players = [_merge_players([explanation.players[at] for at in part]) for part in parts]
    values = np.array([explanation.values[part].sum() for part in parts])
    errors = np.array([np.sqrt((explanation.standard_errors[part] ** 2).sum()) for part in parts])
    return replace(explanation, players=tuple(players), values=values, standard_errors=errors)


def _merge_players(players: Sequence[Player]) -> Player:
    return replace(players[0], steps=tuple(sorted(step for player in players for step in player.steps)))


def describe_rank(explanation: Explanation, names: Sequence[str], rank: int, k: int = TOP_K) -> list[str]:
    """Describe the main reasons for an item's rank. `names` (P,) are the players as they are shown, with their markup."""
    clear = find_clear_contributions(explanation)
    where = {"rank": format_number(rank), "k": format_number(k)}
    if not clear.up:
        return [_describe_without_increases(explanation, clear, names, rank <= k, where)]
    named = [names[at] for at in clear.named]
    share, reasons = format_share(clear.named_share), join_words(named)
    if rank > k:
        reasons = join_words(named[:2])
        first = _("At rank {rank}, not in the top {k}: the largest increase comes from {reasons}.", reasons=reasons, **where)
    elif clear.named_share < LITTLE_SHARE:
        first = ngettext(
            "Recommended at rank {rank} because of many small increases; the largest is {reasons}, {share} of them all.",
            "Recommended at rank {rank} because of many small increases; the largest are {reasons}, together {share} of them all.",
            len(named),
            reasons=reasons,
            share=share,
            **where,
        )
    elif len(named) == 1:
        first = _(
            "Recommended at rank {rank} mainly because of {reasons}: {share} of what raises its score.",
            reasons=reasons,
            share=share,
            **where,
        )
    else:
        first = _(
            "Recommended at rank {rank} because of {reasons}, together {share} of what raises its score.",
            reasons=reasons,
            share=share,
            **where,
        )
    decrease = _decrease_worth_naming(explanation, clear)
    return [first] if decrease is None else [first, _("The largest decrease comes from {name}.", name=names[decrease])]


def _describe_without_increases(
    explanation: Explanation, clear: ClearContributions, names: Sequence[str], is_listed: bool, where: Mapping[str, str]
) -> str:
    if clear.down:
        name = names[clear.down[0]]
        if is_listed:
            return _("Recommended at rank {rank}, although nothing raises its score; {name} lowers it most.", name=name, **where)
        return _("At rank {rank}, not in the top {k}: nothing raises its score, and {name} lowers it most.", name=name, **where)
    if has_contributions(explanation):
        if is_listed:
            return _("Recommended at rank {rank}; no contribution is estimated precisely enough to be named.", **where)
        return _("At rank {rank}, not in the top {k}; no contribution is estimated precisely enough to be named.", **where)
    if is_listed:
        return _("Recommended at rank {rank}, but no event changes its score: every user would get it at much the same score.", **where)
    return _("At rank {rank}, not in the top {k}: no event changes its score, which is much the same for every user.", **where)


def _decrease_worth_naming(explanation: Explanation, clear: ClearContributions) -> int | None:
    """Return the player with the largest clear decrease, if it is large enough beside the largest increase."""
    if clear.down and -explanation.values[clear.down[0]] >= WORTH_NAMING * explanation.values[clear.up[0]]:
        return clear.down[0]
    return None


def describe_removal(found: Counterfactual, names: Sequence[str], replacement: str | None) -> str:
    """Describe the smallest change that removes an item. `names` are the items of the removed events, each once."""
    if not found.verified:
        return _("It would stay in the top {k} even without the whole history.", k=format_number(found.k))
    if len(names) > MAX_NAMED_REMOVALS:
        # The search may have run out of budget, so a smaller set may exist.
        return ngettext(
            "It does not depend on a few events: the smallest set found whose removal drops it from the list has {count} event.",
            "It does not depend on a few events: the smallest set found whose removal drops it from the list has {count} events.",
            len(found.removed),
        )
    rank = format_number(found.rank_after or 0)
    if len(names) <= MAX_NAMED:
        removed = join_words(names)
        if replacement:
            return _(
                "Without {removed} it would be at rank {rank}, and {replacement} would enter the list.",
                removed=removed,
                rank=rank,
                replacement=replacement,
            )
        return _("Without {removed} it would be at rank {rank}.", removed=removed, rank=rank)
    if replacement:
        return ngettext(
            "Without {count} event, including {name}, it would be at rank {rank}, and {replacement} would enter the list.",
            "Without {count} events, including {name}, it would be at rank {rank}, and {replacement} would enter the list.",
            len(found.removed),
            name=names[-1],
            rank=rank,
            replacement=replacement,
        )
    return ngettext(
        "Without {count} event, including {name}, it would be at rank {rank}.",
        "Without {count} events, including {name}, it would be at rank {rank}.",
        len(found.removed),
        name=names[-1],
        rank=rank,
    )


def describe_addition(found: Addition, names: Sequence[str], displaced: str | None) -> str:
    """Describe the events that would bring a wanted item in. `names` are their items, `displaced` the item that would leave."""
    before = format_number(found.rank_before)
    if not found.verified:
        return ngettext(
            "No addition of {count} event was found that brings it into the list: it is at rank {rank}.",
            "No addition of up to {count} events was found that brings it into the list: it is at rank {rank}.",
            MAX_ADDED,
            rank=before,
        )
    counts = {name: names.count(name) for name in names}
    added = join_words(
        name if count == 1 else ngettext("{name} ({count} time)", "{name} ({count} times)", count, name=name)
        for name, count in counts.items()
    )
    after = format_number(found.rank_after or 0)
    if displaced:
        return _(
            "After {added}, the item would be at rank {after} instead of {before}, and {displaced} would leave the list.",
            added=added,
            after=after,
            before=before,
            displaced=displaced,
        )
    return _("After {added}, the item would be at rank {after} instead of {before}.", added=added, after=after, before=before)


def describe_fidelity(found: Fidelity, titles: Mapping[str, str]) -> str:
    """Describe which methods to trust for this item: those that beat nearly all random orders, both at deletion and at insertion."""
    if len(next(iter(found.weights.values()))) < MIN_EVENTS:
        return _("With so few events, any order is nearly as good as another, so the methods cannot be compared for this item.")
    shares = {name: found.share_beaten(name) for name in found.curves}
    good = [name for name in shares if shares[name] >= TRUSTED]
    if not good:
        return _("No method is clearly better than chance for this item: none of them can be trusted here.")
    area = {name: sum(found.curves[name].metrics[each] for each in ("deletion", "insertion")) for name in good}
    best = max(area, key=lambda name: area[name])
    level = [titles[name] for name in good if name != best and area[name] >= LEVEL * area[best]]
    values = {
        "best": titles[best],
        "beaten": format_beaten_orders(shares[best], len(found.random)),
        "orders": format_number(len(found.random)),
    }
    sentences = [
        _(
            "Trust {best} for this item: removing and adding events in its order changes the score more than {beaten} of {orders} random orders.",
            **values,
        )
    ]
    if level:
        sentences.append(ngettext("{methods} is about as good.", "{methods} are about as good.", len(level), methods=join_words(level)))
    poor = [titles[name] for name in shares if shares[name] < CHANCE]
    if poor:
        sentences.append(
            ngettext(
                "{methods} is no better than chance here.", "{methods} are no better than chance here.", len(poor), methods=join_words(poor)
            )
        )
    return " ".join(sentences)


def format_beaten_orders(share: float, count: int) -> str:
    """Return the number of random orders that a share of them is, such as 7.5; a tie counts half."""
    return format_number(share * count, 1)


def describe_additivity(explanation: Explanation) -> str:
    """Describe how baseline and contributions add up to the score, and how precise they are."""
    whole = explanation.score - explanation.baseline
    values = {
        "baseline": _rounded(explanation.baseline, whole),
        "change": _rounded(abs(whole), whole),
        "score": _rounded(explanation.score, whole),
        "rest": _rounded(explanation.residual, 10 * explanation.residual),
    }
    has_residual = abs(explanation.residual) > 5e-4 * max(abs(whole), 1e-9)
    if whole >= 0 and has_residual:
        sentence = _(
            "Starting from the baseline {baseline}, the contributions add {change}, giving {score}; the method does not attribute {rest} of the change (the residual).",
            **values,
        )
    elif whole >= 0:
        sentence = _("Starting from the baseline {baseline}, the contributions add {change}, giving {score}.", **values)
    elif has_residual:
        sentence = _(
            "Starting from the baseline {baseline}, the contributions subtract {change}, giving {score}; the method does not attribute {rest} of the change (the residual).",
            **values,
        )
    else:
        sentence = _("Starting from the baseline {baseline}, the contributions subtract {change}, giving {score}.", **values)
    unsure = SURE * float(explanation.standard_errors.max(initial=0.0))
    if explanation.exact or unsure <= _negligible(explanation):
        precision = _("Every bar is exact.")
    else:
        precision = _("Thin lines are error bars of two standard errors, at most ±{error}.", error=_rounded(unsure, 10 * unsure))
    return f"{sentence} {precision}"


def _rounded(value: float, scale: float) -> str:
    """Format a number with about three significant digits of the scale that it belongs to."""
    digits = int(np.clip(2 - np.floor(np.log10(max(abs(scale), 1e-9))), 0, 9))
    return format_fixed(value, digits) if round(value, digits) else format_number(0)
