"""The `import` command: trained models and finished recommendations from outside, saved as checkpoints of a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.console import Json, ProtocolName, show, table
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from recsys.model_import.imported_model import ImportedModel
    from recsys.training.checkpoints import CheckpointCard


def run(
    thing: Annotated[
        str,
        typer.Argument(
            metavar="THING", help="A file or folder with a model, its vectors or its recommendations; mlflow:RUN or hf:OWNER/NAME."
        ),
    ],
    dataset: Annotated[str, typer.Option(metavar="DATASET", help="The dataset that it recommends from.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="The name of the checkpoint; by default made of the file's.")] = "",
    format: Annotated[str, typer.Option(metavar="FORMAT", help="The format, if the file does not tell.")] = "",
    items: Annotated[Path | None, typer.Option(metavar="FILE", help="The ids of the items in the order of the model, one a line.")] = None,
    users: Annotated[Path | None, typer.Option(metavar="FILE", help="The ids of the users in the order of the model, one a line.")] = None,
    interactions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file of interactions that the model was trained on, such as RecBole's .inter.")
    ] = None,
    map: Annotated[list[str] | None, typer.Option(metavar="ROLE=COLUMN", help="A column of a table: user_id=uid.")] = None,
    made_before: Annotated[
        str,
        typer.Option(
            help="When lists without a time were made: before each user's last event (last) or last two (second-last), or at the end (end)."
        ),
    ] = "",
    similarity: Annotated[str, typer.Option(help="Similarity of vectors: dot, cosine or euclidean.")] = "",
    user_rule: Annotated[str, typer.Option(help="Vector of a user: stored, or the mean or the last of the items in the history.")] = "",
    padding: Annotated[str, typer.Option(help="Side on which a network expects shorter histories to be padded: left, right or none.")] = "",
    least_overlap: Annotated[float, typer.Option(help="Smallest share of the model's items that the dataset must have.")] = 0.5,
    table_name: Annotated[
        str, typer.Option("--table", metavar="NAME", help="The file of a zip or the sheet of a workbook that has the lists.")
    ] = "",
    protocol: ProtocolName = None,
    as_json: Json = False,
) -> None:
    """Import a trained model, vectors or finished recommendations as checkpoints of a dataset.

    No pickle is executed. What is uncertain is asked.
    """
    columns = _parse_columns(map or [])
    from recsys import datasets
    from recsys.model_import.formats import read_models
    from recsys.model_import.options import ImportOptions
    from recsys.model_import.remote import fetch_source
    from recsys.model_import.saving import save_imported_models

    options = ImportOptions(
        format, items, users, interactions, columns, made_before, similarity, user_rule, padding, least_overlap, table_name
    )
    data = datasets.open_dataset(dataset)
    with fetch_source(thing) as path:
        found = read_models(path.expanduser(), data, options)
    cards = save_imported_models(found, data, name, protocol)
    lines = [line for each, card in zip(found, cards, strict=True) for line in _lines(each, card)]
    show({"dataset": data.name, "models": [_as_json(each, card) for each, card in zip(found, cards, strict=True)]}, as_json, *lines)


def _parse_columns(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        role, is_pair, column = pair.partition("=")
        if not is_pair or not column:
            raise DataError(f"--map '{pair}' does not name a role and a column; write it like user_id=uid")
        columns[role] = column
    return columns


def _as_json(imported: "ImportedModel", card: "CheckpointCard") -> dict[str, object]:
    return {
        "name": card.name,
        "model": card.model,
        "protocol": card.protocol,
        "source": imported.source,
        "matches": [{"check": each.text, "rows": each.rows, "action": each.action} for each in imported.matches],
        "validation": card.validation,
    }


def _lines(imported: "ImportedModel", card: "CheckpointCard") -> list[str]:
    from recsys.models import find_model_spec

    rows = [(each.text, each.rows, each.action) for each in imported.matches]
    ndcg = card.validation.get("ndcg@10")
    quality = "no validation event to measure it on" if ndcg is None else f"ndcg@10 {ndcg:.3f} on validation ({card.protocol})"
    return [
        f"{card.name}: {find_model_spec(card.model).label}; {quality}",
        *([table(("what matched", "count", ""), rows)] if rows else []),
    ]
