"""The button that evaluates the models of the leaderboard that have not been measured."""

from pages.evaluate.leaderboard.rows import LeaderboardRows
from pages.shell import evaluations
from pages.shell.cursor import Cursor
from pages.ui.checkpoint_titles import matching_checkpoints
from recsys.models import find_model_spec


def draw_button(here: Cursor, which: str, shown: LeaderboardRows) -> None:
    """Draw the button if a checkpoint waits to be evaluated on this split."""
    fitting = {name: each for name, each in matching_checkpoints(here).items() if not find_model_spec(each.card.model).candidates_only}
    evaluations.draw_button(here, fitting, [name for name in fitting if name not in shown.evaluations], which)
