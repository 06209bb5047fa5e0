"""The contract of every entry of DATASETS; a new entry is tested unchanged."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys import datasets
from recsys.core import Dataset
from recsys.core.errors import DataError, UnknownNameError
from recsys.datasets import DATASETS, list_datasets, open_dataset, prepare_dataset
from tests.datasets import miniatures

REAL = os.environ.get("RECSYS_DATA")
COUNTS = {  # rows, people, items, as the files' own documentation counts them
    "ml-100k": (100_000, 943, 1_682),
    "ml-latest-small": (100_836, 610, 9_724),
    "ml-1m": (999_611, 6_040, 3_416),
    "foursquare": (147_918, 1_083, 5_133),
    "amazon-beauty": (198_502, 22_363, 12_101),
    "deskdrop": (72_312, 1_895, 2_987),
}
ACTIONS = {"kept", "dropped", "filled", "reordered"}


@pytest.fixture(autouse=True)
def nothing_real(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Miniatures only, unless a test says otherwise."""
    if "real" not in request.node.name:
        monkeypatch.delenv("RECSYS_DATA", raising=False)


@pytest.fixture(scope="module")
def prepared_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[miniatures.Expected, Path]]:
    """Folders with raw, home and assets in them, one a data set, made when first asked for."""
    ready: dict[str, tuple[miniatures.Expected, Path]] = {}

    def ready_for(name: str) -> tuple[miniatures.Expected, Path]:
        if name not in ready:
            place = tmp_path_factory.mktemp(name)
            raw = place / ("raw" if DATASETS[name].module else "assets/data")
            expected = miniatures.write(name, raw)
            with pytest.MonkeyPatch.context() as patch:
                _move_in(patch, place)
                prepare_dataset(name, root=raw)
            ready[name] = expected, place
        return ready[name]

    return ready_for


@pytest.fixture
def made(
    name: str, prepared_once: Callable[[str], tuple[miniatures.Expected, Path]], monkeypatch: pytest.MonkeyPatch
) -> tuple[Dataset, miniatures.Expected, Path]:
    expected, place = prepared_once(name)
    _move_in(monkeypatch, place)
    return open_dataset(name), expected, place / "raw"


def _move_in(patch: pytest.MonkeyPatch, place: Path) -> None:
    patch.setenv("RECSYS_HOME", str(place / "home"))
    for module in ("recsys.datasets.registry", "recsys.datasets.importing.preparation"):
        patch.setattr(f"{module}.ASSETS", place / "assets")


def test_every_dataset_has_a_miniature() -> None:
    assert set(miniatures.WRITERS) == set(DATASETS)


@pytest.mark.parametrize("name", DATASETS)
class TestEveryDataset:
    def test_counts_and_abilities(self, name: str, made: tuple[Dataset, miniatures.Expected, Path]) -> None:
        data, expected, _ = made
        assert (len(data.interactions), len(data.user_ids), len(data.item_ids)) == (expected.interactions, expected.users, expected.items)
        assert set(data.has) == expected.has
        assert (data.repeats, data.noun) == (DATASETS[name].repeats, DATASETS[name].noun)

    def test_everybody_has_their_items_in_order(self, name: str, made: tuple[Dataset, miniatures.Expected, Path]) -> None:
        data, expected, _ = made
        assert {user: list(data.history(user).items) for user in data.user_ids} == expected.histories

    def test_types_and_sorting(self, name: str, made: tuple[Dataset, miniatures.Expected, Path]) -> None:
        data = made[0]
        assert all(isinstance(each, str) for each in (*data.user_ids, *data.item_ids))
        table = data.interactions
        for _, rows in table.groupby("user_id", observed=True):
            assert list(rows["order"]) == list(range(len(rows)))
            assert "timestamp" not in rows or rows["timestamp"].is_monotonic_increasing
        assert table["user_id"].cat.codes.is_monotonic_increasing
        if "timestamp" in table:
            assert str(table["timestamp"].dtype) == "datetime64[ms, UTC]"
        if data.users is not None:
            assert list(data.users.index) == list(data.user_ids)

    def test_items_have_titles_a_person_can_read(self, name: str, made: tuple[Dataset, miniatures.Expected, Path]) -> None:
        data = made[0]
        assert all(data.title_of(item) != item for item in data.item_ids)

    def test_report_has_every_check(self, name: str, made: tuple[Dataset, miniatures.Expected, Path]) -> None:
        checks = {check.check: check for check in made[0].checks}
        if DATASETS[name].module is not None:
            assert {"missing ids", "unparsable times", "future times", "out-of-range coordinates", "swapped coordinates"} <= set(checks)
            assert {"non-finite ratings", "duplicates", "order", "missing ratings", "missing coordinates"} <= set(checks)
        assert all(check.rows >= 0 and check.action in ACTIONS for check in checks.values())

    def test_card_says_what_the_data_says(self, name: str, made: tuple[Dataset, miniatures.Expected, Path]) -> None:
        data = made[0]
        card = next(card for card in list_datasets() if card.name == name)
        assert card.prepared
        assert (card.interactions, card.users, card.items) == (len(data.interactions), len(data.user_ids), len(data.item_ids))
        assert (card.has, card.fingerprint, card.checks) == (data.has, data.fingerprint, data.checks)
        lengths = [len(data.history(user)) for user in card.example_users]
        assert len(lengths) == 5 and lengths == sorted(lengths, reverse=True) and lengths[0] == max(np.diff(data.user_starts))
        if data.times is not None:
            assert card.first == pd.Timestamp(data.times.min(), unit="s", tz="UTC") and card.last is not None

    def test_second_open_is_the_same_and_ingests_nothing(
        self, name: str, made: tuple[Dataset, miniatures.Expected, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("recsys.datasets.importing.ingest.open_duckdb", lambda *_: pytest.fail("the raw files were read again"))
        monkeypatch.delenv("RECSYS_DATA", raising=False)
        again = open_dataset(name)
        pd.testing.assert_frame_equal(again.interactions, made[0].interactions)
        pd.testing.assert_frame_equal(again.items, made[0].items)

    def test_fingerprint_follows_source_and_options(
        self, name: str, made: tuple[Dataset, miniatures.Expected, Path], tmp_path: Path
    ) -> None:
        data, _, raw = made
        if DATASETS[name].module is None:
            assert prepare_dataset(name).fingerprint == data.fingerprint
            return
        copy = shutil.copytree(raw, tmp_path / "copy")
        assert prepare_dataset(name, root=copy, name="again").fingerprint == data.fingerprint
        assert prepare_dataset(name, root=copy, name="again", duplicates="drop").fingerprint != data.fingerprint
        with next(iter(DATASETS[name].files_in(copy))).open("ab") as file:
            file.write(b"\n")
        assert prepare_dataset(name, root=copy, name="again").fingerprint != data.fingerprint

    def test_unprepared_data_says_how_to_prepare_it(self, name: str, tmp_path: Path) -> None:
        if DATASETS[name].module is None:
            pytest.skip("ships prepared")
        assert not next(card for card in list_datasets() if card.name == name).prepared
        with pytest.raises(DataError, match=f"python -m recsys prepare {name}"):
            open_dataset(name)
        with pytest.raises(DataError, match=f"no raw files of '{name}'"):
            prepare_dataset(name, root=tmp_path)

    def test_spec_speaks_to_people(self, name: str) -> None:
        spec = DATASETS[name]
        assert all((spec.title, spec.summary.endswith("."), spec.noun, spec.terms.endswith(".")))
        assert all(each.checksum is None or ":" in each.checksum for each in spec.downloads)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.skipif(not REAL, reason="RECSYS_DATA is not set: the real files are not tested")
def test_real_files_have_the_documented_counts(name: str) -> None:
    card = prepare_dataset(name)
    assert (card.interactions, card.users, card.items) == COUNTS[name]
    began = time.perf_counter()
    data = open_dataset(name)
    print(f"{name}: {card.interactions:,} rows opened in {time.perf_counter() - began:.2f} s")
    assert all(len(data.history(user)) for user in card.example_users)
    if name == "foursquare":
        assert {check.check: check for check in card.checks}["duplicates"][1:3] == (458, "kept")
    if name == "ml-latest-small":
        _same_as_pandas(data)


def _same_as_pandas(data: Dataset) -> None:
    """The whole file by another way: pandas reads and sorts it."""
    table = pd.read_csv(Path(REAL or "") / "ml-latest-small" / "ratings.csv").sort_values(["userId", "timestamp"], kind="stable")
    assert list(data.interactions["item_id"].astype(str)) == list(table["movieId"].astype(str))
    assert list(data.interactions["user_id"].astype(str)) == list(table["userId"].astype(str))
    np.testing.assert_array_equal(data.times, table["timestamp"])
    np.testing.assert_array_equal(data.ratings, table["rating"])


def test_movielens_1m_without_its_ratings_file(tmp_path: Path) -> None:
    expected = miniatures.ml_1m_order_only(tmp_path)
    prepare_dataset("ml-1m", root=tmp_path)
    data = open_dataset("ml-1m")
    assert set(data.has) == expected.has and data.times is None
    assert {user: list(data.history(user).items) for user in data.user_ids} == expected.histories


def test_wrong_plots_are_left_out(tmp_path: Path) -> None:
    miniatures.ml_1m(tmp_path)
    prepare_dataset("ml-1m", root=tmp_path)
    texts = open_dataset("ml-1m").items["text"]
    assert "A plot, told 1." in texts["1"] and "plot" not in texts["2"] and "plot" not in texts["12"]


def test_venues_without_names_are_called_by_what_they_are(tmp_path: Path) -> None:
    miniatures.foursquare(tmp_path)
    prepare_dataset("foursquare", root=tmp_path)
    titles = open_dataset("foursquare").items["title"]
    assert titles.iloc[0] == "Café, Bar & <b>Grill</b>" and titles.iloc[1] == "Café 1 · 0001"


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean ml-100k"):
        open_dataset("ml-100")
    with pytest.raises(UnknownNameError, match="dataset or file"):
        prepare_dataset("foursqare")
    for nonsense in ("", "../etc", "a/b", ".hidden"):
        with pytest.raises(UnknownNameError):
            open_dataset(nonsense)


def test_a_damaged_prepared_folder_says_prepare_again(tmp_path: Path) -> None:
    miniatures.ml_100k(tmp_path)
    prepare_dataset("ml-100k", root=tmp_path)
    folder = datasets.prepared_folder("ml-100k")
    assert folder is not None
    whole = (folder / "interactions.parquet").read_bytes()
    (folder / "interactions.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="prepare the data again"):
        open_dataset("ml-100k")
    (folder / "interactions.parquet").unlink()
    with pytest.raises(DataError, match="prepare the data again"):
        open_dataset("ml-100k")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "format": 99}))
    with pytest.raises(DataError, match="another version"):
        open_dataset("ml-100k")
