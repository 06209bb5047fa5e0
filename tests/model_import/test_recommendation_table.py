"""Recommendations as a table: every format gives the same lists, and what is uncertain is asked."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.core import Dataset, Request, empty_history, recommend, request_at
from recsys.core.errors import DataError, QuestionError
from recsys.model_import.formats import read_models
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.options import ImportOptions

LISTS = {"u00": ["i03", "i07", "i01"], "u01": ["i14", "i02"], "u02": ["i05", "i06", "i00"]}
LAST = ImportOptions(made_before="last")


def table(lists: dict[str, list[str]] = LISTS) -> pd.DataFrame:
    rows = [(user, item, 1 - place / 10, place + 1) for user, items in lists.items() for place, item in enumerate(items)]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "score", "rank"])


def shuffled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sample(frac=1, random_state=3)


def lists_of(model: Any, dataset: Dataset) -> dict[str, list[str]]:
    """The list of every user after all events, users without one left out."""
    found = {user: [each.item_id for each in recommend(model, Request(dataset.history(user)), k=20)] for user in dataset.user_ids}
    return {user: items for user, items in found.items() if items}


def counts(imported: ImportedModel) -> dict[str, int]:
    return {each.text: each.rows for each in imported.matches}


def with_text(content: str, name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_text(content, encoding="utf-8")
        return folder / name

    return write


def write_csv(name: str, **options: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        shuffled(table()).to_csv(folder / name, index=False, **options)
        return folder / name

    return write


def write_parquet(folder: Path) -> Path:
    shuffled(table()).to_parquet(folder / "recs.parquet")
    return folder / "recs.parquet"


def write_lenskit_nested(folder: Path) -> Path:
    entries = [
        [{"item_id": item, "score": 1 - place / 10, "rank": place + 1} for place, item in enumerate(items)] for items in LISTS.values()
    ]
    kind = pa.list_(pa.struct({"item_id": pa.string(), "score": pa.float32(), "rank": pa.int32()}))
    pq.write_table(pa.table({"user_id": list(LISTS), "items": pa.array(entries, kind)}), folder / "nested.parquet")
    return folder / "nested.parquet"


def write_lenskit_without_ranks(folder: Path) -> Path:
    entries = [[{"item_id": item, "score": 1 - place / 10} for place, item in enumerate(items)] for items in LISTS.values()]
    pq.write_table(pa.table({"user_id": list(LISTS), "items": entries}), folder / "nested.parquet")
    return folder / "nested.parquet"


def write_elliot(folder: Path) -> Path:
    table()[["user_id", "item_id", "score"]].to_csv(folder / "ItemKNN.tsv", sep="\t", header=False, index=False)
    return folder / "ItemKNN.tsv"


def write_evidently(folder: Path) -> Path:
    rows = shuffled(table()).rename(columns={"score": "prediction"})
    rows["target"] = np.arange(len(rows)) % 2
    rows[["user_id", "item_id", "target", "prediction"]].to_csv(folder / "evidently.csv", index=False)
    return folder / "evidently.csv"


def write_trec(name: str) -> Callable[[Path], Path]:
    lines = [f"{user} Q0 {item} {rank} {score} bm25" for user, item, score, rank in table().itertuples(index=False)]
    return with_text("\n".join(lines) + "\n", name)


def write_gzipped_trec(folder: Path) -> Path:
    plain = write_trec("run.txt")(folder)
    (folder / "run.txt.gz").write_bytes(gzip.compress(plain.read_bytes()))
    return folder / "run.txt.gz"


def write_ranx(folder: Path) -> Path:
    run = {user: {item: 1 - place / 10 for place, item in enumerate(items)} for user, items in LISTS.items()}
    (folder / "run.json").write_text(json.dumps(run))
    return folder / "run.json"


def write_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "recs.zip", "w") as archive:
        archive.writestr("recs.csv", table().to_csv(index=False))
    return folder / "recs.zip"


def write_visual_app(folder: Path) -> Path:
    app = folder / "app"
    app.mkdir()
    table().assign(model="als").to_csv(app / "recommendations.csv", index=False)
    pd.DataFrame({"user_id": ["u00"], "item_id": ["i01"], "weight": [1], "datetime": ["2024-01-01"]}).to_csv(
        app / "interactions.csv", index=False
    )
    pd.DataFrame({"request_name": ["a", "b", "c"], "request_id": list(LISTS)}).to_csv(app / "requests.csv", index=False)
    return app


def write_visual_app_of_names(folder: Path) -> Path:
    app = write_visual_app(folder)
    names = dict(zip(LISTS, "abc"))
    rows = table().assign(request_name=table()["user_id"].map(names), model="als").drop(columns="user_id")
    rows.to_csv(app / "recommendations.csv", index=False)
    return app


FORMATS = {
    "csv": write_csv("recs.csv"),
    "tsv": write_csv("recs.tsv", sep="\t"),
    "semicolons and decimal commas": write_csv("recs.csv", sep=";", decimal=","),
    "gzip": write_csv("recs.csv.gz"),
    "zip": write_zip,
    "other names": with_text(table().rename(columns={"user_id": "userId", "item_id": "movieId"}).to_csv(index=False), "recs.csv"),
    "parquet": write_parquet,
    "lenskit nested": write_lenskit_nested,
    "lenskit nested without ranks": write_lenskit_without_ranks,
    "elliot": write_elliot,
    "evidently": write_evidently,
    "trec": write_trec("run.txt"),
    "trec with another suffix": write_trec("run.bm25"),
    "trec gzipped": write_gzipped_trec,
    "ranx": write_ranx,
    "json records": with_text(table().to_json(orient="records"), "recs.json"),
    "visual app": write_visual_app,
    "visual app with names of requests": write_visual_app_of_names,
}


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_every_format_gives_the_same_lists(write: Callable[[Path], Path], tiny: Dataset, tmp_path: Path) -> None:
    [found] = read_models(write(tmp_path), tiny, LAST)
    assert lists_of(found.model, tiny) == LISTS
    said = counts(found)
    assert said["lists"] == 3 and said["items in the longest list"] == 3
    assert said["users with lists that the dataset has"] == 3 and said["recommended items that the dataset has"] == 8


def test_several_models_in_one_table(tiny: Dataset, tmp_path: Path) -> None:
    other = {user: items[::-1] for user, items in LISTS.items()}
    rows = pd.concat([table().assign(model="als"), table(other).assign(model="ease, 2nd")])
    shuffled(rows).to_csv(tmp_path / "reco.csv", index=False)
    found = {each.name: each for each in read_models(tmp_path / "reco.csv", tiny, LAST)}
    assert lists_of(found["als"].model, tiny) == LISTS
    assert lists_of(found["ease, 2nd"].model, tiny) == other


def test_several_models_in_ranx_json(tiny: Dataset, tmp_path: Path) -> None:
    runs = {name: {user: dict.fromkeys(items, rank) for user, items in LISTS.items()} for rank, name in enumerate(("a", "b"))}
    (tmp_path / "runs.json").write_text(json.dumps(runs))
    assert [each.name for each in read_models(tmp_path / "runs.json", tiny, LAST)] == ["a", "b"]


def test_a_name_of_a_model_with_too_many_values_is_asked_about(tiny: Dataset, tmp_path: Path) -> None:
    rows = pd.DataFrame([(u, i, 1.0) for u in tiny.user_ids for i in tiny.item_ids], columns=["user_id", "item_id", "score"])
    rows["tag"] = [f"t{number}" for number in range(len(rows))]
    rows.to_csv(tmp_path / "recs.csv", index=False)
    with pytest.raises(QuestionError, match="'tag' has 180 values"):
        read_models(tmp_path / "recs.csv", tiny, LAST)


def read_rows(rows: pd.DataFrame, dataset: Dataset, folder: Path, options: ImportOptions = LAST) -> ImportedModel:
    rows.to_csv(folder / "recs.csv", index=False)
    [found] = read_models(folder / "recs.csv", dataset, options)
    return found


@pytest.mark.parametrize("ranks", [[0, 1, 2], [1, 2, 3], [2, 7, 40]], ids=["from 0", "from 1", "with holes"])
def test_ranks_order_whatever_they_start_from(ranks: list[int], tiny: Dataset, tmp_path: Path) -> None:
    rows = pd.DataFrame({"user_id": "u00", "item_id": ["i03", "i07", "i01"], "rank": ranks})
    model = read_rows(shuffled(rows), tiny, tmp_path).model
    assert lists_of(model, tiny) == {"u00": ["i03", "i07", "i01"]}


def test_ranks_count_where_scores_contradict_them(tiny: Dataset, tmp_path: Path) -> None:
    found = read_rows(table().assign(score=[0.1, 0.5, 0.3, 2, 1, 3, 2, 1]), tiny, tmp_path)
    assert lists_of(found.model, tiny) == LISTS
    assert counts(found)["neighbours in a list whose scores contradict their ranks: the ranks count"] == 1


def test_tied_scores_are_ties(tiny: Dataset, tmp_path: Path) -> None:
    rows = pd.DataFrame({"user_id": "u00", "item_id": ["i03", "i07", "i01"], "score": [0.5, 0.5, 0.1]})
    [scores] = read_rows(rows, tiny, tmp_path).model.score([Request(tiny.history("u00"))])
    np.testing.assert_array_equal(scores[[3, 7, 1]], np.float32([0.5, 0.5, 0.1]))


def test_tied_ranks_are_ties(tiny: Dataset, tmp_path: Path) -> None:
    rows = pd.DataFrame({"user_id": "u00", "item_id": ["i03", "i07", "i01", "i02", "i04"], "rank": [1, 1, 3, 4, 5]})
    [scores] = read_rows(rows, tiny, tmp_path).model.score([Request(tiny.history("u00"))])
    np.testing.assert_allclose(scores[[3, 7, 1, 2, 4]], [1, 1, 1 / 3, 1 / 4, 1 / 5])


def test_scores_that_are_equal_only_in_single_precision_keep_their_order(tiny: Dataset, tmp_path: Path) -> None:
    rows = pd.DataFrame({"user_id": "u00", "item_id": ["i03", "i07"], "score": [1_000_000.001, 1_000_000.002]})
    assert lists_of(read_rows(rows, tiny, tmp_path).model, tiny) == {"u00": ["i07", "i03"]}


def test_scores_that_are_not_numbers_are_dropped_and_counted(tiny: Dataset, tmp_path: Path) -> None:
    rows = table().drop(columns="rank")
    rows["score"] = rows["score"].astype(object)
    rows.loc[[0, 3, 4], "score"] = [np.nan, "inf", "good"]
    found = read_rows(rows, tiny, tmp_path)
    assert lists_of(found.model, tiny) == {"u00": ["i07", "i01"], "u02": LISTS["u02"]}
    assert counts(found)["rows whose score or rank is not a number"] == 3


def test_a_rank_is_enough_where_the_score_is_missing(tiny: Dataset, tmp_path: Path) -> None:
    rows = table()
    rows.loc[1, "score"] = np.nan
    assert lists_of(read_rows(rows, tiny, tmp_path).model, tiny) == LISTS


def test_no_number_at_all_is_an_error(tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no row with a number"):
        read_rows(table().drop(columns="rank").assign(score="x"), tiny, tmp_path)


def test_two_lists_of_one_user_at_one_time_are_refused(tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="more than one list"):
        read_rows(pd.concat([table(), table()]), tiny, tmp_path)
    disjoint = {user: [item for item in ("i08", "i09", "i10") if item not in items] for user, items in LISTS.items()}
    with pytest.raises(DataError, match="more than one list"):
        read_rows(pd.concat([table(), table(disjoint)]), tiny, tmp_path)


def test_one_item_twice_in_a_long_list_counts_once(tiny: Dataset, tmp_path: Path) -> None:
    rows = table({user: list(tiny.item_ids) for user in tiny.user_ids})
    extra = pd.DataFrame({"user_id": ["u00"], "item_id": ["i00"], "score": [-9.0], "rank": [99]})
    found = read_rows(pd.concat([rows, extra]), tiny, tmp_path)
    assert lists_of(found.model, tiny)["u00"] == list(tiny.item_ids)
    assert counts(found)["items listed twice in one list, of which the better place counts"] == 1


def test_unknown_users_and_items_are_counted(tiny: Dataset, tmp_path: Path) -> None:
    rows = pd.concat([table(), table({"nobody": ["i00"], "u03": ["i01", "nothing", "i02"]})])
    found = read_rows(rows, tiny, tmp_path)
    assert lists_of(found.model, tiny) == {**LISTS, "u03": ["i01", "i02"]}
    said = counts(found)
    assert said["users with lists that the dataset does not have"] == 1
    assert said["recommended items that the dataset does not have"] == 1
    assert said["rows of users or items that the dataset does not have"] == 2


def test_too_few_known_items_are_refused_with_examples(tiny: Dataset, tmp_path: Path) -> None:
    rows = table({"u00": ["x1", "x2", "i00"]})
    with pytest.raises(DataError, match=r"only 1 of 3 items.*'x1', 'x2'.*'i00', 'i01'"):
        read_rows(rows, tiny, tmp_path)
    assert read_rows(rows, tiny, tmp_path, ImportOptions(made_before="last", least_overlap=0.3)).model.depth == 1


def test_known_users_and_items_that_never_meet_are_refused(tiny: Dataset, tmp_path: Path) -> None:
    rows = pd.DataFrame({"user_id": ["u00", "x"], "item_id": ["x", "i00"], "score": [1, 2]})
    with pytest.raises(DataError, match="no row has both"):
        read_rows(rows, tiny, tmp_path)


@pytest.mark.parametrize("kind", [np.int64, np.float64, str], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_ids_match_whatever_their_type(kind: Any, suffix: str, make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    dataset = make_dataset([(user, item) for user in ("13047", "17850") for item in ("1", "20", "300")])
    rows = pd.DataFrame({"user_id": [17850, 17850, 13047], "item_id": [20, 1, 300], "score": [3.0, 2.0, 1.0]})
    rows = rows.astype({"user_id": kind, "item_id": kind})
    file = tmp_path / f"recs.{suffix}"
    rows.to_csv(file, index=False) if suffix == "csv" else rows.to_parquet(file)
    [found] = read_models(file, dataset, LAST)
    assert lists_of(found.model, dataset) == {"17850": ["20", "1"], "13047": ["300"]}


@pytest.mark.parametrize("content", ["", "user_id,item_id,score\n"], ids=["empty", "header"])
def test_a_file_without_rows_is_an_error(content: str, tiny: Dataset, tmp_path: Path) -> None:
    (tmp_path / "recs.csv").write_text(content)
    with pytest.raises(DataError, match=r"recs\.csv"):
        read_models(tmp_path / "recs.csv", tiny, LAST)


def test_one_row(tiny: Dataset, tmp_path: Path) -> None:
    assert lists_of(read_rows(table({"u00": ["i03"]}), tiny, tmp_path).model, tiny) == {"u00": ["i03"]}


def test_columns_that_cannot_be_named_are_asked_about(tiny: Dataset, tmp_path: Path) -> None:
    rows = table().rename(columns={"user_id": "aa", "item_id": "bb"})
    with pytest.raises(QuestionError, match="which column holds the user_id") as caught:
        read_rows(rows, tiny, tmp_path)
    assert caught.value.suggestion == ("--map", "user_id=aa")
    given = ImportOptions(made_before="last", columns={"user_id": "aa", "item_id": "bb"})
    assert lists_of(read_rows(rows, tiny, tmp_path, given).model, tiny) == LISTS


def test_the_order_of_the_rows_is_used_only_when_it_is_confirmed(tiny: Dataset, tmp_path: Path) -> None:
    rows = table()[["user_id", "item_id"]]
    with pytest.raises(QuestionError, match="neither a score nor a rank") as caught:
        read_rows(rows, tiny, tmp_path)
    assert caught.value.suggestion == ("--map", "rank==rows")
    given = ImportOptions(made_before="last", columns={"rank": "=rows"})
    assert lists_of(read_rows(rows, tiny, tmp_path, given).model, tiny) == LISTS


def test_mapping_errors_name_what_there_is(tiny: Dataset, tmp_path: Path) -> None:
    for columns, message in (({"colour": "score"}, "'colour' is not a part"), ({"score": "points"}, "no column 'points'")):
        with pytest.raises(DataError, match=message):
            read_rows(table(), tiny, tmp_path, ImportOptions(columns=columns))


class TestTime:
    """When a list was made."""

    def test_lists_with_times_are_placed_by_them(self, tiny: Dataset, tmp_path: Path) -> None:
        history = tiny.history("u01")
        assert history.times is not None
        at = [history.times[2] + 1, history.times[4]]  # after three events; just before the event with index 4
        rows = pd.concat([table({"u01": ["i03", "i07"]}).assign(time=at[0]), table({"u01": ["i09", "i02"]}).assign(time=at[1])])
        rows["time"] = pd.to_datetime(rows["time"], unit="s", utc=True).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        model = read_rows(rows, tiny, tmp_path, ImportOptions()).model
        found = [[each.item_id for each in recommend(model, request_at(history, step))] for step in range(len(history) + 1)]
        assert found[:5] == [[], [], [], ["i03", "i07"], ["i09", "i02"]]
        assert all(each == ["i09", "i02"] for each in found[5:])
        assert model.fallback(request_at(history, 3)) is None
        assert "before some of these events" in model.fallback(request_at(history, 6))
        assert model.has_lists([request_at(history, 2), request_at(history, 3)]).tolist() == [False, True]

    def test_placing_equals_counting_the_events_before(self, tiny: Dataset, tmp_path: Path) -> None:
        random = np.random.default_rng(5)
        assert tiny.times is not None
        times = random.uniform(tiny.times.min() - 1e5, tiny.times.max() + 1e5, size=60)
        users = random.choice(tiny.user_ids, size=60)
        rows = pd.DataFrame({"user_id": users, "item_id": "i03", "score": 1.0, "time": times})
        arrays = read_rows(rows, tiny, tmp_path, ImportOptions()).model.arrays()
        expected = {(user, int((tiny.history(user).times < time).sum())) for user, time in zip(users, times)}
        assert len(arrays["steps"]) == len(expected)
        assert sorted(arrays["steps"]) == sorted(step for _user, step in expected)

    def test_the_latest_of_several_lists_between_two_events_counts(self, tiny: Dataset, tmp_path: Path) -> None:
        end = tiny.history("u01").times[-1]
        rows = pd.concat(
            [table({"u01": items}).assign(time=end + day * 86_400) for day, items in ((1, ["i03", "i07"]), (2, ["i07", "i01"]))]
        )
        found = read_rows(rows, tiny, tmp_path, ImportOptions())
        assert lists_of(found.model, tiny) == {"u01": ["i07", "i01"]}
        assert counts(found)["lists replaced by a later one before the user's next event"] == 1

    def test_times_without_times_in_the_dataset_are_refused_in_one_line(self, order_only: Dataset, tmp_path: Path) -> None:
        rows = table().assign(time="2024-03-01T00:00:00Z")
        with pytest.raises(DataError, match="--made-before last") as caught:
            read_rows(rows, order_only, tmp_path, ImportOptions())
        assert "\n" not in str(caught.value)
        assert lists_of(read_rows(rows, order_only, tmp_path).model, order_only) == LISTS

    def test_one_list_without_a_time_is_an_error(self, tiny: Dataset, tmp_path: Path) -> None:
        rows = table({user: list(tiny.item_ids) for user in tiny.user_ids}).assign(time="2024-03-01T00:00:00Z")
        rows.loc[0, "time"] = None
        with pytest.raises(DataError, match="1 rows have no readable time"):
            read_rows(rows, tiny, tmp_path, ImportOptions())

    def test_lists_without_times_ask_when_they_were_made(self, tiny: Dataset, tmp_path: Path) -> None:
        with pytest.raises(QuestionError, match="the lists have no times") as caught:
            read_rows(table(), tiny, tmp_path, ImportOptions())
        assert caught.value.option == "--made-before" and caught.value.choices == ("last", "second-last", "end")

    @pytest.mark.parametrize(("answer", "events_left"), [("last", 1), ("second-last", 2), ("end", 0)])
    def test_answers_place_the_lists(self, answer: str, events_left: int, tiny: Dataset, tmp_path: Path) -> None:
        found = read_rows(table(), tiny, tmp_path, ImportOptions(made_before=answer))
        for user in LISTS:
            history = tiny.history(user)
            steps = [step for step in range(len(history) + 1) if found.model.has_lists([request_at(history, step)])[0]]
            assert min(steps) == len(history) - events_left
        assert found.protocol == (None if answer == "end" else "last-out")

    def test_an_unknown_answer_is_an_error(self, tiny: Dataset, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="second-last"):
            read_rows(table(), tiny, tmp_path, ImportOptions(made_before="second_last"))

    @pytest.mark.parametrize(("answer", "events_left"), [("last", 1), ("second-last", 2)])
    def test_filtered_lists_with_many_hits_tell_when_they_were_made(
        self, answer: str, events_left: int, order_only: Dataset, tmp_path: Path
    ) -> None:
        lists = {}
        for user in order_only.user_ids:
            items = order_only.history(user).items
            lists[user] = [item for item in order_only.item_ids if item not in items[: len(items) - events_left]]
        found = read_rows(table(lists), order_only, tmp_path, ImportOptions())
        history = order_only.history("u03")
        step = len(history) - events_left
        assert found.model.has_lists([request_at(history, step - 1), request_at(history, step)]).tolist() == [False, True]
        assert any("12 lists contain" in each for each in counts(found))
        assert counts(found)["listed items that the user had had before: seen items were filtered"] == 0

    def test_few_hits_or_seen_items_are_not_evidence(self, order_only: Dataset, tmp_path: Path) -> None:
        few = {user: [order_only.history(user).items[-1]] for user in order_only.user_ids[:4]}
        everything = {user: list(order_only.item_ids) for user in order_only.user_ids}
        for lists in (few, everything):
            with pytest.raises(QuestionError, match="the lists have no times"):
                read_rows(table(lists), order_only, tmp_path, ImportOptions())


def test_seen_items_are_counted(order_only: Dataset, tmp_path: Path) -> None:
    lists = {user: list(order_only.item_ids) for user in order_only.user_ids}
    said = counts(read_rows(table(lists), order_only, tmp_path))
    expected = sum(len(order_only.history(user)) - 1 for user in order_only.user_ids)
    assert said["listed items that the user had had before: seen items were not filtered"] == expected


def test_strangers_have_no_list(tiny: Dataset, tmp_path: Path) -> None:
    model = read_rows(table(), tiny, tmp_path).model
    for request in (Request(empty_history()), Request(empty_history("nobody")), Request(tiny.history("u05"))):
        assert not recommend(model, request)
        assert model.fallback(request) == "no list for this user at this step"
