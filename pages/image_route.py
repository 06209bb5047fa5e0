"""The route of the pictures of items, beside those of Streamlit and of the API."""

import hmac
import re
from typing import TYPE_CHECKING

import streamlit as st
from anyio import to_thread
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

_FILE = re.compile(r"(\d{1,9})-([0-9a-f]{32})\.webp", re.ASCII)
_HEADERS = {
    "cache-control": "private, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


def image_route() -> Route:
    """Return the route of `thumbnails.thumbnail_html`; it gives nothing away for an address that is not signed."""
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return Route(f"{base and f'/{base}'}/images/{{dataset}}/{{fingerprint}}/{{file}}", _respond)


async def _respond(request: "Request") -> Response:
    data = await to_thread.run_sync(find_image, *(request.path_params[name] for name in ("dataset", "fingerprint", "file")))
    if data is None:
        return Response("There is no such picture.\n", 404, {"cache-control": "no-store"}, "text/plain")
    return Response(data, 200, _HEADERS, "image/webp")


def find_image(name: str, fingerprint: str, file: str) -> bytes | None:
    """Return the thumbnail at an address; None where the signature is wrong or the dataset has changed since."""
    from pages import cache
    from pages.ui.thumbnails import sign_image
    from recsys.core.errors import RecsysError
    from recsys.item_images import load_thumbnail

    found = _FILE.fullmatch(file)
    if found is None or not hmac.compare_digest(found[2], sign_image(name, fingerprint, int(found[1]))):
        return None
    try:
        dataset = cache.shared_dataset(name)
    except RecsysError:  # removed since
        return None
    number = int(found[1])
    return (
        load_thumbnail(dataset, dataset.item_ids[number]) if dataset.fingerprint == fingerprint and number < len(dataset.item_ids) else None
    )
