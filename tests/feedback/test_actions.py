"""Every kind of feedback has its place in each table that lists them all."""

import pytest

from pages.demo.recommend.cards import BUTTONS
from pages.demo.recommend.feedback_chips import CHIPS
from pages.evaluate.feedback.answer_text import COLUMNS
from recsys.feedback.recording import ACTIONS, POSITIVE, REPLACED
from recsys.feedback.training_data import WEIGHTS
from recsys.figures.feedback import ACTION_NAMES, action_colours
from recsys.figures.palette import LIGHT
from recsys.http_api.schemas import FeedbackBody

TABLES = {
    "weights of a refit": {*WEIGHTS, "rating"},  # a rating is weighed by its stars
    "words": set(ACTION_NAMES),
    "colours": set(action_colours(LIGHT)),
    "columns of the page": set(COLUMNS),
    "body of the API": set(FeedbackBody.model_json_schema()["properties"]["action"]["enum"]),
    "chips": {*CHIPS, "skip"},  # nobody clicks a skip
    "buttons": {*BUTTONS, "skip", "rating"},  # a rating is given by stars
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_every_action(name: str) -> None:
    assert TABLES[name] == set(ACTIONS)


def test_subsets_have_no_other_action() -> None:
    assert {*POSITIVE, *REPLACED, *REPLACED.values()} <= set(ACTIONS)
    assert {action for action, weight in WEIGHTS.items() if weight > 0} == set(POSITIVE)
