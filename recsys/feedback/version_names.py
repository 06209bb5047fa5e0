"""Names of versions of a checkpoint: NAME is the trained one, version 1, and NAME@2 its first refit."""

SEPARATOR = "@"


def split_version(name: str) -> tuple[str, int]:
    """Return the name and the version of a checkpoint: ("association", 2) for "association@2", version 1 where none is named."""
    base, _separator, version = name.partition(SEPARATOR)
    return (base, int(version)) if version.isdecimal() else (name, 1)


def join_version(name: str, version: int) -> str:
    """Return the name of a version of a checkpoint, the inverse of `split_version`."""
    return name if version == 1 else number_version(name, version)


def number_version(name: str, version: int) -> str:
    """Return the name of a version with its number, also that of the trained one: NAME@1."""
    return f"{name}{SEPARATOR}{version}"
