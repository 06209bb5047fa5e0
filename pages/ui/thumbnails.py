"""Pictures of items as HTML: small squares that the browser fetches as they come into view, from pages/image_route.py.

A dataset without any picture has none of these squares. In one that has some, the others show the initial of the category on its colour;
so does a picture that cannot be loaded: assets/style.css covers the browser's sign for it.

Addresses are signed, so that only those who were shown a page can fetch what is on it. The data of an upload, which is of one session alone,
has no address: its pictures are part of the page.
"""

import base64
import hmac
import os
from urllib.parse import quote

import streamlit as st

from pages import cache
from pages.ui.html import escape_html
from recsys.core import Dataset
from recsys.item_images import is_secure_address, load_thumbnail

VARIABLE = "RECSCOPE_REMOTE_IMAGES"
"""Set to 1, it lets browsers load pictures from the https addresses in the data. The server itself never does."""


def thumbnail_html(dataset: Dataset, item: str, tints: dict[str, str]) -> str:
    """Return the picture of an item, or its placeholder, as HTML; empty for a dataset without pictures."""
    if not _has_pictures(dataset):
        return ""
    category = dataset.describe_item(item, "category").get("category")
    named = category if isinstance(category, str) and category else dataset.title_of(item)
    style = f' style="--rs-tint:{tints[named]}"' if named in tints else ""
    address = _find_address(dataset, item)
    initial = escape_html(named.strip()[:1].upper())
    picture = f'<img src="{escape_html(address)}" alt="" loading="lazy" data-initial="{initial}">' if address else ""
    return f'<span class="rs-thumb" aria-hidden="true"{style}>{initial}{picture}</span>'


def allows_remote_images() -> bool:
    """Return whether the person who runs the server lets browsers load pictures from elsewhere."""
    return os.environ.get(VARIABLE) == "1"


def sign_image(dataset: str, fingerprint: str, number: int) -> str:
    """Return the signature of the address of an item's picture, by the secret that Streamlit signs its cookies with."""
    secret = str(st.get_option("server.cookieSecret")).encode()
    return hmac.digest(secret, f"images/{dataset}/{fingerprint}/{number}".encode(), "sha256").hex()[:32]


def _has_pictures(dataset: Dataset) -> bool:
    return bool(dataset.images) or (allows_remote_images() and "image" in dataset.items and cache.has_image_addresses(dataset))


def _find_address(dataset: Dataset, item: str) -> str | None:
    if item in dataset.images:
        if dataset.name in cache.uploads():
            return f"data:image/webp;base64,{base64.b64encode(load_thumbnail(dataset, item) or b'').decode()}"
        number = int(dataset.vocabulary.encode([item])[0]) - 1
        # Relative: the app may be behind a proxy that gives it a path of its own.
        return f"images/{quote(dataset.name)}/{dataset.fingerprint}/{number}-{sign_image(dataset.name, dataset.fingerprint, number)}.webp"
    address = dataset.describe_item(item, "image").get("image") if allows_remote_images() else None
    return str(address) if is_secure_address(address) else None
