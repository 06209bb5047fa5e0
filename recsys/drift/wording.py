"""What changed, in words a person would say: from gyms near Northgate in the morning to bars in Old Harbour in the evening."""

import numpy as np

from recsys.drift.detection.change_kinds import shares_of
from recsys.drift.detection.change_points import ChangePoint
from recsys.drift.detection.event_features import DAY, HOURS, UserEvents
from recsys.drift.detection.feature_space import AROUND

NEAR = "near"
ALONE = dict(zip(HOURS, ("early mornings", "mornings", "afternoons", "hours after work", "evenings", "nights"), strict=True))
TELLING = 0.08  # by how much a share must have moved to be named
SAID = {"taste": ("category",), "place": ("area",), "rhythm": ("hour",), "novelty": ("item",), "return": ("item",)}


def from_and_to(events: UserEvents, found: ChangePoint, kind: str, clustered: bool) -> tuple[str, str]:
    """What became less and what more, both as phrases; always in the terms of the kind, in others where they moved nearly as clearly."""
    stretches = (found.first, found.step), (found.step, found.last if found.until is None else found.until)
    if found.until is not None:
        stretches = (0, found.step), stretches[1]
    views = ["item"] if kind in ("novelty", "return") else [name for name in events.views if name != "item"]
    one, other = [{name: shares_of(events, name, *stretch, found.clues.get(name, "")) for name in views} for stretch in stretches]
    moved = {name: other[name] - one[name] for name in views}
    clear = max(3.0, max(found.z.values()) / 2)
    named = [
        name
        for name, by in moved.items()
        if name in SAID.get(kind, ()) or (found.z.get(name, 0.0) > clear and np.abs(by).max() > 2 * TELLING)
    ]
    named = named or [max(moved, key=lambda name: float(np.abs(moved[name]).max()))]
    before, after = (_phrase(events, {name: sign * moved[name] for name in named}, clustered) for sign in (-1, 1))
    return before, f"another {after}" if before == after else after  # of the same name


def _phrase(events: UserEvents, gains: dict[str, np.ndarray], clustered: bool) -> str:
    """What gained: kinds, then where, then when."""
    parts: list[str] = []
    for name in ("item", "category", "area", "hour"):
        if name not in gains or gains[name].max() <= 0:
            continue
        order = np.argsort(-gains[name], kind="stable")[: 2 if name == "category" and not clustered else 1]
        best = [events.views[name].levels[at] for at in order if gains[name][at] >= max(TELLING, gains[name][order[0]] / 3)] or [
            events.views[name].levels[order[0]]
        ]
        text = " and ".join(plural(each) for each in best) if name == "category" and not clustered else best[0]
        if name == "hour" and not parts:
            text = ALONE.get(text, text)
        parts.append(f"{NEAR} {text}" if name == "area" and parts and not text.startswith(AROUND) else text)
    return " ".join(parts) or "what was there before"


def plural(name: str) -> str:
    """A kind of place as several, where it reads like a word; names such as "Home (private)" stay."""
    last = name.split(" ")[-1]
    if not last.isalpha() or not name.islower() or last.endswith("s"):
        return name
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if last.endswith(("ch", "sh", "x", "z")) else "s")


def sentence(events: UserEvents, found: ChangePoint, kind: str, phrases: tuple[str, str]) -> str:
    """The change in one clause, with how long it took or lasted."""
    before, after = phrases
    if found.until is not None:
        return _passing(events, found, after)
    slowly = "little by little " if found.dated.gradual else ""
    return f"{slowly}from {before} to {after}"


def _passing(events: UserEvents, found: ChangePoint, after: str) -> str:
    assert found.until is not None
    if events.times is None:
        return f"for {found.until - found.step} steps more {after}, then back"
    days = max(1, round((events.times[found.until - 1] - events.times[found.step]) / DAY))
    span = f"{days} day{'s' if days > 1 else ''}" if days < 21 else f"{round(days / 7)} weeks"
    if found.why == "season":
        month = np.array(events.times[found.step] + 7 * DAY).astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12
        return f"every year from {MONTHS[int(month)]}, for about {max(1, round(days / 30))} months: more {after}"
    trip = days < 21 and found.z.get("area", 0.0) == max(found.z.values())
    return f"{'away' if trip else 'for'} {'for ' if trip else ''}{span}: {after}, then back"


MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
