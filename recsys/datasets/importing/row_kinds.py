"""Kinds of rows that are not plain positive events, such as cancelled orders, trailers or a rating that means unrated.

A kind is recognized by the name of a column and the values of a sample, and counted in the whole file. `row_choices` treats the rows.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from recsys.core.translation import N_
from recsys.datasets.importing.behaviours import WORDS, named_as
from recsys.datasets.importing.column_names import find_meaning
from recsys.datasets.importing.ids import is_missing
from recsys.datasets.source import quote_literal, quote_name

KINDS: dict[str, tuple[str, ...]] = {
    "cancelled": ("keep", "drop", "delete"),
    "returned": ("keep", "drop", "delete"),
    "trailers": ("keep", "drop"),
    "short-plays": ("keep", "drop"),
    "planned": ("drop", "keep"),
    "unfinished": ("keep", "drop"),
    "impressions": ("drop", "keep"),
    "deletions": ("delete", "drop", "keep"),
    "cart-removals": ("drop", "keep", "delete"),
    "negatives": ("keep", "drop"),
    "unrated": ("empty", "keep", "drop"),
    "no-place": ("empty", "keep", "drop"),
    "placeholder-users": ("keep", "drop"),
    "non-products": ("keep", "drop"),
}
"""The choices of every kind, the default first: keep or drop the rows, empty their rating or place, or delete what they take back."""

SHORT_PLAY = 30.0  # seconds, from which on Spotify and Last.fm count a play

_ORDERS = (
    "invoice invoiceno invoicenumber invoicenr invoiceid order orderno ordernumber orderid transaction transactionno transactionid receipt "
    "receiptno bill billno rechnung rechnungsnr rechnungsnummer bestellung bestellnr bestellnummer auftragsnr auftragsnummer facture "
    "nofacture numfacture commande numcommande factura pedido fattura ordine 订单号 订单编号"
)
_QUANTITIES = "quantity qty menge anzahl stückzahl quantité quantite qté cantidad quantità quantita quantidade units 数量"
_STATUSES = "status orderstatus orderstate state exclusiveshelf shelf readstatus readingstatus watchstatus watchingstatus mystatus list"
_TYPES = "videotype contenttype mediatype titletype"
_ADVERTISEMENTS = r"\b(hook|trailer|teaser|promo|promotional|preview|bumper|ad|advertisement|commercial)\b"
_ITEM_CODE = r"(?=.*\d)\S{1,16}"
_PLACEHOLDERS = "unknown|n/a|na|anonymous|anon|guest|undefined|not set|(not set)|unbekannt|gast|anonym|?|-"
_NOT_ALL = "count(*) FILTER ({flag}) < count(*)"
_FEW = "2 * count(*) FILTER ({flag}) < count(*)"


@dataclass(frozen=True)
class RowKind:
    """Rows of one kind, told by an SQL condition: over the columns of the file, or over those of `raw` where `role` names one.

    `check` is the template of the report line, with the placeholders column, example and those in `values`; `column` is the column of the file
    that tells the kind. `confirm` is an SQL aggregate over `raw` that must be true for the rows to mean this, with the placeholder
    {flag} for "the row is of this kind". `emptied` are the roles that the choice empty clears.
    """

    key: str
    check: str
    column: str
    condition: str
    confirm: str = "true"
    role: str | None = None
    emptied: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def choices(self) -> tuple[str, ...]:
        return KINDS[self.key]

    @property
    def default(self) -> str:
        return self.choices[0]


def guess_row_kinds(
    sample: pd.DataFrame, mapping: Mapping[str, str], behaviours: Mapping[str, str] | None = None, seconds: float = SHORT_PLAY
) -> tuple[RowKind, ...]:
    """Return the kinds of rows that may occur in a file, from the names and values of its columns.

    `behaviours` says what behaviours mean, where the words do not (`behaviours.behaviour_meanings`); plays are short below `seconds`.
    A kind is returned also if the sample has no row of it.
    """
    kinds = []
    for column in map(str, sample.columns):
        values = sample[column].dropna().astype("str").str.strip()
        kinds += [*_orders(column, values), *_statuses(column), *_trailers(column), *_plays(column, sample, mapping, seconds)]
    for role, recognise in (("rating", _unrated), ("latitude", _places), ("user_id", _placeholders), ("item_id", _non_products)):
        if mapping.get(role) in sample.columns:
            kinds += recognise(sample, mapping)
    if mapping.get("behaviour") in sample.columns:
        kinds += _behaviours(mapping["behaviour"], behaviours or {})
    return tuple(_without_cancelled(kinds))


def _without_cancelled(kinds: list[RowKind]) -> Iterator[RowKind]:
    """Yield the kinds with returns that are not cancelled orders too: a shop cancels by a negative quantity."""
    cancelled = [kind.condition for kind in kinds if kind.key == "cancelled"]
    for kind in kinds:
        is_counted = f"COALESCE({' OR '.join(cancelled)}, false)"
        yield replace(kind, condition=f"{kind.condition} AND NOT {is_counted}") if cancelled and kind.key == "returned" else kind


def _text(column: str) -> str:
    return f"trim(CAST({quote_name(column)} AS VARCHAR))"


def _number(column: str) -> str:
    return f"TRY_CAST(replace({_text(column)}, ',', '.') AS DOUBLE)"


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _last_word(column: str) -> str:
    """Return what a name ends with: item_qty is a quantity, Financial Status a status."""
    return next(reversed(re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])|[\W_]+", " ", column).casefold().split()), "")


def _orders(column: str, values: pd.Series) -> Iterator[RowKind]:
    """Recognise cancelled orders by a C before the number, as in C536379, and returns by a negative quantity."""
    plain, text = _plain(column), _text(column)
    if plain in _ORDERS.split():
        others = values[~values.str.fullmatch(r"[Cc]\d+")]
        if len(others) and others.str.fullmatch(r"\d+").mean() > 0.9:
            condition = f"CASE WHEN starts_with(upper({text}), 'C') THEN regexp_full_match({text}, '[Cc]\\d+') END"
            check = N_("cancelled orders: {column} starts with C, such as {example}")
            yield RowKind("cancelled", check, column, condition, _FEW)
    if _last_word(column) in _QUANTITIES.split():
        check = N_("returns: {column} is negative, such as {example}")
        yield RowKind("returned", check, column, f"{_number(column)} < 0", _FEW)


_STATUS_WORDS = {
    "cancelled": (
        N_("cancelled orders: {column} is {example}"),
        "cancelled canceled cancel void voided storniert storno annulé annulée cancelado annullato 已取消",
    ),
    "returned": (
        N_("returns: {column} is {example}"),
        "returned return refunded refund chargeback retoure zurückgegeben erstattet remboursé devuelto reembolsado 已退款",
    ),
    "planned": (
        N_("items planned and not yet read, seen or played: {column} is {example}"),
        "toread wanttoread plantoread towatch wanttowatch plantowatch toplay plantoplay wishlist wanted planned planning backlog watchlist ptw ptr tbr",
    ),
    "unfinished": (
        N_("items not finished: {column} is {example}"),
        "currentlyreading reading currentlywatching watching currentlyplaying onhold paused dropped abandoned didnotfinish dnf",
    ),
}


def _statuses(column: str) -> Iterator[RowKind]:
    if _plain(column) in _STATUSES.split() or _last_word(column) == "status":
        for key, (check, words) in _STATUS_WORDS.items():
            status = f"regexp_replace({_text(column)}, '^wc-', '')"  # WooCommerce writes wc-refunded
            yield RowKind(key, check, column, named_as(status, words), _NOT_ALL)


def _trailers(column: str) -> Iterator[RowKind]:
    """Recognise what a streaming service plays by itself to advertise: trailers, hooks, previews."""
    text = f"lower({_text(column)})"
    check = N_("trailers and other advertisements: {column} is {example}")
    if _plain(column) == "supplementalvideotype":
        yield RowKind("trailers", check, column, f"NOT {is_missing(_text(column))}")
    elif _plain(column) in _TYPES.split():
        condition = f"CASE WHEN {text} <> '' THEN regexp_matches(replace({text}, '_', ' '), '{_ADVERTISEMENTS}') END"
        yield RowKind("trailers", check, column, condition, _NOT_ALL)


def _plays(column: str, sample: pd.DataFrame, mapping: Mapping[str, str], seconds: float) -> Iterator[RowKind]:
    played = _seconds_played(column, sample, mapping)
    if played:
        check = N_("plays under {seconds} seconds: {column} is {example}")
        yield RowKind("short-plays", check, column, f"{played} < {seconds:g}", values={"seconds": f"{seconds:g}"})


def _seconds_played(column: str, sample: pd.DataFrame, mapping: Mapping[str, str]) -> str | None:
    """Return SQL for the seconds that the user listened or watched; None for other columns, and for the length of the item itself."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", column).replace("_", " ").lower().split()
    if re.search(r"\b(play|listen|watch|view)(ed|ing)?(time)?\b", " ".join(words)):
        if {"ms", "millis", "milliseconds"} & set(words):
            return f"TRY_CAST({quote_name(column)} AS DOUBLE) / 1000"
        if {"s", "sec", "secs", "second", "seconds"} & set(words):
            return f"TRY_CAST({quote_name(column)} AS DOUBLE)"
    values = sample[column].dropna().astype("str").str.strip()
    clocks = len(values) and values.str.fullmatch(r"\d+:\d\d:\d\d(\.\d+)?").mean() > 0.9
    if not clocks or not {"duration", "dauer", "durée", "duración", "played", "watched", "listened"} & set(words):
        return None
    item = mapping.get("item_id")
    again = sample.loc[values.index].groupby(item)[column] if item in sample.columns and item != column else None
    if again is not None and again.size().gt(1).any() and again.nunique().le(1).all():
        return None
    return f"epoch(TRY_CAST({_text(column)} AS INTERVAL))"


def _unrated(sample: pd.DataFrame, mapping: Mapping[str, str]) -> Iterator[RowKind]:
    """Recognise numbers outside the scale that stand for no rating: −1 below 0, 0 below 1, 99 far above 10.

    Votes of −1 and 1, a 0 for no and a 0 that belongs to the scale are ratings.
    """
    value = "TRY_CAST(replace(rating, ',', '.') AS DOUBLE)"
    least, most = (f"{name}({value}) FILTER (NOT {{flag}} AND isfinite({value}))" for name in ("min", "max"))
    several = f"approx_count_distinct({value}) FILTER (NOT {{flag}}) >= 3"
    often = "20 * count(*) FILTER ({flag}) >= count(*)"
    scales = {
        -1: f"{least} >= 0 AND {most} > 1",
        0: f"{several} AND {most} <= 10 AND ({least} >= 1 AND {often} OR {least} >= 2)",
        99: f"{several} AND {least} < 0 AND {most} <= 10",
    }
    check = N_("unrated: {column} is {example}, outside the scale of the others")
    for number, confirm in scales.items():
        # Comparing the first letters is much faster than the spellings.
        begins = "(rating < '0' OR rating >= '9')" if number > 0 else "rating < '1'"
        condition = f"{begins} AND {_is_number('rating', number)}"
        yield RowKind("unrated", check, mapping["rating"], condition, confirm, "rating", ("rating",))


def _is_number(role: str, *numbers: int) -> str:
    """Return SQL that tells whether a text is one of these whole numbers, by its usual spellings, as casts of many rows take long."""
    spellings = (f"{number}{fraction}" for number in numbers for fraction in ("", ".0", ",0", ".00", ",00", ".000000", ".0000000"))
    return f"COALESCE(trim({role}) IN ({', '.join(map(quote_literal, spellings))}), false)"


def _places(sample: pd.DataFrame, mapping: Mapping[str, str]) -> Iterator[RowKind]:
    if mapping.get("longitude") in sample.columns:
        away = "abs(TRY_CAST(replace(latitude, ',', '.') AS DOUBLE)) + abs(TRY_CAST(replace(longitude, ',', '.') AS DOUBLE))"
        check = N_("places not known: {column} and the other coordinate are {example}")
        condition = f"{_is_number('latitude', 0)} AND {_is_number('longitude', 0)}"
        confirm = f"approx_quantile({away}, 0.5) FILTER (NOT ({{flag}})) > 1"
        yield RowKind("no-place", check, mapping["latitude"], condition, confirm, "latitude", ("latitude", "longitude"))


def _placeholders(sample: pd.DataFrame, mapping: Mapping[str, str]) -> Iterator[RowKind]:
    """Recognize placeholders in place of users: words such as unknown, and the numbers 0 and −1 with far more rows than others have."""
    column = mapping["user_id"]
    check = N_("rows whose user may be a placeholder: {column} is {example}")
    words = _PLACEHOLDERS.split("|")
    # Most ids begin with a digit, and comparing the first letters is much faster than lower and trim.
    named = f"(user_id < '0' OR user_id >= ':') AND strlen(user_id) <= {max(map(len, words))} AND lower(trim(user_id)) IN ({', '.join(map(quote_literal, words))})"
    yield RowKind("placeholder-users", check, column, named, role="user_id")
    times = 1 if _has_more_names(sample, column) else 10
    most = f"(SELECT count(*) FROM raw WHERE {{flag}}) * approx_count_distinct(user_id) > {times} * count(*)"
    yield RowKind("placeholder-users", check, column, f"user_id < '1' AND {_is_number('user_id', 0, -1)}", most, "user_id")


def _has_more_names(sample: pd.DataFrame, user: str) -> bool:
    """Return whether the user 0 or −1 has several names or addresses where each other user has one: guests of a shop share the number."""
    ids = sample[user].astype("str").str.strip()
    nobody = ids.isin(("0", "-1", "0.0", "-1.0"))
    others = [name for name in map(str, sample.columns) if name != user and (found := find_meaning(name)) and found.kind == "user"]
    names = [sample[name].where(~sample[name].isin(("", "nan", "None"))) for name in others] if nobody.any() else []
    return any(each[nobody].nunique() > 1 and (each[~nobody].groupby(ids[~nobody]).nunique() <= 1).mean() > 0.9 for each in names)


def _non_products(sample: pd.DataFrame, mapping: Mapping[str, str]) -> Iterator[RowKind]:
    """Recognise postage, fees and corrections: words among codes that have digits, such as POST among 85123A."""
    column = mapping["item_id"]
    values = sample[column].dropna().astype("str").str.strip()
    if len(values) and values.str.fullmatch(_ITEM_CODE).mean() > 0.9:
        check = N_("items that may not be products: {column} is {example}, without a digit")
        condition = "(item_id < '0' OR item_id >= ':') AND NOT regexp_matches(item_id, '[0-9]')"  # most begin with a digit
        yield RowKind("non-products", check, column, condition, "10 * count(*) FILTER ({flag}) < count(*)", "item_id")


_BEHAVIOURS = {
    "impressions": N_("impressions: {column} is {example}"),
    "deletions": N_("deletions, which take back earlier events of the same user and item: {column} is {example}"),
    "cart-removals": N_("items taken out of the cart: {column} is {example}"),
    "negatives": N_("negative feedback: {column} is {example}"),
}
# The meaning, given by the user, that puts a behaviour into a kind of rows.
_GIVEN_MEANINGS = {"impressions": "impression", "deletions": "delete"}


def _behaviours(column: str, given: Mapping[str, str]) -> Iterator[RowKind]:
    """Recognise behaviours by their names in the table `behaviours`, which has each of them once."""
    told = [name.strip().lower() for name in given]
    for key, check in _BEHAVIOURS.items():
        named = [name.strip().lower() for name, meaning in given.items() if meaning == _GIVEN_MEANINGS.get(key)]
        condition = named_as("behaviour", WORDS[key])
        if told:
            condition = f"({condition} AND lower(trim(behaviour)) NOT IN ({', '.join(map(quote_literal, told))}))"
        if named:
            condition = f"({condition} OR lower(trim(behaviour)) IN ({', '.join(map(quote_literal, named))}))"
        yield RowKind(key, check, column, f"behaviour IN (SELECT behaviour FROM behaviours WHERE {condition})", _NOT_ALL, "behaviour")
