"""Files made to hang, to fill the memory or to read other files: every door refuses them in one sentence and keeps no part of them."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.lib import format as npy
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from recsys.core import Dataset
from recsys.core.errors import CheckpointError, DataError, RecsysError, UnknownNameError, unknown
from recsys.model_import import vector_arrays
from recsys.model_import.formats import read_models
from recsys.model_import.id_lists import read_id_list
from recsys.model_import.item_tokens import read_tokens
from recsys.model_import.options import ImportOptions
from recsys.model_import.rectools_export import rename_tensors
from recsys.model_import.saving import save_imported_model
from recsys.models.imported import onnx_model
from recsys.training.checkpoints import _seal, get_checkpoint_folder, list_checkpoints, load_checkpoint, read_card
from recsys.training.loop import train_model

DOT = ImportOptions(similarity="dot")
LAST = ImportOptions(made_before="last")
ENDLESS = 2**62


def write_lists(dataset: Dataset, file: Path, model: Callable[[int], str] | None = None) -> Path:
    pairs = [(user, item) for user in dataset.user_ids for item in dataset.item_ids[:3]]
    rows = pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(score=np.tile([3.0, 2.0, 1.0], len(dataset.user_ids)))
    (rows if model is None else rows.assign(model=[model(row) for row in range(len(rows))])).to_csv(file, index=False)
    return file


def write_vectors(dataset: Dataset, file: Path, **changes: Any) -> Path:
    vectors = np.random.default_rng(0).normal(size=(len(dataset.item_ids), 4)).astype(np.float32)
    np.savez(file, **({"item_vectors": vectors, "item_ids": dataset.item_ids.astype(str)} | changes))
    return file


def write_graph(
    dataset: Dataset, file: Path, trips: int = 0, external: str = "", functions: int = 0, length: int | str = "length", **properties: str
) -> Path:
    """A sum of item vectors, with a loop of so many trips, with weights in another file, or with functions that each call the last twice."""
    weights = np.random.default_rng(0).normal(size=(len(dataset.item_ids) + 1, len(dataset.item_ids))).astype(np.float32)
    stored = numpy_helper.from_array(weights, "W")
    if external:
        (file.parent / external).write_bytes(weights.tobytes())
        stored.ClearField("raw_data")
        stored.data_location = TensorProto.EXTERNAL
        for key, value in {"location": external, "offset": "0", "length": str(weights.nbytes)}.items():
            stored.external_data.add(key=key, value=value)
    flag, number = helper.make_tensor_value_info("flag", TensorProto.BOOL, []), helper.make_tensor_value_info("at", TensorProto.INT64, [])
    sums = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("before", "after")]
    kept = helper.make_tensor_value_info("kept", TensorProto.BOOL, [])
    steps = [helper.make_node("Identity", ["flag"], ["kept"]), helper.make_node("Abs", ["before"], ["after"])]
    body = helper.make_graph(steps, "body", [number, flag, sums[0]], [kept, sums[1]])
    nodes = [
        helper.make_node("Gather", ["W", "codes"], ["vectors"]),
        helper.make_node("ReduceSum", ["vectors", "one"], ["sum"], keepdims=0),
    ]
    if trips:
        nodes.append(helper.make_node("Loop", ["trips", "true", "sum"], ["scores"], body=body))
    elif functions:
        nodes.append(helper.make_node(f"f{functions - 1}", ["sum"], ["scores"], domain="own"))
    else:
        nodes.append(helper.make_node("Identity", ["sum"], ["scores"]))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    own = [helper.make_function("own", "f0", ["x"], ["y"], [helper.make_node("Identity", ["x"], ["y"])], opsets)][:functions]
    for number_of in range(1, functions):
        calls = [helper.make_node(f"f{number_of - 1}", [x], [y], domain="own") for x, y in (("x", "t"), ("t", "y"))]
        own.append(helper.make_function("own", f"f{number_of}", ["x"], ["y"], calls, opsets))
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("codes", TensorProto.INT64, ["batch", length])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", len(dataset.item_ids)])],
        [stored, *(numpy_helper.from_array(np.array(value), name) for name, value in {"one": [1], "trips": trips, "true": True}.items())],
    )
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=own)
    helper.set_model_props(
        model, {"recscope.items": json.dumps(list(dataset.item_ids)), **{f"recscope.{key}": each for key, each in properties.items()}}
    )
    file.write_bytes(model.SerializeToString())
    return file


UNPADDED = ImportOptions(padding="none")


def test_the_graph_of_these_tests_is_read(tiny: Dataset, tmp_path: Path) -> None:
    (found,) = read_models(write_graph(tiny, tmp_path / "net.onnx", trips=3), tiny, UNPADDED)
    assert found.kind == "onnx"


def test_a_graph_reads_no_other_file(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_graph(tiny, tmp_path / "net.onnx", external="weights.bin")
    monkeypatch.chdir(tmp_path)  # where ONNX Runtime looks for it
    onnx.load(file)  # the other file does hold the weights
    with pytest.raises(CheckpointError, match="second file"):
        read_models(file, tiny, UNPADDED)


def test_a_loop_without_end_is_stopped(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_model, "PATIENCE", 0.3)
    with pytest.raises(CheckpointError, match="too slow"):
        read_models(write_graph(tiny, tmp_path / "net.onnx", trips=ENDLESS), tiny, UNPADDED)


def test_the_checks_of_a_slow_graph_end_together(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.model_import.onnx_checks.CHECKING", 0.0)
    with pytest.raises(CheckpointError, match="too slow"):
        read_models(write_graph(tiny, tmp_path / "net.onnx", trips=10**6), tiny, UNPADDED)


def test_functions_that_multiply_are_refused(tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="inline_local_functions"):
        read_models(write_graph(tiny, tmp_path / "net.onnx", functions=40), tiny, UNPADDED)


@pytest.mark.parametrize(
    "changes",
    [{"length": 2**40}, {"max_length": "9" * 5000}, {"max_length": "²"}, {"items": "[" * 100_000}],
    ids=["axis", "huge", "sign", "deep"],
)
def test_declarations_without_sense(changes: dict[str, Any], tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^net\.onnx"):
        read_models(write_graph(tiny, tmp_path / "net.onnx", **changes), tiny, ImportOptions(padding="left"))


@pytest.mark.parametrize("suffix", ["csv", "npy", "npz", "pth", "onnx", "safetensors", "parquet", "json", ""])
def test_a_pipe_is_not_waited_for(suffix: str, tiny: Dataset, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"model.{suffix}")
    with pytest.raises(DataError, match="pipe"):
        read_models(tmp_path / f"model.{suffix}", tiny, ImportOptions())


def test_ids_from_a_pipe_or_a_device(tiny: Dataset, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ids.txt")
    for ids in (tmp_path / "ids.txt", Path("/dev/zero")):
        with pytest.raises(DataError, match="pipe or a device"):
            read_models(write_vectors(tiny, tmp_path / "v.npz"), tiny, ImportOptions(items=ids))


def test_an_archive_that_fills_the_memory(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_arrays, "LARGE", 1 << 20)
    with zipfile.ZipFile(tmp_path / "v.npz", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("item_vectors.npy", "w") as member:
        npy.write_array(member, np.zeros((2**20, 4), dtype=np.float32))
    with pytest.raises(DataError, match=r"v\.npz unpacks to 200 times"):
        read_models(tmp_path / "v.npz", tiny, DOT)


@pytest.mark.parametrize(
    "ids",
    [
        np.zeros((15, 2), dtype=int),
        np.array([b"\xff"] * 15),
        np.zeros(15, dtype=[("a", "i4"), ("b", "f4")]),
        np.full(15, np.inf),
        np.arange(15) * 1e300,
    ],
    ids=["columns", "latin", "records", "infinite", "huge"],
)
def test_ids_that_are_none(ids: np.ndarray, tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        read_models(write_vectors(tiny, tmp_path / "v.npz", item_ids=ids), tiny, DOT)


@pytest.mark.parametrize(("name", "content"), [("ids.json", b"[" * 100_000), ("ids.csv", b""), ("ids.txt", b"\xff\xfe\x00")])
def test_lists_of_ids_that_cannot_be_read(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        read_id_list(tmp_path / name)


def test_a_list_of_ids_without_columns(tmp_path: Path) -> None:
    pd.DataFrame().to_parquet(tmp_path / "ids.parquet")
    with pytest.raises(DataError, match=r"ids\.parquet"):
        read_id_list(tmp_path / "ids.parquet")


def test_a_damaged_parquet_file_of_vectors(tiny: Dataset, tmp_path: Path) -> None:
    vectors = pa.array(np.eye(len(tiny.item_ids)).tolist(), pa.list_(pa.float32()))
    pq.write_table(pa.table({"item_id": list(tiny.item_ids), "vector": vectors}), tmp_path / "v.parquet")
    whole = (tmp_path / "v.parquet").read_bytes()
    (tmp_path / "v.parquet").write_bytes(whole[:4] + b"\xff" * 200 + whole[204:])
    with pytest.raises(DataError, match=r"v\.parquet"):
        read_models(tmp_path / "v.parquet", tiny, DOT)


def test_vectors_whose_products_have_no_order(tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too large"):
        read_models(write_vectors(tiny, tmp_path / "v.npz", item_vectors=np.full((len(tiny.item_ids), 4), 1e25)), tiny, DOT)


def test_a_column_of_more_models_than_can_be_checkpoints(tiny: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "recs.csv"
    rows = pd.DataFrame({"user_id": tiny.user_ids[0], "item_id": tiny.item_ids[0], "score": 1.0, "name": np.arange(1_001)})
    rows.to_csv(file, index=False)
    with pytest.raises(DataError, match="1,001 values"):
        read_models(file, tiny, ImportOptions(made_before="last", columns={"model": "name"}, least_overlap=0.0))


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ('{"model": "sasrec", "config": {"n_blocks": 1000000000}}', "n_blocks"),
        ('{"model": "sasrec", "config": {"embedding_size": 1000000000000}}', "sasrec"),
        ('{"model": "sasrec", "config": {"embedding_size": 1%s}}' % ("0" * 30), "sasrec"),
        ('{"model": "code", "config": {"source": "os:system"}}', "cannot be read from a folder"),
        ('{"model": "onnx", "config": {}}', "cannot be read from a folder"),
        ('{"model": "hf-causal", "config": {"settings": {"n_layer": 1000000000}}}', "cannot be read from a folder"),
        ('{"cls": "SASRecModel", "n_blocks": 1000000000}', "n_blocks"),
        ('{"model_type": "gpt2", "architectures": 5}', "gpt2"),
        (
            '{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "text_config": {"num_hidden_layers": 1000000000}}',
            "num_hidden_layers",
        ),
        ('{"model_type": "bart", "architectures": ["BartForCausalLM"], "decoder_layers": 100000000}', "decoder_layers"),
    ],
)
def test_configs_that_ask_for_what_the_file_cannot_hold(config: str, match: str, tiny: Dataset, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "items.json").write_text(json.dumps(["PAD", *tiny.item_ids] if "cls" in config else list(tiny.item_ids)))
    save_file({"item_model.item_net_blocks.0.ids_emb.weight": np.zeros((16, 4), np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(RecsysError, match=match):
        read_models(tmp_path, tiny, ImportOptions())


@pytest.mark.parametrize("changes", [{"transformer_layers_kwargs": 5}, {"pos_encoding_kwargs": [1]}])
def test_settings_of_rectools_that_are_none(changes: dict[str, Any], tiny: Dataset, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"cls": "rectools.models.SASRecModel", **changes}))
    with pytest.raises(CheckpointError, match=next(iter(changes))):
        read_models(tmp_path, tiny, ImportOptions())


@pytest.mark.parametrize(
    "bag",
    [
        {"emb_bag_inputs": np.full(16, -1)},
        {"input_lengths": np.full(16, 10**12)},
        {"input_lengths": np.ones(16)},
        {"offsets": np.full(16, 99)},
    ],
    ids=["negative", "huge", "numbers", "outside"],
)
def test_categories_that_do_not_fit_each_other(bag: dict[str, np.ndarray], tmp_path: Path) -> None:
    block = "item_model.item_net_blocks.0."
    whole = {"emb_bag_inputs": np.arange(16) % 4, "input_lengths": np.ones(16, dtype=np.int64), "offsets": np.arange(16)}
    vectors = np.eye(4, dtype=np.float32)
    tensors = {f"{block}{name}": each for name, each in whole.items()} | {f"{block}embedding_bag.weight": vectors}
    assert (rename_tensors(tensors, tmp_path)["items"] == vectors[whole["emb_bag_inputs"]]).all()
    with pytest.raises(CheckpointError, match="do not fit each other"):
        rename_tensors(tensors | {f"{block}{name}": each for name, each in bag.items()}, tmp_path)


@pytest.mark.parametrize(
    "vocabulary", ['{"i01": Infinity}', '{"i01": -1, "i02": 1}', '{"i01": 1, "i02": 1}', '{"i01": 1%s}' % ("0" * 400), '{"i01": 1.5}']
)
def test_numbers_of_tokens_that_are_none(vocabulary: str, tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(vocabulary)
    with pytest.raises(CheckpointError, match="the vocabulary of"):
        read_tokens(tmp_path, {}, ImportOptions())


def test_a_config_nested_without_end_is_not_one(tiny: Dataset, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "x": ' + '{"a": ' * 900 + "1" + "}" * 901)
    with pytest.raises(DataError, match="not a model"):
        read_models(tmp_path, tiny, ImportOptions())


def test_long_values_are_cut_out_of_messages() -> None:
    error = unknown("model", "x" * 100_000, ["lists"])
    assert isinstance(error, UnknownNameError)
    assert str(error).startswith("there is no model 'xxx")
    assert str(error).endswith("known: lists")
    assert len(str(error)) < 1_100


# -- checkpoint folders that were changed afterwards -------------------------------------------------------------------


@pytest.fixture
def folders(tiny: Dataset, tmp_path: Path) -> dict[str, Path]:
    """Checkpoints of lists and of vectors with users and biases."""
    lists = read_models(write_lists(tiny, tmp_path / "recs.csv"), tiny, LAST)
    users = {"user_vectors": np.ones((len(tiny.user_ids), 4), np.float32), "user_ids": tiny.user_ids.astype(str)}
    biases = {"item_biases": np.zeros(len(tiny.item_ids), np.float32)}
    vectors = read_models(write_vectors(tiny, tmp_path / "v.npz", **users, **biases), tiny, DOT)
    for name, (found,) in {"lists": lists, "vectors": vectors}.items():
        save_imported_model(found, tiny, name, folder=tmp_path / name)
    return {name: tmp_path / name for name in ("lists", "vectors")}


def change(folder: Path, **arrays: Any) -> None:
    """Replace arrays of a checkpoint and seal it again, as somebody who knows the format can."""
    from safetensors.numpy import load_file

    file = folder / "model.safetensors"
    stored = load_file(file)
    save_file({**stored, **{name: np.ascontiguousarray(make(stored[name])) for name, make in arrays.items()}}, file)
    seal(folder)


def seal(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"seal": _seal(folder, read_card(folder))}))


CHANGES: list[tuple[str, str, Callable[[np.ndarray], np.ndarray]]] = [
    ("lists", "items", lambda x: x + 100),
    ("lists", "items", lambda x: x - 100),
    ("lists", "items", lambda x: x.astype(np.float64)),
    ("lists", "items", lambda x: x > 0),
    ("lists", "items", lambda x: x[:, None]),
    ("lists", "items", lambda x: x * 0),
    ("lists", "starts", lambda x: x[::-1]),
    ("lists", "starts", lambda x: x.astype(np.float64)),
    ("lists", "starts", lambda x: x[:0]),
    ("lists", "scores", lambda x: x * np.nan),
    ("lists", "scores", lambda x: x * np.inf),
    ("lists", "scores", lambda x: -x),
    ("lists", "scores", lambda x: x[:, None]),
    ("lists", "user_hashes", lambda x: x[:2]),
    ("lists", "user_hashes", lambda x: x[::-1]),
    ("lists", "user_hashes", lambda x: x * 0),
    ("lists", "user_hashes", lambda x: x.astype(np.float64)),
    ("lists", "steps", lambda x: x - 1_000),
    ("lists", "steps", lambda x: x * np.nan),
    ("vectors", "columns", lambda x: x + 5),
    ("vectors", "columns", lambda x: x - 5),
    ("vectors", "columns", lambda x: x.astype(np.float64)),
    ("vectors", "columns", lambda x: x[:2]),
    ("vectors", "item_vectors", lambda x: x * np.nan),
    ("vectors", "item_vectors", lambda x: x * np.float32(1e30)),
    ("vectors", "item_vectors", lambda x: x[:, 0]),
    ("vectors", "item_vectors", lambda x: x > 0),
    ("vectors", "item_biases", lambda x: x[:2]),
    ("vectors", "item_biases", lambda x: x + np.inf),
    ("vectors", "user_hashes", lambda x: x[:2]),
    ("vectors", "user_hashes", lambda x: x.astype(np.float64)),
    ("vectors", "user_vectors", lambda x: x[:, :1]),
    ("vectors", "user_vectors", lambda x: x * np.nan),
]


@pytest.mark.parametrize(("kind", "name", "make"), CHANGES, ids=[f"{kind}-{name}-{at}" for at, (kind, name, _make) in enumerate(CHANGES)])
def test_arrays_that_contradict_each_other(
    kind: str, name: str, make: Callable[[np.ndarray], np.ndarray], folders: dict[str, Path]
) -> None:
    load_checkpoint(folders[kind])
    change(folders[kind], **{name: make})
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(folders[kind])


def test_items_in_another_order_than_the_card_says(folders: dict[str, Path]) -> None:
    items = folders["lists"] / "items.json"
    items.write_text(json.dumps(json.loads(items.read_text())[::-1]))
    seal(folders["lists"])
    with pytest.raises(CheckpointError, match="items are not those of its card"):
        load_checkpoint(folders["lists"])


def test_a_card_that_names_code(folders: dict[str, Path]) -> None:
    card = json.loads((folders["lists"] / "card.json").read_text())
    (folders["lists"] / "card.json").write_text(json.dumps(card | {"model": "code", "config": {"source": "os:system"}}))
    seal(folders["lists"])
    with pytest.raises(CheckpointError, match="cannot hold Python code"):
        load_checkpoint(folders["lists"])


def test_a_card_nested_without_end(folders: dict[str, Path]) -> None:
    (folders["lists"] / "card.json").write_text("[" * 100_000)
    with pytest.raises(CheckpointError, match=r"card\.json"):
        load_checkpoint(folders["lists"])


@pytest.mark.parametrize("name", ["card.json", "items.json", "model.safetensors"])
def test_a_pipe_in_a_checkpoint(name: str, folders: dict[str, Path]) -> None:
    (folders["lists"] / name).unlink()
    os.mkfifo(folders["lists"] / name)
    with pytest.raises(CheckpointError, match=f"{name} is not a file"):
        load_checkpoint(folders["lists"])


def test_an_import_never_replaces_a_trained_checkpoint(tiny: Dataset, tmp_path: Path) -> None:
    list(train_model("popularity", tiny, name="mine"))
    before = (get_checkpoint_folder(tiny.name, "mine") / "card.json").read_bytes()
    (found,) = read_models(write_lists(tiny, tmp_path / "recs.csv"), tiny, LAST)
    with pytest.raises(DataError, match="'mine' that was trained here"):
        save_imported_model(found, tiny, "mine")
    assert (get_checkpoint_folder(tiny.name, "mine") / "card.json").read_bytes() == before
    save_imported_model(found, tiny, "other")
    save_imported_model(found, tiny, "other")  # an import may be repeated
    assert {each.name for each in list_checkpoints(tiny.name)} == {"mine", "other"}
