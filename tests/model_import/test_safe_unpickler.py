"""The reader of pickles: equal to pickle for plain values, inert for everything else, and bounded."""

import contextlib
import copyreg
import io
import os
import pickle
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.model_import import safe_unpickler
from recsys.model_import.safe_unpickler import Stub, read_pickle

SCALARS = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(SCALARS, inner)
        | st.tuples(inner, inner)
        | st.sets(st.integers(0, 99))
        | st.frozensets(st.integers(0, 9))
    ),
    max_leaves=20,
)


def read(data: bytes) -> Any:
    return read_pickle(io.BytesIO(data), {}, lambda identity: None)


@given(VALUES, st.sampled_from([4, 5]))
def test_plain_values_are_those_that_were_written(value: Any, protocol: int) -> None:
    assert read(pickle.dumps(value, protocol)) == value


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.tuples(inner), max_leaves=9))
def test_old_protocols_too(value: Any) -> None:
    for protocol in range(4):
        assert read(pickle.dumps(value, protocol)) == value


def test_shared_and_circular_values_stay_so() -> None:
    inner: list[Any] = [1]
    inner.append(inner)
    shared = read(pickle.dumps([inner, inner]))
    assert shared[0] is shared[1] is shared[0][1]
    assert read(pickle.dumps(OrderedDict(a=1, b=[2]))) == {"a": 1, "b": [2]}


# -- nothing is executed -----------------------------------------------------------------------------------------------


class Bomb:
    """An object that pickles as a call of a function with arguments, in every way that pickle knows."""

    def __init__(self, *reduced: Any):
        self.reduced = reduced

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.reduced


def touching(marker: Path) -> dict[str, bytes]:
    """Pickles that would make the file `marker` if they were executed; `test_they_are_dangerous` runs them with pickle."""
    code = f"__import__('pathlib').Path({str(marker)!r}).write_text('executed')"
    shell, path = f"touch {marker}", str(marker)
    quoted = code.encode()

    def text(value: bytes) -> bytes:
        return b"X" + len(value).to_bytes(4, "little") + value

    simple = {
        "REDUCE of os.system": Bomb(os.system, (shell,)),
        "REDUCE of subprocess.call": Bomb(subprocess.call, (["touch", path],)),
        "REDUCE of builtins.eval": Bomb(eval, (code,)),
        "REDUCE of builtins.exec": Bomb(exec, (code,)),
        "REDUCE of builtins.open": Bomb(open, (path, "w")),
        "copyreg": Bomb(copyreg._reconstructor, (subprocess.Popen, object, None), {"args": ["touch", path]}),  # type: ignore[attr-defined]
        "a call in a state": Bomb(OrderedDict, (), {"a": Bomb(os.system, (shell,))}),
        "a call in the items of a list": Bomb(list, (), None, iter([Bomb(os.system, (shell,))])),
        "a call in the keys of a dict": Bomb(OrderedDict, (), None, None, iter([("a", Bomb(os.system, (shell,)))])),
        "a function that sets the state": Bomb(OrderedDict, (), shell, None, None, os.system),
        "pickles in pickles": Bomb(pickle.loads, (pickle.dumps(Bomb(os.system, (shell,))),)),
        "torch.storage": Bomb(load_from_bytes(), (pickle.dumps(Bomb(os.system, (shell,))),)),
        "numpy": Bomb(np.frompyfunc, (Bomb(os.system, (shell,)), 1, 1)),
        "type": Bomb(type, ("Made", (), {"a": Bomb(os.system, (shell,))})),
        "map": Bomb(list, (Bomb(map, (os.system, [shell])),)),
    }
    made = {f"{name}, protocol {protocol}": pickle.dumps(each, protocol) for name, each in simple.items() for protocol in (2, 4)}
    return made | {
        "getattr of a module": b"c__builtin__\ngetattr\n(c__builtin__\n__import__\n(Vos\ntRVsystem\ntR(V" + shell.encode() + b"\ntR.",
        "GLOBAL and REDUCE": b"cos\nsystem\n(V" + shell.encode() + b"\ntR.",
        "INST": b"(V" + shell.encode() + b"\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nV" + shell.encode() + b"\no.",
        "OBJ of Popen": b"(csubprocess\nPopen\n(lVtouch\naV" + path.encode() + b"\nao.",
        "NEWOBJ": b"\x80\x02csubprocess\nPopen\n(](" + text(b"touch") + text(path.encode()) + b"et\x81.",
        "NEWOBJ_EX": b"\x80\x04csubprocess\nPopen\n(](" + text(b"touch") + text(path.encode()) + b"et}\x92.",
        "STACK_GLOBAL": b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93(" + text(quoted) + b"tR.",
        "STACK_GLOBAL of os": b"\x80\x04\x8c\x02os\x8c\x06system\x93(" + text(shell.encode()) + b"tR.",
        "memo": b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93(" + text(shell.encode()) + b"tR.",
        "called by BUILD": b"\x80\x02cpickle\nPickler\n)\x81}" + text(b"persistent_id") + b"cos\nsystem\nsb.",
        "persistent id of a call": b"cos\nsystem\n(V" + shell.encode() + b"\ntRQ.",
        "a later pickle": b"N." + b"cos\nsystem\n(V" + shell.encode() + b"\ntR.",
    }


def load_from_bytes() -> Callable[..., Any]:
    import torch

    return torch.storage._load_from_bytes


def names() -> list[str]:
    return list(touching(Path("unused")))


class Audit:
    """Events that Python reports to auditors (imports, executed code, opened files, processes, classes found by pickle) while it is on."""

    def __init__(self) -> None:
        self.events: list[str] | None = None
        sys.addaudithook(lambda event, _arguments: None if self.events is None else self.events.append(event))

    def watch(self, data: bytes) -> tuple[Any, list[str]]:
        self.events = events = []
        try:
            return read(data), events
        finally:
            self.events = None


@pytest.fixture(scope="module")
def audit() -> Audit:
    return Audit()


@pytest.mark.parametrize("name", names())
def test_nothing_is_executed(name: str, audit: Audit, tmp_path: Path) -> None:
    value, events = audit.watch(touching(tmp_path / "marker")[name])
    assert events == []
    assert not (tmp_path / "marker").exists()
    assert value is None or isinstance(value, Stub | dict)


@pytest.mark.parametrize("name", [name for name in names() if name.startswith(("REDUCE", "GLOBAL", "INST", "OBJ", "getattr", "STACK"))])
def test_they_are_dangerous(name: str, tmp_path: Path) -> None:
    """The pickles do what they claim to do, in a process of their own."""
    marker = tmp_path / "marker"
    (tmp_path / "bomb.pkl").write_bytes(touching(marker)[name])
    code = f"import pickle, time; pickle.load(open({str(tmp_path / 'bomb.pkl')!r}, 'rb')); time.sleep(0.2)"
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert marker.exists()


def test_stubs_keep_the_arguments_and_the_state() -> None:
    data = pickle.dumps(Bomb(os.path.join, ("a", "b"), {"x": 1}), 4)
    stub = read(data)
    assert stub.name == "posixpath.join"
    assert stub.arguments == ("a", "b")
    assert stub.state == {"x": 1}
    assert repr(stub) == "Stub('posixpath.join')"


def test_a_stub_is_never_changed_for_another_file() -> None:
    """BUILD on a class would give its attributes to all of its objects."""
    first = read(b"\x80\x02cos\nsystem\n}X\x01\x00\x00\x00aK\x01sb.")
    assert first.state is None
    assert read(b"\x80\x02cos\nsystem\n.").state is None


# -- damage and bombs --------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        read(data)


@given(VALUES, st.data())
def test_any_damage_is_a_value_or_a_value_error(value: Any, data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps([value, os.system], 4))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        read(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


ONE_LONG_KEY = b"(" + b"N" * 400_000 + b"tq\x000" + b"}(" + b"h\x00N" * 250_000 + b"u."
LONG_NAMES = b"\x80\x04X" + (8_000_000).to_bytes(4, "little") + b"a" * 8_000_000 + b"q\x00" + b"h\x00h\x00\x930" * 10_000 + b"."
COLLIDING_KEYS = b"}(" + b"".join(b"\x8a\x0c" + (n * (2**61 - 1)).to_bytes(12, "little") + b"N" for n in range(1, 200_000)) + b"u."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"]" + b"0]" * 1_000_000 + b".", "more than 1000000 instructions"),
        (b"]" * 2_000_000 + b".", "more than 1000000 instructions"),
        (b"\x80\x04\x8d" + (2**50).to_bytes(8, "little") + b"abc.", "expected 1125899906842624 bytes"),
        (b"\x8b" + (2**31 - 1).to_bytes(4, "little") + b"\x01.", "not enough data"),
        (b"I" + b"9" * 100_000 + b"\n.", "Exceeds the limit"),
        (ONE_LONG_KEY, "a key is a long tuple"),
        (LONG_NAMES, "not a short string"),
        (COLLIDING_KEYS, "a key is of the type int"),
        (b")" + b"\x85" * 900_000 + b"}h\x00.", "do not fit together"),
        (b"}]Ns.", "a key is of the type list"),
        (b"N]a.", "appended to what is not a list"),
        (b"h\x07.", "do not fit together"),
        (b".", "do not fit together"),
        (b"(N", "exhausted before seeing STOP"),
    ],
)
def test_bombs_are_refused_at_once(data: bytes, message: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=message):
        read(data)
    assert time.process_time() - began < 10  # of a processor: other work on the machine does not count


def test_deep_nesting_needs_no_deep_stack() -> None:
    depth = safe_unpickler.MOST_OPERATIONS - 10
    for opening in (b"\x85", b"("):
        value = read(b")" + opening * depth + b"." if opening == b"\x85" else b"(" * depth + b"N.")
        del value
    hidden = read(b"cos\nsystem\n" + b")R" * (depth // 2) + b".")
    assert isinstance(hidden, Stub)
