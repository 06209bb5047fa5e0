"""The report of `prepare` on the reading of a file: roles with reasons, unused columns, first rows, questions, and files at an address."""

import shlex
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from recsys.datasets.importing.recipe import read_recipe
from recsys.storage.paths import home
from tests.cli.test_commands import run

ORDERS = "customer,article,when,price,quantity\n" + "".join(
    f"c{number % 7},a{number % 5},2026-01-{1 + number % 28:02d}T08:{number % 60:02d}:00,{number}.50,{number % 3 - 1}\n"
    for number in range(60)
)


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS)
    return path


@pytest.fixture
def unclear(tmp_path: Path) -> Path:
    """A file whose users no name tells."""
    path = tmp_path / "plays.csv"
    rows = (f"track {number % 9},2026-01-{1 + number % 28:02d} 10:{number % 60:02d}" for number in range(50))
    path.write_text("track,played at\n" + "\n".join(rows) + "\n")
    return path


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a server that serves `tmp_path`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), lambda *each: Handler(*each, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_json_has_roles_with_reasons_unused_columns_and_three_rows(orders: Path) -> None:
    found = run("prepare", orders, "--map", "timestamp=when,weight=", "--json").json
    assert (found["format"], found["layout"]) == ("separated", "rows")
    assert {role: read["column"] for role, read in found["roles"].items()} == {
        "user_id": "customer", "item_id": "article", "timestamp": "when",
    }  # fmt: skip
    assert all(set(read) == {"column", "reason", "sure"} and read["reason"] for read in found["roles"].values())
    assert found["roles"]["user_id"]["sure"] is True
    assert found["unused"] == {"price": "a price", "quantity": "tells kinds of rows: returned"}
    assert len(found["sample"]) == 3
    assert found["sample"][0] == {"customer": "c0", "article": "a0", "when": "2026-01-01T08:00:00", "price": "0.50", "quantity": "-1"}


def test_text_has_a_line_for_every_column_above_the_checks(orders: Path) -> None:
    lines = run("prepare", orders).out.splitlines()
    assert lines[0] == "orders.csv: columns separated by commas, utf-8, with a line of names; one event a row"
    assert lines[1].split() == ["read", "as", "column", "row", "1", "row", "2", "row", "3", "reason"]
    reading = lines[2 : lines.index("")]
    assert [line.split()[:5] for line in reading if line.split()[1] in ("customer", "price")] == [
        ["user_id", "customer", "c0", "c1", "c2"],
        ["unused", "price", "0.50", "1.50", "2.50"],
    ]
    assert "the column is named 'customer'" in lines[2]
    assert lines.index("") < next(number for number, line in enumerate(lines) if line.startswith("check "))


def test_a_question_is_followed_by_a_command_that_answers_it(unclear: Path) -> None:
    asked = run("prepare", unclear, "--json")
    assert asked.code == 2
    assert asked.out == ""
    error, answer = asked.err.splitlines()
    assert error.startswith("error: plays.csv does not say clearly what its columns mean: user_id from '=me'?")
    start = "the likeliest answer: python -m recsys "
    assert answer == f"{start}prepare {unclear} --json --map user_id==me"
    found = run(*shlex.split(answer.removeprefix(start))).json
    assert (found["users"], found["items"], found["interactions"]) == (1, 9, 50)
    assert found["roles"]["user_id"] == {"column": "=me", "reason": "given with --map", "sure": False}


def test_a_recipe_shows_the_reading_too(orders: Path) -> None:
    first = run("prepare", orders, "--name", "first", "--json").json
    again = run("prepare", home() / "datasets" / "first" / "recipe.toml", "--json").json
    assert again == first


def test_long_values_and_many_columns_are_cut_in_text(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    names = [f"fact_{number}" for number in range(40)]
    rows = [f"u{number % 5},i{number % 4}," + ",".join(["some long text about it"] * 39 + ["x" * 90]) for number in range(30)]
    path.write_text(",".join(["user_id", "item_id", *names]) + "\n" + "\n".join(rows) + "\n")
    out = run("prepare", path).out
    assert "further columns that are not used" in out
    assert "x" * 25 not in out


def test_a_known_dataset_has_no_reading() -> None:
    assert "roles" not in run("prepare", "demo-city", "--json").json


def test_a_file_at_an_address_is_downloaded(orders: Path, address: str) -> None:
    url = f"{address}/{orders.name}?version=2"
    ran = run("prepare", url, "--json")
    found = ran.json
    assert (found["name"], found["interactions"]) == ("orders", 60)
    assert found["fingerprint"] == run("prepare", orders, "--name", "same", "--json").json["fingerprint"]
    assert "orders.csv: " in ran.err and "bytes" in ran.err
    recipe = home() / "datasets" / "orders" / "recipe.toml"
    assert read_recipe(recipe).source == url
    assert run("prepare", recipe, "--json").json["fingerprint"] == found["fingerprint"]
    assert run("prepare", url, "--recipe", recipe, "--name", "other", "--json").json["interactions"] == 60


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.csv", "answers 404"),
        ("empty.csv", "empty.csv is empty"),
        ("page.csv", "page.csv is a web page, not data"),
        ("a%20name with spaces é.csv", "answers 404"),
    ],
)
def test_what_cannot_be_downloaded_is_one_line(path: str, message: str, tmp_path: Path, address: str) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "page.csv").write_text("<!DOCTYPE html><html><body>Not here</body></html>")
    ran = run("prepare", f"{address}/{path}")
    assert ran.code == 2
    assert message in ran.err
    assert len([line for line in ran.err.splitlines() if line.startswith("error: ")]) == 1
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/a.csv", "file:///etc/hostname", "s3://bucket/a.csv", "http://", "http://[::1/a.csv", "http://127.0.0.1:9/a.csv"],
)
def test_other_addresses_are_one_line(url: str) -> None:
    ran = run("prepare", url)
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "save the file and give its path" in ran.err or "download the file yourself" in ran.err
