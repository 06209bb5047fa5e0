"""The errors by which Python's readers of archives say that one is damaged."""

import lzma
import zipfile
import zlib

ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError)
"""Raised while a zip is opened or unpacked, besides the OSError without a number of a damaged bzip2 stream. A password is a RuntimeError."""


def is_damage(error: OSError) -> bool:
    """Return whether an OSError is about the content of an archive, not about the disk."""
    return error.errno is None
