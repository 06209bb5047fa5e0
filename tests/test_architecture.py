"""What may import what, as seen by the interpreter; the import contracts in pyproject.toml hold the rest."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "transformers", "shap", "sentence_transformers")


def modules_after(code: str) -> set[str]:
    """Top-level modules that stand imported after some code, in a fresh interpreter."""
    code += "\nimport sys; print('\\n'.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("path", sorted(ROOT.glob("recsys/**/*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_knows_nothing_of_the_screen(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "import streamlit" not in text
    assert "from streamlit" not in text


def test_one_module_of_the_library_starts_the_app() -> None:
    """Imports by name escape the import contracts."""
    starting = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("recsys/**/*.py") if re.search(r"[\"']pages\b", path.read_text())]
    assert starting == ["recsys/running_app.py"]


def test_the_first_page_waits_for_no_heavy_library() -> None:
    """What the server imports before it draws: the app, the modules of the shell, and those of every page."""
    modules = sorted({line for path in (ROOT / "pages").rglob("*.py") for line in _recsys_imports(path)})
    scripts = ("page", "navigation", "__init__")  # these run when they are imported
    paths = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "pages").rglob("*.py") if path.stem not in scripts]
    pages = [".".join(path.parts) for path in paths]
    found = modules_after("\n".join(f"import {name}" for name in ["app", *pages, *modules]))
    assert not found & set(HEAVY)


@pytest.mark.parametrize("arguments", [["--help"], ["datasets"], ["train", "--help"]])
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    found = modules_after(
        f"from recsys.__main__ import main\nimport io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()): main({arguments!r})"
    )
    assert not found & {*HEAVY, "streamlit", "plotly", "scipy"}


def test_help_needs_no_tables() -> None:
    found = modules_after(
        "from recsys.__main__ import main\nimport io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()): main(['--help'])"
    )
    assert not found & {"pandas", "numpy", "duckdb", "pyarrow"}


def _recsys_imports(path: Path) -> list[str]:
    """Modules of the library that a page imports at its top, not inside a function."""
    found = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recsys"):
            found.append(node.module or "")
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names if each.name.startswith("recsys")]
    return found
