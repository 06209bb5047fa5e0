"""The changes of a drift report, and mobility, as HTML."""

from pages.ui import html
from recsys.core.formatting import format_distance, format_duration, format_share
from recsys.core.translation import N_, _
from recsys.drift import DriftReport
from recsys.drift.mobility import Anchor
from recsys.drift.report_wording import describe_evidence
from recsys.drift.wording import level_label

ANCHOR_NAMES = {
    ("home", ""): N_("home"),
    ("home", "before"): N_("home before"),
    ("home", "after"): N_("home after"),
    ("work", ""): N_("work"),
    ("work", "before"): N_("work before"),
    ("work", "after"): N_("work after"),
}
# The kind of an anchor (home or work), the side of the change it is for ("" for both), and the point.
NamedAnchor = tuple[str, str, Anchor]


def evidence_html(report: DriftReport) -> str:
    """Return every change as a numbered line with its evidence, as HTML."""
    return "".join(
        f'<div class="rs-change{" rs-passed" if each.is_temporary else ""}"><b class="rs-no">{number}</b><div>'
        f"<b>{html.escape_html(each.heading)}</b><p>{html.escape_html(each.sentence)}</p>"
        f"<small>{html.escape_html(' · '.join(each.facts))}</small></div></div>"
        for number, each in enumerate(describe_evidence(report), start=1)
    )


def mobility_html(report: DriftReport, anchors: list[NamedAnchor]) -> str:
    """Return mobility and pace in a few numbers as HTML; home and work by `anchors`, both of each where they moved."""
    mobility, facts = report.mobility, {}
    for kind, title in (("home", _("home (evenings and nights)")), ("work", _("work (working hours)"))):
        areas = [level_label("area", anchor.area) if anchor.area else _("unnamed area") for each, _side, anchor in anchors if each == kind]
        if areas:
            facts[title] = " → ".join(dict.fromkeys(areas))
    if mobility.near_home is not None and ("home", "before") not in [each[:2] for each in anchors]:  # near which of the two?
        facts[_("of events within 1 km of home")] = format_share(mobility.near_home)
    if mobility.radius is not None:
        facts[_("radius of gyration")] = format_distance(mobility.radius)
    if mobility.step is not None:
        facts[_("median distance between events")] = format_distance(mobility.step)
    if mobility.gap is not None:
        facts[_("median time between events")] = format_duration(mobility.gap)
    return html.list_head(_("Mobility"), _("over the whole timeline")) + html.facts(facts) if facts else ""
