"""Arrays of NumPy (.npy, .npz) and sparse matrices of SciPy (save_npz): columns of numbers and ids as text."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.datasets.importing.formats.converted import Converted, Table, check_columns, choose_table, number_as_text, write_query
from recsys.datasets.source import quote_name
from recsys.datasets.zip_errors import ZIP_ERRORS

if TYPE_CHECKING:
    import numpy as np

_MAGIC = b"\x93NUMPY"
_MOST_BYTES = 1 << 32
_SPARSE = frozenset({"data", "shape", "format"})

Arrays = dict[str, "np.ndarray[Any, Any]"]


def is_numpy(path: Path, head: bytes) -> bool:
    """Return whether a file is an array or an archive of arrays, by its content; a damaged one is recognized by its name."""
    if head.startswith(_MAGIC):
        return True
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except ZIP_ERRORS:
        return path.suffix.lower() == ".npz"
    return bool(names) and all(name.endswith(".npy") for name in names)


def convert(path: Path, work: Path, table: str | None) -> Converted:
    """Convert arrays of one length (one a column), a table of two to four columns, or a sparse matrix of users and items."""
    import pyarrow as pa

    columns = _columns(path, _read(path), table)
    check_columns(path, columns)
    arrays = {name: pa.array(_for_arrow(path, values)) for name, values in columns.items()}
    if not len(next(iter(arrays.values()))):
        raise DataError(_("{file} has no rows of data; nothing was prepared", file=path.name))
    texts = [
        f"{number_as_text(quote_name(name)) if pa.types.is_floating(array.type) else f'CAST({quote_name(name)} AS VARCHAR)'} AS {quote_name(name)}"
        for name, array in arrays.items()
    ]
    target = work / "converted.parquet"
    write_query(f"SELECT {', '.join(texts)} FROM arrays", target, work, arrays=pa.table(arrays))
    return Converted(target, "numpy", tuple(columns))


def _read(path: Path) -> Arrays:
    """Return the arrays by name; nothing in the file is executed, so arrays of Python objects are refused."""
    import numpy as np

    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = sum(member.file_size for member in archive.infolist())
            if size > _MOST_BYTES:
                raise DataError(
                    _(
                        "{file} unpacks to {size} GB; save a part of it, or its columns as Parquet",
                        file=path.name,
                        size=format_number(size / 2**30, 1),
                    )
                )
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        return {"": np.load(path, mmap_mode="r", allow_pickle=False)}
    except ValueError as error:
        if "pickle" in str(error):
            raise DataError(
                _(
                    "{file} contains Python objects, which can execute code when they are read; save numbers or texts instead: "
                    "numpy.save(file, array.astype(str))",
                    file=path.name,
                )
            ) from error
        raise _damaged(path, error) from error
    except (*ZIP_ERRORS, OSError, MemoryError, SyntaxError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    reason = " ".join(str(error).split())[:200]
    return DataError(_("{file} is a damaged NumPy file ({reason}); copy or save it again", file=path.name, reason=reason))


def _columns(path: Path, arrays: Arrays, table: str | None) -> Arrays:
    if arrays.keys() >= _SPARSE:
        return _from_sparse(path, arrays)
    flat = {name: array for name, array in arrays.items() if array.ndim == 1 and not array.dtype.names}
    if table is None and len(flat) > 1 and len(flat) == len(arrays) and len({len(array) for array in flat.values()}) == 1:
        return flat
    tables = {name: array for name, array in arrays.items() if array.ndim == 2 or array.dtype.names}
    if not tables:
        shapes = ", ".join(f"{name} {array.shape}".strip() for name, array in list(arrays.items())[:10])
        raise DataError(
            _(
                "{file} has arrays of the shapes {shapes}; expected are arrays of one length such as user and item, or an array of two to "
                "four columns",
                file=path.name,
                shapes=shapes,
            )
        )
    known = [Table(name, len(array), len(array.dtype.names or array.T)) for name, array in tables.items()]
    chosen = tables[choose_table(path, known, table).name] if table is not None or len(known) > 1 else tables[known[0].name]
    return {name: chosen[name] for name in chosen.dtype.names} if chosen.dtype.names else _from_table(path, chosen)


def _from_table(path: Path, array: "np.ndarray[Any, Any]") -> Arrays:
    """Return the columns of an array of ids; fractions in the first two columns, or many columns, are vectors."""

    rows, width = array.shape
    is_fraction = array.dtype.kind == "f" and bool((array[:, :2] % 1 != 0).any())
    if is_fraction or (array.dtype.kind in "fc" and not 2 <= width <= 4):
        raise DataError(
            _(
                "{file} looks like vectors of items or users ({rows} of {width} numbers), not like events; a model brings its vectors "
                "along, and events need a user and an item in every row",
                file=path.name,
                rows=format_number(rows),
                width=format_number(width),
            )
        )
    if not 2 <= width <= 4:
        raise DataError(
            _(
                "{file} has an array of {rows} rows and {width} columns; expected are two to four: user, item and perhaps rating and time",
                file=path.name,
                rows=format_number(rows),
                width=format_number(width),
            )
        )
    return {f"column {place + 1}": array[:, place] for place in range(width)}


def _from_sparse(path: Path, arrays: Arrays) -> Arrays:
    """Return the entries of a matrix that SciPy saved, rows as users and columns as items, in the order of the rows."""
    import numpy as np
    from scipy import sparse

    kind = arrays["format"].item()
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    try:
        if kind in ("csr", "csc"):
            build = sparse.csr_matrix if kind == "csr" else sparse.csc_matrix
            matrix = build((arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(arrays["shape"]))
            matrix.check_format(full_check=True)
        elif kind == "coo":
            matrix = sparse.coo_matrix((arrays["data"], (arrays["row"], arrays["col"])), shape=tuple(arrays["shape"]))
        else:
            raise ValueError(f"format {kind}")
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(
            _(
                "{file} is not a sparse matrix in CSR, CSC or COO format ({reason}); save it with scipy.sparse.save_npz",
                file=path.name,
                reason=error,
            )
        ) from error
    entries = matrix.tocsr().tocoo()
    columns: Arrays = {"user": entries.row, "item": entries.col}
    # A matrix of ones says only that there was an event.
    return columns if bool(np.all(entries.data == 1)) else {**columns, "value": entries.data}


def _for_arrow(path: Path, values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return an array that Arrow can take: numbers, truth values, dates or texts."""
    import numpy as np

    if values.ndim != 1 or values.dtype.kind not in "biufUSM" or (values.dtype.itemsize > 8 and values.dtype.kind == "f"):
        raise DataError(_("{file} has an array of {type}; save numbers or texts", file=path.name, type=values.dtype))
    if values.dtype.kind == "S":
        return np.char.decode(values, "utf-8")
    kind = np.dtype(np.float32) if values.dtype.itemsize == 2 and values.dtype.kind == "f" else values.dtype.newbyteorder("=")
    return np.ascontiguousarray(values, dtype=kind)
