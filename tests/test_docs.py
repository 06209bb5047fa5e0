"""The documentation: its commands run, its lists are complete, and its links and paths lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recsys.cli import COMMANDS
from recsys.datasets.importing.row_kinds import KINDS
from recsys.models.registry import MODELS

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = sorted([README, ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
RUN = (
    README,
    *(ROOT / "docs" / "own-models" / f"{page}.md" for page in ("recommendations", "vectors", "code", "onnx", "hugging-face", "recbole")),
    ROOT / "docs" / "command-line.md",
    ROOT / "docs" / "behaviour-tests.md",
    ROOT / "docs" / "store.md",
    ROOT / "docs" / "own-data.md",
    ROOT / "docs" / "importing.md",
    ROOT / "docs" / "item-images.md",
    ROOT / "docs" / "reports.md",
)
START = ("pip install -r requirements.txt && streamlit run app.py", "bash tests/run.sh")  # done already where this test runs
MOST_BYTES = 8_192
PATH = re.compile(r"`((?:assets|docs|pages|recsys|tests)/[a-z0-9_./-]*)`")  # placeholders are in capitals
NAME_IN_FILE = re.compile(r"`(\w+)` in\s+`((?:assets|docs|pages|recsys|tests)/[a-z0-9_./-]*)`")


def bash_blocks(page: Path) -> list[str]:
    blocks = re.findall(r"^```bash\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    return [block.strip() for block in blocks if block.strip() not in START]


BLOCKS = [pytest.param(page, block, id=f"{page.stem}-{number}") for page in RUN for number, block in enumerate(bash_blocks(page), start=1)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds one folder per page, with a RECSYS_HOME in it; later blocks of a page may use what earlier ones made."""
    return tmp_path_factory.mktemp("docs")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_every_command_works(page: Path, block: str, folder: Path) -> None:
    own = folder / page.stem
    own.mkdir(exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "RECSYS_HOME": str(own / "home")}
    done = subprocess.run(["bash", "-euxo", "pipefail", "-c", block], cwd=own, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_pages_with_commands_have_some(page: Path) -> None:
    assert bash_blocks(page)


@pytest.mark.parametrize("command", START)
def test_readme_starts_with_two_commands(command: str) -> None:
    assert f"```bash\n{command}\n```" in README.read_text(encoding="utf-8")


def test_readme_is_short() -> None:
    assert len(README.read_bytes()) <= MOST_BYTES


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_listed(name: str) -> None:
    spec = MODELS[name]
    row = f"| `{name}` | {spec.name} | {spec.gloss} | {', '.join(spec.aware) or '–'} |"
    assert row in (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_rows_is_listed(kind: str) -> None:
    text = (ROOT / "docs" / "importing.md").read_text(encoding="utf-8")
    choices = ", ".join(f"`{choice}`" for choice in KINDS[kind])
    assert re.search(rf"^\| `{kind}` \| .* \| {choices} \|$", text, re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    relative = [target.partition("#")[0] for target in targets if "://" not in target]
    missing = [target for target in relative if target and not (page.parent / target).is_file()]
    assert not missing, f"{page.name} links to files that do not exist: {', '.join(missing)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_path_exists(page: Path) -> None:
    missing = [path for path in PATH.findall(page.read_text(encoding="utf-8")) if not (ROOT / path).exists()]
    assert not missing, f"{page.name} names paths that do not exist: {', '.join(missing)}"


def test_every_command_is_listed() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_name_in_a_file_is_there(page: Path) -> None:
    """`NAME` in `path.py`."""
    missing = [
        f"{name} in {path}"
        for name, path in NAME_IN_FILE.findall(page.read_text(encoding="utf-8"))
        if name not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert not missing, f"{page.name} names what does not exist: {', '.join(missing)}"


def test_every_package_has_a_reference_page() -> None:
    """What the index of the reference names is what its pages document."""
    pages = {page.stem for page in (ROOT / "docs" / "reference").glob("*.md")} - {"index"}
    documented = {
        name
        for page in pages
        for name in re.findall(r"^::: recsys\.(\w+)$", (ROOT / "docs" / "reference" / f"{page}.md").read_text(), re.M)
    }
    assert documented == pages
