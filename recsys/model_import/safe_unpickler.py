"""A reader of pickles that builds plain containers only, and never imports, calls or executes anything.

A pickle is a program for a small stack machine. `pickletools.genops` of the standard library decodes its instructions, and this module
carries out those that build numbers, strings, lists, dicts, tuples and sets. A global (a class or a function) becomes an inert `Stub`;
calling one gives another stub that keeps the arguments, and its state is kept beside them. The caller names the few globals that it
builds itself, such as tensors.
"""

import io
import pickletools
from collections.abc import Callable, Mapping
from typing import Any

MOST_BYTES = 16 * 2**20
MOST_OPERATIONS = 1_000_000
"""Limits of one pickle: an instruction of one byte can take 100 bytes of memory. RecBole's pickles have about 5,000 instructions."""
LONGEST_KEY = 8
LONGEST_NAME = 1_000
"""Items of a tuple that is a key, and characters of the name of a global: both are read anew at every use."""

Builder = Callable[[tuple[Any, ...]], Any]


class Stub:
    """A global of a pickle, or the object that a call of it would have made; inert.

    `name` is "module.name", `arguments` are those of the call, None for the global itself, `state` is what the object would have been
    given. Two stubs are never equal.
    """

    __slots__ = ("arguments", "name", "state")

    def __init__(self, name: str, arguments: tuple[Any, ...] | None = None) -> None:
        self.name = name
        self.arguments = arguments
        self.state: Any = None

    def __repr__(self) -> str:  # not of the parts, which may be nested without end
        return f"Stub({self.name!r})"


def read_pickle(stream: io.BytesIO, builders: Mapping[str, Builder], find_storage: Builder) -> Any:
    """Read one pickle and leave the stream behind it; a damaged one, or one beyond the limits, is a ValueError that says what is wrong.

    `builders` map names of globals to functions of the arguments of a call; `find_storage` returns the object of a persistent id. Both
    return None for arguments that they do not understand, which leaves a stub.
    """
    machine = _Machine(builders, find_storage)
    try:
        for number, (opcode, argument, _position) in enumerate(pickletools.genops(stream), start=1):
            if number > MOST_OPERATIONS:
                raise ValueError(f"more than {MOST_OPERATIONS} instructions")
            if opcode.name in PUSHES:
                machine.stack.append(argument)
            elif opcode.name not in IGNORED:
                OPERATIONS[opcode.name](machine, argument)
        return machine.stack.pop()
    except (IndexError, KeyError) as error:  # an empty stack, or a name that was never stored
        raise ValueError(f"the instructions do not fit together ({error})") from error


class _Machine:
    """Stack, marks (positions in the stack) and memo of one pickle."""

    def __init__(self, builders: Mapping[str, Builder], find_storage: Builder) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.builders = builders
        self.find_storage = find_storage

    def since_mark(self) -> list[Any]:
        """Return the values above the latest mark, and remove them with the mark."""
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def call(self, function: Any, arguments: Any) -> Any:
        """Return a container or tensor for the few known functions, a stub for all others."""
        name = function.name if isinstance(function, Stub) and function.arguments is None else "object"
        given = arguments if isinstance(arguments, tuple) else (arguments,)
        if name == "collections.OrderedDict" and not given:
            return {}
        built = self.builders[name](given) if name in self.builders else None
        return Stub(name, given) if built is None else built


def _put(machine: _Machine, index: int) -> None:
    machine.memo[index] = machine.stack[-1]


def _get(machine: _Machine, index: int) -> None:
    machine.stack.append(machine.memo[index])


def _pop(machine: _Machine, _argument: Any) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.stack.pop()


def _append(machine: _Machine, values: list[Any]) -> None:
    """Append to the list on top of the stack; a stub, in place of an object that acts like a list, stays as it is."""
    target = machine.stack[-1]
    if isinstance(target, list):
        target.extend(values)
    elif not isinstance(target, Stub):
        raise ValueError("something is appended to what is not a list")


def _set(machine: _Machine, pairs: list[Any]) -> None:
    """Set keys and values, in turn, in the dict on top of the stack; a stub stays as it is."""
    target, keys, values = machine.stack[-1], pairs[::2], pairs[1::2]
    if not isinstance(target, dict | Stub) or len(keys) != len(values):
        raise ValueError("keys are set in what is not a dict")
    if isinstance(target, dict):
        target.update(zip(_hashable(keys), values, strict=True))


def _add(machine: _Machine, values: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, set | Stub):
        raise ValueError("something is added to what is not a set")
    if isinstance(target, set):
        target.update(_hashable(values))


def _hashable(keys: list[Any]) -> list[Any]:
    """Return the keys if each has a hash that is computed at once and that nobody can choose for very many keys."""
    for key in keys:
        parts = key[: LONGEST_KEY + 1] if isinstance(key, tuple) else (key,)
        if len(parts) > LONGEST_KEY:
            raise ValueError("a key is a long tuple")
        for part in parts:
            if not (part is None or isinstance(part, str | bytes | float | Stub) or (isinstance(part, int) and abs(part) < 2**63)):
                raise ValueError(f"a key is of the type {type(part).__name__}")
    return keys


def _take(machine: _Machine, count: int) -> list[Any]:
    if len(machine.stack) < count:
        raise IndexError("the stack is empty")
    values = machine.stack[len(machine.stack) - count :]
    del machine.stack[len(machine.stack) - count :]
    return values


def _tuple(count: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, _argument: machine.stack.append(tuple(_take(machine, count)))


def _global(machine: _Machine, name: str) -> None:
    machine.stack.append(Stub(name.replace(" ", ".", 1)))


def _stack_global(machine: _Machine, _argument: Any) -> None:
    parts = _take(machine, 2)
    if not all(isinstance(part, str) and len(part) <= LONGEST_NAME for part in parts):
        raise ValueError("the name of a global is not a short string")
    machine.stack.append(Stub(".".join(parts)))


def _call(machine: _Machine, count: int) -> None:
    """Call the function below its arguments on the stack (and keyword arguments, if `count` is 3, which are dropped)."""
    function, arguments, *_keywords = _take(machine, count)
    machine.stack.append(machine.call(function, arguments))


def _call_marked(machine: _Machine, _argument: Any) -> None:
    function, *arguments = machine.since_mark()
    machine.stack.append(machine.call(function, tuple(arguments)))


def _call_named(machine: _Machine, name: str) -> None:
    machine.stack.append(machine.call(Stub(name.replace(" ", ".", 1)), tuple(machine.since_mark())))


def _build(machine: _Machine, _argument: Any) -> None:
    """Give the object its state: kept beside a stub, dropped for everything else."""
    target, state = _take(machine, 2)
    if isinstance(target, Stub) and target.arguments is not None:
        target.state = state
    machine.stack.append(target)


def _persistent(machine: _Machine, identity: Any) -> None:
    found = machine.find_storage(identity) if isinstance(identity, tuple) else None
    machine.stack.append(Stub("persistent", (identity,)) if found is None else found)


def _pairs_to_dict(machine: _Machine, _argument: Any) -> None:
    pairs = machine.since_mark()
    machine.stack.append({})
    _set(machine, pairs)


PUSHES = (
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
)
"""Instructions whose argument is the value."""
IGNORED = ("PROTO", "FRAME", "STOP", "READONLY_BUFFER")

OPERATIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "NONE": lambda machine, _: machine.stack.append(None),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_SET": lambda machine, _: machine.stack.append(set()),
    "EMPTY_TUPLE": _tuple(0),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    "LIST": lambda machine, _: machine.stack.append(machine.since_mark()),
    "DICT": _pairs_to_dict,
    "FROZENSET": lambda machine, _: machine.stack.append(frozenset(_hashable(machine.since_mark()))),
    "APPEND": lambda machine, _: _append(machine, _take(machine, 1)),
    "APPENDS": lambda machine, _: _append(machine, machine.since_mark()),
    "SETITEM": lambda machine, _: _set(machine, _take(machine, 2)),
    "SETITEMS": lambda machine, _: _set(machine, machine.since_mark()),
    "ADDITEMS": lambda machine, _: _add(machine, machine.since_mark()),
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "POP_MARK": lambda machine, _: machine.since_mark().clear(),
    "POP": _pop,
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "MEMOIZE": lambda machine, _: _put(machine, len(machine.memo)),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _get),
    **dict.fromkeys(("EXT1", "EXT2", "EXT4"), lambda machine, _: machine.stack.append(Stub("object"))),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": lambda machine, _: _call(machine, 2),
    "NEWOBJ": lambda machine, _: _call(machine, 2),
    "NEWOBJ_EX": lambda machine, _: _call(machine, 3),
    "OBJ": _call_marked,
    "INST": _call_named,
    "BUILD": _build,
    "PERSID": _persistent,
    "BINPERSID": lambda machine, _: _persistent(machine, machine.stack.pop()),
    "NEXT_BUFFER": lambda machine, _: machine.stack.append(Stub("buffer")),
}
