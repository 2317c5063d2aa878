"""A port is a process's own from before its agents start, and nobody is let in before they have."""

from __future__ import annotations

import errno
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tasksys.cli import ports
from tasksys.cli.failures import Failure
from tests.support.ports import HOST, free_ports
from tests.support.serving import Serving
from tests.tasksys.cli.test_serve import refused

PATIENCE = 60.0


def reused() -> socket.socket:
    """A socket of anybody who starts a server."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return one


def sharing() -> socket.socket:
    """A socket of a process that shares its port."""
    one = reused()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return one


def fault(made: Callable[[], socket.socket], port: int) -> int:
    """Why it cannot listen there; 0 if it can."""
    with made() as one:
        try:
            one.bind((HOST, port))
            one.listen()
        except OSError as error:
            return error.errno or -1
    return 0


def turned_away(port: int) -> bool:
    """Whether who connects is turned away at once."""
    try:
        with socket.create_connection((HOST, port), timeout=PATIENCE):
            return False
    except ConnectionRefusedError:
        return True


def test_who_holds_a_port_gets_it() -> None:
    """Nobody else can listen there, nor hold it, and who connects is refused; then it listens, and is free after."""
    (port,) = free_ports(1)
    with ports.held(HOST, port, "--port") as sockets:
        assert [fault(made, port) for made in (socket.socket, reused, sharing)] == [errno.EADDRINUSE] * 3
        with pytest.raises(Failure, match=f"port {port} on {HOST} is in use"), ports.held(HOST, port, "--port"):
            pass
        assert turned_away(port)
        ports.listen(sockets)
        assert not turned_away(port)
    assert turned_away(port)
    assert fault(reused, port) == 0


def test_who_shares_a_port_keeps_others_out() -> None:
    """Those that share it can listen there, several of them, and none has to wait for another."""
    (port,) = free_ports(1)
    with ports.held(HOST, port, "--port", shared=True):
        assert turned_away(port)
        assert [fault(made, port) for made in (socket.socket, reused)] == [errno.EADDRINUSE] * 2
        with sharing() as one, sharing() as other:
            for each in (one, other):
                each.bind((HOST, port))
                each.listen()
            assert not turned_away(port)


@pytest.mark.parametrize("shared", [False, True])
def test_what_is_left_of_connections_is_no_hindrance(shared: bool) -> None:
    """The system keeps those that a server has ended for a minute after its end."""
    (port,) = free_ports(1)
    with closing(reused()) as before:
        before.bind((HOST, port))
        before.listen()
        with socket.create_connection((HOST, port)) as client:
            before.accept()[0].close()
            assert client.recv(1) == b""
    with ports.held(HOST, port, "--port", shared) as sockets:
        ports.listen(sockets)
        assert not turned_away(port)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_start_holds_its_port(tmp_path: Path, workers: int) -> None:
    """While its brokers are waited for, before it has joined anything; another one is refused at once."""
    with socket.create_server((HOST, 0)) as silent:
        broker = ("--broker", f"kafka://{HOST}:{silent.getsockname()[1]}")
        starting = Serving(tmp_path / "first", *broker, *(("--workers", "2") if workers == 2 else ()))
        starting.spawn()
        try:
            give_up = time.monotonic() + PATIENCE
            while "Waiting for Kafka" not in starting.output():
                assert time.monotonic() < give_up, starting.output()
                time.sleep(0.02)
            assert fault(reused, starting.port) == errno.EADDRINUSE
            assert turned_away(starting.port)
            (metrics,) = free_ports(1)
            options = ("--port", str(starting.port), "--metrics-port", str(metrics), *broker)
            code, said = refused("--data-dir", str(tmp_path / "other"), *options)
            assert (code, f"port {starting.port} on {HOST} is in use" in said) == (1, True), said
            starting.signal(signal.SIGTERM)
            assert starting.wait() == 0
        finally:
            starting.kill()
