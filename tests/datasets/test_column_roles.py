"""Roles of columns: told by names in many languages, checked by values, and never certain by position alone."""

import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.core.errors import QuestionError
from recsys.datasets.importing.column_names import find_meaning
from recsys.datasets.importing.column_roles import RoleGuess, guess_roles, question_for

ROWS = 240


def table(**columns: str) -> pd.DataFrame:
    """Build a table whose columns have the given names; the key before the name tells what the values are."""
    dice = random.Random(7)
    users, items = [f"{1000 + dice.randrange(20)}" for _ in range(ROWS)], [f"B{dice.randrange(30):05d}" for _ in range(ROWS)]
    tracks = [dice.randrange(40) for _ in range(ROWS)]
    values = {
        "user": users,
        "item": items,
        "time": [f"2024-{1 + n % 12:02d}-{1 + n % 28:02d} {n % 24:02d}:15:00" for n in range(ROWS)],
        "epoch": [str(1_700_000_000 + 3600 * n) for n in range(ROWS)],
        "date": [f"2024-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(ROWS)],
        "rating": [str(1 + dice.randrange(5)) for _ in range(ROWS)],
        "count": [str(1 + dice.randrange(400)) for _ in range(ROWS)],
        "price": [f"{dice.random() * 90:.2f}" for _ in range(ROWS)],
        "clock": [f"0{dice.randrange(3)}:{dice.randrange(60):02d}:10" for _ in range(ROWS)],
        "millis": [str(dice.randrange(300_000)) for _ in range(ROWS)],
        "row": [str(536_000 + n) for n in range(ROWS)],
        "basket": [str(536_000 + n // 3) for n in range(ROWS)],
        "action": [dice.choice(["view", "click", "buy"]) for _ in range(ROWS)],
        "channel": [dice.choice(["web", "app", "shop"]) for _ in range(ROWS)],
        "flag": [dice.choice("01") for _ in range(ROWS)],
        "artist": [f"Band {'ABCDEFGHIJ'[n // 4]}" for n in tracks],
        "track": [f"Song {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[n % 26]}" for n in tracks],
        "trackid": [f"spotify:track:{n:04d}" for n in tracks],
        "empty": [""] * ROWS,
        "title": [f"The {each} story" for each in items],
        "prose": ["It is a long and winding text that says what somebody thinks of the thing, at length."] * ROWS,
        "one": ["someone"] * ROWS,
    }
    return pd.DataFrame({name: values[key.rstrip("_0123456789")] for key, name in columns.items()}, dtype="str")


def roles(**columns: str) -> dict[str, str]:
    """Return the certain roles."""
    guess = guess_roles(table(**columns))
    return {role: column for role, column in guess.mapping.items() if role not in guess.unsure}


LANGUAGES = {
    "English": ("Customer No", "Product ID", "Purchase Date", "Rating"),
    "camel case": ("reviewerID", "asin", "unixReviewTime", "overall"),
    "German": ("Kundennummer", "Artikelnummer", "Bestelldatum", "Bewertung"),
    "French": ("Numéro de client", "ID produit", "Date de commande", "Note"),
    "Spanish": ("id_usuario", "Código del producto", "Fecha de compra", "Puntuación"),
    "Italian": ("Codice cliente", "ID articolo", "Data ordine", "Voto"),
    "Portuguese": ("Código do cliente", "id_produto", "Data da compra", "Avaliação"),
    "Dutch": ("Klantnummer", "Artikelnummer", "Besteldatum", "Beoordeling"),
    "Polish": ("Numer klienta", "ID produktu", "Data zamówienia", "Ocena"),
    "Russian": ("ID пользователя", "Код товара", "Дата покупки", "Оценка"),
    "Chinese": ("用户ID", "商品编号", "购买时间", "评分"),
    "traditional Chinese": ("會員編號", "商品ID", "時間", "評分"),
    "Japanese": ("ユーザーID", "商品コード", "購入日時", "評価"),
    "Korean": ("사용자 ID", "상품번호", "구매일시", "평점"),
    "full width": ("ＵＳＥＲ＿ＩＤ", "ｉｔｅｍ＿ｉｄ", "ｔｉｍｅ", "ｒａｔｉｎｇ"),
    "questions": ("who", "what", "date", "stars"),
    "RecBole": ("user:token", "item:token", "timestamp:float", "rating:float"),
    "Book-Crossing": ("User-ID", "ISBN", "Date", "Book-Rating"),
    "anime": ("user_id", "anime_id", "watched_at", "rating"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_in_many_languages(language: str) -> None:
    user, item, time, rating = LANGUAGES[language]
    expected = {"user_id": user, "item_id": item, "timestamp": time, "rating": rating}
    assert roles(rating=rating, time=time, item=item, user=user) == expected


CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "invoices": (
        dict(basket="InvoiceNo", item="StockCode", title="Description", count="Quantity", time="InvoiceDate", price="UnitPrice",
             user="CustomerID", channel="Country"),
        dict(user_id="CustomerID", item_id="StockCode", timestamp="InvoiceDate", weight="Quantity", title="Description"),
    ),
    "profiles of a household": (
        dict(user="Profile Name", time="Start Time", clock="Duration", title="Title", channel="Device Type", clock2="Latest Bookmark"),
        dict(user_id="Profile Name", item_id="Title", timestamp="Start Time"),
    ),
    "reviews": (
        dict(row="review_id", user="reviewerID", one="reviewerName", item="asin", rating="overall", epoch="unixReviewTime",
             date="reviewTime", prose="reviewText"),
        dict(user_id="reviewerID", item_id="asin", rating="overall", timestamp="unixReviewTime", text="reviewText"),
    ),
    "variants of a product": (dict(user="user_id", row="asin", item="parent_asin"), dict(user_id="user_id", item_id="parent_asin")),
    "durations": (
        dict(user="user_id", item="video_id", millis="play_duration", millis2="video_duration", time="time", date="date", epoch="timestamp",
             price="watch_ratio"),
        dict(user_id="user_id", item_id="video_id", timestamp="timestamp"),
    ),
    "visits of a shop": (
        dict(epoch="timestamp", user="visitorid", action="event", item="itemid", row="transactionid"),
        dict(timestamp="timestamp", user_id="visitorid", behaviour="event", item_id="itemid"),
    ),
    "coded actions": (
        dict(user="user_id", item="item_id", rating="interaction_type", epoch="created_at"),
        dict(user_id="user_id", item_id="item_id", behaviour="interaction_type", timestamp="created_at"),
    ),
    "flags are no ratings": (
        dict(user="session_id", item="item_id", epoch="timestamp", flag="label"),
        dict(user_id="session_id", item_id="item_id", timestamp="timestamp"),
    ),
    "a user before a session": (dict(basket="session_id", user="personId", item="contentId"), dict(user_id="personId", item_id="contentId")),
    "plays": (
        dict(user="userID", item="artistID", count="weight"),
        dict(user_id="userID", item_id="artistID", weight="weight"),
    ),
    "tracks without ids": (
        dict(user="who", epoch="uts", time="utc_time", artist="artist", empty="artist_mbid", track="track", empty2="track_mbid"),
        dict(user_id="who", timestamp="uts", item_id="artist+track", title="track", category="artist"),
    ),
    "tracks with ids": (
        dict(time="ts", one="username", millis="ms_played", track="master_metadata_track_name",
             artist="master_metadata_album_artist_name", trackid="spotify_track_uri", empty="episode_name", epoch="offline_timestamp"),
        dict(timestamp="ts", user_id="username", item_id="spotify_track_uri", title="master_metadata_track_name"),
    ),
    "places in an order": (
        dict(basket="order_id", user="user_id", item="product_id", count="add_to_cart_order", flag="reordered"),
        dict(user_id="user_id", item_id="product_id", position="add_to_cart_order"),
    ),
    "scores of a recommender": (dict(user="user_id", item="item_id", price="score"), dict(user_id="user_id", item_id="item_id")),
    "dates of other things": (
        dict(user="user_id", item="item_id", date="release_date", date2="birth_date", date3="created_at"),
        dict(user_id="user_id", item_id="item_id", timestamp="created_at"),
    ),
    "the name of the user is not a title": (dict(user="user_id", user2="name", item="item_id"), dict(user_id="user_id", item_id="item_id")),
    "averages": (dict(user="user_id", item="Book Id", rating="My Rating", price="Average Rating"),
                 dict(user_id="user_id", item_id="Book Id", rating="My Rating")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=15, deadline=None)
@given(dice=st.randoms(use_true_random=False))
def test_names_decide_whatever_the_order_of_the_columns(case: str, dice: random.Random) -> None:
    columns, expected = CASES[case]
    sample = table(**columns)
    shuffled = sample[dice.sample(list(sample.columns), len(sample.columns))]
    guess = guess_roles(shuffled)
    assert (guess.mapping, guess.unsure) == (expected, ())
    assert set(guess.reasons) == set(expected) and question_for(guess, "t.csv", list(sample.columns)) is None


@pytest.mark.parametrize("case", CASES)
def test_without_names_users_and_items_are_never_certain(case: str) -> None:
    sample = table(**CASES[case][0])
    sample.columns = [f"column {place}" for place in range(1, len(sample.columns) + 1)]
    guess = guess_roles(sample)
    assert {"user_id", "item_id"} & set(guess.mapping) <= set(guess.unsure)
    assert isinstance(question_for(guess, "t.csv", list(sample.columns)), QuestionError)


def test_no_column_of_users_suggests_one_user() -> None:
    guess = guess_roles(table(time="endTime", artist="artistName", track="trackName", millis="msPlayed"))
    assert guess.mapping["user_id"] == "=me" and guess.unsure == ("user_id",)
    assert guess.mapping["item_id"] == "artistName+trackName" and guess.mapping["timestamp"] == "endTime"
    question = question_for(guess, "history.json", ["endTime", "artistName", "trackName", "msPlayed"])
    assert question is not None and question.suggestion == ("--map", "user_id==me")
    assert "history.json" in str(question) and "all rows may be of one user" in str(question) and "\n" not in str(question)


def test_an_order_is_suggested_as_the_user_but_never_taken_and_never_the_item() -> None:
    guess = guess_roles(table(basket="order_id", item="product_id"))
    assert guess.mapping["user_id"] == "order_id" and guess.unsure == ("user_id",)
    nothing = guess_roles(table(basket="order_id", user="user_id", clock="Duration"))
    assert "item_id" not in nothing.mapping
    question = question_for(nothing, "t.csv", ["order_id", "user_id", "Duration"])
    assert question is not None and question.suggestion == ()


def test_an_author_is_suggested_as_the_user_only_where_no_work_is_named() -> None:
    posts = guess_roles(table(item="forum", user="author", epoch="created_utc"))
    assert posts.mapping["user_id"] == "author" and posts.mapping["item_id"] == "forum" and posts.unsure == ("user_id", "item_id")
    books = guess_roles(table(item="Book Id", user="Author"))
    assert books.mapping["user_id"] == "=me" and books.unsure == ("user_id",)


def test_two_kinds_of_items_are_asked_about() -> None:
    guess = guess_roles(table(user="user_id", item="movie_id", trackid="song_id"))
    assert guess.unsure == ("item_id",) and {guess.mapping["item_id"], *guess.alternatives["item_id"]} == {"movie_id", "song_id"}


def test_incomplete_ids_give_way_to_names() -> None:
    sample = table(user="user_id", artist="artist", track="track", trackid="track_id")
    for missing, expected in ((0.02, "track_id"), (0.2, "artist+track")):
        some = sample.copy()
        some.loc[: int(ROWS * missing), "track_id"] = ""
        assert guess_roles(some).mapping["item_id"] == expected


def _ratings(columns: str) -> RoleGuess:
    """Users come once and rate a few items a minute; the four columns are written in the given order."""
    dice, rows = random.Random(3), []
    for user in range(60):
        start = 900_000_000 + dice.randrange(10**7)
        rows += [
            {"u": str(user), "i": str(dice.randrange(50)), "r": str(1 + dice.randrange(5)), "t": str(start + 20 * n)} for n in range(6)
        ]
    dice.shuffle(rows)
    frame = pd.DataFrame(rows)[list(columns)]
    return guess_roles(frame.set_axis([f"column {place}" for place in range(1, 5)], axis=1))


def test_user_item_rating_time_is_certain_only_where_the_times_agree() -> None:
    known = _ratings("uirt")
    assert known.unsure == () and known.mapping == {
        "user_id": "column 1", "item_id": "column 2", "rating": "column 3", "timestamp": "column 4",
    }  # fmt: skip
    assert _ratings("iurt").unsure == ("user_id", "item_id")


@pytest.mark.parametrize("name", ["Supplemental Video Type", "multiplayer", "facebook", "update", "Read Count", "latest"])
def test_parts_of_words_are_no_clear_names(name: str) -> None:
    meaning = find_meaning(name)
    assert meaning is None or meaning.level == 1 or meaning.kind not in ("user", "item", "rating", "timestamp")


@pytest.mark.parametrize("name", ["", "  ", "_", "💥", "a" * 3000, "user" * 500, "Ünïcödé №", "\u0301"])
def test_any_name_is_read_without_an_error(name: str) -> None:
    assert find_meaning(name) is None or find_meaning(name).kind  # type: ignore[union-attr]
