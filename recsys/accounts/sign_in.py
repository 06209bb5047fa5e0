"""Sign-in: the identity that an OpenID Connect provider vouches for becomes an account with a role."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from recsys.accounts.account import LOCAL, LONGEST_NAME, Account, find_row, is_lately_seen, to_account, update_account
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import ROLES
from recsys.accounts.sign_in_settings import SignInSettings
from recsys.accounts.tokens import ISSUER as TOKEN
from recsys.core.errors import DataError, NotSignedInError
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import AccountRow


@dataclass(frozen=True)
class Identity:
    """A person as the provider describes them. `email` is empty unless the provider has verified it; times are seconds since 1970."""

    issuer: str
    subject: str
    name: str
    email: str
    issued: float
    expires: float
    claims: Mapping[str, Any]

    def is_expired(self) -> bool:
        return time.time() >= self.expires


def read_identity(claims: Mapping[str, Any]) -> Identity:
    """Return the identity in the claims of an OpenID Connect ID token; raise a DataError where one that it must have is missing."""
    for name in ("iss", "sub", "exp", "iat"):
        if not _is_usable(name, claims.get(name)):
            raise DataError(_("the identity provider gave no usable claim {name}; sign in with another account or provider", name=name))
    email = _text(claims.get("email")) if claims.get("email_verified") in (True, "true") else ""
    names = (_text(claims.get(each)) for each in ("name", "preferred_username", "email", "sub"))
    return Identity(
        claims["iss"],
        claims["sub"],
        next(name for name in (*names, claims["sub"]) if name),
        email if len(email) <= LONGEST_NAME else "",
        float(claims["iat"]),
        float(claims["exp"]),
        claims,
    )


def _is_usable(name: str, value: Any) -> bool:
    if name in ("exp", "iat"):
        return type(value) in (int, float)
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and not (name == "iss" and value in (LOCAL, TOKEN))


def decide_role(identity: Identity, settings: SignInSettings, assigned: str | None = None) -> str:
    """Return the role of a person: admin by their verified address, else the one that an admin has set, else by claim, else the default.

    Of several values of the claim, the highest role counts.
    """
    if identity.email and identity.email.casefold() in settings.admins:
        return "admin"
    if assigned is not None:
        return assigned
    claimed = [settings.roles[value] for value in _claim_values(identity.claims, settings.role_claim) if value in settings.roles]
    return max(claimed, key=ROLES.index, default=settings.default_role)


def load_account(store: Store, identity: Identity, settings: SignInSettings) -> Account:
    """Return the account of an identity with its role of now; called again and again while a session lasts.

    The store is written only when something has changed; a sign-in that was not seen before goes to the audit log.
    """
    if identity.is_expired():
        raise NotSignedInError(_("your sign-in has expired; sign in again"))
    with store.read() as session:
        row = find_row(session, identity.issuer, identity.subject)
        if row is not None and row.signed_out is not None and identity.issued <= row.signed_out:
            raise NotSignedInError(_("you have signed out; sign in again"))
        if row is not None and _is_up_to_date(row, identity, settings):
            return to_account(row)

    def fill(session: Session, row: AccountRow) -> None:
        if _is_older(identity, row):
            return
        row.name, row.email = identity.name, identity.email
        row.claimed_role = decide_role(identity, settings)
        row.role = decide_role(identity, settings, row.assigned_role)
        if row.signed_in != identity.issued:
            row.signed_in = identity.issued
            record_action(session, to_account(row), "sign in", f"{row.role} by {identity.issuer}")

    return update_account(store, identity.issuer, identity.subject, fill)


def sign_out(store: Store, identity: Identity) -> None:
    """Sign a person out: this identity and those issued before it are accepted no more, in any window and on any server of the store."""

    def fill(session: Session, row: AccountRow) -> None:
        row.signed_out = max(identity.issued, row.signed_out or 0.0)
        record_action(session, to_account(row), "sign out", f"by {identity.issuer}")

    update_account(store, identity.issuer, identity.subject, fill)


def _is_up_to_date(row: AccountRow, identity: Identity, settings: SignInSettings) -> bool:
    """Return whether the row says what this identity says; what an older sign-in of the same person said no longer counts."""
    return _is_older(identity, row) or (
        row.signed_in == identity.issued
        and (row.name, row.email) == (identity.name, identity.email)
        and row.claimed_role == decide_role(identity, settings)
        and row.role == decide_role(identity, settings, row.assigned_role)
        and is_lately_seen(row)
    )


def _is_older(identity: Identity, row: AccountRow) -> bool:
    return row.signed_in is not None and identity.issued < row.signed_in


def _claim_values(claims: Mapping[str, Any], name: str) -> list[str]:
    """Return the values of a claim as texts. A claim inside of others is named with dots, such as Keycloak's realm_access.roles."""
    value: Any = claims.get(name)
    if value is None:
        value = claims
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    values = value if isinstance(value, (list, tuple)) else [value]
    return [each for each in values if isinstance(each, str)]


def _text(value: Any) -> str:
    """Return a claim as a line of text that every database can hold."""
    return " ".join(value.replace("\0", "").split())[:LONGEST_NAME] if isinstance(value, str) else ""
