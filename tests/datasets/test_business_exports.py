"""Exports of shops, libraries, surveys and trackers: read with the figures of their writer, or asked about."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.core.errors import QuestionError
from recsys.datasets import read_file
from recsys.datasets.importing.column_names import find_meaning
from recsys.datasets.importing.column_roles import RoleGuess, guess_roles
from recsys.datasets.importing.delimited import sniff_separator
from recsys.datasets.importing.import_plan import plan_file
from recsys.datasets.importing.layouts import detect_layout

START = datetime(2024, 1, 3, 9)


def moments(rows: int, days: int = 1) -> list[datetime]:
    return [START + timedelta(days=days * row, minutes=row) for row in range(rows)]


def guess_of(**columns: list[Any]) -> RoleGuess:
    return guess_roles(pd.DataFrame({name.replace("_0_", " "): map(str, values) for name, values in columns.items()}, dtype="str"))


USERS = (
    "Email|E-Mail|Email Address|billing_email|Respondent|participant_id|Patron ID|Borrower|Lesernummer|Teilnehmer|Emprunteur|Lector|"
    "user_pseudo_id|distinct_id|user.id|account.user.name|payload.customer.id"
)


@pytest.mark.parametrize("name", USERS.split("|"))
def test_names_of_users(name: str) -> None:
    found = find_meaning(name)
    assert found is not None and found.kind == "user" and found.level > 1


def test_a_name_in_nested_data_is_that_of_its_object() -> None:
    kinds = {name: meaning.kind for name in ("a.episode.id", "a.artist.name", "a.order.id", "a.name") if (meaning := find_meaning(name))}
    assert kinds == {"a.episode.id": "item", "a.artist.name": "artist", "a.order.id": "transaction", "a.name": "title"}


def make_orders(rows: int = 120) -> pd.DataFrame:
    """Return orders with a row per product, in which the facts of an order stand in its first row only, as Shopify writes them."""
    dice, lines = random.Random(1), list[dict[str, str]]()
    for order, moment in enumerate(moments(rows)):
        for line in range(1 + dice.randrange(3)):
            head = {"Financial Status": "paid", "Paid at": f"{moment} +0100"} if line == 0 else {"Financial Status": "", "Paid at": ""}
            customer = lines[-1]["Email"] if line else f"c{dice.randrange(40)}@example.com"
            product = dice.randrange(30)
            lines.append(
                {"Name": f"#{order}", "Email": customer, **head, "Created at": f"{moment} +0100", "Lineitem quantity": "1"}
                | {"Lineitem name": f"Shirt {product}", "Lineitem sku": f"SKU-{product:03d}"}
            )
    return pd.DataFrame(lines)


def test_no_row_of_an_order_is_lost_for_a_time_in_its_first_row_only(tmp_path: Path) -> None:
    orders = make_orders()
    orders.to_csv(tmp_path / "orders.csv", index=False)
    data = read_file(tmp_path / "orders.csv")
    assert (len(data.interactions), len(data.user_ids)) == (len(orders), orders["Email"].nunique())


def test_a_time_that_many_rows_lack_is_asked_about() -> None:
    days = moments(200)
    read = [str(day.date()) if row % 3 else "" for row, day in enumerate(days)]
    added = [str((day - timedelta(days=400)).date()) for day in days]
    guess = guess_of(user_id=[row % 9 for row in range(200)], book_id=[row % 31 for row in range(200)], date_read=read, date_added=added)
    assert guess.mapping["timestamp"] == "date_read" and guess.unsure == ("timestamp",)
    full = guess_of(user_id=[row % 9 for row in range(200)], book_id=[row % 31 for row in range(200)], date_read=added, date_added=added)
    assert full.mapping["timestamp"] == "date_read" and not full.unsure


def test_the_date_of_the_event_whatever_the_order_of_its_words() -> None:
    dates = [str(day.date()) for day in moments(60)]
    films = [f"Film {row % 20}" for row in range(60)]
    assert guess_of(Date=dates, Name=films, Watched_0_Date=dates).mapping["timestamp"] == "Watched Date"
    assert guess_of(startDate=dates, Name=films, endDate=dates).mapping["timestamp"] == "startDate"


def test_codes_that_occur_again_are_suggested_before_one_user() -> None:
    codes = [f"R{row % 11:03d}" for row in range(100)]
    guess = guess_of(Wolpertinger=codes, Dish=[f"Dish {row % 7}" for row in range(100)])
    assert guess.mapping["user_id"] == "Wolpertinger" and guess.unsure == ("user_id",)


def test_a_category_belongs_to_the_item() -> None:
    rows = range(120)
    users, dishes = [f"R{row % 11:03d}" for row in rows], [f"Dish {row % 7}" for row in rows]
    of_users = guess_of(Respondent=users, Dish=dishes, Department=[f"Team {row % 11 % 3}" for row in rows])
    of_items = guess_of(Respondent=users, Dish=dishes, Department=[f"Kind {row % 7 % 3}" for row in rows])
    assert "category" not in of_users.mapping and of_items.mapping["category"] == "Department"


def test_the_number_of_an_invoice_is_not_a_position() -> None:
    columns: dict[str, Any] = dict(customer_id=[row % 9 for row in range(90)], product_id=[f"P{row % 13}" for row in range(90)])
    assert "position" not in guess_of(**columns, order_number=[3000 + row // 2 for row in range(90)]).mapping
    assert guess_of(**columns, order_number=[1 + row // 9 for row in range(90)]).mapping["position"] == "order_number"


def test_a_date_is_never_suggested_as_a_user() -> None:
    dates = [f"{1 + row % 28:02d}.{1 + row % 12:02d}.2024" for row in range(90)]
    guess = guess_of(Buchungstag=dates, Wertstellung=dates, Buchungstext=[f"Text {'abc'[row % 3]}" for row in range(90)])
    assert {guess.mapping.get("user_id"), guess.mapping.get("item_id")}.isdisjoint(("Buchungstag", "Wertstellung"))


def test_a_name_of_an_unknown_thing_is_not_certain_to_be_the_item() -> None:
    guess = guess_of(user_id=[row % 9 for row in range(90)], sourceName=["Watch", "Phone", "Scale"] * 30, value=list(range(90)))
    assert guess.mapping["item_id"] == "sourceName" and guess.unsure == ("item_id",)


@pytest.mark.parametrize("guests", [1, 4])
def test_guests_of_a_shop_are_not_one_user(guests: int, tmp_path: Path) -> None:
    rows = range(240)
    customers = [row % 12 if row % 3 else 0 for row in rows]
    emails = [f"u{customer}@x.org" if customer else f"guest{row // 3 % guests}@x.org" for row, customer in zip(rows, customers)]
    returned = [row % 20 == 1 for row in rows]
    table = pd.DataFrame({"customer_id": customers, "billing_email": emails, "sku": [f"A{row % 17}" for row in rows]})
    table["item_qty"] = [-1 if each else 1 for each in returned]
    table["status"] = ["wc-refunded" if each else "wc-completed" for each in returned]
    table.to_csv(tmp_path / "woo.csv", index=False)
    checks = [(check.choice, check.rows) for check in read_file(tmp_path / "woo.csv").checks if check.choice]
    assert checks.count(("returned", sum(returned))) == 2
    assert (("placeholder-users", customers.count(0)) in checks) == (guests > 1)


def make_analytics() -> list[dict[str, Any]]:
    def entry(key: str, text: str | None, number: int | None) -> dict[str, Any]:
        return {"key": key, "value": {"string_value": text, "int_value": number}}

    return [
        {
            "event_timestamp": int(moment.timestamp() * 1e6) + 17,
            "event_name": ("page_view", "scroll")[row % 2],
            "event_params": [entry("page_location", f"https://x.org/p{row % 13}", None), entry("session", None, row)][: 1 + row % 2],
            "user_id": None,
            "user_pseudo_id": f"{100 + row % 7}.1709300{row % 7:03d}",
        }
        for row, moment in enumerate(moments(140))
    ]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_parameters_by_type_are_columns(kind: str, tmp_path: Path) -> None:
    rows, path = make_analytics(), tmp_path / f"events.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("\n".join(map(json.dumps, rows)))
    sample = plan_file(path).sample
    assert sample["event_params.page_location"].tolist()[:3] == [f"https://x.org/p{row}" for row in range(3)]
    assert sample["event_params.session"].iloc[[1, 3]].tolist() == ["1", "3"]
    with pytest.raises(QuestionError, match=r"event_params\.page_location"):
        read_file(path)
    data = read_file(path, mapping={"item_id": "event_params.page_location"})
    assert (len(data.interactions), len(data.user_ids), len(data.item_ids)) == (140, 7, 13)


def test_a_key_with_a_plain_value_is_not_a_parameter(tmp_path: Path) -> None:
    rows = [{"user": f"u{row}", "plays": [{"key": f"song{n}", "value": n} for n in range(3)]} for row in range(5)]
    (tmp_path / "plays.json").write_text(json.dumps(rows))
    assert len(plan_file(tmp_path / "plays.json").sample) == 15


STATEMENT = '"Konto:";"DE89";\n\n"Von:";"01.01.2024";\n"Stand:";"1.234,56 EUR";\n\n'


def write_statement(path: Path, above: str, rows: int = 40) -> Path:
    lines = [f'"{1 + row % 28:02d}.01.2024";"Laden {row % 5}";"Ref";"{("-12,90", "1.050,00", "-3,20")[row % 3]}"' for row in range(rows)]
    path.write_text(above + '"Tag";"Empfänger";"Zweck";"Betrag"\n' + "\n".join(lines))
    return path


@pytest.mark.parametrize("above", [STATEMENT, "", "Titel\n\n"])
def test_the_table_below_a_preamble_is_found_whole(above: str, tmp_path: Path) -> None:
    plan = plan_file(write_statement(tmp_path / "s.csv", above))
    assert plan.columns == ("Tag", "Empfänger", "Zweck", "Betrag") and len(plan.sample) == 40
    assert [note.rows for note in plan.notes if note.check.startswith("rows above")] == ([above.count("\n")] if above else [])


def test_a_row_that_lost_its_cells_is_not_a_preamble(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("user;item;rating\nu1;i1\n" + "".join(f"u{row % 4};i{row % 9};{row % 5}\n" for row in range(30)))
    found = sniff_separator(path)
    assert found is not None and found.skip == 0
    path.write_text("item;rating\n" + "".join(f"{row};i{row % 9};{row % 5}\n" for row in range(30)))
    found = sniff_separator(path)
    assert found is not None and found.skip == 0


def test_amounts_with_points_for_thousands_are_not_lists() -> None:
    amounts = pd.DataFrame({"who": ["u1", "u2", "u3"] * 20, "amount": ["-12,90", "1.050,00", "-3,20"] * 20}, dtype="str")
    codes = pd.DataFrame({"who": ["u1", "u2", "u3"] * 20, "items": ["a12,b90", "c1,d50", "e3,f20"] * 20}, dtype="str")
    assert (detect_layout(amounts).layout, detect_layout(codes).layout) == ("rows", "lists")
