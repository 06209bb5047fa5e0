"""Processes of jobs: started by a server or by the command line, and ended with it."""

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import recsys
from recsys.core.translation import _
from recsys.database.engine import VARIABLE, Store
from recsys.jobs.lifecycle import fail_job, get_log, record_process

MODULE = "recsys.jobs"
END_SECONDS = 5.0


@dataclass(frozen=True)
class JobProcess:
    """The process of a job that runs. Its standard input is a pipe: the process ends when this one closes it, or is killed."""

    job_id: str
    process: "subprocess.Popen[bytes]"


def start_process(store: Store, job_id: str) -> JobProcess:
    """Start the process of a job that was taken (`claim_job`); its output goes to a file until it ends."""
    log = get_log(job_id)
    try:
        process = _start(store, job_id, log)
    except OSError as error:
        fail_job(store, job_id, _("its process cannot be started: {reason}", reason=error.strerror or error))
        raise
    record_process(store, job_id, process.pid)
    return JobProcess(job_id, process)


def _start(store: Store, job_id: str, log: Path) -> "subprocess.Popen[bytes]":
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        VARIABLE: store.url,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(recsys.__file__).parents[1]), os.environ.get("PYTHONPATH")])),
        "TMPDIR": tempfile.gettempdir(),  # what a killed job leaves there is removed with the temporary files of its server
    }
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", MODULE, job_id],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal of the server is not meant for the job
        )


def has_ended(store: Store, running: JobProcess) -> bool:
    """Return whether a job's process has ended; a job that it left unfinished is marked as failed."""
    code = running.process.poll()
    if code is None:
        return False
    assert running.process.stdin is not None
    running.process.stdin.close()
    fail_job(store, running.job_id, _describe_end(code))
    return True


def end_process(store: Store, running: JobProcess) -> None:
    """End a job's process, since its server ends."""
    assert running.process.stdin is not None
    running.process.stdin.close()
    try:
        running.process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()
    has_ended(store, running)


def _describe_end(code: int) -> str:
    if code == -signal.SIGKILL:
        return _("its process was killed, perhaps because the memory was full; start it again")
    if code < 0:
        return _("its process was ended by the signal {signal}; start it again", signal=signal.Signals(-code).name)
    return _("its process ended without a result, with exit code {code}; the end of its output says why", code=str(code))
