"""The words of the page on drift: what changed, when, how sure, and what it did to the model."""

import numpy as np

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import formatting, html
from recsys.drift import Change, DriftReport
from recsys.drift.adaptation import Adaptation, measure_adaptation
from recsys.drift.detection.event_features import read_user_events
from recsys.drift.mobility import Anchor, measure_mobility
from recsys.figures.drift import STREAM, now_on_drift

VIEWS = {"category": "Kinds", "area": "Areas", "hour": "Hours"}
MAIN = {"taste": "category", "place": "area", "rhythm": "hour", "novelty": "category", "return": "category"}
STREAMS = {"category": "What it was about", "area": "Where it was", "hour": "When in the day it was"}
SMALL = 0.1  # Jensen-Shannon: sure, in a long history, and yet hardly to be seen
CALLED = {
    "taste": "Taste changed",
    "place": "Moved",
    "rhythm": "Other hours",
    "novelty": "New places",
    "return": "Old haunts",
    "temporary": "For a time only",
}


def views_of(report: DriftReport) -> dict[str, str]:
    """The ways of counting this person's data has, and what to call them."""
    kinds = "Groups of items" if report.clustered else VIEWS["category"]
    return {
        name: kinds if name == "category" else VIEWS[name] for name in VIEWS if name in report.levels and report.window_shares[name].any()
    }


def main_of(report: DriftReport) -> Change | None:
    """The change the page is about: one that lasts before one that passed, a surer one before a larger."""
    return max(report.changes, key=lambda change: (change.kind != "temporary", change.held, change.size), default=None)


def lead(report: DriftReport, noun: str) -> str:
    """HTML: the page's answer in one sentence."""
    if report.untested is not None:
        return f"Nothing can be said of changes: {html.escape_html(report.untested)}."
    count = formatting.plural(report.events, noun)
    if not report.changes:
        return f"<b>No change</b> in {count} that shuffled weeks would not show as well. What varies here varies by chance."
    if not report.lasting:
        return f"<b>No lasting change</b> in {count}; something came and went, as marked below."
    first = main_of(report)
    assert first is not None
    more = len(report.lasting) - 1
    also = f"; {formatting.plural(more, 'other lasting change')} beside it" if more else ""
    did = {"place": "moved", "taste": "turned", "rhythm": "went"}.get(first.kind, "went")
    slowly = (", a little," if first.size < SMALL else "") + (" little by little" if first.gradual else "")
    around = "from" if report.clock == "steps" else "around"
    words = f"{doubt(first)}{did}{slowly} from <b>{html.escape_html(first.from_what)}</b> to <b>{html.escape_html(first.to_what)}</b>"
    return f"{around.capitalize()} {html.escape_html(when(report, first.time))} they {words}{also}."


def when(report: DriftReport, moment: float) -> str:
    """A date in words, or the step where only the order is known."""
    if report.clock == "steps":
        return f"step {moment:,.0f}"
    date = np.datetime64(round(moment), "s").item()
    return f"{date.day} {date:%B %Y}"


def evidence(report: DriftReport, change: Change) -> str:
    """HTML: how sure a change is."""
    if change.kind == "temporary":
        until = f"{when(report, change.time)} to {when(report, change.high)}"
        return f"{html.escape_html(until)} · {odds(change)} · it passed, so it is no lasting change"
    between = f"nine times in ten between {when(report, change.low)} and {when(report, change.high)}"
    among = {name: f" ({words})" for name, words in change.among.items()}
    views = ", ".join(f"{VIEWS[name].lower()} {size:.0%}{among.get(name, '')}" for name, size in change.sizes.items())
    pace = "little by little · " if change.gradual else ""
    held = f"of changes as sure as this {change.held:.0%} were real in simulated cities"
    return f"{html.escape_html(between)} · {pace}{odds(change)}; {held} · how different from before: {views}"


def doubt(change: Change) -> str:
    """The word that a change is told with, by how many as sure as it were real."""
    return "" if change.held > 0.95 else "probably " if change.held > 0.75 else "perhaps "


def odds(change: Change) -> str:
    fewer = "fewer than " if change.p_value <= 0.0021 else ""
    return f"{fewer}{max(round(change.p_value * 1000), 2)} of 1,000 shuffled lives look as changed as this"


def cards(report: DriftReport) -> str:
    """HTML: every change as a numbered line with its evidence."""
    rows = []
    for number, change in enumerate(report.changes, start=1):
        kind = f"{CALLED[change.kind]}{', a little' if change.size < SMALL else ''}"
        if change.kind != "temporary" and doubt(change):
            kind = f"{doubt(change).capitalize()}{kind[:1].lower()}{kind[1:]}"
        rows.append(
            f'<div class="rs-change{" rs-passed" if change.kind == "temporary" else ""}"><b class="rs-no">{number}</b><div>'
            f"<b>{html.escape_html(kind)}, {html.escape_html(when(report, change.time))}</b>"
            f"<p>{html.escape_html(change.words[:1].upper() + change.words[1:])}</p><small>{evidence(report, change)}</small></div></div>"
        )
    return "".join(rows)


def facts(report: DriftReport, found: list[tuple[str, Anchor, bool]]) -> str:
    """HTML: the space and the pace of a life in a few numbers; of home and work, as `anchors` found them, both where they moved."""
    space, told = report.space, {}
    for name, words in (("home", "home, where the nights are"), ("work", "where working days are")):
        areas = [anchor.area or "found" for called, anchor, _ in found if called.startswith(name)]
        if areas:
            told[words] = ", then ".join(dict.fromkeys(areas))
    if space.near_home is not None and "home before" not in [called for called, *_ in found]:  # near which of the two?
        told["of events within 1 km of home"] = f"{space.near_home:.0%}"
    if space.radius is not None:
        told["how far life spreads around its middle"] = kilometres(space.radius)
    if space.step is not None:
        told["from one event to the next, typically"] = kilometres(space.step)
    if space.gap is not None:
        told["between two events, typically"] = formatting.duration(space.gap)
    return html.list_head("In numbers", "over the whole time") + html.facts(told) if told else ""


def kilometres(distance: float) -> str:
    return f"{distance * 1000:.0f} m" if distance < 1 else f"{distance:.1f} km"


def anchors(here: Cursor, report: DriftReport, change: Change | None) -> list[tuple[str, Anchor, bool]]:
    """Home and work, before and after a change of place where there was one."""
    if change is None:
        found = [("home", report.space.home, False), ("work", report.space.work, False)]
    else:
        scene = cache.feature_space(here.dataset)
        events = read_user_events(here.dataset, scene, here.user)
        before = measure_mobility(events, scene, report.window, 0, change.step)
        after = measure_mobility(events, scene, report.window, change.step)
        found = [("home before", before.home, False), ("home after", after.home, True)]
        found += [("work before", before.work, False), ("work after", after.work, True)]
        found = _once(found)
    return [(name, anchor, later) for name, anchor, later in found if anchor is not None]


def _once(found: list[tuple[str, Anchor | None, bool]]) -> list[tuple[str, Anchor | None, bool]]:
    """What stayed where it was is said once."""
    kept: list[tuple[str, Anchor | None, bool]] = []
    for (name, before, _), (other, after, _) in zip(found[::2], found[1::2], strict=True):
        if before is not None and after is not None and before.area == after.area and _close(before, after):
            kept.append((name.split()[0], after, True))
        else:
            kept += [(name, before, False), (other, after, True)]
    return kept


def _close(one: Anchor, other: Anchor) -> bool:
    return abs(one.latitude - other.latitude) < 0.007 and abs(one.longitude - other.longitude) < 0.01


def consequences(report: DriftReport, ranks: np.ndarray, splits: np.ndarray, model: str) -> str:
    """HTML: what each lasting change did to the model, a sentence each, and whether it had learnt from these very events."""
    lines, learnt = [], []
    for number, change in enumerate(report.changes, start=1):
        if change.kind == "temporary":
            continue
        found = measure_adaptation(ranks, splits, change.step)
        if found.before is None or found.across is None:
            continue
        later = f", and {found.after:.0%} after" if found.after is not None else ""
        back = _came_back(found)
        learnt.append(found.learnt)
        lines.append(
            f"<b>{number}</b> {html.escape_html(model)} had {found.before:.0%} of the {min(40, change.step)} events before the change in its ten, "
            f"{found.across:.0%} of the next 15{later}: {back}."
        )
    if any(learnt):
        share = f"{np.mean(learnt):.0%}" if min(learnt) < 1 else "all"
        lines.append(f"It had learnt from {share} of these events, so hits here are partly memory and no foresight.")
    return "".join(f'<p class="rs-quiet">{line}</p>' for line in lines)


def _came_back(found: Adaptation) -> str:
    """What became of the model after a change."""
    enough = 0.9 * (found.before or 0.0)
    if found.after is not None and found.after < enough:
        return "it has not come back to that"
    if (found.across or 0.0) >= enough:
        return "it hardly noticed"
    return f"it was back after {found.adapted} steps" if found.adapted else "it is not back yet"


def stream_in_words(report: DriftReport, view: str) -> str:
    """The stream for those who cannot see it."""
    totals = report.window_shares[view].sum(axis=0)
    most = [report.levels[view][at] for at in np.argsort(-totals)[:3] if totals[at] > 0]
    return f"Interest over time by {VIEWS[view].lower()}, mostly {', '.join(most)}; {len(report.changes)} changes marked."


def now_html(here: Cursor, report: DriftReport, step: int) -> str:
    """HTML: the cursor as a line on the stream; nothing where its time is not known."""
    at = _moment_of(here, report, step)
    return "" if at is None else html.now_over(STREAM, now_on_drift(report, at))


def _moment_of(here: Cursor, report: DriftReport, step: int) -> float | None:
    """Where a step stands on the axis of time: the next event's time, the last one's at the end; None without events."""
    if report.clock == "steps":
        return float(step)
    times = here.history.times
    if times is None or not len(times):
        return None
    moment = float(times[min(step, len(times) - 1)])
    return moment if np.isfinite(moment) else None


def footnote(report: DriftReport) -> str:
    """How it was found, in a line, and what clock dates are in."""
    if report.clock == "steps":
        return (
            "This data knows the order of events but not their times, so changes are at steps. Each is compared with the same events in "
            "shuffled order. An order may be that of a list somebody went through in one sitting: then it is the list that changes."
        )
    return (
        f"Hours are in {report.clock}, dates in UTC. Each change is compared with this person’s own weeks in shuffled order; "
        "what passed, such as a trip or a season, is marked apart."
    )
