"""The temporary folder of a process: removed at its end, and by the next process where it was killed."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from recsys.storage.process_folder import process_folder

HOLD = """
import sys, tempfile
from recsys.storage.process_folder import process_folder
tempfile.tempdir = sys.argv[1]
with process_folder("held-") as folder:
    (folder / "upload.csv").write_text("private")
    print(folder, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def hold(temporary: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process with a folder of its own, until it reads a line or is killed."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", HOLD, str(temporary)]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_the_folder_goes_with_the_block_and_with_an_error() -> None:
    with pytest.raises(KeyError), process_folder("held-") as folder:
        assert folder.stat().st_mode & 0o077 == 0, "for its owner alone"
        raise KeyError
    assert not folder.exists()


def test_a_process_that_ends_takes_its_folder_with_it(temporary: Path) -> None:
    process, folder = hold(temporary)
    process.communicate("\n", timeout=30)
    assert not folder.exists()


def test_a_killed_process_is_tidied_up_after_and_a_living_one_is_not(temporary: Path) -> None:
    (killed, lost), (living, kept) = hold(temporary), hold(temporary)
    (temporary / "other-folder").mkdir()
    killed.kill()
    killed.wait(30)
    assert (lost / "upload.csv").exists()
    with process_folder("held-"):
        assert not lost.exists()
        assert (kept / "upload.csv").read_text() == "private"
        assert (temporary / "other-folder").exists()
    living.communicate("\n", timeout=30)
