"""The README's commands do what it says, and its lists are complete."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recsys.models import MODELS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SET_UP = ("pip install", "bash tests/run.sh")  # what has already happened where this test runs
BLOCKS = [block.strip() for block in re.findall(r"^```bash\n(.*?)^```", README, re.M | re.S) if not block.startswith(SET_UP)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with a RECSYS_HOME in it; later blocks may use what earlier ones made."""
    return tmp_path_factory.mktemp("readme")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("block", BLOCKS, ids=[block.splitlines()[-1][:50] for block in BLOCKS])
def test_every_line_works(block: str, place: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "RECSYS_HOME": str(place / "home")}
    done = subprocess.run(["bash", "-euxo", "pipefail", "-c", block], cwd=place, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_set_up_is_two_commands() -> None:
    for command in ("pip install -r requirements.txt && streamlit run app.py", "bash tests/run.sh"):
        assert f"```bash\n{command}\n```" in README


def test_every_dependency_is_explained() -> None:
    pinned = re.findall(r"^([a-zA-Z0-9_-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    missing = [name for name in pinned if not re.search(rf"\b{name}\b", README, re.I)]
    assert not missing, f"the README does not say what {', '.join(missing)} is for"


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_listed(name: str) -> None:
    assert f"`{name}`" in README
