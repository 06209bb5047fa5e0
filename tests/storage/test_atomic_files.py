"""Folders that appear whole or not at all, and what a kill leaves of them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recsys.core.errors import DataError
from recsys.storage.atomic_files import write_folder_atomically


def write(target: Path, text: str) -> None:
    with write_folder_atomically(target) as work:
        (work / "text").write_text(text)


def killed_while_writing(target: Path) -> None:
    script = (
        "import os, signal\nfrom pathlib import Path\nfrom recsys.storage.atomic_files import write_folder_atomically\n"
        f"with write_folder_atomically(Path({str(target)!r})) as work:\n    (work / 'half').touch()\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_what_a_kill_left_is_cleared_when_the_same_folder_is_written_again(tmp_path: Path) -> None:
    target = tmp_path / "shop"
    killed_while_writing(target)
    killed_while_writing(target)
    assert len(names(tmp_path)) == 1 and names(tmp_path)[0].startswith(".shop.")
    write(target, "whole")
    assert names(tmp_path) == ["shop"] and names(target) == ["text"]


def test_what_runs_or_can_be_resumed_or_is_another_thing_is_left_alone(tmp_path: Path) -> None:
    others = [".shop.unfinished", ".shop.v2.0123456789ab", ".shopping.0123456789ab"]
    for name in others:
        (tmp_path / name).mkdir()
    with write_folder_atomically(tmp_path / "shop") as work:
        (work / "text").write_text("first")
        write(tmp_path / "shop", "second")
        assert names(work) == ["text"]
    assert names(tmp_path) == sorted([*others, "shop"])
    assert (tmp_path / "shop" / "text").read_text() == "first"


def test_a_kill_between_two_renames_is_undone(tmp_path: Path) -> None:
    write(tmp_path / "shop", "whole")
    (tmp_path / "shop").rename(tmp_path / ".shop.0123456789ab.old")
    with pytest.raises(DataError, match="no such"), write_folder_atomically(tmp_path / "shop"):
        assert (tmp_path / "shop" / "text").read_text() == "whole"
        raise DataError("no such")
    assert names(tmp_path) == ["shop"]
