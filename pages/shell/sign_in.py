"""Sign-in of the app: the page to sign in with, where secrets.toml asks for it, and the account with “Sign out” in the sidebar."""

from dataclasses import dataclass
from importlib.util import find_spec

import streamlit as st
from streamlit.errors import StreamlitAuthError

from pages.shell.account import current_account, current_identity, current_store, sign_in_settings
from pages.ui import html
from pages.ui.errors import escape_markdown, guarded
from recsys.accounts.account import Account
from recsys.accounts.roles import check_allowed
from recsys.accounts.sign_in import sign_out
from recsys.core.errors import NotAllowedError, NotSignedInError, RecsysError, StoreError, summarize_error
from recsys.core.formatting import join_words
from recsys.core.translation import _
from recsys.storage.paths import ASSETS

LIBRARIES = ("authlib", "httpx")
"""Optional libraries that sign-in needs; they are in requirements-server.txt."""

_link = st.components.v2.component("recscope_sign_in", js=(ASSETS / "sign_in.js").read_text(encoding="utf-8"), isolate_styles=False)


@dataclass(frozen=True)
class Entry:
    """Result of `check_entry`: whether this session may see the app, as which account, and if not why not.

    Attributes:
        is_open: whether the pages may be drawn.
        account: the account that has signed in; None without sign-in, or where nobody has.
        message: the reason that they may not; empty for a person who has not signed in yet.
        providers: those that a person can sign in with now.
    """

    is_open: bool
    account: Account | None = None
    message: str = ""
    providers: tuple[str, ...] = ()


def check_entry() -> Entry:
    """Return whether this session may see the app; it may not where anything goes wrong while that is found out."""
    try:
        settings = sign_in_settings()
        if settings is None:
            return Entry(is_open=True)
        missing = [name for name in LIBRARIES if find_spec(name) is None]
        if missing:
            text = _(
                "signing in needs the libraries {names}; install requirements-server.txt and start the server again",
                names=join_words(missing),
            )
            return Entry(is_open=False, message=text)
    except RecsysError as error:
        return Entry(is_open=False, message=str(error))
    if not st.user.get("is_logged_in"):
        return Entry(is_open=False, providers=settings.providers)
    account = None
    try:
        account = current_account()
        check_allowed(account, "view")
    except NotSignedInError as error:
        return Entry(is_open=False, message=str(error), providers=settings.providers)
    except NotAllowedError:
        text = _("{name} may not use this server; ask an admin of it for a role", name=account.name if account else "")
        return Entry(is_open=False, account=account, message=text)
    except RecsysError as error:
        return Entry(is_open=False, message=str(error), providers=() if isinstance(error, StoreError) else settings.providers)
    return Entry(is_open=True, account=account)


def draw(entry: Entry) -> None:
    """Draw the page for a session that may not see the app: a button for each provider, or the reason that there is none."""
    _link(key="sign_in_link", data={"signed_in": False})
    st.html("<style>[data-testid=stSidebar], [data-testid=stExpandSidebarButton] { display: none }</style>")  # empty, but still there
    _left, middle, _right = st.columns((1, 2, 1))
    with middle.container(key="sign_in", gap="medium"):
        st.title(_("Sign in"))
        if entry.providers:
            html.lead(_("This server is for people with an account. Sign in to open the page that you asked for."))
        if entry.message:
            st.warning(escape_markdown(entry.message))
        for provider in entry.providers:
            label = _("Sign in") if provider == "default" else _("Sign in with {provider}", provider=escape_markdown(provider.capitalize()))
            if st.button(label, key=f"sign_in_{provider}", type="primary"):
                _sign_in(provider)
        if entry.account is not None:
            st.button(_("Sign out"), key="sign_out", on_click=_sign_out)


def draw_account(account: Account) -> None:
    """Draw who is signed in, and the button to sign out."""
    _link(key="sign_in_link", data={"signed_in": True})
    with st.container(horizontal=True, vertical_alignment="center", key="account"):
        st.html(
            f'<div class="rs-account"><b>{html.escape_html(account.name)}</b><span>{html.escape_html(account.role)}</span></div>',
            width="stretch",
        )
        st.button(_("Sign out"), key="sign_out", on_click=_sign_out)


def _sign_in(provider: str) -> None:
    try:
        st.login(None if provider == "default" else provider)
    except StreamlitAuthError as error:
        st.error(escape_markdown(_("signing in is not set up: {reason}", reason=summarize_error(error))))


@guarded
def _sign_out() -> None:
    """Sign out here, in the other windows of this sign-in, and at the provider where it offers that."""
    try:
        sign_out(current_store(), current_identity())
    finally:
        st.logout()
