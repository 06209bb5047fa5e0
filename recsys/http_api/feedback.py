"""The handler of /api/feedback."""

import numpy as np
from sqlalchemy import select

from recsys.accounts.account import Account
from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.database.schema import ImpressionRow
from recsys.feedback.recording import record_feedback
from recsys.http_api.access import Caller
from recsys.http_api.errors import ApiError
from recsys.http_api.schemas import FeedbackBody, FeedbackResponse
from recsys.http_api.service import Service


def handle_feedback(service: Service, caller: Caller, body: FeedbackBody) -> FeedbackResponse:
    """Save feedback on an item of a list of the same account. It is on the disk before the response."""
    account = service.account(caller)
    if body.rating is not None:
        _check_scale(service, account, body.impression_id, body.rating)
    try:
        record_feedback(service.store, account, body.impression_id, body.item_id, body.action, body.rating)
    except DataError as error:  # its values are checked: only the list or the item can be missing
        raise ApiError(404, str(error)) from error
    return FeedbackResponse(saved=True, impression_id=body.impression_id, item_id=body.item_id, action=body.action, rating=body.rating)


def _check_scale(service: Service, account: Account, impression_id: str, rating: float) -> None:
    """Raise an ApiError for a rating outside the scale of the dataset's own ratings: a refit would take it for a strong like or dislike."""
    shown = select(ImpressionRow.dataset).where(ImpressionRow.id == impression_id, ImpressionRow.account_id == account.id)
    with service.store.read() as session:
        dataset = session.scalar(shown)
    ratings = None if dataset is None else service.loader.dataset(dataset).ratings
    if ratings is None or not np.isfinite(ratings).any():
        return
    low, high = float(np.nanmin(ratings)), float(np.nanmax(ratings))
    if not low <= rating <= high:
        scale = {"low": format_number(low), "high": format_number(high)}
        raise ApiError(
            422, _("the rating {rating} is outside the scale of the dataset, {low} to {high}", rating=format_number(rating), **scale)
        )
