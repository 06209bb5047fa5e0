"""Recipes of imports: an import repeated from its recipe is the same dataset, and a damaged recipe is one line."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core.errors import DataError
from recsys.datasets import open_dataset, prepare_dataset, prepare_recipe, read_file, save_import
from recsys.datasets.importing.options import Options
from recsys.datasets.importing.recipe import FILE_NAME, Recipe, format_recipe, read_recipe
from recsys.datasets.source import KEYS
from recsys.storage.paths import home
from tests.cli.test_commands import run

SHOP = "who,what,when,stars\nann,tea,03/02/2026,4\nann,tea,03/02/2026,4\nbob,pie,04/02/2026,\nbob,tea,05/02/2026,2\n"
NEXT = "who,what,when,stars\nann,pie,03/03/2026,4\neve,tea,04/03/2026,1\neve,tea,04/03/2026,1\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop of ann.csv"
    path.write_text(SHOP)
    return path


def recipe_of(name: str) -> Path:
    return home() / "datasets" / name / FILE_NAME


def test_a_repeated_import_is_the_same_dataset(shop: Path) -> None:
    card = prepare_dataset(shop, name="shop", duplicates="drop", missing="mean", dates="day-first")
    before = recipe_of("shop").read_text()
    again = prepare_recipe(recipe_of("shop"))
    assert (again.fingerprint, again.title, again.interactions, again.checks) == (card.fingerprint, card.title, 3, card.checks)
    assert recipe_of("shop").read_text() == before
    assert prepare_dataset(shop, name="shop", duplicates="keep", missing="mean", dates="day-first").fingerprint != card.fingerprint


def test_a_guessed_and_a_given_column_are_the_same_import(shop: Path) -> None:
    guessed = prepare_dataset(shop, name="guessed", dates="day-first")
    mapping = {"user_id": "who", "item_id": "what", "timestamp": "when", "rating": "stars"}
    assert prepare_dataset(shop, name="given", mapping=mapping, dates="day-first").fingerprint == guessed.fingerprint
    written = tomllib.loads(recipe_of("guessed").read_text())
    assert {key: column for key, column in written["options"]["mapping"].items() if column} == mapping
    assert set(written["options"]["mapping"]) == set(KEYS)


def test_the_choices_are_made_for_another_file_too(shop: Path, tmp_path: Path) -> None:
    prepare_dataset(shop, name="shop", mapping={"rating": ""}, duplicates="drop", dates="day-first")
    later = tmp_path / "march.csv"
    later.write_text(NEXT)
    card = prepare_recipe(recipe_of("shop"), later)
    assert (card.name, card.interactions, card.has) == ("march", 2, ("time",))
    assert card.first is not None and (card.first.month, card.first.day) == (3, 3)
    assert read_recipe(recipe_of("march")).source == str(later)
    assert open_dataset("shop").title == "Shop of ann"


def test_the_file_may_have_changed_since(shop: Path) -> None:
    first = prepare_dataset(shop, name="shop", duplicates="drop", dates="day-first")
    shop.write_text(NEXT)
    second = prepare_recipe(recipe_of("shop"))
    assert (second.name, second.interactions) == ("shop", 2)
    assert second.fingerprint != first.fingerprint


def test_a_saved_upload_is_the_import_of_its_recipe(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options("drop", "mean", "day-first", (("user_id", "who"), ("item_id", "what"), ("timestamp", "when")))
    data = read_file(shop, dict(options.mapping), duplicates=options.duplicates, missing=options.missing, dates=options.dates)
    card = save_import(data, "kept", shop, options)
    assert (card.name, card.fingerprint) == ("kept", data.fingerprint)
    assert read_recipe(recipe_of("kept")).source == shop.name
    monkeypatch.chdir(shop.parent)
    again = prepare_recipe(recipe_of("kept"))
    assert (again.fingerprint, again.name) == (data.fingerprint, "kept")
    assert open_dataset("kept").interactions.equals(data.interactions)


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1, max_size=12)


@given(
    title=names,
    source=names,
    mapping=st.dictionaries(st.sampled_from(KEYS), names | st.just(""), min_size=1),
    dates=st.sampled_from(["day-first", None]),
)
def test_any_text_is_read_back(
    title: str, source: str, mapping: dict[str, str], dates: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    recipe = Recipe("shop", title, source, "ab" * 32, Options("drop", "median", dates, tuple(mapping.items())))
    path = tmp_path_factory.mktemp("recipes") / FILE_NAME
    path.write_text(format_recipe(recipe), encoding="utf-8")
    assert read_recipe(path) == recipe


BROKEN = {
    "no toml": ("name = ", "not a recipe in TOML"),
    "unknown key": ("nam = 'shop'", "'nam' is not a key of a recipe; did you mean name?"),
    "unknown option": (
        "name = 'a'\ntitle = 'a'\nsource = 'a'\nsha256 = 'a'\n[options]\nmising = 'mean'",
        "did you mean missing or mapping?",
    ),
    "wrong choice": (
        "name = 'a'\ntitle = 'a'\nsource = 'a'\nsha256 = 'a'\n[options]\nmissing = 'guess'",
        "missing is guess, which cannot be used",
    ),
    "wrong kind": ("name = 'a'\ntitle = 'a'\nsource = 'a'\nsha256 = 'a'\n[options]\nmapping = 3", "mapping is 3"),
    "name of a folder": ("name = '../a'\ntitle = 'a'\nsource = 'a'\nsha256 = 'a'", "'../a' cannot be used"),
    "number": ("name = 3", "name is 3"),
    "nothing": ("", "has no name"),
    "no table": ("options = 3", "options is not a table"),
    "lost file": ("name = 'a'\ntitle = 'a'\nsource = 'lost.csv'\nsha256 = 'a'", "its source 'lost.csv' is neither beside it"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_damaged_recipe_is_one_line(kind: str, tmp_path: Path) -> None:
    text, says = BROKEN[kind]
    path = tmp_path / FILE_NAME
    path.write_text(text)
    with pytest.raises(DataError) as raised:
        prepare_recipe(path)
    assert says in str(raised.value) and "\n" not in str(raised.value)
    assert not (home() / "datasets").exists() or not list((home() / "datasets").iterdir())


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_is_no_text_is_one_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(DataError, match=FILE_NAME):
        prepare_recipe(path)


def test_the_command_repeats_an_import(shop: Path, tmp_path: Path) -> None:
    first = run("prepare", shop, "--name", "shop", "--dates", "day-first", "--json").json
    assert run("prepare", recipe_of("shop"), "--json").json["fingerprint"] == first["fingerprint"]
    later = tmp_path / "march.csv"
    later.write_text(NEXT)
    done = run("prepare", later, "--recipe", recipe_of("shop"), "--name", "shop-march", "--json").json
    assert (done["name"], done["interactions"]) == ("shop-march", 3)
    refused = run("prepare", recipe_of("shop"), "--missing", "mean")
    assert refused.code == 2 and "already has the choices" in refused.err and refused.err.count("\n") == 1
