"""Sentences on the error of predicted ratings."""

from typing import TYPE_CHECKING

from recsys.core.formatting import format_fixed
from recsys.core.translation import ngettext

if TYPE_CHECKING:
    from recsys.evaluation.rating_predictions import RatingPredictions

SAME_ERROR = 0.005  # a smaller difference in error is called none


def describe_rating_error(predictions: "RatingPredictions") -> str:
    """Return a sentence on the error of the predicted ratings against that of always predicting the mean."""
    better = predictions.baseline - predictions.rmse
    values = dict(
        rmse=format_fixed(predictions.rmse, 2), mean=format_fixed(predictions.mean, 2), baseline=format_fixed(predictions.baseline, 2)
    )
    count = len(predictions.given)
    if better > SAME_ERROR:
        return ngettext(
            "On {count} validation event, the RMSE of the predicted ratings is {rmse}, better than the {baseline} of always predicting the mean of {mean}.",
            "On {count} validation events, the RMSE of the predicted ratings is {rmse}, better than the {baseline} of always predicting the mean of {mean}.",
            count,
            **values,
        )
    if better < -SAME_ERROR:
        return ngettext(
            "On {count} validation event, the RMSE of the predicted ratings is {rmse}, worse than the {baseline} of always predicting the mean of {mean}.",
            "On {count} validation events, the RMSE of the predicted ratings is {rmse}, worse than the {baseline} of always predicting the mean of {mean}.",
            count,
            **values,
        )
    return ngettext(
        "On {count} validation event, the RMSE of the predicted ratings is {rmse}, no better than the {baseline} of always predicting the mean of {mean}.",
        "On {count} validation events, the RMSE of the predicted ratings is {rmse}, no better than the {baseline} of always predicting the mean of {mean}.",
        count,
        **values,
    )


def describe_given_rating_error(predictions: "RatingPredictions") -> str:
    """Return a sentence on the error of the ratings predicted for lists that people rated items on."""
    return ngettext(
        "On {count} rating given on a list, the RMSE of the predicted ratings is {rmse}; always predicting the mean of {mean} has {baseline}.",
        "On the latest {count} ratings given on lists, the RMSE of the predicted ratings is {rmse}; always predicting the mean of {mean} has {baseline}.",
        len(predictions.given),
        rmse=format_fixed(predictions.rmse, 2),
        mean=format_fixed(predictions.mean, 2),
        baseline=format_fixed(predictions.baseline, 2),
    )
