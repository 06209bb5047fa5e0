"""Tokens of the API: made, listed and revoked."""

from datetime import UTC, datetime

import streamlit as st

from pages.shell.account import current_account, current_store
from pages.ui import html
from pages.ui.errors import escape_markdown, guarded, notice
from recsys.accounts.account import Account
from recsys.accounts.roles import ROLES
from recsys.accounts.tokens import LONGEST_NAME, Token, create_token, list_tokens, revoke_token
from recsys.core.errors import RecsysError
from recsys.core.formatting import format_short_moment
from recsys.core.translation import _
from recsys.database.engine import Store


def draw(store: Store, account: Account) -> None:
    """Draw the form for a new token, and a row for every token."""
    first, second, third = st.columns((2, 2, 1), vertical_alignment="bottom")
    name = first.text_input(_("Name of the program"), max_chars=LONGEST_NAME, key="token_name", placeholder=_("shop server"))
    role = second.selectbox(_("Role"), ROLES[1:], index=ROLES[1:].index("editor"), key="token_role")
    if third.button(_("Make a token"), key="make_token", type="primary", width="stretch"):
        _make(store, account, name.strip(), role)
    tokens = list_tokens(store, account)
    if not tokens:
        st.caption(_("No token has been made yet. A program sends its token with every request to the API."))
        return
    heads = "".join(f"<th>{head}</th>" for head in (_("Name"), _("Role"), _("Made (UTC)"), _("Last used (UTC)"), _("State")))
    rows = "".join(_row(each) for each in tokens)
    st.html(f'<table class="rs-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>')
    valid = [each.name for each in tokens if each.revoked is None]
    if valid:
        first, second, _third = st.columns((2, 1, 2), vertical_alignment="bottom")
        chosen = first.selectbox(_("Token"), valid, key="token_to_revoke")
        second.button(_("Revoke"), key="revoke_token", width="stretch", on_click=_revoke, args=(chosen,))


def _make(store: Store, account: Account, name: str, role: str) -> None:
    try:
        text = create_token(store, account, name, role)
    except RecsysError as error:
        st.error(escape_markdown(error))
        return
    st.success(_("The token is shown only now: copy it."))
    st.code(text, language=None)


@guarded
def _revoke(name: str) -> None:
    revoke_token(current_store(), current_account(), name)
    notice(_("The token {name} is revoked.", name=name))


def _row(token: Token) -> str:
    state = _("valid") if token.revoked is None else _("revoked on {moment}", moment=_format_time(token.revoked))
    used = _("never") if token.last_used is None else _format_time(token.last_used)
    cells = (token.name, token.account.role, _format_time(token.created), used, state)
    return f'<tr class="{"" if token.revoked is None else "quiet"}">{"".join(f"<td>{html.escape_html(cell)}</td>" for cell in cells)}</tr>'


def _format_time(seconds: float) -> str:
    return format_short_moment(datetime.fromtimestamp(seconds, UTC))
