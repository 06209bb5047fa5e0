"""A small OpenID Connect provider on loopback: discovery, keys, a page to sign in with, codes with PKCE, RS256 ID tokens, sign-out."""

import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from secrets import token_urlsafe
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.browser.live import free_port

CLIENT, SECRET = "recscope", "a-secret-of-the-client"
DISCOVERY = "/.well-known/openid-configuration"


@dataclass
class Provider:
    """A running provider. `people` are the claims of everyone who can sign in, by login; `lifetime` is that of the next ID tokens, in seconds.

    `is_broken` makes the next tokens wrong in one way: "signature", "audience", "nonce".
    """

    url: str
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    lifetime: float = 3600.0
    is_broken: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    signed_out: list[str] = field(default_factory=list)

    @property
    def metadata(self) -> str:
        return self.url + DISCOVERY

    async def discover(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                "end_session_endpoint": f"{self.url}/logout",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def list_keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        """Show a button for each person; a press comes back with `login` and gets a code."""
        query = dict(request.query_params)
        login = query.pop("login", None)
        if login is None:
            hidden = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in query.items())
            buttons = "".join(f'<button name="login" value="{escape(each)}">{escape(each)}</button>' for each in self.people)
            return HTMLResponse(f"<h1>Provider</h1><form>{hidden}{buttons}</form>")
        if query["client_id"] != CLIENT or query["response_type"] != "code" or "openid" not in query["scope"].split():
            return JSONResponse({"error": "invalid_request"}, status_code=400)
        code = token_urlsafe(16)
        self.codes[code] = {**query, "login": login}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}", status_code=302)

    async def make_tokens(self, request: Request) -> Response:
        form = await request.form()
        basic = base64.b64decode(request.headers.get("authorization", "Basic ").partition(" ")[2]).decode()
        asked = self.codes.pop(str(form.get("code")), None)
        verifier = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        if (
            asked is None
            or basic != f"{CLIENT}:{SECRET}"
            or asked["redirect_uri"] != form.get("redirect_uri")
            or asked["code_challenge"] != base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": asked["login"],
            "aud": CLIENT if self.is_broken != "audience" else "another",
            "iat": now,
            "exp": int(now + self.lifetime),
            "nonce": asked["nonce"] if self.is_broken != "nonce" else "another",
            **self.people[asked["login"]],
        }
        key = self.key if self.is_broken != "signature" else RSAKey.generate_key(2048, {"kid": "1"})
        token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)
        return JSONResponse(
            {"access_token": token_urlsafe(16), "token_type": "Bearer", "expires_in": int(self.lifetime), "id_token": token}
        )

    async def sign_out(self, request: Request) -> Response:
        self.signed_out.append(request.query_params["client_id"])
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], status_code=302)


@contextmanager
def provide() -> Iterator[Provider]:
    """A provider in a thread of this process, on a free port."""
    port = free_port()
    provider = Provider(f"http://127.0.0.1:{port}")
    routes = [
        Route(DISCOVERY, provider.discover),
        Route("/jwks", provider.list_keys),
        Route("/authorize", provider.authorize),
        Route("/token", provider.make_tokens, methods=["POST"]),
        Route("/logout", provider.sign_out),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning"))
    thread = Thread(target=server.run, name="provider", daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join()
