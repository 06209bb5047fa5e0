"""The command line: one module for each command. Each parses, calls the library and prints; heavy imports happen inside `run`."""

from collections.abc import Callable

import typer

from recsys.cli import (
    accounts,
    audit,
    check,
    counterfactual,
    datasets,
    demo,
    drift,
    drift_score,
    evaluate,
    explain,
    failures,
    feedback,
    fetch,
    fidelity,
    import_model,
    jobs,
    leaderboard,
    open_data,
    prepare,
    recommend,
    refit,
    replay,
    report,
    schedules,
    serve,
    simulate,
    store,
    tokens,
    train,
    versions,
)

app = typer.Typer(
    help="Recscope: explore, demonstrate and debug recommenders. With --json a command prints one JSON object on standard output.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
)

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.run,
    "open": open_data.run,
    "serve": serve.run,
    "datasets": datasets.run,
    "prepare": prepare.run,
    "fetch": fetch.run,
    "simulate": simulate.run,
    "import": import_model.run,
    "train": train.run,
    "refit": refit.run,
    "versions": versions.run,
    "jobs": jobs.run,
    "schedules": schedules.run,
    "feedback": feedback.run,
    "tokens": tokens.run,
    "evaluate": evaluate.run,
    "leaderboard": leaderboard.run,
    "failures": failures.run,
    "check": check.run,
    "recommend": recommend.run,
    "replay": replay.run,
    "drift": drift.run,
    "drift-score": drift_score.run,
    "explain": explain.run,
    "counterfactual": counterfactual.run,
    "fidelity": fidelity.run,
    "report": report.run,
    "accounts": accounts.run,
    "audit": audit.run,
    "store": store.run,
}

for name, command in COMMANDS.items():
    app.command(name)(command)
