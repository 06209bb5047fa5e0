"""Bearer tokens of the API. A token is shown once, when it is made; the store holds only its SHA-256.

Each name has an account of its own, so that feedback of a program is not mixed with that of a person, and its role is checked as
everywhere.
"""

import hashlib
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from recsys.accounts.account import Account, to_account, update_account
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import ROLES, check_allowed
from recsys.core.errors import DataError, StoreError, unknown
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, TokenRow

ISSUER = "token"
PREFIX = "recscope_"
"""Start of every token, by which scanners for secrets find one that was published."""
LONGEST_NAME = 80
STAMP_SECONDS = 60
"""Seconds for which the time of the last use is not written again: it would cost a write for every request."""


@dataclass(frozen=True)
class Token:
    """A token without its text. Times are seconds since 1970, UTC."""

    id: str
    name: str
    account: Account
    created: float
    last_used: float | None
    revoked: float | None


def create_token(store: Store, by: Account, name: str, role: str = "editor") -> str:
    """Make a token for a program and return its text, which is not stored and cannot be shown again."""
    check_allowed(by, "manage accounts")
    if role not in ROLES[1:]:
        raise unknown("role", role, ROLES[1:])
    if not (name.strip() == name and name.isprintable() and 0 < len(name) <= LONGEST_NAME):
        raise DataError(
            _("the name of a token has 1 to {most} letters, digits or signs on one line, for example 'shop server'", most=LONGEST_NAME)
        )
    text = PREFIX + secrets.token_urlsafe(32)

    def fill(session: Session, row: AccountRow) -> None:
        if session.scalar(select(TokenRow.id).where(TokenRow.name == name, TokenRow.revoked.is_(None))) is not None:
            raise DataError(_("there is a token '{name}' already; revoke it first, or give the new one another name", name=name))
        row.name, row.role = name, row.assigned_role or role
        session.add(TokenRow(account_id=row.id, name=name, digest=_digest(text)))
        record_action(session, by, "create token", name)

    update_account(store, ISSUER, name, fill)
    return text


def revoke_token(store: Store, by: Account, name: str) -> None:
    """End a token; requests with it are refused from now on."""
    check_allowed(by, "manage accounts")
    with store.write() as session:
        row = session.scalar(select(TokenRow).where(TokenRow.name == name, TokenRow.revoked.is_(None)))
        if row is None:
            raise unknown("token", name, session.scalars(select(TokenRow.name).where(TokenRow.revoked.is_(None))).all())
        row.revoked = time.time()
        record_action(session, by, "revoke token", name)


def list_tokens(store: Store, by: Account) -> list[Token]:
    """Return all tokens, the newest first; the revoked too."""
    check_allowed(by, "manage accounts")
    wanted = select(TokenRow, AccountRow).join(AccountRow, TokenRow.account_id == AccountRow.id)
    with store.read() as session:
        return [_to_token(token, account) for token, account in session.execute(wanted.order_by(TokenRow.created.desc()))]


def authenticate(store: Store, text: str) -> Token | None:
    """Return the valid token with this text, with the role that its account has now; None for any other text.

    The token is found by its digest, of which a caller can choose no part: the time that this takes says nothing about other tokens.
    """
    wanted = select(TokenRow, AccountRow).join(AccountRow, TokenRow.account_id == AccountRow.id)
    with store.read() as session:
        found = session.execute(wanted.where(TokenRow.digest == _digest(text), TokenRow.revoked.is_(None))).first()
    if found is None:
        return None
    token = _to_token(*found)
    if time.time() - (token.last_used or 0) > STAMP_SECONDS:
        with suppress(StoreError), store.write() as session:  # a store that cannot be written now can still be read
            row = session.get(TokenRow, token.id)
            if row is not None:
                row.last_used = time.time()
    return token


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _to_token(token: TokenRow, account: AccountRow) -> Token:
    return Token(token.id, token.name, to_account(account), token.created, token.last_used, token.revoked)
