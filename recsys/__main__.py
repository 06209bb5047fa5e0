"""The command line, `recscope` or `python -m recsys`. Wrong input is exit code 2 and one line on standard error, without a traceback.

A question about a file has a second line: the command with the likeliest answer, or the option that answers.
"""

import os
import shlex
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

import typer
from typer.main import get_command

from recsys.cli import app
from recsys.cli.console import say
from recsys.core.errors import QuestionError, RecsysError, StoreError

MODULE = "python -m recsys"
SCRIPT = "recscope"
PROGRAM = SCRIPT if Path(sys.argv[0]).stem == SCRIPT else MODULE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 for success, 2 for wrong input or an interrupt, 1 for a bug or a failed `check`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a title that the terminal cannot show must not stop a command
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")  # only the error itself belongs on standard error
            _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except QuestionError as question:
        return _ask(question, list(sys.argv[1:] if arguments is None else arguments))
    except StoreError as error:
        where = _locate_store()
        return _report_failure(str(error) if where in str(error) else f"{error} (the store is {where})")
    except RecsysError as error:
        return _report_failure(str(error))
    except typer.TyperException as error:
        return _report_failure(f"{_usage_text(error)}; see {_command_path(error)} --help")
    except KeyboardInterrupt:
        return _report_failure("interrupted; no incomplete file was left behind")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of the pipe has ended
        return 0
    except OSError as error:
        return _report_failure(f"{error.filename or 'a file'}: {error.strerror or error}")
    except Exception as error:
        return _report_bug(error)
    return 0


def _run(arguments: list[str]) -> None:
    # Typer's own runner prints usage over several lines and ends the process.
    command = get_command(app)
    with command.make_context(PROGRAM, arguments) as context:
        command.invoke(context)


def _report_failure(message: str) -> int:
    say(f"error: {' '.join(message.split()).replace(MODULE, PROGRAM)}")
    return 2


def _ask(question: QuestionError, arguments: list[str]) -> int:
    """Print a question, and on a second line the same command with the likeliest answer, or where none is likelier the option that answers."""
    code = _report_failure(str(question))
    if question.suggestion:
        say(f"the likeliest answer: {PROGRAM} {shlex.join([*arguments, *question.suggestion])}")
    elif question.option:
        say(f"answer with {question.option}")
    return code


def _locate_store() -> str:
    from recsys.database.engine import locate_store  # SQLAlchemy is slow to load, and most commands do without it

    return locate_store()


def _usage_text(error: typer.TyperException) -> str:
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    return text.strip().rstrip(".")


def _command_path(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return str(context.command_path) if context is not None else PROGRAM


def _report_bug(error: Exception) -> int:
    if os.environ.get("RECSYS_TRACEBACK"):
        traceback.print_exception(error)
        return 1
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())
    say(
        f"bug: {type(error).__name__}: {text} ({place.filename}:{place.lineno}); set RECSYS_TRACEBACK=1 to see the traceback, and report it"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
