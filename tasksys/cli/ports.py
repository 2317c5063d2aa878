"""Ports that a process listens on, and why one cannot be had."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tasksys.cli.failures import Failure


@contextmanager
def port_errors(host: str, port: int, option: str) -> Iterator[None]:
    """Why a port cannot be had, as a Failure of one sentence; the option is what it was given by."""
    try:
        yield
    except socket.gaierror as error:
        raise Failure(f"The host {host} is not known ({error.strerror}); give an address of this machine.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"port {port} on {host} is in use, perhaps by another tasksys; stop that, or choose another {option}"
        elif error.errno == errno.EACCES:
            why = f"port {port} is not allowed to this user; choose one from 1024 up with {option}"
        elif error.errno == errno.EADDRNOTAVAIL:
            why = f"{host} is not an address of this machine; choose another one"
        else:
            raise
        raise Failure(f"Cannot listen: {why}.") from error


def must_be_free(host: str, port: int, option: str) -> None:
    """Raises Failure before anything is started, rather than after the tables are recovered."""
    with port_errors(host, port, option):
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
