"""Ports that a process listens on: taken before anything is started, and why one cannot be had."""

import errno
import random
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tasksys.cli.failures import Failure

NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

ON_LINUX: Final = sys.platform == "linux"
"""Where who connects to a socket that is bound, and does not listen, is refused, and others that listen get theirs.

On macOS such a socket may be the one that is found, and who connects hears nothing.
"""

TRIES: Final = 5
PAUSE_SECONDS: Final = (0.001, 0.01)
"""Between two of them: of those that listen at the same moment each may find the other there."""

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
    """Sockets of a port that is this process's from now on, though it does not listen yet.

    Until it does, who connects is refused, on Linux; elsewhere that may hear nothing. On a `shared` one other
    processes of this user may listen that share it, see `kept`. Raises Failure.
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


@contextmanager
def kept(host: str, port: int, option: str) -> Iterator[None]:
    """A port that nobody has yet, for processes of this user to share, and no others. Raises Failure.

    Only on Linux is it kept; elsewhere it was free at the beginning.
    """
    with held(host, port, option) as sockets:
        if ON_LINUX:
            for one in sockets:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            yield
            return
    yield


def listen(sockets: Sockets) -> None:
    """Listens on them; the server that is given them does so again, with its own bound on who waits."""
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.listen()


def _taken(address: Address, shared: bool) -> socket.socket:
    """A socket that has the address.

    What is left of connections, for a minute after a stop, must not keep it from that: SO_REUSEADDR. That would let
    others have it too as long as nobody listens, so it is off again until this one does. Who does not share it has
    listened for a moment before: of several only one can, and others that are bound cannot any more.
    """
    left = TRIES
    while True:
        try:
            return _claimed(address, shared)
        except OSError as error:
            left -= 1
            if error.errno != errno.EADDRINUSE or not left:
                raise
        time.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311  (only to part them)


def _claimed(address: Address, shared: bool) -> socket.socket:
    one = _bound(address, shared)
    alone = ON_LINUX and not shared  # elsewhere only one can be bound
    try:
        if alone:
            one.listen(1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        if alone:
            one.shutdown(socket.SHUT_RDWR)  # it does not listen any more, and stays bound
    except OSError:
        one.close()
        raise
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
