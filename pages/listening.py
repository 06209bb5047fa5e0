"""The socket that the app listens on."""

import socket

from recsys.core.errors import DataError
from recsys.core.translation import _

FIRST_PORT, TRIED_PORTS = 8501, 100


def listen(host: str, port: int | None) -> socket.socket:
    """Listen on a port of a host; without a port on the first free one from 8501."""
    reason = ""
    for each in range(FIRST_PORT, FIRST_PORT + TRIED_PORTS) if port is None else [port]:
        try:
            return socket.create_server((host, each), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            reason = str(error.strerror).partition(" (while")[0]
    raise DataError(_("cannot listen on port {port} of {host}: {reason}; give another port", port=str(each), host=host, reason=reason))


def address_for_browsers(host: str, port: int) -> str:
    """Return the address of the app, without a slash at the end, at which a browser on this machine finds it."""
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::', '') else host}:{port}"
