"""Files that no format recognizes: each is told what to do with it."""

from pathlib import Path

import pytest

from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.model_import.formats import read_models
from recsys.model_import.options import ImportOptions

ADVICE = {"net.pt": "export the network to ONNX", "als.pkl": "never opened", "train.py": "module:name", "notes.md": "bring one of: RecBole"}


@pytest.mark.parametrize("name", ADVICE)
def test_files_that_cannot_be_read_name_the_way(name: str, tiny: Dataset, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\3\4")
    with pytest.raises(DataError, match=name) as refused:
        read_models(tmp_path / name, tiny, ImportOptions())
    assert ADVICE[name] in str(refused.value)


def test_a_folder_is_named_by_its_files(tiny: Dataset, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "_SUCCESS"):
        (tmp_path / name).write_text("user_id,item_id,score\n")
    with pytest.raises(DataError, match=r"the files a\.csv and b\.csv together are not a model"):
        read_models(tmp_path, tiny, ImportOptions())


def test_code_is_not_imported(tiny: Dataset) -> None:
    with pytest.raises(DataError, match="evaluate my_models:latest tiny"):
        read_models(Path("my_models:latest"), tiny, ImportOptions())
