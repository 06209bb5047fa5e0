"""Thumbnails of the pictures that lie beside the data, written into the prepared folder so that it does not need its source."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import duckdb

from recsys.core import Check
from recsys.core.translation import N_
from recsys.datasets.prepared import write_images
from recsys.datasets.source import quote_path
from recsys.item_images import UnusableImageError, find_image_file, is_secure_address, make_thumbnail

MOST_IMAGES = 20_000
"""Thumbnails of one dataset, those of the items with the most events; about 5 KB each."""
_THREADS = 2  # Pillow decodes outside Python's lock; each may hold a picture of 40 million pixels

_REMOTE, _UNFOUND, _UNUSABLE, _BEYOND = "remote", "unfound", "unusable", "beyond"
_MESSAGES = {
    _REMOTE: N_("pictures of items at an https address, shown only where the server allows it"),
    _UNFOUND: N_("pictures of items that are not files in the folder of the data"),
    _UNUSABLE: N_("pictures of items that are damaged, too large, or not JPEG, PNG, WebP or GIF"),
    _BEYOND: N_("pictures of items beyond the {most} with the most events"),
}


def write_item_images(con: duckdb.DuckDBPyConnection, folder: Path, image_folder: Path | None) -> tuple[Check, ...]:
    """Write images.parquet beside items.parquet, and return what was found of the column `image`, if there is one."""
    items = quote_path(folder / "items.parquet")
    if not con.execute(f"SELECT 1 FROM (DESCRIBE SELECT * FROM read_parquet({items})) WHERE column_name = 'image'").fetchone():
        return ()
    named = con.execute(
        f"SELECT item_id, image FROM read_parquet({items}) JOIN item_codes USING (item_id) "
        "JOIN (SELECT item_code, count(*) AS events FROM events GROUP BY item_code) USING (item_code) "
        "WHERE image IS NOT NULL ORDER BY events DESC, item_code"
    ).fetchall()
    with ThreadPoolExecutor(_THREADS) as threads:
        # Read once where several items share a picture.
        names = list(dict.fromkeys(name for _item, name in named[:MOST_IMAGES]))
        read = dict(zip(names, threads.map(partial(_read_image, image_folder), names), strict=True))
    found = [(item, read.get(name, _BEYOND)) for item, name in named]
    images = {item: outcome for item, outcome in found if isinstance(outcome, bytes)}
    if images:
        write_images(folder, images)
    counts = Counter(outcome for _item, outcome in found if isinstance(outcome, str))
    return tuple(
        Check(message, counts[outcome], "kept", {"most": f"{MOST_IMAGES:,}"} if outcome == _BEYOND else None)
        for outcome, message in _MESSAGES.items()
        if counts[outcome]
    )


def _read_image(folder: Path | None, name: str) -> bytes | str:
    """Return the thumbnail of the picture of this name, else why there is none."""
    if is_secure_address(name):
        return _REMOTE
    file = None if folder is None else find_image_file(folder, name)
    if file is None:
        return _UNFOUND
    try:
        return make_thumbnail(file)
    except UnusableImageError:
        return _UNUSABLE
