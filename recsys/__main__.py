"""The command line, `python -m recsys`. Wrong input ends in exit code 2 and one line on standard error, never a traceback."""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence

import typer
from typer.main import get_command

from recsys.cli import app
from recsys.cli.console import say
from recsys.core.errors import RecsysError

PROGRAM = "python -m recsys"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 2 wrong input or stopped by the person, 1 a bug."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a title must not kill a command in a terminal that cannot show it
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")  # they would mix with the one line that matters
            _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except RecsysError as error:
        return _failed(str(error))
    except typer.TyperException as error:
        return _failed(f"{_usage_text(error)}; see {_path(error)} --help")
    except KeyboardInterrupt:
        return _failed("interrupted; nothing was left half-written")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: nothing more to say to it
        return 0
    except OSError as error:
        return _failed(f"{error.filename or 'a file'}: {error.strerror or error}")
    except Exception as error:
        return _bug(error)
    return 0


def _run(arguments: list[str]) -> None:
    # Not typer's own runner: it prints usage over several lines and ends the process itself.
    command = get_command(app)
    with command.make_context(PROGRAM, arguments) as context:
        command.invoke(context)


def _failed(message: str) -> int:
    say(f"error: {' '.join(message.split())}")
    return 2


def _usage_text(error: typer.TyperException) -> str:
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    return text.strip().rstrip(".")


def _path(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return str(context.command_path) if context is not None else PROGRAM


def _bug(error: Exception) -> int:
    if os.environ.get("RECSYS_TRACEBACK"):
        traceback.print_exception(error)
        return 1
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())
    say(
        f"bug: {type(error).__name__}: {text} ({place.filename}:{place.lineno}); set RECSYS_TRACEBACK=1 to see the whole way, and report it"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
