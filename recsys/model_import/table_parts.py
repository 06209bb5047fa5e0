"""A table that a job wrote in parts: a folder of Spark, BigQuery or DuckDB, or exports with numbered names."""

import gzip
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as arrow
import pyarrow.parquet as pq

from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.model_import.folders import CONFIG

PARQUET, TEXT = (".parquet", ".pq"), (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")


def find_parts(folder: Path) -> list[Path]:
    """Return the files of a folder that are parts of one table, in their order: of one format, with names that differ in numbers only.

    Names that begin with "_" or "." are marks of the job. Parquet may be in folders such as model=als. A folder with a config is a model.
    """
    if (folder / CONFIG).exists():
        return []
    files = sorted(each for each in folder.rglob("*") if each.is_file() and not _is_mark(each.relative_to(folder)))
    if not files or len({(_suffix(each), _stem(each)) for each in files}) > 1:
        return []
    if _suffix(files[0]) in PARQUET or (_suffix(files[0]) in TEXT and all(each.parent == folder for each in files)):
        return files
    return []


def join_parts(folder: Path, parts: list[Path], work: Path) -> Path:
    """Write the parts of a folder as one file into the folder `work`, and return it. The header of text parts is written once."""
    suffix = _suffix(parts[0])
    joined = work / f"{folder.name.split('.')[0] or 'parts'}{suffix}"
    if suffix in PARQUET:
        try:
            table = arrow.dataset(
                [str(each) for each in parts], format="parquet", partitioning="hive", partition_base_dir=str(folder)
            ).to_table()
        except (pa.ArrowException, OSError) as error:
            reason = str(error).split("\n")[0]
            raise DataError(_("the parts in {folder} cannot be read as one table: {reason}", folder=folder.name, reason=reason)) from error
        pq.write_table(table, joined)
        return joined
    contents = [content for each in parts if (content := _read(each).removeprefix(b"\xef\xbb\xbf")).strip()]
    headers = {content.split(b"\n", 1)[0].strip() for content in contents}
    with joined.open("wb") as file:
        for at, content in enumerate(contents):
            is_repeated = at > 0 and len(headers) == 1 and suffix not in (".json", ".jsonl", ".ndjson")
            body = content.partition(b"\n")[2] if is_repeated else content
            file.write(body.rstrip(b"\n") + b"\n" if body.strip() else b"")
    return joined


def _is_mark(path: Path) -> bool:
    return any(part.startswith(("_", ".")) for part in path.parts)


def _suffix(file: Path) -> str:
    name = file.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _stem(file: Path) -> str:
    """Return the name of a file up to its first number or random identifier."""
    return re.split(r"[0-9a-f]{8}-|[0-9a-f]{32}|\d", file.name.split(".")[0], maxsplit=1)[0]


def _read(file: Path) -> bytes:
    try:
        return gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
    except (OSError, EOFError) as error:
        raise DataError(_("{file} cannot be read: {reason}; export it again", file=file.name, reason=str(error))) from error
