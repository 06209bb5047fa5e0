"""A real PostgreSQL for tests and benchmarks: a cluster of its own in a temporary folder, on a free loopback port."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, text

USER = "recscope"
START_SECONDS = 60.0
QUICK = ("fsync=off", "full_page_writes=off")
"""Settings for tests, which never cut the power."""


class PostgresMissingError(Exception):
    """PostgreSQL cannot be started here; the message says why."""


class Cluster:
    """A PostgreSQL server that can be stopped, killed and started again."""

    def __init__(self, folder: Path, settings: tuple[str, ...]):
        self.folder, self.settings = folder, settings
        self.password = f"{secrets.token_hex(8)}@:/?"  # characters that an address must quote
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._make()
        self.start()

    def url(self, database: str = "postgres") -> str:
        """Return the address for RECSCOPE_DATABASE_URL."""
        address = URL.create("postgresql+psycopg", USER, self.password, "127.0.0.1", self.port, database)
        return address.render_as_string(hide_password=False)

    def run(self, statement: str) -> None:
        """Run a statement outside a transaction, such as CREATE DATABASE."""
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def make_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"store_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def give(self, path: Path) -> None:
        """Make the account that runs the server the owner of a file or folder."""
        if os.getuid() == 0:
            shutil.chown(path, _account().pw_uid, _account().pw_gid)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        listening = (f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *self.settings)
        command = [_find("postgres"), "-D", str(self.folder / "data"), *(part for each in listening for part in ("-c", each))]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **_owner())
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.run("SELECT 1")
                return
            except Exception as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log_end = (self.folder / "log").read_text(errors="replace")[-500:]
                    raise PostgresMissingError(f"PostgreSQL did not start: {log_end}") from error
                time.sleep(0.1)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: "fast" rolls back what is open, "immediate" is a crash."""
        if self.process is not None:
            subprocess.run([_find("pg_ctl"), "stop", "-m", mode, "-D", str(self.folder / "data")], capture_output=True, check=False, cwd="/", **_owner())  # fmt: skip
            self.process.wait(timeout=START_SECONDS)
            self.process = None

    def _make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        for path in (self.folder, secret):
            self.give(path)
        options = [f"--username={USER}", "--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(
            [_find("initdb"), "-D", str(self.folder / "data"), *options], capture_output=True, text=True, check=False, cwd=self.folder, **_owner()
        )  # fmt: skip
        if done.returncode:
            raise PostgresMissingError(f"initdb failed: {done.stderr.strip()}")


@contextmanager
def temporary_cluster(settings: tuple[str, ...] = QUICK) -> Iterator[Cluster]:
    """Yield a running server, which is stopped and removed at the end; raise a PostgresMissingError where there can be none."""
    folder = Path(tempfile.mkdtemp(prefix="recscope-postgres-"))
    cluster = None
    try:
        cluster = Cluster(folder, settings)
        yield cluster
    finally:
        if cluster is not None:
            cluster.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _find(program: str) -> str:
    """Return the path of a program of PostgreSQL; Debian has them outside the PATH."""
    found = shutil.which(program) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)), None)
    if found is None:
        raise PostgresMissingError(f"{program} was not found; install PostgreSQL")
    return found


def _account() -> pwd.struct_passwd:
    """Return the account that runs the server for root, which PostgreSQL refuses."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresMissingError("PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody'")


def _owner() -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    return {"user": _account().pw_uid, "group": _account().pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
