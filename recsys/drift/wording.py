"""Changes of interest in words: from gym near Northgate in the morning to bar near Old Harbour in the evening.

Detection keeps only the terms of a change; sentences are composed from them when they are shown, in the language of the reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from recsys.core.formatting import join_words, month_names
from recsys.core.translation import N_, _, ngettext
from recsys.drift.detection.change_kinds import shares_of
from recsys.drift.detection.change_points import ChangePoint
from recsys.drift.detection.event_features import DAY, HOURS, OTHER_ITEMS, UserEvents
from recsys.drift.detection.feature_space import AROUND, ClusterName

HOURS_ALONE = dict(
    zip(
        HOURS,
        (N_("early mornings"), N_("mornings"), N_("afternoons"), N_("hours after work"), N_("evenings"), N_("nights")),
        strict=True,
    )
)
MIN_MOVED = 0.08  # by how much a share must have moved to be named
VIEWS_OF_KIND = {"taste": ("category",), "place": ("area",), "rhythm": ("hour",), "novelty": ("item",), "return": ("item",)}

# Phrases by the views that are named; a "place" is an area that is named after an item in it.
PHRASES = {
    ("kinds", "area"): N_("{kinds} near {area}"),
    ("kinds", "place"): N_("{kinds} around {place}"),
    ("kinds", "when"): N_("{kinds} {when}"),
    ("area", "when"): N_("{area} {when}"),
    ("place", "when"): N_("around {place} {when}"),
    ("kinds", "area", "when"): N_("{kinds} near {area} {when}"),
    ("kinds", "place", "when"): N_("{kinds} around {place} {when}"),
}

Span = Literal["", "steps", "trip", "while", "season"]


@dataclass(frozen=True)
class LevelTerms:
    """Levels whose shares grew on one side of a change, as they stand in the data: an item, or kinds, an area and an hour.

    `examples` are the titles that a cluster of items is named after, where the kind is a cluster.
    """

    item: str | None = None
    kinds: tuple[str, ...] = ()
    area: str | None = None
    hour: str | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeTerms:
    """Everything that the words about a change are composed from, in no language.

    `before` lost and `after` gained. `span` is "" for a lasting change; a temporary one is a number of steps, a trip or a while of
    so many days, or a season that begins in `month` (1 to 12) and lasts so many days.
    """

    before: LevelTerms
    after: LevelTerms
    gradual: bool = False
    span: Span = ""
    steps: int = 0
    days: int = 0
    month: int = 0


def collect_change_terms(events: UserEvents, found: ChangePoint, kind: str, clustered: bool) -> ChangeTerms:
    """Return the terms of a change: always those of its kind, and others where they moved nearly as clearly."""
    stretches = (found.begin, found.step), (found.step, found.end if found.until is None else found.until)
    if found.until is not None:
        stretches = (0, found.step), stretches[1]
    views = ["item"] if kind in ("novelty", "return") else [name for name in events.views if name != "item"]
    one, other = [{name: shares_of(events, name, *stretch, found.features.get(name, "")) for name in views} for stretch in stretches]
    moved = {name: other[name] - one[name] for name in views}
    clear = max(3.0, max(found.z.values()) / 2)
    named = [
        name
        for name, by in moved.items()
        if name in VIEWS_OF_KIND.get(kind, ()) or (found.z.get(name, 0.0) > clear and np.abs(by).max() > 2 * MIN_MOVED)
    ]
    named = named or [max(moved, key=lambda name: float(np.abs(moved[name]).max()))]
    before, after = (_collect_levels(events, {name: sign * moved[name] for name in named}, clustered) for sign in (-1, 1))
    return _with_span(ChangeTerms(before, after, found.date.gradual), events, found)


def _collect_levels(events: UserEvents, gains: dict[str, np.ndarray], clustered: bool) -> LevelTerms:
    """Return the levels that gained most in each view, up to two kinds where these are categories."""
    best: dict[str, list[str]] = {}
    for name in ("item", "category", "area", "hour"):
        if name not in gains or gains[name].max() <= 0:
            continue
        levels = events.views[name].levels
        several = name == "category" and not clustered
        order = np.argsort(-gains[name], kind="stable")[: 2 if several else 1]
        enough = max(MIN_MOVED, gains[name][order[0]] / 3)
        best[name] = [levels[at] for at in order if gains[name][at] >= enough] or [levels[order[0]]]
    kinds = best.get("category", [])
    examples = kinds[0].titles if kinds and isinstance(kinds[0], ClusterName) else ()
    item, area, hour = (best[name][0] if name in best else None for name in ("item", "area", "hour"))
    return LevelTerms(item, tuple(str(each) for each in kinds), area, hour, examples)


def _with_span(terms: ChangeTerms, events: UserEvents, found: ChangePoint) -> ChangeTerms:
    """Add how long a temporary change took."""
    if found.until is None:
        return terms
    if events.times is None:
        return replace(terms, span="steps", steps=found.until - found.step)
    days = max(1, round((events.times[found.until - 1] - events.times[found.step]) / DAY))
    if found.is_seasonal:
        month = np.array(events.times[found.step] + 7 * DAY).astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12
        return replace(terms, span="season", days=days, month=int(month) + 1)
    is_trip = days < 21 and found.z.get("area", 0.0) == max(found.z.values())
    return replace(terms, span="trip" if is_trip else "while", days=days)


def describe_before(terms: ChangeTerms) -> str:
    """Return a phrase for what became less."""
    return _describe_levels(terms.before)


def describe_after(terms: ChangeTerms) -> str:
    """Return a phrase for what became more."""
    phrase = _describe_levels(terms.after)
    return _("another {name}", name=phrase) if terms.before == terms.after else phrase  # two things of the same name


def describe_change(terms: ChangeTerms) -> str:
    """Return the change in one clause, with how fast it came or how long it lasted."""
    before, after = describe_before(terms), describe_after(terms)
    match terms.span:
        case "steps":
            return ngettext("for {count} step: {after}, then back", "for {count} steps: {after}, then back", terms.steps, after=after)
        case "season":
            return ngettext(
                "every year from {month}, for about {count} month: {after}",
                "every year from {month}, for about {count} months: {after}",
                max(1, round(terms.days / 30)),
                month=month_names()[terms.month - 1],
                after=after,
            )
        case "trip":
            return ngettext(
                "away for {count} day: {after}, then back", "away for {count} days: {after}, then back", terms.days, after=after
            )
        case "while" if terms.days < 21:
            return ngettext("for {count} day: {after}, then back", "for {count} days: {after}, then back", terms.days, after=after)
        case "while":
            return ngettext(
                "for {count} week: {after}, then back", "for {count} weeks: {after}, then back", round(terms.days / 7), after=after
            )
    if terms.gradual:
        return _("little by little from {before} to {after}", before=before, after=after)
    return _("from {before} to {after}", before=before, after=after)


def word_kept_change(change: Mapping[str, Any]) -> str:
    """Return the words of a change of a kept report in the current language; English ones where it was kept without terms."""
    kept = change.get("terms")
    if kept is None:
        return str(change["words"])
    sides = {side: LevelTerms(**{name: _as_tuple(value) for name, value in kept[side].items()}) for side in ("before", "after")}
    return describe_change(ChangeTerms(**{**kept, **sides}))


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def level_label(view: str, name: str) -> str:
    """Return a level of a view (category, area, hour or item) as it is shown: names from the data as they are, others translated."""
    if view == "hour":
        return _(name) if name in HOURS else name
    if view == "area" and name.startswith(AROUND):
        return _("around {place}", place=name.removeprefix(AROUND))
    if isinstance(name, ClusterName):
        return _("things like {titles}", titles=join_words(name.titles))
    return _(OTHER_ITEMS) if view == "item" and name == OTHER_ITEMS else name


def _describe_levels(terms: LevelTerms) -> str:
    if terms.item is not None:
        return level_label("item", terms.item)
    kinds = join_words([level_label("category", ClusterName(terms.examples))] if terms.examples else terms.kinds)
    named: dict[str, str] = {"kinds": kinds} if kinds else {}
    if terms.area is not None:
        named["place" if terms.area.startswith(AROUND) else "area"] = terms.area.removeprefix(AROUND)
    if terms.hour is not None:
        named["when"] = level_label("hour", terms.hour)
    match tuple(named):
        case ():
            return _("the earlier pattern")
        case ("when",) if terms.hour in HOURS_ALONE:
            return _(HOURS_ALONE[terms.hour])
        case ("kinds",) | ("area",) | ("when",) as only:
            return named[only[0]]
        case ("place",):
            return level_label("area", terms.area or "")
        case several:
            return _(PHRASES[several], **named)
