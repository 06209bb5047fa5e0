"""Checkpoints of RecBole, imported: scores equal the network's in the dataset's own order of items, or one clear error."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from recsys.core import Dataset, Request
from recsys.core.errors import DataError, QuestionError, RecsysError
from recsys.model_import import recbole_checkpoint, recbole_file
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.options import ImportOptions
from recsys.model_import.saving import save_imported_model
from recsys.models import find_model_spec
from recsys.training.checkpoints import load_checkpoint
from tests.conftest import build
from tests.model_import.recbole_files import MAX_LENGTH, draw_arrays, make_settings, reference_scores, write_checkpoint, write_inter

NETWORKS = ("SASRec", "GRU4Rec", "BERT4Rec", "NARM")
ROWS = pd.DataFrame(
    {
        "user_id": [f"u{user}" for user in (2, 0, 1, 0, 2, 1, 1, 2, 0, 2, 1, 0, 2)],
        "item_id": [f"i{item}" for item in (5, 1, 8, 5, 2, 0, 5, 8, 2, 1, 2, 8, 9)],
        "rating": 4.0,
        "timestamp": np.array([3, 1, 2, 4, 6, 5, 7, 8, 9, 11, 10, 12, 13]) * 1000.0,
    }
)
TOKENS = list(dict.fromkeys(ROWS["item_id"]))
USERS = list(dict.fromkeys(ROWS["user_id"]))


@pytest.fixture(scope="module")
def shop() -> Dataset:
    """The dataset of ROWS, sorted by user and time as all datasets are."""
    rows = ROWS.sort_values(["user_id", "timestamp"])
    events = list(zip(rows["user_id"], rows["item_id"], strict=True))
    return build(events, name="shop", timestamp=pd.to_datetime(rows["timestamp"].to_numpy(), unit="s", utc=True))


@pytest.fixture
def inter(tmp_path: Path) -> Path:
    return write_inter(tmp_path / "data.inter", ROWS)


def make(folder: Path, model: str, other: dict[str, Any] | None = None, **settings: Any) -> tuple[Path, dict[str, np.ndarray]]:
    arrays = draw_arrays(model, len(TOKENS), len(USERS))
    return write_checkpoint(folder / f"{model}-Nov-27-2026_05-31-25.pth", make_settings(model, **settings), arrays, other), arrays


def read_one(path: Path, dataset: Dataset, **options: Any) -> ImportedModel:
    (imported,) = recbole_file.read(path, dataset, ImportOptions(**options))
    return imported


@pytest.mark.parametrize("model", NETWORKS)
class TestNetworks:
    def test_scores_are_recboles_in_the_order_of_the_dataset(self, model: str, shop: Dataset, inter: Path, tmp_path: Path) -> None:
        path, arrays = make(tmp_path, model)
        imported = read_one(path, shop, interactions=inter)
        assert imported.kind == f"recbole-{model.lower()}"
        assert imported.source == {"format": "recbole", "file": path.name, "model": model, "ids": "data.inter"}
        assert imported.model.config.max_length == MAX_LENGTH
        for user in USERS:
            history = shop.history(user)
            numbers = [TOKENS.index(item) + 1 for item in history.items]
            own = dict(zip(TOKENS, reference_scores(model, arrays, numbers, len(TOKENS)), strict=True))
            scores = imported.model.score([Request(history)])[0]
            np.testing.assert_allclose(scores, [own[item] for item in shop.item_ids], atol=1e-5, rtol=1e-5)

    def test_a_list_of_tokens_does_as_well(self, model: str, shop: Dataset, inter: Path, tmp_path: Path) -> None:
        path, _arrays = make(tmp_path, model)
        wanted = read_one(path, shop, interactions=inter).model.score([Request(shop.history("u1"))])
        (tmp_path / "items.txt").write_text("\n".join(["[PAD]", *TOKENS]))
        (tmp_path / "items.json").write_text(json.dumps(TOKENS))
        for name in ("items.txt", "items.json"):
            np.testing.assert_array_equal(read_one(path, shop, items=tmp_path / name).model.score([Request(shop.history("u1"))]), wanted)

    def test_it_becomes_a_checkpoint_like_any_other(self, model: str, shop: Dataset, inter: Path, tmp_path: Path) -> None:
        imported = read_one(make(tmp_path, model)[0], shop, interactions=inter)
        card = save_imported_model(imported, shop, folder=tmp_path / "saved")
        loaded = load_checkpoint(tmp_path / "saved")
        requests = [Request(shop.history(user)) for user in USERS]
        np.testing.assert_array_equal(loaded.model.score(requests), imported.model.score(requests))
        assert card.model == imported.kind
        assert find_model_spec(card.model).title == f"{model} (RecBole)"

    def test_items_of_one_side_only(self, model: str, shop: Dataset, tmp_path: Path) -> None:
        """The model knows an item that the dataset does not have, and not one that it has."""
        rows = ROWS.replace({"item_id": {"i9": "gone"}})
        inter = write_inter(tmp_path / "shop.inter", rows)
        path, arrays = make(tmp_path, model)
        imported = read_one(path, shop, interactions=inter)
        scores = imported.model.score([Request(shop.history("u2"))])[0]  # ends with i9
        numbers = [TOKENS.index(item) + 1 for item in shop.history("u2").items[:-1]]
        own = dict(zip(list(dict.fromkeys(rows["item_id"])), reference_scores(model, arrays, numbers, len(TOKENS)), strict=True))
        np.testing.assert_allclose(scores, [own.get(item, -np.inf) for item in shop.item_ids], atol=1e-5, rtol=1e-5)
        assert [(each.rows, each.action) for each in imported.matches] == [(5, "kept"), (1, "dropped"), (1, "kept")]


class TestVectors:
    @pytest.mark.parametrize("stored", [True, False])
    @pytest.mark.parametrize("model", ["BPR", "LightGCN"])
    def test_scores_are_products_of_the_final_vectors(self, model: str, stored: bool, shop: Dataset, inter: Path, tmp_path: Path) -> None:
        final = {name: np.random.default_rng(5).normal(size=size).astype(np.float32) for name, size in (("user", (4, 4)), ("item", (7, 4)))}
        other = {f"restore_{name}_e": value if stored else None for name, value in final.items()} if model == "LightGCN" else {}
        path, arrays = make(tmp_path, model, other)
        imported = read_one(path, shop, interactions=inter)
        assert imported.kind == "vectors"
        users, items = arrays["user_embedding.weight"], arrays["item_embedding.weight"]
        if model == "LightGCN":
            users, items = (final["user"], final["item"]) if stored else propagate(users, items)
        for user in USERS:
            own = dict(zip(TOKENS, items[1:] @ users[USERS.index(user) + 1], strict=True))
            scores = imported.model.score([Request(shop.history(user))])[0]
            np.testing.assert_allclose(scores, [own[item] for item in shop.item_ids], atol=1e-5, rtol=1e-5)

    def test_users_are_asked_for(self, shop: Dataset, tmp_path: Path) -> None:
        path, _arrays = make(tmp_path, "BPR")
        (tmp_path / "items.txt").write_text("\n".join(TOKENS))
        with pytest.raises(QuestionError, match="a vector for each of 3 users") as caught:
            read_one(path, shop, items=tmp_path / "items.txt")
        assert caught.value.option == "--users"
        (tmp_path / "users.txt").write_text("\n".join(USERS))
        imported = read_one(path, shop, items=tmp_path / "items.txt", users=tmp_path / "users.txt")
        assert imported.matches[-1].rows == 3

    def test_a_random_split_without_final_vectors_is_refused(self, shop: Dataset, inter: Path, tmp_path: Path) -> None:
        path, _arrays = make(tmp_path, "LightGCN", eval_args={"split": {"RS": [8, 1, 1]}, "order": "RO", "group_by": "user"})
        with pytest.raises(DataError, match="has no final vectors"):
            read_one(path, shop, interactions=inter)


def propagate(users: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """LightGCN's propagation with dense matrices, over all but the last two events of each user."""
    links = np.zeros((len(users), len(items)))
    for user, rows in ROWS.sort_values("timestamp").groupby("user_id"):
        for item in rows["item_id"][:-2]:
            links[USERS.index(str(user)) + 1, TOKENS.index(item) + 1] = 1
    whole = np.block([[np.zeros((len(users),) * 2), links], [links.T, np.zeros((len(items),) * 2)]])
    scale = np.diag((whole.sum(1) + 1e-7) ** -0.5)
    layers = [np.concatenate([users, items])]
    for _layer in range(2):
        layers.append(scale @ whole @ scale @ layers[-1])
    mean = np.mean(layers, axis=0)
    return mean[: len(users)], mean[len(users) :]


class TestTokens:
    def test_files_beside_the_checkpoint_are_found(self, shop: Dataset, tmp_path: Path) -> None:
        for folder in (tmp_path, tmp_path / "shop", tmp_path.parent / "dataset" / "shop"):
            path, _arrays = make(tmp_path, "SASRec")
            with pytest.raises(QuestionError, match="does not hold the ids of its 6 items") as caught:
                read_one(path, shop)
            assert caught.value.option == "--interactions"
            folder.mkdir(parents=True, exist_ok=True)
            inter = write_inter(folder / "shop.inter", ROWS)
            assert read_one(path, shop).source["ids"] == "shop.inter"
            inter.unlink()

    def test_a_name_that_leads_elsewhere_is_not_followed(self, shop: Dataset, tmp_path: Path) -> None:
        (tmp_path / "inner").mkdir()
        write_inter(tmp_path / "shop.inter", ROWS)
        path, _arrays = make(tmp_path / "inner", "SASRec", dataset="../shop")
        with pytest.raises(QuestionError):
            read_one(path, shop)

    def test_other_rows_are_refused(self, shop: Dataset, tmp_path: Path) -> None:
        path, _arrays = make(tmp_path, "SASRec")
        inter = write_inter(tmp_path / "some.inter", ROWS[:5])
        with pytest.raises(DataError, match=r"SASRec has 6 items, but some.inter gives 4 after the filters"):
            read_one(path, shop, interactions=inter)
        write_inter(tmp_path / "shop.inter", ROWS[:5])
        with pytest.raises(QuestionError):
            read_one(path, shop)
        path, _arrays = make(tmp_path, "BPR")
        inter = write_inter(tmp_path / "some.inter", ROWS.replace({"user_id": {"u1": "u0"}}))
        with pytest.raises(DataError, match=r"BPR has 3 users, but some.inter gives 2"):
            read_one(path, shop, interactions=inter)

    def test_too_few_known_items_are_refused(self, shop: Dataset, tmp_path: Path) -> None:
        path, _arrays = make(tmp_path, "SASRec")
        (tmp_path / "items.txt").write_text("\n".join(f"film {number}" for number in range(len(TOKENS))))
        with pytest.raises(DataError, match="only 0 of 6 items of the model"):
            read_one(path, shop, items=tmp_path / "items.txt")

    def test_rounded_times_are_reported(self, shop: Dataset, tmp_path: Path) -> None:
        path, _arrays = make(tmp_path, "SASRec")
        inter = write_inter(tmp_path / "late.inter", ROWS.assign(timestamp=1.7e9 - ROWS.index))
        line = read_one(path, shop, interactions=inter).matches[-1]
        assert (line.rows, line.action) == (12, "reordered")
        assert "rounds timestamp" in line.text


class TestRefuses:
    def refuse(self, path: Path, dataset: Dataset, match: str, **options: Any) -> None:
        with pytest.raises(RecsysError, match=match) as caught:
            read_one(path, dataset, **options)
        assert "\n" not in str(caught.value)
        assert path.name in str(caught.value)

    def test_files_of_others(self, shop: Dataset, tmp_path: Path) -> None:
        path = tmp_path / "file.pth"
        for content in ({"weight": torch.zeros(3)}, [1, 2], {"config": 3, "state_dict": {}}, {"config": {"model": "BPR"}}):
            torch.save(content, path)
            self.refuse(path, shop, "not a checkpoint of RecBole")
        torch.save({"config": {"model": "FMLPRec"}, "state_dict": {}}, path)
        self.refuse(path, shop, "holds the model 'FMLPRec', which is not known here; known: SASRec, GRU4Rec")
        path.write_text("user_id,item_id")
        self.refuse(path, shop, "not a file that torch.save wrote")

    @pytest.mark.parametrize("model", [*NETWORKS, "BPR", "LightGCN"])
    def test_settings_and_parameters_that_do_not_fit(self, model: str, shop: Dataset, inter: Path, tmp_path: Path) -> None:
        arrays, settings = draw_arrays(model, len(TOKENS), len(USERS)), make_settings(model)
        path = tmp_path / "file.pth"
        for name in arrays:
            write_checkpoint(path, settings, {key: value for key, value in arrays.items() if key != name})
            self.refuse(path, shop, "has no parameter|has the shape|has the parameter", interactions=inter)
        for name, value in arrays.items():
            write_checkpoint(path, settings, {**arrays, name: np.concatenate([value, value])})
            with pytest.raises(RecsysError):
                read_one(path, shop, interactions=inter)
        write_checkpoint(path, settings, {**arrays, "item_embedding.weight": arrays["item_embedding.weight"] * np.nan})
        self.refuse(path, shop, "not finite numbers", interactions=inter)

    @pytest.mark.parametrize(
        "changed",
        [
            {"MAX_ITEM_LIST_LENGTH": 0}, {"MAX_ITEM_LIST_LENGTH": 2**70}, {"n_heads": 4}, {"n_heads": 0}, {"n_heads": None}, {"n_heads": "2"}, {"n_heads": 2**70}, {"hidden_act": "softmax"},
            {"layer_norm_eps": -1.0}, {"layer_norm_eps": float("nan")}, {"eval_args": 3}, {"load_col": "all"}, {"val_interval": [1]},
            {"user_inter_num_interval": "["}, {"item_inter_num_interval": "[a,b]"}, {"field_separator": 5}, {"encoding": "klingon"},
            {"USER_ID_FIELD": ["a"]}, {"rm_dup_inter": "none"}, {"unload_col": 7},
        ],
    )  # fmt: skip
    def test_odd_settings_are_an_error_or_do_not_matter(self, changed: dict[str, Any], shop: Dataset, inter: Path, tmp_path: Path) -> None:
        path, _arrays = make(tmp_path, "SASRec", **changed)
        try:
            imported = read_one(path, shop, interactions=inter)
        except RecsysError as error:
            assert "\n" not in str(error)
        else:
            assert set(changed) <= {"eval_args", "USER_ID_FIELD", "user_inter_num_interval"}
            assert np.isfinite(imported.model.score([Request(shop.history("u1"))])).all()

    def test_a_model_that_does_not_fit_into_memory(
        self, shop: Dataset, inter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("recsys.core.memory.free_memory", lambda: 100)
        for model in ("SASRec", "BPR"):
            self.refuse(make(tmp_path, model)[0], shop, "would take about .* GB of memory", interactions=inter)

    def test_calls_in_a_checkpoint_are_inert(self, shop: Dataset, inter: Path, tmp_path: Path) -> None:
        marker = tmp_path / "marker"

        class Bomb:
            def __reduce__(self) -> Any:
                return os.system, (f"touch {marker}",)

        path, _arrays = make(tmp_path, "SASRec", device=Bomb(), metrics=[Bomb()])
        read_one(path, shop, interactions=inter)
        torch.save({"config": Bomb(), "state_dict": Bomb()}, path)
        self.refuse(path, shop, "not a checkpoint of RecBole")
        make(tmp_path, "SASRec", MAX_ITEM_LIST_LENGTH=Bomb(), n_heads=Bomb())
        self.refuse(path, shop, "MAX_ITEM_LIST_LENGTH of SASRec is missing or not of the type int", interactions=inter)
        write_checkpoint(path, {**make_settings("SASRec"), "model": Bomb()}, {})
        self.refuse(path, shop, "which is not known here")
        assert not marker.exists()


def test_training_on_several_devices_adds_a_prefix(shop: Dataset, inter: Path, tmp_path: Path) -> None:
    arrays = draw_arrays("GRU4Rec", len(TOKENS), len(USERS))
    path = write_checkpoint(tmp_path / "a.pth", make_settings("GRU4Rec"), {f"module.{name}": value for name, value in arrays.items()})
    plain, _arrays = make(tmp_path, "GRU4Rec")
    scores = [read_one(each, shop, interactions=inter).model.score([Request(shop.history("u1"))]) for each in (path, plain)]
    np.testing.assert_array_equal(*scores)


def test_parameters_of_half_precision_are_read(shop: Dataset, inter: Path, tmp_path: Path) -> None:
    arrays = {name: value.astype(np.float16) for name, value in draw_arrays("SASRec", len(TOKENS), len(USERS)).items()}
    path = write_checkpoint(tmp_path / "a.pth", make_settings("SASRec"), arrays)
    model = read_one(path, shop, interactions=inter).model
    assert {value.dtype for name, value in model.arrays().items() if name != "is_known"} == {np.dtype(np.float32)}


def test_recognition_is_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(b"")
    (tmp_path / "a.csv").write_bytes(b"PK")
    assert recbole_file.recognizes(tmp_path / "a.pth")
    assert not recbole_file.recognizes(tmp_path / "a.csv")
    assert not recbole_file.recognizes(tmp_path)
    assert not recbole_file.recognizes(tmp_path / "none.pth")


# -- real files, where they are ----------------------------------------------------------------------------------------

DATA = Path(os.environ.get("RECSYS_DATA") or "none")
REAL = DATA.parent / "models" / "recbole"


@pytest.mark.skipif(not (REAL.is_dir() and (DATA / "ml-100k").is_dir()), reason="RECSYS_DATA has no models of RecBole beside it")
@pytest.mark.parametrize("model", ["SASRec", "GRU4Rec", "BERT4Rec", "BPR", "LightGCN"])
class TestRealFiles:
    @pytest.fixture(scope="class")
    def films(self) -> tuple[Dataset, pd.DataFrame]:
        """MovieLens 100K with the events of each user in RecBole's order, and its rows in the order of the file."""
        rows = pd.read_csv(
            DATA / "ml-100k" / "u.data", sep="\t", names=["user", "item", "rating", "time"], dtype={"user": str, "item": str}
        )
        ordered = rows.assign(time=rows["time"].astype(np.float32)).sort_values(["user", "time"], kind="stable")
        return build(list(zip(ordered["user"], ordered["item"], strict=True)), repeats=False, name="ml-100k"), rows

    def test_lists_and_scores_are_recboles(self, model: str, films: tuple[Dataset, pd.DataFrame], tmp_path: Path) -> None:
        dataset, _rows = films
        (path,) = REAL.glob(f"{model}-*.pth")
        told = json.loads((REAL / f"{model}.json").read_text())
        imported = read_one(path, dataset, interactions=DATA / "ml-100k" / "u.data")
        assert imported.matches[0].rows == told["items"] - 1 == len(dataset.item_ids)
        save_imported_model(imported, dataset, folder=tmp_path / "saved")
        network = load_checkpoint(tmp_path / "saved").model
        for user, wanted in told["top10_test_request"].items():
            history = dataset.history(user)
            history = history.until(len(history) - 1)
            scores = network.score([Request(history)])[0]
            if imported.kind == "vectors":  # RecBole leaves out what the user has, for all but sequential models
                scores[np.isin(dataset.item_ids, history.items)] = -np.inf
            best = np.argsort(-scores, kind="stable")[: len(wanted)]
            assert dataset.item_ids[best].tolist() == [item for item, _score in wanted]
            np.testing.assert_allclose(scores[best], [score for _item, score in wanted], atol=1e-5)

    def test_the_raw_file_of_the_dataset_is_found(self, model: str, films: tuple[Dataset, pd.DataFrame]) -> None:
        (path,) = REAL.glob(f"{model}-*.pth")
        imported = read_one(path, films[0])
        assert imported.source["ids"] == "u.data"
        told = json.loads((REAL / f"{model}.json").read_text())["item_tokens_first"]
        assert told[1:] == list(dict.fromkeys(films[1]["item"]))[: len(told) - 1]

    def test_propagation_gives_the_vectors_that_recbole_stored(
        self, model: str, films: tuple[Dataset, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if model != "LightGCN":
            return
        (path,) = REAL.glob(f"{model}-*.pth")
        stored = read_one(path, films[0]).model.arrays()
        opened = recbole_checkpoint.open_checkpoint(path)._replace(other={})
        monkeypatch.setattr(recbole_file, "open_checkpoint", lambda _path: opened)
        computed = read_one(path, films[0]).model.arrays()
        for name in ("user_vectors", "item_vectors"):
            np.testing.assert_allclose(computed[name], stored[name], atol=1e-7)
