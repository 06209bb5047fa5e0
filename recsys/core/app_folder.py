"""The folder with app.py, pages and assets: the checkout or, where a wheel is installed, the folder `recscope` beside this package."""

from pathlib import Path

_PARENT = Path(__file__).resolve().parents[2]

APP_FOLDER = _PARENT if (_PARENT / "app.py").is_file() and (_PARENT / "assets").is_dir() else _PARENT / "recscope"
