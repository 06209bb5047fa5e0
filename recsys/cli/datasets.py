"""The `datasets` command: the known datasets and whether they are prepared."""

from recsys.cli.console import Json, show, table

KEYS = ("name", "prepared", "interactions", "users", "items", "has", "ties", "tied_events", "example_users")


def run(as_json: Json = False) -> None:
    """List the known datasets and whether they are prepared."""
    from recsys.datasets import list_datasets

    cards = [{key: getattr(card, key) for key in KEYS} for card in list_datasets()]
    rows = [
        (
            each["name"],
            "yes" if each["prepared"] else "no",
            each["interactions"],
            each["users"],
            each["items"],
            each["tied_events"],
            ", ".join(each["has"]),
        )
        for each in cards
    ]
    show({"datasets": cards}, as_json, table(("dataset", "prepared", "interactions", "users", "items", "at a shared moment", "has"), rows))
