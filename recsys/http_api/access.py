"""Access to the API: off, open to programs on this machine, or by bearer tokens.

RECSCOPE_API=1 turns it on for tokens, RECSCOPE_API=0 off. Without either it is open, without a token and as the local account, where the
server listens on a loopback address and has no sign-in; everywhere else it is off.

Open means open to programs and never to web pages: a page of another site can make a browser send requests to this machine, also under
a name of its own that it lets point here. Such requests have another Host or Origin, and forms have another content type than JSON.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.requests import Request

from recsys.accounts.account import Account
from recsys.accounts.roles import check_allowed
from recsys.accounts.tokens import Token
from recsys.http_api.errors import ApiError
from recsys.http_api.rate_limit import RateLimiter, group_address

VARIABLE = "RECSCOPE_API"
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")

Access = Literal["off", "local", "tokens"]


@dataclass(frozen=True)
class Caller:
    """The sender of a request: the key of its rate limit, and its account, None for a program of the local user."""

    key: str
    account: Account | None = None


def choose_access(address: str | None, has_sign_in: bool, setting: str) -> Access:
    """Return the access for the address that the server listens on and the value of RECSCOPE_API."""
    if setting.strip().lower() in ("1", "true", "yes", "on"):
        return "tokens"
    return "local" if not setting.strip() and not has_sign_in and is_loopback(address) else "off"


@lru_cache(maxsize=256)
def is_loopback(host: str | None) -> bool:
    """Return whether a host name or address is that of this machine, which no other can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


async def identify(request: Request, access: Access, limiter: RateLimiter, find_token: Callable[[str], Token | None]) -> Caller:
    """Return the sender of a request, or raise an ApiError with 401, 403 or 429. `find_token` returns the valid token with this text."""
    if access == "off":
        raise ApiError(403, f"the API is off on this server; its owner turns it on with {VARIABLE}=1, and an admin makes tokens")
    given = request.headers.get("authorization")
    if given is None and access == "local":
        _check_is_local(request)
        return Caller("local")
    address = group_address(request.client.host if request.client else "")
    limiter.take("failure", address, 0)
    scheme, _space, text = (given or "").partition(" ")
    token = await to_thread.run_sync(find_token, text.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        if given is not None:
            limiter.take("failure", address)
        raise ApiError(
            401,
            "the token is unknown or revoked; ask an admin for another" if given else "send the header Authorization: Bearer TOKEN",
            {"www-authenticate": "Bearer"},
        )
    check_allowed(token.account, "view")
    return Caller(f"token {token.id}", token.account)


def _check_is_local(request: Request) -> None:
    """Refuse what a program on this machine would not send: through a proxy, from another address, or by a page of another site."""
    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    is_direct = request.client is not None and is_loopback(request.client.host) and not any(each in request.headers for each in FORWARDED)
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if not is_direct or not is_loopback(name):
        raise ApiError(403, f"without tokens the API answers this machine only; the owner of the server turns tokens on with {VARIABLE}=1")
    if (origin is not None and origin != f"{request.url.scheme}://{host}") or request.headers.get("sec-fetch-site") == "cross-site":
        raise ApiError(403, "a page of another site cannot use the API")
