"""Files of `torch.save`: tensors equal PyTorch's own, and damaged or crafted ones are one clear error."""

import copy
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recsys.core.errors import CheckpointError
from recsys.model_import.safe_unpickler import Stub
from recsys.model_import.torch_file import StoredTensor, read_torch_file

BASE = torch.arange(60).reshape(3, 4, 5)
TENSORS = {
    "double": BASE.double() / 7,
    "float": BASE.float() / 7,
    "half": BASE.half() / 7,
    "bfloat16": BASE.bfloat16() / 7,
    "long": BASE,
    "int": BASE.int(),
    "short": BASE.short(),
    "char": BASE.to(torch.int8),
    "byte": BASE.to(torch.uint8),
    "bool": BASE % 2 == 0,
    "transposed": BASE.permute(2, 0, 1),
    "part": BASE[1:, ::2, 3],
    "one": BASE[2, 3, 4],
    "empty": BASE[:0],
    "parameter": torch.nn.Parameter(BASE.float()),
}


@pytest.fixture(params=["zip", "legacy", "zip, protocol 4", "legacy, protocol 4"])
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    content = {"tensors": TENSORS, "settings": {"rate": 0.5, "sizes": [1, 2], "device": torch.device("cpu")}}
    protocol = {"pickle_protocol": 4} if "4" in request.param else {}
    torch.save(content, tmp_path / "file.pth", _use_new_zipfile_serialization=request.param.startswith("zip"), **protocol)
    return tmp_path / "file.pth"


def test_tensors_are_those_of_pytorch(saved: Path) -> None:
    file = read_torch_file(saved)
    assert file.content["settings"]["sizes"] == [1, 2]
    assert isinstance(file.content["settings"]["device"], Stub)
    for name, tensor in TENSORS.items():
        stored = file.content["tensors"][name]
        assert isinstance(stored, StoredTensor), name
        values = file.read_tensor(stored)
        assert values.shape == tuple(tensor.shape)
        assert values.flags.c_contiguous
        assert values.flags.owndata
        np.testing.assert_array_equal(values, (tensor.float() if name == "bfloat16" else tensor).detach().numpy())


def test_of_another_byte_order(tmp_path: Path) -> None:
    torch.save({"a": BASE.float()}, tmp_path / "file.pth")
    with zipfile.ZipFile(tmp_path / "file.pth") as source, zipfile.ZipFile(tmp_path / "big.pth", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            data = (
                b"big" if name.endswith("byteorder") else np.frombuffer(data, "<f4").astype(">f4").tobytes() if "/data/" in name else data
            )
            target.writestr(name, data)
    file = read_torch_file(tmp_path / "big.pth")
    np.testing.assert_array_equal(file.read_tensor(file.content["a"]), BASE.float().numpy())


def read_all(path: Path) -> None:
    file = read_torch_file(path)
    for tensor in file.content["tensors"].values():
        file.read_tensor(tensor)


@given(st.data())
def test_any_damage_is_one_line(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("damage") / "file.pth"
    torch.save({"tensors": {"a": BASE}}, path, _use_new_zipfile_serialization=data.draw(st.booleans()))
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    else:
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(whole)
    try:
        read_all(path)
    except CheckpointError as error:
        assert "\n" not in str(error)
        assert "file.pth" in str(error)
    except (KeyError, AttributeError, TypeError):
        pass  # the content is another one, which this test does not expect but a file may have


def rewritten(path: Path, change: Any, **options: Any) -> Path:
    """The archive of a tensor with changed members."""
    torch.save({"tensors": {"a": BASE}}, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


class TestRefuses:
    def refuse(self, path: Path, match: str) -> None:
        with pytest.raises(CheckpointError, match=match) as caught:
            read_all(path)
        assert "\n" not in str(caught.value)

    def test_what_torch_did_not_write(self, tmp_path: Path) -> None:
        path = tmp_path / "file.pth"
        for content, match in (
            (b"", "begins with '' instead of PK"),
            (b"user,item\n", "begins with 'user' instead of PK"),
            (pickle.dumps({"a": 1}), "a pickle that torch.save did not write"),
            (b"\x80", "damaged, cut off"),
            (b"PK\x03\x04", "damaged, cut off"),
        ):
            path.write_bytes(content)
            self.refuse(path, match)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "hello")
        self.refuse(path, "a zip archive without data.pkl")
        self.refuse(tmp_path, "cannot be read")
        self.refuse(tmp_path / "none.pth", "cannot be read")

    def test_compressed_members(self, tmp_path: Path) -> None:
        zeros = lambda members: members.update({"file/data/0": bytes(2**24)})  # noqa: E731
        self.refuse(rewritten(tmp_path / "file.pth", zeros, compression=zipfile.ZIP_DEFLATED), "compressed members")

    def test_members_larger_than_the_file(self, tmp_path: Path) -> None:
        """Members that share their bytes, so that a small file would unpack to a large one."""
        path = rewritten(tmp_path / "file.pth", lambda members: members.update({"file/data/1": bytes(2**16)}))
        with zipfile.ZipFile(path, "a") as archive:
            for number in range(50):
                shared = copy.copy(archive.getinfo("file/data/1"))
                shared.filename = f"file/data/{number + 2}"
                archive.filelist.append(shared)
            archive._didModify = True  # type: ignore[attr-defined]
        self.refuse(path, "claim to be larger than the file")

    def test_a_huge_pickle(self, tmp_path: Path) -> None:
        path = rewritten(tmp_path / "file.pth", lambda members: members.update({"file/data.pkl": bytes(17 * 2**20)}))
        self.refuse(path, "more than 16777216 bytes")

    def test_a_huge_table_of_contents(self, tmp_path: Path) -> None:
        path = tmp_path / "file.pth"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(2_000):
                member = zipfile.ZipInfo(f"file/data/{number}")
                member.comment, member.header_offset, member.CRC = b"x" * 60_000, 0, 0
                archive.filelist.append(member)
            archive._didModify = True  # type: ignore[attr-defined]
        assert path.stat().st_size > 2**26
        self.refuse(path, "table of contents is larger than 16 MB")

    def test_a_missing_or_short_storage(self, tmp_path: Path) -> None:
        self.refuse(rewritten(tmp_path / "file.pth", lambda members: members.pop("file/data/0")), "no item named")
        self.refuse(rewritten(tmp_path / "file.pth", lambda members: members.update({"file/data/0": b"abc"})), "has 3 bytes instead of 480")

    @pytest.mark.parametrize(
        ("offset", "shape", "strides"),
        [
            (0, (3, 4, 6), (20, 5, 1)),
            (1, (60,), (1,)),
            (0, (2,), (60,)),
            (0, (2**20, 2**20), (0, 0)),
            (0, (61,), (0,)),
            (61, (0,), (1,)),
            (0, (2**40, 0), (2**40, 1)),
        ],
    )
    def test_views_beyond_their_storage(self, tmp_path: Path, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        stream = io.BytesIO()
        pickler = pickle.Pickler(stream, 2)
        pickler.persistent_id = lambda each: ("storage", torch.FloatStorage, "0", "cpu", 60) if each is BASE else None  # type: ignore[method-assign]

        class Forged:
            def __reduce__(self) -> Any:
                return torch._utils._rebuild_tensor_v2, (BASE, offset, shape, strides, False, {})

        pickler.dump({"tensors": {"a": Forged()}})
        path = rewritten(
            tmp_path / "file.pth", lambda members: members.update({"file/data.pkl": stream.getvalue(), "file/data/0": bytes(240)})
        )
        if shape == (2**40, 0):
            assert read_torch_file(path).content["tensors"]["a"].shape == shape
        else:
            self.refuse(path, "does not fit into its storage")

    def test_unknown_storages_stay_stubs(self, tmp_path: Path) -> None:
        path = tmp_path / "file.pth"
        torch.save({"a": torch.zeros(3, dtype=torch.complex64), "b": torch.zeros(3).to_sparse()}, path)
        content = read_torch_file(path).content
        assert all(isinstance(each, Stub) for each in content.values())


def test_calls_in_a_file_are_inert(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path / 'marker'}",)

    for zipped in (True, False):
        torch.save({"a": Bomb(), "tensors": {"b": BASE}}, tmp_path / "file.pth", _use_new_zipfile_serialization=zipped)
        read_all(tmp_path / "file.pth")
    assert not (tmp_path / "marker").exists()


def test_a_file_of_two_gigabytes_is_not_read_whole(tmp_path: Path) -> None:
    """Only the parameters that are asked for are read: the file here is sparse, and the optimizer takes most of it."""
    path = tmp_path / "file.pth"
    torch.save({"tensors": {"a": BASE}, "optimizer": torch.zeros(1)}, path)
    with path.open("r+b") as file:
        end = file.read()
        file.seek(2**31)
        file.write(end)  # a zip archive may have anything in front of it
    file_read = read_torch_file(path)
    np.testing.assert_array_equal(file_read.read_tensor(file_read.content["tensors"]["a"]), BASE.numpy())
