"""The handler of /api/feedback."""

from recsys.core.errors import DataError
from recsys.feedback.recording import record_feedback
from recsys.http_api.access import Caller
from recsys.http_api.errors import ApiError
from recsys.http_api.schemas import FeedbackBody, FeedbackResponse
from recsys.http_api.service import Service


def handle_feedback(service: Service, caller: Caller, body: FeedbackBody) -> FeedbackResponse:
    """Save feedback on an item of a list of the same account. It is on the disk before the response."""
    try:
        record_feedback(service.store, service.account(caller), body.impression_id, body.item_id, body.action, body.rating)
    except DataError as error:  # its values are checked: only the list or the item can be missing
        raise ApiError(404, str(error)) from error
    return FeedbackResponse(saved=True, impression_id=body.impression_id, item_id=body.item_id, action=body.action, rating=body.rating)
