"""The API of a real server, beside its pages."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recsys.__main__ import main
from tests.browser.live import ROOT, Server, serving

ASKED = {"dataset": "demo-city", "checkpoint": "markov", "user": "p0042", "k": 3}
DOCS = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def fetch(server: Server, address: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    sent = None if body is None else json.dumps(body).encode()
    kind = {} if body is None else {"content-type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(server.url + address, sent, headers | kind), timeout=60) as answer:
            text = answer.read().decode()
            return answer.status, json.loads(text) if answer.headers["content-type"] == "application/json" else text
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("live") / "home") as running:
        yield running


def test_the_api_and_the_pages_answer_on_one_server(server: Server) -> None:
    assert fetch(server, "/api/health") == (200, {"status": "ok", "version": "0.1.0", "store": True})
    status, page = fetch(server, "/timeline")
    assert status == 200 and "<html" in page
    assert fetch(server, "/_stcore/health") == (200, "ok")
    status, found = fetch(server, "/api/recommend", ASKED)
    assert status == 200 and len(found["items"]) == 3
    assert fetch(server, "/api/recommend", ASKED, origin="https://elsewhere.example")[0] == 403
    assert fetch(server, "/api/recommend", ASKED, host="elsewhere.example")[0] == 403


def test_the_examples_of_the_documentation_run(server: Server) -> None:
    known = {}
    for block in re.findall(r"```sh\n(curl.*?)```", DOCS, re.S):
        for name, value in known.items():
            block = block.replace(name, value)
        command = block.replace("http://127.0.0.1:8501", server.url).replace("curl ", "curl --silent --fail-with-body ")
        answer = json.loads(subprocess.run(["bash", "-c", command], capture_output=True, check=True, text=True).stdout)
        if answer.get("impression_id"):
            known = {"IMPRESSION_ID": answer["impression_id"], "ITEM_ID": answer.get("items", [{"item_id": ""}])[0]["item_id"]}
    assert answer["contributions"] and known
    assert "missing ScriptRunContext" not in server.log.read_text() and "Traceback" not in server.log.read_text()


def test_tokens_of_the_command_line_open_a_server_that_asks_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path / "home"))
    with serving(tmp_path / "home", RECSCOPE_API="1") as server:
        assert fetch(server, "/api/recommend", ASKED)[0] == 401
        assert main(["tokens", "create", "shop", "--role", "viewer"]) == 0
        token = capsys.readouterr().out.strip()
        assert fetch(server, "/api/recommend", ASKED, authorization=f"Bearer {token}")[0] == 200
        assert main(["tokens", "revoke", "shop"]) == 0
        assert token not in capsys.readouterr().out
        assert fetch(server, "/api/recommend", ASKED, authorization=f"Bearer {token}")[0] == 401
    assert main(["tokens", "list"]) == 0 and "shop" in capsys.readouterr().out
    assert main(["tokens", "create"]) == 2 and main(["tokens", "revoke", "nobody"]) == 2
