"""The account of this session: the local one, unless secrets.toml has sign-in by OpenID Connect."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from typing import ParamSpec

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from pages.ui.errors import escape_markdown
from recsys.accounts.account import Account, open_local_account
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import check_allowed, is_allowed
from recsys.accounts.sign_in import Identity, load_account, read_identity
from recsys.accounts.sign_in_settings import SignInSettings, read_sign_in_settings
from recsys.core.errors import DataError, NotAllowedError, NotSignedInError, StoreError, summarize_error
from recsys.core.translation import _
from recsys.database.engine import Store, open_store

P = ParamSpec("P")
STATE = "account"
ASK_EVERY = 5.0
"""Seconds for which a role is taken from the session; then one that an admin has changed, and a sign-out elsewhere, are noticed."""


@dataclass(frozen=True)
class _Entered:
    """The account of this session, as the store said at a time."""

    account: Account
    identity: Identity | None
    asked: float


def current_store() -> Store:
    """Return the store of this server."""
    return open_store()


def current_account() -> Account:
    """Return the account that acts in this session; raise a NotSignedInError where nobody is signed in, or no longer."""
    settings = sign_in_settings()
    entered: _Entered | None = st.session_state.get(STATE)
    identity = None if settings is None else current_identity()
    if entered is not None and entered.identity == identity and (settings is None or time.monotonic() - entered.asked < ASK_EVERY):
        return entered.account
    try:
        store = current_store()
        account = open_local_account(store) if settings is None or identity is None else load_account(store, identity, settings)
    except StoreError:
        if entered is None or entered.identity != identity:
            raise
        # What is on the screen stays usable while the store is away; whatever writes there says so.
        st.session_state[STATE] = replace(entered, asked=time.monotonic())
        return entered.account
    st.session_state[STATE] = _Entered(account, identity, time.monotonic())
    return account


def current_identity() -> Identity:
    """Return the identity that this session has signed in with; raise a NotSignedInError where there is none or it has expired."""
    claims = st.user.to_dict()
    if not claims.get("is_logged_in"):
        raise NotSignedInError(_("nobody is signed in; sign in first"))
    identity = read_identity(claims)
    if identity.is_expired():
        raise NotSignedInError(_("your sign-in has expired; sign in again"))
    return identity


def check_action(action: str, subject: str | None = None) -> None:
    """Raise a NotAllowedError unless the account of this session may do something; record that it does where a subject is given.

    Call it where the action happens: a button that is not drawn can still be pressed by a forged message. Without sign-in the owner of
    the machine may do everything, and does not need the store for it.
    """
    if sign_in_settings() is None:
        return
    account = current_account()
    check_allowed(account, action)
    if subject is not None:
        with current_store().write() as session:
            record_action(session, account, action, subject)


def signed_in(fragment: Callable[P, None]) -> Callable[P, None]:
    """Let a fragment draw for a session that may look; for any other, draw the whole app, which asks for a sign-in.

    A fragment that draws itself again does so without the script around it, so that `check_entry` there does not see it.
    """

    @wraps(fragment)
    def draw(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            check_action("view")
        except NotAllowedError:
            st.rerun()
        fragment(*args, **kwargs)

    return draw


def is_allowed_here(action: str) -> bool:
    """Return whether the account of this session may do something; for drawing."""
    return sign_in_settings() is None or is_allowed(current_account(), action)


def draw_refusal(action: str) -> bool:
    """Return whether the account of this session may not do something, and draw the reason; for the place where its button would be."""
    try:
        check_action(action)
    except NotAllowedError as error:
        st.info(escape_markdown(error))
        return True
    return False


@lru_cache(maxsize=1)
def sign_in_settings() -> SignInSettings | None:
    """Return the settings of sign-in, None where there is none. They are read once: a file that vanishes later must not open the app."""
    try:
        secrets = st.secrets.to_dict()
    except StreamlitSecretNotFoundError as error:
        if error.error_id == "no-secrets-found":
            return None
        raise DataError(
            _("the file of secrets cannot be read: {reason}; correct it and start the server again", reason=summarize_error(error))
        ) from error
    return read_sign_in_settings(secrets)
