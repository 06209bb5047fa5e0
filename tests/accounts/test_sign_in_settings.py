"""The tables [auth] and [recscope] of secrets.toml."""

import tomllib

import pytest

from recsys.accounts.sign_in_settings import SignInSettings, read_sign_in_settings
from recsys.core.errors import DataError

AUTH = """
[auth]
redirect_uri = "http://localhost:8501/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
"""
CLIENT = """
client_id = "recscope"
client_secret = "hush"
server_metadata_url = "https://id.example.com/.well-known/openid-configuration"
"""


def read(text: str) -> SignInSettings | None:
    return read_sign_in_settings(tomllib.loads(text))


def test_without_auth_there_is_no_sign_in() -> None:
    assert read("") is None
    assert read('api_key = "other"') is None


def test_providers() -> None:
    assert read(AUTH + CLIENT) == SignInSettings(("default",))
    assert read(AUTH + "[auth.google]" + CLIENT + "[auth.okta]" + CLIENT) == SignInSettings(("google", "okta"))
    both = read(AUTH + CLIENT + 'client_kwargs = {prompt = "login"}\n[auth.okta]' + CLIENT)
    assert both is not None
    assert both.providers == ("default", "okta")


def test_roles() -> None:
    roles = '[recscope]\nadmins = ["Ann@Example.com"]\nrole_claim = "groups"\ndefault_role = "none"\n[recscope.roles]\nteam = "editor"'
    assert read(AUTH + CLIENT + roles) == SignInSettings(("default",), frozenset({"ann@example.com"}), "groups", {"team": "editor"}, "none")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[recscope]\nadmins = ["ann@example.com"]', "no \\[auth\\]"),
        ("auth = 1", "auth in secrets.toml"),
        ("[auth]", "cookie_secret"),
        (AUTH.replace("0123", ""), "cookie_secret"),
        (AUTH.replace("/oauth2callback", "/") + CLIENT, "redirect_uri"),
        (AUTH, "no provider"),
        (AUTH + "[auth.google]", "google.*client_id, client_secret and server_metadata_url"),
        (AUTH + "[auth.my_own]" + CLIENT, "my_own.*underscore"),
        (AUTH + CLIENT + '[recscope]\nadmin = ["ann@example.com"]', "did you mean admins"),
        (AUTH + CLIENT + '[recscope]\nadmins = "ann@example.com"', "recscope.admins .* wrong type"),
        (AUTH + CLIENT + '[recscope]\nrole_claim = "groups"', "role_claim and \\[recscope.roles\\]"),
        (AUTH + CLIENT + '[recscope]\nroles = {team = "editor"}', "role_claim and \\[recscope.roles\\]"),
        (AUTH + CLIENT + '[recscope]\nrole_claim = "groups"\nroles = {team = "owner"}', "no role owner"),
        (AUTH + CLIENT + '[recscope]\ndefault_role = "all"', "no role all"),
    ],
)
def test_mistakes_are_errors_and_no_open_door(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(text)
