"""RecBole's numbering of tokens, against its rules written as plain loops."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core.errors import DataError
from recsys.model_import.recbole_tokens import number_tokens, select_training_pairs, strip_padding
from tests.model_import.recbole_files import make_settings, write_inter

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(1, 5), st.integers(0, 50)), min_size=1, max_size=40)


def table(rows: list[tuple[int, int, int, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": [f"u{each[0]}" for each in rows],
            "item_id": [f"i{each[1]}" for each in rows],
            "rating": [float(each[2]) for each in rows],
            "timestamp": [float(each[3]) for each in rows],
        }
    )


def in_order(values: Any) -> list[str]:
    return list(dict.fromkeys(values))


@given(ROWS, st.sampled_from([0, 1, 2, 3]), st.sampled_from([0, 2, 4]), st.sampled_from([None, "first", "last"]), st.booleans())
def test_filters_and_order_are_recboles(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int, int, int]],
    user_least: int,
    rating: int,
    keep: str | None,
    header: bool,
) -> None:
    folder = tmp_path_factory.mktemp("inter")
    if header:
        file = write_inter(folder / "shop.inter", table(rows))
    else:
        file = folder / "u.data"
        table(rows).to_csv(file, sep="\t", index=False, header=False)
    settings = make_settings(
        "BPR",
        rm_dup_inter=keep,
        val_interval={"rating": f"[{rating},inf)"},
        user_inter_num_interval=f"[{user_least},inf)",
        item_inter_num_interval="[0,inf);(0,2]",
    )
    kept = list(rows)
    if keep:
        kept = list(table(rows).sort_values("timestamp").index.map(lambda at: rows[at]))  # in RecBole's order of ties
        last = {each[:2]: at for at, each in enumerate(kept)} if keep == "last" else {}
        first = {each[:2]: at for at, each in reversed(list(enumerate(kept)))} if keep == "first" else {}
        kept = [each for at, each in enumerate(kept) if (last or first)[each[:2]] == at]
    kept = [each for each in kept if each[2] >= rating]
    counts = Counter(each[0] for each in kept)
    kept = [each for each in kept if counts[each[0]] >= user_least]
    if not kept:
        with pytest.raises(DataError, match="no row of"):
            number_tokens(file, settings)
        return
    numbers = number_tokens(file, settings)
    assert list(numbers.items) == in_order(f"i{each[1]}" for each in kept)
    assert list(numbers.users) == in_order(f"u{each[0]}" for each in kept)
    pairs = zip(numbers.users[numbers.interactions["user"] - 1], numbers.items[numbers.interactions["item"] - 1], strict=True)
    assert list(pairs) == [(f"u{each[0]}", f"i{each[1]}") for each in kept]


@given(ROWS, st.integers(1, 4), st.integers(1, 4))
def test_cores_are_filtered_until_nothing_changes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, int]], user_least: int, item_least: int
) -> None:
    file = write_inter(tmp_path_factory.mktemp("inter") / "shop.inter", table(rows))
    settings = make_settings("BPR", user_inter_num_interval=f"[{user_least},inf)", item_inter_num_interval=f"({item_least - 1},inf)")
    kept = rows
    for _round in range(50):
        users, items = Counter(each[0] for each in kept), Counter(each[1] for each in kept)
        kept = [each for each in kept if users[each[0]] >= user_least and items[each[1]] >= item_least]
    if kept:
        numbers = number_tokens(file, settings)
        assert list(numbers.items) == in_order(f"i{each[1]}" for each in kept)
    else:
        with pytest.raises(DataError, match="no row of"):
            number_tokens(file, settings)


def test_files_of_users_and_items_beside_it_are_read_where_recbole_reads_them(tmp_path: Path) -> None:
    file = write_inter(tmp_path / "shop.inter", table([(1, 1, 5, 1), (0, 3, 5, 2), (1, 2, 5, 3), (2, 9, 5, 4)]))
    pd.DataFrame({"item_id:token": ["i7", "i3", "i1", "i2", "i3"], "class:token_seq": list("abcde")}).to_csv(
        tmp_path / "shop.item", sep="\t", index=False
    )
    loaded = make_settings("BPR", load_col=None, filter_inter_by_user_or_item=True)
    assert list(number_tokens(file, loaded).items) == ["i1", "i3", "i2", "i7"]
    assert list(number_tokens(file, loaded).users) == ["u1", "u0"]
    filtered = make_settings("BPR", load_col=None, filter_inter_by_user_or_item=True, item_inter_num_interval="[1,inf)")
    assert list(number_tokens(file, filtered).items) == ["i1", "i3", "i2"]
    assert list(number_tokens(file, make_settings("BPR")).items) == ["i1", "i3", "i2", "i9"]


def test_missing_ids_and_chosen_values_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "shop.inter").write_text(
        "user_id:token\titem_id:token\tkind:token\nu1\ti1\tbuy\nu1\t\tbuy\n\ti2\tbuy\nu2\ti3\tview\nu2\ti4\tbuy\n"
    )
    settings = make_settings("BPR", load_col={"inter": ["user_id", "item_id", "kind"]}, val_interval={"kind": ["buy"]})
    assert list(number_tokens(tmp_path / "shop.inter", settings).items) == ["i1", "i4"]


@pytest.mark.parametrize(
    ("split", "group", "wanted"),
    [
        ({"LS": "valid_and_test"}, "user", {"u0": 3, "u1": 1, "u2": 1}),
        ({"LS": "valid_only"}, "user", {"u0": 4, "u1": 1, "u2": 1}),
        ({"RS": [0.6, 0.2, 0.2]}, "user", {"u0": 3, "u1": 1, "u2": 1}),
        ({"RS": [8, 1, 1]}, "none", {"u0": 4, "u1": 2}),
    ],
)
def test_training_rows_are_recboles(tmp_path: Path, split: dict[str, Any], group: str, wanted: dict[str, int]) -> None:
    """Users of five, two and one events; the last user comes last in time."""
    rows = [(0, 1, 5, 10), (1, 2, 5, 11), (0, 3, 5, 9), (0, 4, 5, 12), (1, 5, 5, 30), (0, 1, 5, 20), (0, 2, 5, 31), (2, 2, 5, 40)]
    settings = make_settings("LightGCN", eval_args={"split": split, "order": "TO", "group_by": group})
    numbers = number_tokens(write_inter(tmp_path / "shop.inter", table(rows)), settings)
    pairs = select_training_pairs(numbers.interactions, settings)
    users = [str(numbers.users[each - 1]) for each in pairs["user"]]
    assert Counter(users) == wanted
    by_time = sorted(rows, key=lambda each: each[3])
    for user, count in wanted.items():
        own = [f"i{each[1]}" for each in by_time if f"u{each[0]}" == user][:count]
        assert [str(numbers.items[item - 1]) for item, each in zip(pairs["item"], users, strict=True) if each == user] == own


def test_random_splits_cannot_be_repeated(tmp_path: Path) -> None:
    settings = make_settings("LightGCN", eval_args={"split": {"RS": [8, 1, 1]}, "order": "RO", "group_by": "user"})
    numbers = number_tokens(write_inter(tmp_path / "shop.inter", table([(0, 1, 5, 10)])), settings)
    assert select_training_pairs(numbers.interactions, settings) is None


def test_times_are_rounded_as_by_recbole(tmp_path: Path) -> None:
    rows = table([(0, 1, 5, 0), (0, 2, 5, 0)]).assign(timestamp=[881250949.0, 881250940.0])
    numbers = number_tokens(write_inter(tmp_path / "shop.inter", rows), make_settings("SASRec"))
    assert numbers.interactions["time"].nunique() == 1
    assert numbers.exact_times.tolist() == [881250949.0, 881250940.0]


def test_errors_name_the_file_and_what_is_missing(tmp_path: Path) -> None:
    file = write_inter(tmp_path / "shop.inter", table([(0, 1, 5, 10)]))
    with pytest.raises(
        DataError, match=r"shop.inter has no column item, which the model was trained with; its columns are user_id, item_id"
    ):
        number_tokens(file, make_settings("BPR", ITEM_ID_FIELD="item", load_col=None))
    with pytest.raises(DataError, match=r"rows chosen by price, which is not a column of shop.inter"):
        number_tokens(file, make_settings("BPR", val_interval={"price": "[1,2]"}))
    with pytest.raises(DataError, match="the setting benchmark_filename"):
        number_tokens(file, make_settings("BPR", benchmark_filename=["train", "test"]))
    with pytest.raises(DataError, match=r"none.inter cannot be read"):
        number_tokens(tmp_path / "none.inter", make_settings("BPR"))
    (tmp_path / "bad.inter").write_bytes(b"user_id:token\titem_id:token\n\xff\xfe\t1\n")
    with pytest.raises(DataError, match=r"bad.inter cannot be read"):
        number_tokens(tmp_path / "bad.inter", make_settings("BPR"))


def test_padding_is_stripped() -> None:
    assert strip_padding(["[PAD]", 5, "a"]).tolist() == ["5", "a"]
    assert strip_padding(np.array([1, 2])).tolist() == ["1", "2"]
    assert strip_padding([]).tolist() == []
