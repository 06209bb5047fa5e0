"""One function a command. They parse, call the library, and hand a result to `console`; heavy imports happen inside them."""

import typer

from recsys.cli import ask, data, drifting, explain, leaderboard, train, verify

app = typer.Typer(
    help="Recscope: explore, demo and debug recommenders. Every command takes --json: one JSON object on standard output.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
)

for command in (
    data.datasets,
    data.prepare,
    data.fetch,
    data.simulate,
    train.train,
    ask.evaluate,
    leaderboard.leaderboard,
    ask.recommend,
    ask.replay,
    drifting.drift,
    drifting.drift_score,
    explain.explain,
    verify.counterfactual,
    verify.fidelity,
):
    app.command()(command)
