"""A port is a process's own from before its agents start, and nobody is let in before they have."""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from tasksys.cli import ports
from tasksys.cli.failures import Failure
from tests.support.ports import HOST, free_ports
from tests.support.serving import COMMAND, Serving, environment
from tests.tasksys.cli.test_serve import refused

PATIENCE = 60.0

STARTS = 300
"""Of two at the same moment; one in a hundred was not told from the other."""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a port may be without answer until it listens")


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


@on_linux
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


@on_linux
def test_who_shares_a_port_keeps_others_out() -> None:
    """Those that share it can listen there, several of them, and none has to wait for another."""
    (port,) = free_ports(1)
    with ports.kept(HOST, port, "--port"):
        assert turned_away(port)
        assert [fault(made, port) for made in (socket.socket, reused)] == [errno.EADDRINUSE] * 2
        with pytest.raises(Failure, match=f"port {port} on {HOST} is in use"), ports.kept(HOST, port, "--port"):
            pass
        with (
            ports.held(HOST, port, "--port", shared=True) as one,
            ports.held(HOST, port, "--port", shared=True) as other,
        ):
            assert turned_away(port)
            for each in (one, other):
                ports.listen(each)
            assert not turned_away(port)
            with ports.held(HOST, port, "--port", shared=True):  # one that is started again takes nothing away
                assert not any(turned_away(port) for _ in range(50))
        assert turned_away(port)


def test_of_two_at_the_same_moment_one_gets_it() -> None:
    """Neither both nor none."""
    both = Barrier(2, timeout=PATIENCE)
    (port,) = free_ports(1)

    def holds(_: int) -> bool:
        both.wait()
        try:
            with ports.held(HOST, port, "--port"):
                both.wait()
                return True
        except Failure:
            both.wait()
            return False

    with ThreadPoolExecutor(2) as pool:
        assert [sum(pool.map(holds, range(2))) for _ in range(STARTS)] == [1] * STARTS


def test_elsewhere_a_shared_port_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that does not listen might be given who connects; that somebody else has it is found out."""
    monkeypatch.setattr(ports, "ON_LINUX", False)
    (port,) = free_ports(1)
    with ports.kept(HOST, port, "--port"):
        assert fault(socket.socket, port) == 0
    with (
        socket.create_server((HOST, port)),
        pytest.raises(Failure, match=f"port {port} on {HOST} is in use"),
        ports.kept(HOST, port, "--port"),
    ):
        pass


def test_an_address_that_is_not_here_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As localhost's other one, where this machine has no IPv6: also of a shared port."""
    (port,) = free_ports(1)
    here, elsewhere = (socket.getaddrinfo(host, port, type=socket.SOCK_STREAM) for host in (HOST, "192.0.2.1"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [*elsewhere, *here])
    with ports.kept("localhost", port, "--port"), ports.held("localhost", port, "--port", shared=True) as sockets:
        assert [one.getsockname() for one in sockets] == [(HOST, port)]


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


@on_linux
@pytest.mark.parametrize("workers", [1, 2])
def test_a_start_holds_its_port(tmp_path: Path, workers: int) -> None:
    """While its brokers are waited for, before it has joined anything; another one is refused at once."""
    with socket.create_server((HOST, 0)) as silent:
        named = ",".join([f"{HOST}:{silent.getsockname()[1]}"] * 6)  # each is waited for 10 s
        broker = ("--broker", f"kafka://{named}")
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


@on_linux
def test_a_worker_takes_the_port_that_it_shares_before_it_starts(tmp_path: Path) -> None:
    """It is refused while its brokers are still silent, not when it has joined a cluster."""
    with socket.create_server((HOST, 0)) as silent, socket.create_server((HOST, 0)) as others:
        own, metrics = free_ports(2)
        shared = others.getsockname()[1]
        options = (
            "--data-dir", str(tmp_path), "--port", str(own), "--shared-port", str(shared),
            "--metrics-port", str(metrics), "--broker", f"kafka://{HOST}:{silent.getsockname()[1]}",
        )  # fmt: skip
        command = (*COMMAND, "serve", *options)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as worker:
            assert worker.stderr is not None
            said = " ".join(worker.stderr.read().decode().split())  # its standard input is open: it is not left alone
        assert (worker.returncode, f"port {shared} on {HOST} is in use" in said) == (1, True), said
        assert "Waiting for Kafka" not in said
