"""Ports that a process listens on: taken before anything is started, and why one cannot be had."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tasksys.cli.failures import Failure

BACKLOG: Final = 1024
"""Connections that may wait to be accepted."""

NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

Sockets = list[socket.socket]
Address = tuple[Any, Any, int, str, Any]
"""As `socket.getaddrinfo` tells them."""


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


@contextmanager
def held(host: str, port: int, option: str, shared: bool = False) -> Iterator[Sockets]:
    """Sockets of a port that is this process's from now on, though it does not listen yet: who connects is refused.

    On a `shared` one other processes of this user may listen that share it. Raises Failure.
    """
    found = Sockets()
    try:
        with port_errors(host, port, option):
            for address in dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)):
                try:
                    found.append(_taken(address, shared))
                except OSError as error:  # as localhost, where this machine has no IPv6
                    missing = error
                    if error.errno not in NOT_HERE:
                        raise
            if not found:
                raise missing
        yield found
    finally:
        for one in found:
            one.close()


def listen(sockets: Sockets) -> None:
    """Listens on them."""
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.listen(BACKLOG)


def _taken(address: Address, shared: bool) -> socket.socket:
    """A socket that has the address.

    What is left of connections, for a minute after a stop, must not keep it from that: SO_REUSEADDR. That would let
    others have it too as long as nobody listens, so it is off again until this one does; whoever listens first finds
    it in use, which is why it is asked for by listening, too.
    """
    with _bound(address, False) as probe:
        probe.listen(1)
    one = _bound(address, shared)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return one


def _bound(address: Address, shared: bool) -> socket.socket:
    family, kind, protocol, _, place = address
    one = socket.socket(family, kind, protocol)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # the other one has a socket of its own
        one.bind(place)
    except OSError:
        one.close()
        raise
    return one
