"""Datasets: the registry of known ones, readers of raw formats, the import of other files, and the prepared folder they end in."""

from recsys.datasets.prepared import DatasetCard
from recsys.datasets.registry import (
    DATASETS,
    list_datasets,
    open_dataset,
    prepare_dataset,
    prepare_recipe,
    prepared_folder,
    read_file,
    save_import,
)

__all__ = [
    "DATASETS",
    "DatasetCard",
    "list_datasets",
    "open_dataset",
    "prepare_dataset",
    "prepare_recipe",
    "prepared_folder",
    "read_file",
    "save_import",
]
