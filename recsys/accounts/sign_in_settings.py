"""The settings of sign-in: the tables [auth] and [recscope] of secrets.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsys.accounts.roles import ROLES
from recsys.core.errors import DataError, did_you_mean
from recsys.core.formatting import join_words
from recsys.core.translation import _

SHORTEST_SECRET = 32
"""Characters of the secret that signs the cookies of signed-in people; whoever guesses it can be anyone."""

KEYS = {"admins": list, "role_claim": str, "roles": Mapping, "default_role": str}
"""The settings in [recscope] and their types."""

EXAMPLE = 'admins = ["ann@example.com"]'


@dataclass(frozen=True)
class SignInSettings:
    """Providers that people can sign in with, and the roles they get.

    Attributes:
        providers: the names of their tables [auth.NAME]; "default" is the provider in [auth] itself.
        admins: verified e-mail addresses whose owners are always admins, in lower case.
        role_claim: the claim of the identity that gives a role, such as "groups"; empty where none does.
        roles: the role of each value of that claim.
        default_role: the role of everyone else.
    """

    providers: tuple[str, ...]
    admins: frozenset[str] = frozenset()
    role_claim: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    default_role: str = "viewer"


def read_sign_in_settings(secrets: Mapping[str, Any]) -> SignInSettings | None:
    """Return the settings of sign-in in the tables of secrets.toml; None where it has no [auth], so that there is no sign-in.

    A mistake in them raises a DataError: a server that was meant to ask for a sign-in must not open without one.
    """
    own = secrets.get("recscope", {})
    if "auth" not in secrets:
        if own:
            raise DataError(_("secrets.toml has the table [recscope] but no [auth]; add [auth], without which everyone would be an admin"))
        return None
    return SignInSettings(_read_providers(secrets["auth"]), **_read_roles(own))


def _read_providers(auth: Any) -> tuple[str, ...]:
    auth = _check_type("auth", auth, Mapping)
    secret = auth.get("cookie_secret")
    if not isinstance(secret, str) or len(secret) < SHORTEST_SECRET:
        raise DataError(
            _(
                "cookie_secret in [auth] of secrets.toml must be at least {count} random characters; make them with: {command}",
                count=SHORTEST_SECRET,
                command="python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        )
    if not str(auth.get("redirect_uri", "")).endswith("/oauth2callback"):
        raise DataError(
            _(
                "redirect_uri in [auth] of secrets.toml must be the address of this server with {path} behind it, such as {example}",
                path="/oauth2callback",
                example="https://recscope.example.com/oauth2callback",
            )
        )
    tables = {name: value for name, value in auth.items() if isinstance(value, Mapping) and name != "client_kwargs"}
    if "client_id" in auth:
        tables = {"default": auth, **tables}
    if not tables:
        raise DataError(_("[auth] of secrets.toml has no provider; add client_id, client_secret and server_metadata_url"))
    for name, table in tables.items():
        missing = [key for key in ("client_id", "client_secret", "server_metadata_url") if not table.get(key)]
        if missing:
            raise DataError(_("the provider {name} in [auth] of secrets.toml lacks {keys}", name=name, keys=join_words(missing)))
        if "_" in name:
            raise DataError(_("the name of the provider {name} in [auth] of secrets.toml must not have an underscore", name=name))
    return tuple(tables)


def _read_roles(own: Any) -> dict[str, Any]:
    own = _check_type("recscope", own, Mapping)
    for name, value in own.items():
        if name not in KEYS:
            suggestion = did_you_mean(name, list(KEYS))
            raise DataError(
                _("secrets.toml has an unknown setting {name} in [recscope]; {suggestion}", name=name, suggestion=suggestion)
                if suggestion
                else _("secrets.toml has an unknown setting {name} in [recscope]; known: {names}", name=name, names=", ".join(KEYS))
            )
        _check_type(f"recscope.{name}", value, KEYS[name])
    roles = {str(value): _check_role(role) for value, role in own.get("roles", {}).items()}
    if bool(roles) != bool(own.get("role_claim")):
        raise DataError(
            _("[recscope] of secrets.toml needs both role_claim and [recscope.roles], such as {example}", example='"ml-team" = "editor"')
        )
    return {
        "admins": frozenset(str(each).strip().casefold() for each in own.get("admins", ())),
        "role_claim": own.get("role_claim", ""),
        "roles": roles,
        "default_role": _check_role(own.get("default_role", "viewer")),
    }


def _check_type(name: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise DataError(_("{name} in secrets.toml has the wrong type; write it like this: {example}", name=name, example=EXAMPLES[name]))
    return value


def _check_role(role: Any) -> str:
    if role not in ROLES:
        raise DataError(_("there is no role {role} in secrets.toml; the roles are {roles}", role=role, roles=", ".join(ROLES)))
    return str(role)


EXAMPLES = {
    "auth": "[auth]",
    "recscope": "[recscope]",
    "recscope.admins": EXAMPLE,
    "recscope.role_claim": 'role_claim = "groups"',
    "recscope.roles": '[recscope.roles] "ml-team" = "editor"',
    "recscope.default_role": 'default_role = "viewer"',
}
"""Examples of tables and settings, for messages."""
