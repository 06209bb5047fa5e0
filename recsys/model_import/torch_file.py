"""Files written by `torch.save`, read without PyTorch and without executing their pickles.

Since PyTorch 1.6 such a file is a zip archive, not compressed: `data.pkl` holds the objects, and each storage (a flat array that tensors are
views of) is a member of its own. The older format is five pickles one after the other, followed by the storages.
"""

import io
import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core.errors import CheckpointError
from recsys.core.translation import _
from recsys.model_import.safe_unpickler import MOST_BYTES, Builder, Stub, read_pickle

MOST_DIRECTORY_BYTES = 16 * 2**20
"""Limit of the table of contents of an archive, which takes ten times as much in memory: about 200,000 members."""
MOST_AXES = 8
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C

STORAGE_TYPES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
"""Storages of PyTorch and types of numpy, which has no bfloat16."""


@dataclass(frozen=True, eq=False)
class Storage:
    """A flat array in the file: its name there, its type (a value of STORAGE_TYPES) and its number of values."""

    key: str
    kind: str
    size: int

    @property
    def itemsize(self) -> int:
        return 2 if self.kind == "bfloat16" else np.dtype(self.kind).itemsize


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A tensor that has not been read yet: a view of a storage, with offset and strides in values."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class TorchFile:
    """The objects of a file: containers, numbers, strings, `StoredTensor` for tensors and `Stub` for everything else."""

    path: Path
    content: Any
    _read_storage: Callable[[Storage], bytes]
    _byte_order: str

    def read_tensor(self, tensor: StoredTensor) -> np.ndarray:
        """Read a tensor as an array that owns its memory; bfloat16 becomes float32."""
        try:
            data, storage = self._read_storage(tensor.storage), tensor.storage
        except (OSError, KeyError, zipfile.BadZipFile, EOFError) as error:
            raise _damaged(self.path, str(error)) from error
        if len(data) != storage.size * storage.itemsize:
            raise _damaged(self.path, f"a storage has {len(data)} bytes instead of {storage.size * storage.itemsize}")
        if storage.kind == "bfloat16":  # the upper half of a float32
            values = (np.frombuffer(data, self._byte_order + "u2").astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(data, self._byte_order + storage.kind)
        strides = tuple(stride * values.itemsize for stride in tensor.strides)
        view = np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides, writeable=False)
        return np.array(view, dtype=values.dtype.newbyteorder("="), order="C")


def read_torch_file(path: Path) -> TorchFile:
    """Read the objects of a file that `torch.save` wrote; tensors are read later, one by one.

    A file that is none, is damaged or would take too much memory is a CheckpointError of one line.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start.startswith(b"PK"):
            return _read_archive(path)
        if start.startswith(b"\x80"):
            return _read_legacy(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, KeyError) as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise CheckpointError(_("{file} cannot be read: {reason}", file=path, reason=error.strerror or error)) from error
    raise CheckpointError(
        _(
            "{file} is not a file that torch.save wrote: it begins with {start} instead of PK; give the .pth file that RecBole saved",
            file=path.name,
            start=repr(start)[1:],
        )
    )


class _ArchiveFile(io.FileIO):
    """A file that refuses to read a huge table of contents at once, as `zipfile` does when it opens an archive."""

    is_opened = False

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.is_opened and size is not None and size > MOST_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its table of contents is larger than 16 MB")
        return super().read(size) or b""


@contextmanager
def _open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with _ArchiveFile(str(path)) as file:
        archive = zipfile.ZipFile(file)
        file.is_opened = True
        yield archive


def _read_archive(path: Path) -> TorchFile:
    with _open_archive(path) as archive:
        members = {member.filename: member for member in archive.infolist()}
        pickles = [name for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
        if len(pickles) != 1:
            raise CheckpointError(
                _(
                    "{file} is a zip archive without data.pkl, which torch.save writes; give the .pth file that RecBole saved",
                    file=path.name,
                )
            )
        # torch.save never compresses, so that no member can be larger than the file
        if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members.values()):
            raise ValueError("it has compressed members, which torch.save never writes")
        if sum(member.file_size for member in members.values()) > path.stat().st_size:
            raise ValueError("its members claim to be larger than the file")
        if members[pickles[0]].file_size > MOST_BYTES:
            raise ValueError(f"its data.pkl has more than {MOST_BYTES} bytes")
        root = pickles[0].removesuffix("data.pkl")
        order = archive.read(root + "byteorder") if root + "byteorder" in members else b"little"
        content = read_pickle(io.BytesIO(archive.read(pickles[0])), BUILDERS, partial(_find_storage, {}))
    return TorchFile(path, content, lambda storage: _read_member(path, f"{root}data/{storage.key}"), ">" if order == b"big" else "<")


def _read_member(path: Path, name: str) -> bytes:
    with _open_archive(path) as archive:
        return archive.read(name)


def _read_legacy(path: Path) -> TorchFile:
    storages: dict[str, Storage] = {}
    with path.open("rb") as file:
        stream = io.BytesIO(file.read(MOST_BYTES))
    if read_pickle(stream, {}, lambda _identity: None) != LEGACY_MAGIC:
        raise CheckpointError(_("{file} is a pickle that torch.save did not write; give the .pth file that RecBole saved", file=path.name))
    read_pickle(stream, {}, lambda _identity: None)  # the version of the format
    system = read_pickle(stream, {}, lambda _identity: None)
    content = read_pickle(stream, BUILDERS, partial(_find_storage, storages))
    keys = read_pickle(stream, {}, lambda _identity: None)
    order = ">" if isinstance(system, dict) and system.get("little_endian") is False else "<"
    places, position = {}, stream.tell()
    for key in keys if isinstance(keys, list) else []:
        if not isinstance(key, str) or key not in storages or key in places:
            raise ValueError("it lists a storage that no tensor uses")
        places[key] = position + 8  # each storage is preceded by its number of values
        position += 8 + storages[key].size * storages[key].itemsize
    if position > path.stat().st_size:
        raise EOFError("it ends within a storage")
    return TorchFile(path, content, lambda storage: _read_at(path, places[storage.key], storage.size * storage.itemsize), order)


def _read_at(path: Path, position: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(position)
        return file.read(size)


def _find_storage(known: dict[str, Storage], identity: tuple[Any, ...]) -> Storage | None:
    """Return the storage of a persistent id ("storage", type, key, device, number of values …), and note it in `known`."""
    if len(identity) < 5 or identity[0] != "storage":
        return None
    kind, key, size = identity[1], identity[2], identity[4]
    name = kind.name.removeprefix("torch.") if isinstance(kind, Stub) else ""
    if name not in STORAGE_TYPES or not isinstance(key, str) or not _is_count(size):
        return None
    return known.setdefault(key, Storage(key, STORAGE_TYPES[name], size))


def _rebuild_tensor(arguments: tuple[Any, ...]) -> StoredTensor | None:
    """Return a tensor whose every value lies within its storage; None if the arguments are not those of a tensor."""
    if len(arguments) < 4:
        return None
    storage, offset, shape, strides = arguments[:4]
    if not isinstance(storage, Storage) or not _is_count(offset) or not _are_counts(shape) or not _are_counts(strides):
        return None
    if len(shape) != len(strides) or len(shape) > MOST_AXES:
        return None
    last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if math.prod(shape) > storage.size or (math.prod(shape) and last >= storage.size) or offset > storage.size:
        raise ValueError(f"a tensor of shape {shape} does not fit into its storage of {storage.size} values")
    return StoredTensor(storage, offset, shape, strides)


def _rebuild_parameter(arguments: tuple[Any, ...]) -> StoredTensor | None:
    return arguments[0] if arguments and isinstance(arguments[0], StoredTensor) else None


BUILDERS: dict[str, Builder] = {
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
}
"""The only calls in a pickle that are understood; they are made by functions of this module."""


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**48


def _are_counts(values: Any) -> bool:
    return isinstance(values, tuple) and len(values) <= MOST_AXES and all(_is_count(value) for value in values)


def _damaged(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        _("{file} is damaged, cut off or not a file that torch.save wrote ({reason}); copy it again", file=path.name, reason=reason)
    )
