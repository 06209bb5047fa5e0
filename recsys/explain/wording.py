"""An explanation in one to three sentences, each composed from its numbers and true of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys.core import TOP_K
from recsys.explain.counterfactual.addition import MOST, Addition
from recsys.explain.counterfactual.removal import Counterfactual
from recsys.explain.explanation import Explanation, Player
from recsys.explain.fidelity.deletion import Fidelity

MOST_NAMED = 3
MOST_TAKEN = 8  # items, above which a counterfactual is no story any more
CARRIES, SPREAD = 0.6, 0.35  # shares of what pushes up: enough to be called the reason, and too little for it
SPEAKS = 0.25  # of the strongest push up: a push down worth a word
SURE = 2.0  # standard errors
TELLING = 4  # events, below which the methods cannot be told apart
TRUSTED, CHANCE = 0.9, 0.75  # of the random orders beaten
LEVEL = 0.98  # of the best method's areas
NOTHING = 1e-4  # of the score: what is smaller moves nothing


@dataclass(frozen=True)
class Pushes:
    """What of an explanation can be told: positions of players that surely push up and down, the strongest first, and shares of all pushes up."""

    up: tuple[int, ...]
    down: tuple[int, ...]
    shares: tuple[float, ...]

    @property
    def named(self) -> tuple[int, ...]:
        """Those that push up and together carry it, at most three."""
        held = np.cumsum(self.shares[:MOST_NAMED])
        enough = int(np.searchsorted(held, CARRIES - 1e-9)) + 1
        return self.up[: min(enough, MOST_NAMED)]

    @property
    def carried(self) -> float:
        return float(sum(self.shares[: len(self.named)]))


def pushes(explanation: Explanation) -> Pushes:
    """Who pushes the score up and down by more than chance and more than nothing."""
    values, errors = explanation.values, explanation.standard_errors
    sure = np.abs(values) > np.maximum(SURE * errors, _floor(explanation))
    order = explanation.strongest(len(values))
    up = tuple(int(at) for at in order if sure[at] and values[at] > 0)
    down = tuple(int(at) for at in order if sure[at] and values[at] < 0)
    total = float(values[values > 0].sum())
    return Pushes(up, down, tuple(float(values[at]) / total for at in up))


def moves(explanation: Explanation) -> bool:
    """Whether any player matters at all, surely or not."""
    return bool((np.abs(explanation.values) > _floor(explanation)).any())


def _floor(explanation: Explanation) -> float:
    return NOTHING * max(abs(explanation.score - explanation.baseline), abs(explanation.score) * 0.01, 1e-9)


def by_item(explanation: Explanation) -> Explanation:
    """Events of the same item as one player, so that a sentence names each thing once."""
    order: dict[object, list[int]] = {}
    for at, player in enumerate(explanation.players):
        order.setdefault(player.item_id if player.item_id is not None else (player.kind, at), []).append(at)
    parts = list(order.values())
    players = [_together([explanation.players[at] for at in part]) for part in parts]
    values = np.array([explanation.values[part].sum() for part in parts])
    errors = np.array([np.sqrt((explanation.standard_errors[part] ** 2).sum()) for part in parts])
    return replace(explanation, players=tuple(players), values=values, standard_errors=errors)


def _together(players: Sequence[Player]) -> Player:
    return replace(players[0], steps=tuple(sorted(step for player in players for step in player.steps)))


def why(explanation: Explanation, names: Sequence[str], place: int, k: int = TOP_K) -> list[str]:
    """Why the item stands where it stands. `names` (P,) are the players as they should be read, markup and all."""
    found = pushes(explanation)
    where = f"Recommended at place {place}" if place <= k else f"At place {place:,}, not among the {k}"
    if not found.up:
        if found.down:
            return [f"{where}, though nothing they did speaks for it; what speaks against it most is {names[found.down[0]]}."]
        if moves(explanation):
            return [f"{where}; what moves it most is not known sharply enough to be named."]
        return [f"{where}, and nothing they did moves it: anybody would get it at much the same score."]
    named = found.named
    listed = _listed([names[at] for at in named])
    if place > k:
        first = f"{where}: what speaks for it most is {_listed([names[at] for at in named[:2]])}."
    elif found.carried < SPREAD:
        first = f"{where}, by many small pushes; the largest {'is' if len(named) == 1 else 'are'} {listed}, together {found.carried:.0%} of them all."
    elif len(named) == 1:
        first = f"{where} because of {listed} above all: {found.shares[0]:.0%} of what pushes it up."
    else:
        first = f"{where} because of {listed}, together {found.carried:.0%} of what pushes it up."
    return [first, *(f"{_capital(names[at])} speaks against it." for at in _spoken_against(explanation, found))]


def _spoken_against(explanation: Explanation, found: Pushes) -> tuple[int, ...]:
    """The one that surely pushes down hardest, if it is worth a word beside what pushes up."""
    return found.down[:1] if found.down and -explanation.values[found.down[0]] >= SPEAKS * explanation.values[found.up[0]] else ()


def hangs_on(found: Counterfactual, names: Sequence[str], replacement: str | None) -> str:
    """What would have to be gone. `names` are what the removed events are of, each once."""
    if not found.verified:
        return f"It would stay among the {found.k} even if nothing of all this had happened."
    if len(names) > MOST_TAKEN:
        # A search that ran out of questions may have missed fewer, so it says what was found, not what there is.
        return f"It does not hang on a few events: the fewest found without which it leaves the list are {len(found.removed):,}."
    gone = _listed(names) if len(names) <= MOST_NAMED else f"{len(found.removed)} events, {names[-1]} among them,"
    comes = f", and {replacement} would come in" if replacement else ""
    return f"Without {gone} it would be at place {found.rank_after:,}{comes}."


def would_bring(found: Addition, names: Sequence[str], displaced: str | None) -> str:
    """What would bring a wanted item in. `names` are the further items, `displaced` the one that would leave."""
    if not found.verified:
        return f"No {MOST} further events were found that would bring it in: it stands at place {found.rank_before:,}."
    many = {name: names.count(name) for name in names}
    taken = _listed([name if times == 1 else f"{name} ({times} times)" for name, times in many.items()])
    leaves = f", and {displaced} would leave the list" if displaced else ""
    return f"Had they just taken {taken} too, the wanted one would be at place {found.rank_after} instead of {found.rank_before:,}{leaves}."


def verdict(found: Fidelity, titles: Mapping[str, str]) -> str:
    """Which methods to trust for this case: those that beat nearly all random orders, at taking events away and at bringing them in."""
    if len(next(iter(found.weights.values()))) < TELLING:
        return "With so few events, any order is nearly as good as another: this case cannot tell the methods apart."
    sure = {name: found.trust(name) for name in found.curves}
    good = [name for name in sure if sure[name] >= TRUSTED]
    if not good:
        return "No method beats chance clearly here: take none of them at its word."
    area = {name: sum(found.curves[name].metrics[each] for each in ("deletion", "insertion")) for name in good}
    best = max(area, key=lambda name: area[name])
    level = [titles[name] for name in good if name != best and area[name] >= LEVEL * area[best]]
    also = f", and {_listed(level)} {'is' if len(level) == 1 else 'are'} as good" if level else ""
    told = f"For this case trust {titles[best]}{also}: taking events away and bringing them in by its order moves the score most, more than {_all_of(sure[best], len(found.random))} random orders do."
    poor = [titles[name] for name in sure if sure[name] < CHANCE]
    return f"{told} {_capital(_listed(poor))} {'does' if len(poor) == 1 else 'do'} no better than chance here." if poor else told


def _all_of(share: float, count: int) -> str:
    return f"all {count}" if share == 1 else f"{beaten(share, count)} of {count}"


def beaten(share: float, count: int) -> str:
    """How many random orders a share is; a tie counts half."""
    return f"{share * count:.1f}".removesuffix(".0")


def adds_up(explanation: Explanation) -> str:
    """Whether baseline and contributions make the score, and how sure they are."""
    whole = explanation.score - explanation.baseline
    start, change, end = (_rounded(each, whole) for each in (explanation.baseline, abs(whole), explanation.score))
    moved = f"adds {change}" if whole >= 0 else f"takes away {change}"
    unplaced = abs(explanation.residual) > 5e-4 * max(abs(whole), 1e-9)
    left = f", of which {_rounded(explanation.residual, 10 * explanation.residual)} belongs to no bar" if unplaced else ""
    told = f"With nothing known it would stand at {start}; what is known {moved} and makes it {end}{left}."
    unsure = SURE * float(explanation.standard_errors.max(initial=0.0))
    if explanation.exact or unsure <= _floor(explanation):
        return f"{told} Every bar is exact."
    return f"{told} Thin lines show how sure a bar is, the least sure to within {_rounded(unsure, 10 * unsure)}."


def _rounded(value: float, scale: float) -> str:
    """A number with about three digits of the scale that it belongs to."""
    digits = int(np.clip(2 - np.floor(np.log10(max(abs(scale), 1e-9))), 0, 9))
    return f"{value:.{digits}f}".replace("-", "−") if round(value, digits) else "0"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
