"""One version of a checkpoint: figures before and after its refit, and what can be done with it."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shell.account import current_account, current_store
from pages.shell.cursor import Cursor
from pages.ui import html, metrics
from pages.ui.errors import guarded
from recsys.accounts.roles import is_allowed
from recsys.core.formatting import MISSING, format_fixed, format_number, format_share, format_short_moment, local_time
from recsys.core.translation import N_, _, ngettext

if TYPE_CHECKING:
    from recsys.accounts.account import Account
    from recsys.feedback.version_diff import VersionDiff
    from recsys.feedback.versions import Version

MEASURES = (
    ("validation", "ndcg@10", N_("Validation events"), N_("NDCG@10")),
    ("validation", "hr@10", N_("Validation events"), N_("Hit rate@10")),
    ("held_out", "pairs", N_("Held-out feedback"), N_("Pairs in the right order")),
    ("held_out", "ndcg", N_("Held-out feedback"), N_("NDCG of the answers")),
)
DIFF_METRICS = {
    "ndcg@10": N_("NDCG@10"),
    "hr@10": N_("Hit rate@10"),
    "mrr": N_("MRR"),
    "coverage@10": N_("Share of items recommended"),
    "diversity@10": N_("Diversity@10"),
}
TRAINED_ON = {"n_feedback": N_("Answers learnt from"), "n_accounts": N_("Accounts learnt from")}
DIFF = "version_diff"


def draw_card(here: Cursor, account: "Account", version: "Version", versions: "list[Version]") -> None:
    """Draw a version, newest first, with its buttons."""
    with st.container(border=True, key=f"version_{version.version}"):
        st.html(_head(version))
        rows = _change_rows(version.metrics)
        if rows:
            st.html(_change_table(rows))
        with st.container(horizontal=True):
            _draw_buttons(here, account, version, versions)
        found: VersionDiff | None = st.session_state.get(DIFF)
        if found is not None and found.second == version.full_name and st.session_state.get(f"{DIFF}_of") == here.dataset.name:
            _draw_diff(here, found, version, versions)


def draw_notes() -> None:
    """Draw the notes under the cards: how the figures were measured, and what the off-policy estimate takes for granted."""
    from recsys.feedback.off_policy import ASSUMPTIONS, MOST_WEIGHT

    st.caption(
        _(
            "Differences have 95% intervals, paired over the same users or accounts. Held-out feedback is that of accounts whose answers "
            "the refit did not learn from. The off-policy estimate is the share of examined items that would be wanted if the new version "
            "had ordered the lists that were shown."
        )
    )
    st.caption(_(ASSUMPTIONS, limit=format_number(MOST_WEIGHT)))


def _head(version: "Version") -> str:
    made = format_short_moment(local_time(version.created, None)) if version.created else MISSING  # type: ignore[arg-type]
    learnt = version.trained_on
    if version.version == 1:
        parts = [_("trained {when} UTC", when=made)]
    else:
        parts = [
            _("made {when} UTC by {account}", when=made, account=version.account or MISSING),
            ngettext("learnt from {count} answer", "learnt from {count} answers", learnt.get("n_feedback", 0)),
            ngettext("{count} answer held out", "{count} answers held out", learnt.get("n_held_out", 0)),
        ]
    parts.append(ngettext("{count} answer to its lists", "{count} answers to its lists", version.feedback))
    tag = f' <span class="rs-tag">{html.escape_html(_("in use"))}</span>' if version.is_in_use else ""
    return (
        f'<div class="rs-version"><b>{html.escape_html(version.full_name)}</b>{tag}'
        f'<span class="rs-note">{html.escape_html(" · ".join(parts))}</span></div>'
    )


def _change_rows(found: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    rows = [(_(where), _(name), found[part][key]) for part, key, where, name in MEASURES if key in (found.get(part) or {})]
    off_policy = found.get("off_policy")
    if off_policy:
        change = {**off_policy, "before": off_policy["shown"], "after": off_policy["new"]}
        rows.append((_("Off-policy estimate"), _("Examined items that are wanted"), change))
    return rows


def _change_table(rows: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    heads = f"<th>{_('Measured on')}</th><th>{_('Metric')}</th>"
    heads += "".join(f'<th class="n">{head}</th>' for head in (_("Before"), _("After"), _("Difference")))
    body = "".join(
        f"<tr><td>{html.escape_html(where)}</td><td>{html.escape_html(name)}</td>"
        f'<td class="n">{_format(each["before"])}</td><td class="n">{_format(each["after"])}</td>{_difference_cell(each)}</tr>'
        for where, name, each in rows
    )
    return f'<table class="rs-table"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


def _difference_cell(change: Mapping[str, Any]) -> str:
    """Return the difference as HTML with its interval; a difference whose interval leaves zero out is marked."""
    low, high = _number(change["low"]), _number(change["high"])
    kind = "best" if low > 0 else "worse" if high < 0 else ""
    interval = f"<small>{metrics.format_interval(low, high, sign=True)}</small>" if math.isfinite(low) and math.isfinite(high) else ""
    return f'<td class="n {kind}">{_format(change["difference"], sign=True)}{interval}</td>'


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _format(value: float | None, sign: bool = False) -> str:
    return format_fixed(_number(value), 3, sign)


def _draw_buttons(here: Cursor, account: "Account", version: "Version", versions: "list[Version]") -> None:
    number, dataset = version.version, here.dataset.name
    may_promote, may_delete = is_allowed(account, "promote"), is_allowed(account, "delete")
    refused = _("Your role does not allow this; an admin can do it.")
    if not version.is_in_use:
        st.button(
            _("Promote"), key=f"promote_{number}", disabled=not may_promote, help=None if may_promote else refused,
            on_click=_promote, args=(dataset, version.full_name),
        )  # fmt: skip
    elif version.promoted is not None:
        st.button(
            _("Roll back"), key="roll_back", disabled=not may_promote, help=refused if not may_promote else _("Take back the latest promotion"),
            on_click=_roll_back, args=(dataset, version.checkpoint),
        )  # fmt: skip
    if len(versions) > 1:
        other = next(each for each in versions if each.version == (version.parent or (1 if number > 1 else versions[-1].version)))
        label = _("Compare with {version}", version=other.full_name)
        st.button(label, key=f"compare_{number}", on_click=_compare, args=(here, version.full_name, other.full_name))
    if number > 1 and not version.is_in_use:
        with st.popover(_("Delete"), disabled=not may_delete, help=None if may_delete else refused):
            st.write(_("Delete this version and its files? This cannot be taken back."))
            st.button(_("Delete it"), key=f"delete_{number}", type="primary", on_click=_delete, args=(dataset, version.name))


@guarded
def _promote(dataset: str, name: str) -> None:
    from recsys.feedback.versions import promote_version

    promote_version(current_store(), current_account(), dataset, name)


@guarded
def _roll_back(dataset: str, checkpoint: str) -> None:
    from recsys.feedback.versions import roll_back

    roll_back(current_store(), current_account(), dataset, checkpoint)


@guarded
def _delete(dataset: str, name: str) -> None:
    from recsys.feedback.versions import delete_version

    delete_version(current_store(), current_account(), dataset, name)
    st.session_state.pop(DIFF, None)


@guarded
def _compare(here: Cursor, second: str, first: str) -> None:
    from recsys.feedback.version_diff import diff_versions

    st.session_state[DIFF] = diff_versions(current_store(), here.dataset, second, first)
    st.session_state[f"{DIFF}_of"] = here.dataset.name


def _draw_diff(here: Cursor, found: "VersionDiff", version: "Version", versions: "list[Version]") -> None:
    """Draw the differences of a version from another one, and the choice of that one."""
    rows = [_diff_row(_(DIFF_METRICS[name]), *map(_format, pair)) for name, pair in found.metrics.items() if name in DIFF_METRICS]
    rows += [_diff_row(name, *map(_show, pair)) for name, pair in found.config.items()]
    rows += [_diff_row(_(TRAINED_ON[name]), *map(_show, pair)) for name, pair in found.trained_on.items() if name in TRAINED_ON]
    rows.append(_diff_row(_("Answers to its lists"), *map(format_number, found.feedback)))
    heads = f'<th>{_("Compared")}</th><th class="n">{html.escape_html(found.first)}</th><th class="n">{html.escape_html(found.second)}</th>'
    st.html(f'<table class="rs-table"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>')
    st.caption(
        ngettext(
            "Lists of ten of {count} user have {share} of their items in common.",
            "Lists of ten of {count} users have {share} of their items in common.",
            found.users,
            share=format_share(found.overlap),
        )
    )
    others = [each.full_name for each in versions if each.version != version.version]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = f"compare_with_{version.version}"
        st.session_state[key] = found.first
        st.selectbox(_("Compare with"), others, key=key, width=260, on_change=_compare_chosen, args=(here, found.second, key))
        st.button(_("Close"), key="close_diff", on_click=_forget_diff)


def _diff_row(name: str, first: str, second: str) -> str:
    cells = "".join(f'<td class="n">{html.escape_html(each)}</td>' for each in (first, second))
    return f"<tr><td>{html.escape_html(name)}</td>{cells}</tr>"


def _show(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return format_number(value, 4)
    return MISSING if value is None else str(value)


def _compare_chosen(here: Cursor, second: str, key: str) -> None:
    _compare(here, second, st.session_state[key])


def _forget_diff() -> None:
    st.session_state.pop(DIFF, None)
