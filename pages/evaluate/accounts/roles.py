"""The table of accounts, and the change of a role."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from pages.shell.account import current_account, current_store
from pages.ui import html
from pages.ui.errors import guarded, notice
from recsys.accounts.account import LOCAL, Account
from recsys.accounts.administration import set_role
from recsys.accounts.roles import ROLES
from recsys.core.formatting import format_short_moment
from recsys.core.translation import _
from recsys.database.schema import AccountRow

BY_SIGN_IN = "sign-in"


def draw(account: Account, accounts: Sequence[AccountRow]) -> None:
    """Draw a row for every account, and below them the role of one of them."""
    heads = "".join(f"<th>{head}</th>" for head in (_("Name"), _("Address"), _("Role"), _("Last seen (UTC)")))
    rows = "".join(_row(each, account) for each in accounts)
    st.html(f'<table class="rs-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>')
    st.caption(_("An address is shown once the identity provider has verified it."))
    people = {each.id: each for each in accounts if each.issuer != LOCAL}
    if not people:
        return
    st.subheader(_("Change a role"), anchor=False)
    first, second, third = st.columns((2, 2, 1), vertical_alignment="bottom")
    whom = first.selectbox(_("Account"), list(people), format_func=lambda each: _title(people[each]), key="role_of")
    person = people[whom]
    choices = [BY_SIGN_IN, *ROLES]
    role = second.selectbox(
        _("Role"),
        choices,
        index=choices.index(person.assigned_role or BY_SIGN_IN),
        format_func=lambda each: _("as the sign-in says: {role}", role=person.claimed_role or ROLES[0]) if each == BY_SIGN_IN else each,
        key=f"role_{whom}",
        help=_(
            "A role that is set here goes before the one by sign-in, except for the admins named in secrets.toml. “none” locks the account out."
        ),
    )
    third.button(_("Set role"), key="set_role", type="primary", width="stretch", on_click=_set, args=(whom, role))


@guarded
def _set(whom: str, role: str) -> None:
    changed = set_role(current_store(), current_account(), whom, None if role == BY_SIGN_IN else role)
    notice(_("{name} now has the role {role}.", name=changed.name, role=changed.role))


def _row(each: AccountRow, account: Account) -> str:
    source = _("the owner of this machine") if each.issuer == LOCAL else _("set by an admin") if each.assigned_role else _("by sign-in")
    seen = format_short_moment(datetime.fromtimestamp(each.last_seen, UTC))
    cells = ((each.name, each.id), (each.email, ""), (each.role, source), (seen, ""))
    row = "".join(f"<td>{html.escape_html(text)}<small>{html.escape_html(note)}</small></td>" for text, note in cells)
    return f'<tr class="{"now" if each.id == account.id else ""}">{row}</tr>'


def _title(each: AccountRow) -> str:
    return f"{each.name} ({each.email})" if each.email else f"{each.name} ({each.id[-6:]})"
