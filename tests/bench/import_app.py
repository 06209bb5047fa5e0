"""Importing what the server imports before its first page; reference: importing streamlit alone."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core.errors import RecsysError
from tests.bench._timing import measured, times_of

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "transformers", "shap")


def measure() -> dict[str, Any]:
    pages = "\n".join(f"import pages.{path.stem}" for path in sorted((ROOT / "pages").glob("*.py")) if path.stem not in ("frame", "home"))
    app = f"import app\n{pages}\nimport sys\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    heavy = _run(app).split()
    if heavy:
        raise RecsysError(f"the app imports {', '.join(heavy)} before its first page")
    app_ms, alone_ms = (np.median(times_of(lambda code=code: _run(code), repeats=5, warm=1)) for code in (app, "import streamlit"))
    return measured(float(app_ms), "ms", float(alone_ms))


def _run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
