"""The Starlette application of the API: reads requests within limits, runs their handlers in threads, and responds in JSON."""

import logging
from collections.abc import Awaitable, Callable

from anyio import CapacityLimiter, fail_after, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from recsys.accounts.tokens import Token, authenticate
from recsys.http_api.access import Access, identify
from recsys.http_api.docs_page import docs_response
from recsys.http_api.endpoints import ENDPOINTS, Endpoint
from recsys.http_api.errors import MEANINGS, SAFE_HEADERS, ApiError, make_error_response, to_api_error
from recsys.http_api.health import StoreProbe, describe_health
from recsys.http_api.openapi import openapi_json
from recsys.http_api.rate_limit import group_address
from recsys.http_api.schemas import Message
from recsys.http_api.service import Service

MOST_BYTES = 1_000_000
BODY_SECONDS = 30
MOST_WAITING = 64
"""Requests that wait for a thread; further ones are refused."""
THREADS = {"light": 4, "heavy": 1}
"""Threads by kind: lists go on while an explanation takes its seconds, and the pages while both do."""

_log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


def build_application(service: Service, get_access: Callable[[], Access]) -> Starlette:
    """Return the application; `get_access` is asked at every request, since the server's address is known only when it runs."""
    threads = {kind: CapacityLimiter(count) for kind, count in THREADS.items()}
    application = Starlette(
        routes=[
            Route("/health", _guard(_make_health_handler(service))),
            Route("/openapi.json", _guard(_make_json_handler(get_access, openapi_json))),
            Route("/docs", _guard(_make_docs_handler(get_access))),
            *(Route(each.path, _guard(_make_handler(each, service, get_access, threads)), methods=[each.method]) for each in ENDPOINTS),
        ],
        exception_handlers={HTTPException: _handle_http_exception},
    )
    application.router.redirect_slashes = False  # a redirect would repeat the Host header of the request
    return application


def _make_handler(endpoint: Endpoint, service: Service, get_access: Callable[[], Access], threads: dict[str, CapacityLimiter]) -> Handler:
    def find_token(text: str) -> Token | None:
        return authenticate(service.store, text)

    async def handle(request: Request) -> Response:
        caller = await identify(request, get_access(), service.limiter, find_token)
        service.limiter.take(endpoint.limit, caller.key)
        given = await (_read_query if endpoint.method == "GET" else _read_body)(request, endpoint.given)
        if threads[endpoint.limit].statistics().tasks_waiting >= MOST_WAITING:
            raise ApiError(503, "the server is busy; try again in a second", {"retry-after": "1"})
        return await to_thread.run_sync(_run, endpoint, service, caller, given, limiter=threads[endpoint.limit])

    return handle


def _run(endpoint: Endpoint, service: Service, caller: object, given: Message) -> Response:
    return _to_json(endpoint.handle(service, caller, given).model_dump_json())


async def _read_query(request: Request, kind: type[Message]) -> Message:
    pairs = request.query_params.multi_items()
    if len({name for name, _value in pairs}) < len(pairs):
        raise ApiError(422, "a value is given twice; give each one once")
    return kind.model_validate_strings(dict(pairs))


async def _read_body(request: Request, kind: type[Message]) -> Message:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "send the body as Content-Type: application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, "send the body without compression")
    if request.query_params:
        raise ApiError(422, "this address takes its values from the body; leave the query out")
    body = bytearray()
    try:
        with fail_after(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MOST_BYTES:
                    raise ApiError(413, f"the body is larger than {MOST_BYTES:,} bytes; send less at once")
    except TimeoutError as error:
        raise ApiError(408, f"the body did not arrive within {BODY_SECONDS} s") from error
    return kind.model_validate_json(bytes(body))


def _make_health_handler(service: Service) -> Handler:
    probe = StoreProbe()

    async def handle(request: Request) -> Response:
        service.limiter.take("light", group_address(request.client.host if request.client else ""))
        return _to_json(describe_health(await probe.is_reachable()).model_dump_json())

    return handle


def _make_json_handler(get_access: Callable[[], Access], make: Callable[[], str]) -> Handler:
    async def handle(_request: Request) -> Response:
        _check_is_on(get_access())
        return _to_json(make())

    return handle


def _make_docs_handler(get_access: Callable[[], Access]) -> Handler:
    async def handle(_request: Request) -> Response:
        _check_is_on(get_access())
        return docs_response()

    return handle


def _check_is_on(access: Access) -> None:
    if access == "off":
        raise ApiError(403, "the API is off on this server")


def _to_json(body: str) -> Response:
    return Response(body, headers=SAFE_HEADERS, media_type="application/json")


def _guard(handler: Handler) -> Handler:
    """Return a handler with the same responses, and one in JSON for every error."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:
            return make_error_response(ApiError(400, "the connection was closed"))
        except Exception as error:
            found = to_api_error(error)
            if found.status == 500:
                _log.exception("%s %s failed", request.method, request.url.path)
            return make_error_response(found)

    return handle


async def _handle_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = {404: "there is no such address; GET /api/docs lists them"}.get(error.status_code, MEANINGS.get(error.status_code, ""))
    return make_error_response(ApiError(error.status_code, message or error.detail, error.headers))
