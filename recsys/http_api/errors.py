"""Errors of the API: a status code and one sentence, as {"error": sentence}."""

from collections.abc import Mapping

from pydantic import ValidationError
from starlette.responses import Response

from recsys.core.errors import (
    CheckpointError,
    DataError,
    NotAllowedError,
    NotTrainedError,
    RecsysError,
    StoreError,
    UnknownNameError,
)
from recsys.http_api.schemas import ErrorResponse

STATUS: dict[type[RecsysError], int] = {
    NotAllowedError: 403,
    UnknownNameError: 404,
    NotTrainedError: 404,
    CheckpointError: 409,
    DataError: 422,
    StoreError: 503,
}
"""Status codes of the library's errors; that of any other is 409, since the request was right and the model or the data is not."""

MEANINGS = {
    400: "The body is not JSON.",
    401: "The token is missing, unknown or revoked.",
    403: "The API is off, the request comes from elsewhere, or the role of the account does not allow the action.",
    404: "There is no dataset, checkpoint, user, item or impression of that name.",
    405: "The address does not take this method.",
    408: "The body did not arrive in time.",
    409: "The checkpoint does not fit the dataset as it is now, or is damaged.",
    413: "The body is larger than 1 MB.",
    415: "The body is not sent as application/json.",
    422: "A value is missing, of the wrong type or out of range.",
    429: "Too many requests; try again after the seconds in Retry-After.",
    500: "A bug; the server's log has the details.",
    503: "The store does not answer or the server is busy; try again after the seconds in Retry-After.",
}
MOST_FAULTS = 3
"""Faults of one body that an error names."""

SAFE_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""Headers of every response: it is never kept, and never taken for a page."""


class ApiError(Exception):
    """A response that is not a result, raised as an exception."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})


def to_api_error(error: Exception) -> ApiError:
    """Return the response to an error of the library; one that is not the library's is a bug, of which the caller learns nothing."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, ValidationError):
        return _describe_faults(error)
    if isinstance(error, RecsysError):
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 409)
        return ApiError(status, str(error), {"retry-after": "1"} if status == 503 else None)
    return ApiError(500, MEANINGS[500])


def make_error_response(error: ApiError) -> Response:
    """Return an error as a response."""
    body = ErrorResponse(error=error.message).model_dump_json()
    return Response(body, error.status, {**SAFE_HEADERS, **error.headers}, media_type="application/json")


def _describe_faults(error: ValidationError) -> ApiError:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return ApiError(400, f"the body is not JSON: {faults[0]['msg'].removeprefix('Invalid JSON: ')}")
    said = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" if each["loc"] else each["msg"] for each in faults[:MOST_FAULTS]]
    more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
    return ApiError(422, "; ".join(said) + more)
