"""Versions: numbers, names, promotion against a list kept by hand, what may be deleted, and what is written down."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from recsys.__main__ import main
from recsys.accounts.account import Account, save_account
from recsys.api import load
from recsys.core import Dataset, Request, recommend
from recsys.core.errors import CheckpointError, DataError, NotAllowedError, NotTrainedError, StoreError, UnknownNameError
from recsys.core.split import split_interactions
from recsys.database.engine import Store
from recsys.database.schema import AuditRow, VersionRow
from recsys.datasets.prepared import write_prepared
from recsys.evaluation import evaluate_model
from recsys.feedback import version_lookup
from recsys.feedback.version_diff import diff_versions
from recsys.feedback.version_lookup import apply_promotions, resolve_version
from recsys.feedback.versions import add_version, delete_version, list_versions, promote_version, roll_back
from recsys.storage.paths import check_name, home
from recsys.training.checkpoints import CARD, get_checkpoint_folder, list_checkpoints, load_checkpoint, read_card
from recsys.training.loop import train_model


@pytest.fixture
def markov(tiny: Dataset, save_trained: Callable[..., Path]) -> Path:
    return save_trained("markov", tiny)


def add(store: Store, account: Account, folder: Path, seed: int = 5) -> str:
    """Add the same model as a version; its seed is in the card, so that its fingerprint differs."""
    loaded = load_checkpoint(folder)
    return add_version(store, account, "tiny", loaded.card, loaded.model, {}, seed=seed, trained_on={"n_feedback": seed}).name


def test_only_a_checkpoint_may_end_with_a_version() -> None:
    assert check_name("checkpoint", "my-model@12") == "my-model@12"
    for kind, name in (
        ("dataset", "city@2"), ("checkpoint", "@2"), ("checkpoint", "a@"), ("checkpoint", "a@0"), ("checkpoint", "a@2@3"),
        ("checkpoint", "a@02"), ("checkpoint", "a@x"), ("checkpoint", "a@2/../b"), ("checkpoint", "a@٢"), ("checkpoint", "a" * 80 + "@2"),
    ):  # fmt: skip
        with pytest.raises(DataError, match="cannot be used"):
            check_name(kind, name)


def test_training_makes_no_versions(tiny: Dataset) -> None:
    with pytest.raises(DataError, match="only a refit"):
        next(train_model("markov", tiny, name="markov@2"))
    assert list_checkpoints("tiny") == []


def test_a_version_is_a_folder_beside_its_parent(tiny: Dataset, home_store: Store, owner: Account, markov: Path) -> None:
    before = {each.name: each.read_bytes() for each in markov.iterdir()}
    assert [add(home_store, owner, markov, seed) for seed in (5, 6)] == ["markov@2", "markov@3"]
    assert {each.name: each.read_bytes() for each in markov.iterdir()} == before
    card = read_card(markov.with_name("markov@3"))
    assert (card.name, card.parent, card.seed, card.trained_on) == ("markov@3", "markov", 6, {"n_feedback": 6})
    found = list_versions(home_store, "tiny", "markov@2")
    assert [(each.name, each.parent, each.account, each.is_in_use) for each in found] == [
        ("markov", None, "", True), ("markov@2", 1, "local", False), ("markov@3", 1, "local", False),
    ]  # fmt: skip


def test_a_card_from_before_there_were_versions_is_read(markov: Path) -> None:
    values = json.loads((markov / CARD).read_text())
    del values["parent"], values["trained_on"]
    (markov / CARD).write_text(json.dumps(values))
    assert (read_card(markov).parent, read_card(markov).trained_on) == ("", {})
    load_checkpoint(markov)


def test_promotion_and_rolling_back_follow_a_list_kept_by_hand(home_store: Store, owner: Account, markov: Path) -> None:
    names = ["markov@1", *(add(home_store, owner, markov) for _ in range(3))]
    rng, promoted = np.random.default_rng(3), []
    for _ in range(60):
        if promoted and rng.random() < 0.4:
            promoted.pop()
            roll_back(home_store, owner, "tiny", "markov")
        else:
            name = str(rng.choice(names))
            promote_version(home_store, owner, "tiny", name)
            promoted = [each for each in promoted if each != name] + [name]
        meant = promoted[-1] if promoted else "markov@1"
        assert resolve_version(home_store, "tiny", "markov") == meant.replace("@1", "")
        assert [each.name for each in list_versions(home_store, "tiny", "markov") if each.is_in_use] == [meant.replace("@1", "")]
        assert resolve_version(home_store, "tiny", "markov@1") == "markov"
    with pytest.raises(DataError, match="nothing to roll back"):
        while True:
            roll_back(home_store, owner, "tiny", "markov")


def test_the_plain_name_loads_the_promoted_version(tiny: Dataset, home_store: Store, owner: Account, markov: Path) -> None:
    version = load_checkpoint(markov.with_name(add(home_store, owner, markov)))
    assert load("markov", tiny).card.name == "markov"
    promote_version(home_store, owner, "tiny", "markov@2")
    assert load("markov", tiny).fingerprint == load("markov@2", tiny).fingerprint == version.fingerprint
    assert load("markov@1", tiny).card.name == "markov" == load(markov, tiny).card.name
    entries = {each.name: each.card.name for each in apply_promotions("tiny", list_checkpoints("tiny"))}
    assert entries == {"markov": "markov@2", "markov@1": "markov", "markov@2": "markov@2"}


def test_no_other_model_takes_the_name_of_a_promoted_version_without_a_folder(
    tiny: Dataset, home_store: Store, owner: Account, markov: Path
) -> None:
    promoted, other = (add(home_store, owner, markov, seed) for seed in (5, 6))
    promote_version(home_store, owner, "tiny", promoted)
    shutil.rmtree(markov.with_name(promoted))
    assert [each.name for each in apply_promotions("tiny", list_checkpoints("tiny"))] == ["markov@1", other]
    with pytest.raises(CheckpointError, match=r"markov@2, the promoted version of 'markov', has lost its folder; .*roll-back markov tiny"):
        load("markov", tiny)
    assert load("markov@1", tiny).fingerprint == load_checkpoint(markov).fingerprint
    assert roll_back(home_store, owner, "tiny", "markov") == "markov"
    assert load("markov", tiny).fingerprint == load_checkpoint(markov).fingerprint


def test_training_again_makes_the_plain_name_mean_the_trained_one(home_store: Store, owner: Account, markov: Path) -> None:
    add(home_store, owner, markov)
    promote_version(home_store, owner, "tiny", "markov@2")
    card = json.loads((markov / CARD).read_text())
    (markov / CARD).write_text(json.dumps(card | {"created": "2990-01-01T00:00:00+00:00"}))
    assert resolve_version(home_store, "tiny", "markov") == "markov"
    with pytest.raises(DataError, match="nothing to roll back"):
        roll_back(home_store, owner, "tiny", "markov")


def test_a_version_made_on_earlier_data_cannot_be_promoted(home_store: Store, owner: Account, markov: Path) -> None:
    name = add(home_store, owner, markov)
    card = json.loads((markov / CARD).read_text())
    (markov / CARD).write_text(json.dumps(card | {"dataset_fingerprint": "trained on data prepared anew"}))
    with pytest.raises(DataError, match=r"'markov@2' was made on an earlier state of 'tiny'.*refit 'markov' again"):
        promote_version(home_store, owner, "tiny", name)
    assert resolve_version(home_store, "tiny", "markov") == "markov"


def test_lists_go_on_while_the_store_is_gone(home_store: Store, owner: Account, markov: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(home_store, owner, markov)
    promote_version(home_store, owner, "tiny", "markov@2")
    entries = list_checkpoints("tiny")
    before = apply_promotions("tiny", entries)

    def fail() -> Store:
        raise StoreError("gone")

    monkeypatch.setattr(version_lookup, "open_store", fail)
    assert apply_promotions("tiny", entries) == before
    monkeypatch.setattr(version_lookup, "_KNOWN", {})
    with pytest.raises(StoreError):
        apply_promotions("tiny", entries)
    assert apply_promotions("tiny", [each for each in entries if "@" not in each.name])  # no versions: the store is not asked


def test_the_trained_and_the_promoted_version_are_kept(home_store: Store, owner: Account, markov: Path) -> None:
    for _ in range(2):
        add(home_store, owner, markov)
    promote_version(home_store, owner, "tiny", "markov@3")
    for name, reason in (("markov", "never deleted"), ("markov@1", "never deleted"), ("markov@3", "roll back first")):
        with pytest.raises(DataError, match=reason):
            delete_version(home_store, owner, "tiny", name)
    delete_version(home_store, owner, "tiny", "markov@2")
    assert sorted(each.name for each in markov.parent.iterdir()) == ["markov", "markov@3"]
    with pytest.raises(UnknownNameError, match="markov@3"):
        delete_version(home_store, owner, "tiny", "markov@2")
    with pytest.raises(NotTrainedError, match="markov@2"):
        promote_version(home_store, owner, "tiny", "markov@2")
    assert add(home_store, owner, markov) == "markov@4"  # a number never comes back


def test_every_change_is_written_down_with_its_account(home_store: Store, owner: Account, markov: Path) -> None:
    began = time.time()
    add(home_store, owner, markov)
    promote_version(home_store, owner, "tiny", "markov@2")
    roll_back(home_store, owner, "tiny", "markov")
    delete_version(home_store, owner, "tiny", "markov@2")
    with home_store.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.created >= began).order_by(AuditRow.id)).all()
    assert [(row.account_id, row.action, row.subject) for row in rows] == [
        (owner.id, "refit", "tiny/markov@2"), (owner.id, "promote version", "tiny/markov@2"),
        (owner.id, "roll back", "tiny/markov@2 to markov@1"), (owner.id, "delete version", "tiny/markov@2"),
    ]  # fmt: skip


def test_roles_are_checked_where_it_happens(home_store: Store, owner: Account, markov: Path) -> None:
    add(home_store, owner, markov)
    viewer = save_account(home_store, "test", "viewer", "Vi", "", "viewer")
    editor = save_account(home_store, "test", "editor", "Ed", "", "editor")
    with pytest.raises(NotAllowedError):
        add(home_store, viewer, markov)
    for change in (promote_version, delete_version, roll_back):
        with pytest.raises(NotAllowedError):
            change(home_store, editor, "tiny", "markov@2")
    assert add(home_store, editor, markov) == "markov@3"


def test_two_refits_at_once_get_two_numbers(home_store: Store, owner: Account, markov: Path) -> None:
    names: list[str] = []
    start = threading.Barrier(6)

    def work(seed: int) -> None:
        start.wait()
        names.append(add(home_store, owner, markov, seed))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names) == [f"markov@{number}" for number in range(2, 8)]
    assert all(read_card(markov.with_name(name)).name == name for name in names)


def test_a_failed_save_leaves_nothing(home_store: Store, owner: Account, markov: Path) -> None:
    loaded = load_checkpoint(markov)

    class Broken:
        item_ids = loaded.model.item_ids

        def arrays(self) -> dict[str, Any]:
            raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match="No space left"):
        add_version(home_store, owner, "tiny", loaded.card, Broken(), {})
    assert [each.name for each in markov.parent.iterdir()] == ["markov"]
    with home_store.read() as session:
        assert not session.scalars(select(VersionRow)).all()


def test_a_folder_without_a_row_is_neither_listed_nor_overwritten(home_store: Store, owner: Account, markov: Path) -> None:
    shutil.copytree(markov, markov.with_name("markov@2"))
    assert add(home_store, owner, markov) == "markov@3"
    assert [each.name for each in apply_promotions("tiny", list_checkpoints("tiny"))] == ["markov", "markov@3"]


def test_a_comparison_says_what_differs(
    tiny: Dataset, home_store: Store, owner: Account, markov: Path, trained: Callable[..., Any]
) -> None:
    loaded = load_checkpoint(markov)
    other = trained("markov", tiny, protocol="temporal")
    add_version(
        home_store,
        owner,
        "tiny",
        replace(loaded.card, validation={"mrr": 0.25}),
        other,
        {},
        validation={"mrr": 0.5},
        trained_on={"n_feedback": 9},
    )
    found = diff_versions(home_store, tiny, "markov@2")
    lists = [
        [{each.item_id for each in recommend(model, Request(tiny.history(user)), 10, tiny.repeats)} for user in tiny.user_ids]
        for model in (loaded.model, other)
    ]
    assert found.overlap == pytest.approx(np.mean([len(a & b) / 10 for a, b in zip(*lists, strict=True)]))
    assert (found.first, found.second, found.users, found.trained_on) == ("markov@1", "markov@2", 12, {"n_feedback": (None, 9)})
    assert found.config == {} and found.feedback == (0, 0)
    assert diff_versions(home_store, tiny, "markov", "markov@2").first == "markov@2"
    with pytest.raises(DataError, match="no version 'markov@7'"):
        diff_versions(home_store, tiny, "markov@7")


def test_the_command_line_tells_times_as_dates(
    home_store: Store, owner: Account, tiny: Dataset, save_trained: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = load_checkpoint(save_trained("markov", tiny))
    write_prepared(home() / "datasets" / "tiny", tiny)
    for until in (1_767_225_600.0, 1_772_366_399.5):
        learnt = {"n_feedback": 9, "since": None, "until": until}
        add_version(home_store, owner, "tiny", loaded.card, loaded.model, {}, trained_on=learnt)
    assert main(["versions", "diff", "markov@3", "tiny", "--from", "markov@2"]) == 0
    assert "until: 2026-01-01 00:00 before, 2026-03-01 11:59 after" in capsys.readouterr().out
    assert main(["versions", "diff", "markov@2", "tiny"]) == 0
    assert "until: none before, 2026-01-01 00:00 after" in capsys.readouterr().out
    assert main(["versions", "diff", "markov@2", "tiny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trained_on"]["until"] == [None, 1_767_225_600.0]


def test_failures_say_what_a_new_version_broke(
    home_store: Store, owner: Account, tiny: Dataset, save_trained: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = load_checkpoint(save_trained("popularity", tiny))
    write_prepared(home() / "datasets" / "tiny", tiny)
    arrays = loaded.model.arrays()
    broken = type(loaded.model)(loaded.model.item_ids, loaded.model.config, {**arrays, "counts": arrays["counts"].max() - arrays["counts"]})
    add_version(home_store, owner, "tiny", loaded.card, broken, {})

    def compare(first: str, second: str) -> dict[str, Any]:
        assert main(["failures", first, "tiny", "--against", second, "--json"]) == 0
        return dict(json.loads(capsys.readouterr().out)["overall"])

    split = split_interactions(tiny, loaded.card.protocol)
    before, after = (evaluate_model(load(f"popularity@{number}", tiny).model, tiny, split).ranks for number in (1, 2))
    found = compare("popularity@2", "popularity@1")
    counted = [(after < before).sum(), (after > before).sum(), (after == before).sum()]
    assert [found[each] for each in ("won", "lost", "tied")] == counted and counted[2] < len(before)
    same = compare("popularity@2", "popularity@2")
    assert (same["won"], same["lost"], same["difference"]) == (0, 0, 0)


def test_the_command_line_does_the_same(home_store: Store, owner: Account, markov: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(home_store, owner, markov)

    def run(*arguments: str) -> dict[str, Any]:
        assert main(["versions", *arguments, "--json"]) == 0
        return dict(json.loads(capsys.readouterr().out))

    assert [each["is_in_use"] for each in run("promote", "markov@2", "tiny")["versions"]] == [False, True]
    assert main(["versions", "delete", "markov@2", "tiny"]) == 2
    assert "roll back first" in capsys.readouterr().err
    assert [each["is_in_use"] for each in run("roll-back", "markov", "tiny")["versions"]] == [True, False]
    assert len(run("delete", "markov@2", "tiny")["versions"]) == 1
    assert not get_checkpoint_folder("tiny", "markov@2").exists()
