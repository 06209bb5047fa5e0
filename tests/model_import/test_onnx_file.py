"""ONNX graphs made by hand are compared with the same arithmetic in NumPy."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from recsys.core import Dataset, Request, empty_history
from recsys.core.errors import CheckpointError, DataError, QuestionError
from recsys.evaluation.replay import replay_history
from recsys.model_import import onnx_checks, onnx_file
from recsys.model_import.formats import FORMATS, find_format
from recsys.model_import.options import ImportOptions
from recsys.model_import.saving import save_imported_model
from recsys.models.imported.onnx_model import OnnxConfig, OnnxModel
from recsys.training.checkpoints import load_checkpoint

N_ITEMS, SIZE = 15, 4
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
RANDOM = np.random.default_rng(4)
ITEMS = np.vstack([np.zeros(SIZE), RANDOM.normal(size=(N_ITEMS, SIZE))]).astype(np.float32)
POSITIONS = RANDOM.uniform(0.5, 2, size=(64, SIZE)).astype(np.float32)
OUT = RANDOM.normal(size=(SIZE, N_ITEMS + 1)).astype(np.float32)


def graph(
    length: int | str = "length",
    positions: int = 0,
    from_end: bool = False,
    batch: int | str = "batch",
    codes: int = TensorProto.INT64,
    with_lengths: bool = False,
    padding_score: bool = False,
    empty_is_nan: bool = False,
    noise: bool = False,
    constant: bool = False,
    across_rows: bool = False,
    nan: bool = False,
    metadata: dict[str, str] | None = None,
    domain: str = "",
) -> onnx.ModelProto:
    """Scores of a sum of item vectors, each multiplied by that of its position where there are any."""
    out = OUT if padding_score else OUT[:, 1:]
    values = {"E": ITEMS, "W": out * np.float32(np.nan if nan else 1), "axis": np.array([1]), "rows": np.array([0])}
    values |= {"P": POSITIONS[:positions], "zero": np.array(0), "one": np.array(1)} if positions else {}
    nodes = [helper.make_node("Gather", ["E", "codes"], ["vectors"])]
    last = "vectors"
    if positions:
        nodes += [
            helper.make_node("Shape", ["codes"], ["shape"]),
            helper.make_node("Gather", ["shape", "one"], ["count"]),
            helper.make_node("Range", ["zero", "count", "one"], ["from start"]),
            helper.make_node("Sub", ["count", "one"], ["last"]),
            helper.make_node("Sub", ["last", "from start"], ["from end"]),
            helper.make_node("Gather", ["P", "from end" if from_end else "from start"], ["places"]),
            helper.make_node("Mul", [last, "places"], ["moved"]),
        ]
        last = "moved"
    nodes.append(helper.make_node("ReduceSum", [last, "axis"], ["sum"], keepdims=0))
    last = "sum"
    if with_lengths:
        nodes += [
            helper.make_node("Cast", ["lengths"], ["counts"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["counts", "axis"], ["column"]),
            helper.make_node("Div", [last, "column"], ["mean"]),
        ]
        last = "mean"
    if empty_is_nan:
        nodes += [helper.make_node("ReduceL2", [last, "axis"], ["norm"], keepdims=1), helper.make_node("Div", [last, "norm"], ["unit"])]
        last = "unit"
    if across_rows:
        nodes += [
            helper.make_node("ReduceMean", [last, "rows"], ["mean of rows"], keepdims=1),
            helper.make_node("Sub", [last, "mean of rows"], ["centred"]),
        ]
        last = "centred"
    if noise:
        nodes += [helper.make_node("RandomNormalLike", [last], ["noise"]), helper.make_node("Add", [last, "noise"], ["noisy"])]
        last = "noisy"
    if constant:
        nodes.append(helper.make_node("Sub", [last, last], ["nothing"]))
        last = "nothing"
    nodes.append(helper.make_node("MatMul", [last, "W"], ["scores"], domain=domain))
    inputs = [helper.make_tensor_value_info("codes", codes, [batch, length])]
    inputs += [helper.make_tensor_value_info("lengths", TensorProto.INT64, [batch])] if with_lengths else []
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, out.shape[1]])]
    stored = [numpy_helper.from_array(value, name) for name, value in values.items()]
    opsets = [helper.make_opsetid("", 18)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(helper.make_graph(nodes, "graph", inputs, outputs, stored), opset_imports=opsets, ir_version=9)
    helper.set_model_props(model, metadata or {})
    return model


def by_hand(codes: list[int], positions: int = 0, length: int = 0, side: str = "left") -> np.ndarray:
    """Scores of the items of a graph for one history."""
    pads = [0] * max(0, length - len(codes))
    codes = [*pads, *codes] if side == "left" else [*codes, *pads]
    vectors = ITEMS[codes] * (POSITIONS[: len(codes)] if positions else 1)
    return vectors.sum(axis=0) @ OUT[:, 1:]


@pytest.fixture
def read(tiny: Dataset, tmp_path: Path) -> Callable[..., Any]:
    """Write a graph with the list of the items of `tiny` in reverse, and import it."""

    def write_and_read(model: onnx.ModelProto, item_ids: list[str] | None = None, **options: Any) -> Any:
        (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
        (tmp_path / "items.json").write_text(json.dumps(list(reversed(tiny.item_ids)) if item_ids is None else item_ids))
        (imported,) = onnx_file.read(tmp_path / "net.onnx", tiny, ImportOptions(**options))
        return imported

    return write_and_read


def codes_of(history: Any) -> list[int]:
    return [N_ITEMS - int(item[1:]) for item in history.items]


def requests_of(dataset: Dataset) -> list[Request]:
    return [Request(dataset.history(user).until(step)) for user in dataset.user_ids[:4] for step in range(1, len(dataset.history(user)))]


@pytest.mark.parametrize("padding_score", [False, True])
def test_scores_are_those_of_the_graph(padding_score: bool, tiny: Dataset, tmp_path: Path, read: Callable[..., Any]) -> None:
    imported = read(graph(padding_score=padding_score))
    assert find_format(tmp_path / "net.onnx") is FORMATS["onnx"]
    assert (imported.kind, imported.name) == ("onnx", "net")
    for request, scores in zip(requests_of(tiny), imported.model.score(requests_of(tiny)), strict=True):
        np.testing.assert_allclose(scores, by_hand(codes_of(request.history))[::-1], **CLOSE)


@pytest.mark.parametrize("side", ["left", "right"])
def test_fixed_lengths_are_padded_on_the_side_that_is_given(side: str, tiny: Dataset, read: Callable[..., Any]) -> None:
    with pytest.raises(QuestionError, match="left") as asked:
        read(graph(length=6, positions=6))
    assert (asked.value.option, asked.value.choices) == ("--padding", ("left", "right"))
    given = read(graph(length=6, positions=6), padding=side).model
    declared = read(graph(length=6, positions=6, metadata={"recscope.padding": side})).model
    for request in requests_of(tiny):
        expected = by_hand(codes_of(request.history)[-6:], 6, 6, side)[::-1]
        np.testing.assert_allclose(given.score([request])[0], expected, **CLOSE)
        np.testing.assert_allclose(declared.score([request])[0], expected, **CLOSE)


def test_a_table_of_positions_limits_the_length(tiny: Dataset, read: Callable[..., Any]) -> None:
    model = read(graph(positions=11)).model
    assert model.window == 11
    history = tiny.history(max(tiny.user_ids, key=lambda user: len(tiny.history(user))))
    assert len(history) > 11
    np.testing.assert_allclose(model.score([Request(history)])[0], by_hand(codes_of(history)[-11:], 11)[::-1], **CLOSE)


def test_positions_from_the_left_of_padded_histories(tiny: Dataset, read: Callable[..., Any]) -> None:
    model = read(graph(positions=11), padding="left").model
    history = tiny.history("u00").until(3)
    np.testing.assert_allclose(model.score([Request(history)])[0], by_hand(codes_of(history), 11, 11)[::-1], **CLOSE)
    assert read(graph(positions=11), padding="none").model.config.is_padded is False
    assert read(graph(positions=11), padding="right").model.config.is_padded is False  # it makes no difference
    assert read(graph(positions=11, from_end=True)).model.config.is_padded is False


def test_the_length_of_padding_may_be_declared(read: Callable[..., Any]) -> None:
    config = read(graph(positions=40, metadata={"recscope.padding": "left", "recscope.max_length": "20"})).model.config
    assert (config.is_padded, config.max_length) == (True, 20)


def test_lengths_are_given_to_a_second_input(tiny: Dataset, read: Callable[..., Any]) -> None:
    model = read(graph(with_lengths=True)).model
    history = tiny.history("u00").until(4)
    np.testing.assert_allclose(model.score([Request(history)])[0], by_hand(codes_of(history))[::-1] / 4, **CLOSE)


@pytest.mark.parametrize("settings", [{"with_lengths": True}, {"empty_is_nan": True}])
def test_a_graph_that_fails_without_events_scores_all_items_alike(
    settings: dict[str, Any], tiny: Dataset, read: Callable[..., Any]
) -> None:
    model = read(graph(**settings)).model
    assert np.isfinite(model.score([Request(empty_history())])).all()
    assert model.fallback(Request(empty_history())) == "no history yet: all items score the same"


def test_the_checkpoint_holds_the_graph(tiny: Dataset, tmp_path: Path, read: Callable[..., Any]) -> None:
    imported = read(graph(positions=11))
    card = save_imported_model(imported, tiny, "net", folder=tmp_path / "saved")
    assert sorted(each.name for each in (tmp_path / "saved").iterdir()) == ["card.json", "items.json", "model.safetensors"]
    assert card.source == {**card.source, "format": "onnx", "file": "net.onnx"}
    loaded = load_checkpoint(tmp_path / "saved").model
    np.testing.assert_array_equal(loaded.score(requests_of(tiny)), imported.model.score(requests_of(tiny)))
    history = tiny.history("u00")
    alone = loaded.score([Request(history.until(step)) for step in range(len(history) + 1)])
    np.testing.assert_allclose(replay_history(loaded, history, repeats=True).top_scores, -np.sort(-alone, axis=1)[:, :10], **CLOSE)


def test_items_that_the_model_lacks_score_minus_infinity_and_are_skipped(tiny: Dataset, read: Callable[..., Any]) -> None:
    imported = read(graph(), ["other 1", "other 2", *tiny.item_ids[2:]])
    scores = imported.model.score([Request(tiny.history("u00"))])[0]
    assert np.isneginf(scores[:2]).all()
    codes = [code for item in tiny.history("u00").items if (code := int(item[1:]) + 1) > 2]
    np.testing.assert_allclose(scores[2:], by_hand(codes)[2:], **CLOSE)
    assert [each.rows for each in imported.matches] == [13, 2, 2]


def test_items_in_the_metadata_need_no_list(tiny: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(graph().SerializeToString())
    with pytest.raises(QuestionError, match="15 items") as asked:
        onnx_file.read(file, tiny, ImportOptions())
    assert asked.value.option == "--items"
    file.write_bytes(graph(metadata={"recscope.items": json.dumps(list(tiny.item_ids))}).SerializeToString())
    (imported,) = onnx_file.read(file, tiny, ImportOptions())
    assert (imported.model.codes == np.arange(1, 16)).all()
    file.write_bytes(graph(metadata={"recscope.items": "i1 i2"}).SerializeToString())
    with pytest.raises(CheckpointError, match="not a JSON list"):
        onnx_file.read(file, tiny, ImportOptions())


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ({"batch": 1}, {}, "fixed number of histories"),
        ({"codes": TensorProto.INT32}, {}, r"signature codes tensor\(int32\)"),
        ({"nan": True}, {}, "not finite"),
        ({"noise": True}, {}, "other scores each time"),
        ({"constant": True}, {}, "do not depend on the last event"),
        ({"across_rows": True}, {}, "in a batch than by itself"),
        ({"domain": "my.own"}, {}, "operators that ONNX Runtime does not have"),
        ({"metadata": {"recscope.padding": "both"}}, {}, r"recscope\.padding=both"),
        ({"metadata": {"recscope.max_length": "-3"}}, {}, r"recscope\.max_length=-3"),
        ({"metadata": {"recscope.max_length": "600", "recscope.padding": "left"}, "positions": 11}, {}, "cannot score 4 histories of 600"),
    ],
)
def test_graphs_that_cannot_be_recommenders(
    settings: dict[str, Any], options: dict[str, Any], message: str, read: Callable[..., Any]
) -> None:
    with pytest.raises(CheckpointError, match=message):
        read(graph(**settings), **options)


@pytest.mark.parametrize(("name", "is_mask"), [("user_idx", False), ("hour", False), ("upto", True), ("seq_len", False)])
def test_a_second_input_is_lengths_by_its_name_or_by_what_it_does(name: str, is_mask: bool, read: Callable[..., Any]) -> None:
    model = graph(with_lengths=True)
    for node in model.graph.node:
        node.input[:] = [name if each == "lengths" else each for each in node.input]
    model.graph.input[1].name = name
    if is_mask:  # the network reads the first events only, as many as this input says
        mask = [
            helper.make_node("Shape", ["codes"], ["sizes"]),
            helper.make_node("Gather", ["sizes", "second"], ["wide"]),
            helper.make_node("Range", ["first", "wide", "second"], ["place"]),
            helper.make_node("Unsqueeze", [name, "axis"], ["bound"]),
            helper.make_node("Less", ["place", "bound"], ["is read"]),
            helper.make_node("Where", ["is read", "codes", "first"], ["read codes"]),
        ]
        model.graph.initializer.extend(numpy_helper.from_array(np.array(value), key) for key, value in (("first", 0), ("second", 1)))
        model.graph.node[0].input[1] = "read codes"
        nodes = [*mask, *model.graph.node]
        del model.graph.node[:]
        model.graph.node.extend(nodes)
    if is_mask or name == "seq_len":
        assert read(model).kind == "onnx"
        return
    with pytest.raises(CheckpointError, match=f"second input of net.onnx, {name}, is not the number of events"):
        read(model)


def test_lists_of_another_length(tiny: Dataset, read: Callable[..., Any]) -> None:
    for item_ids in (list(tiny.item_ids[:12]), [*tiny.item_ids, "one", "more"]):
        with pytest.raises(CheckpointError, match=rf"its list has {len(item_ids)} items"):
            read(graph(), item_ids)
    with pytest.raises(DataError, match="'i00' more than once"):
        read(graph(), ["i00", *tiny.item_ids[:-1]])


def test_files_that_are_not_onnx(tiny: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    whole = graph().SerializeToString()
    for content in (b"", b"cos\nsystem\n(S'false'\ntR.", whole[: len(whole) // 2]):
        file.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"net\.onnx cannot be read as an ONNX model"):
            onnx_file.read(file, tiny, ImportOptions())


def test_weights_in_another_file_are_refused(tiny: Dataset, tmp_path: Path) -> None:
    onnx.save(graph(), tmp_path / "net.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(CheckpointError, match="second file"):
        onnx_file.read(tmp_path / "net.onnx", tiny, ImportOptions())


def test_more_than_a_protocol_buffer_holds(tiny: Dataset, tmp_path: Path) -> None:
    with (tmp_path / "net.onnx").open("wb") as file:
        file.truncate(2**31)  # takes no space on the disk
    with pytest.raises(CheckpointError, match=r"2,147 MB"):
        onnx_file.read(tmp_path / "net.onnx", tiny, ImportOptions())


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CheckpointError, match="pip install onnxruntime"):
        onnx_checks.open_graph(b"", "net.onnx")


def test_sessions_are_opened_when_they_are_needed(monkeypatch: pytest.MonkeyPatch, tiny: Dataset) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    model = OnnxModel(tiny.item_ids, OnnxConfig(n_codes=15), np.arange(1, 16), graph().SerializeToString())
    assert OnnxModel.restore(tiny.item_ids, model.config, model.arrays()).arrays()["onnx"].dtype == np.uint8
    with pytest.raises(CheckpointError, match="ONNX Runtime"):
        model.score([Request(tiny.history("u00"))])
