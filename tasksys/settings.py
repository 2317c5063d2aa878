"""The settings of `tasksys serve`, checked. Read from options and the environment by the command line only."""

import ipaddress
import socket
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tasksys.keyring import KEY_CHARACTERS, several

PARTITIONS_EMBEDDED: Final = 4
PARTITIONS_KAFKA: Final = 12
PARTITIONS_SHOWN: Final = f"{PARTITIONS_KAFKA} on Kafka, {PARTITIONS_EMBEDDED} embedded"

TRACE_SAMPLE: Final = 0.01
"""The share of traces that is recorded: at a hundred commands a second one in each."""

EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104  (compared with)
"""Hosts that stand for every address of a machine, and so are none at which others reach it."""

SECRET_BYTES: Final = 32
"""A shared secret has no fewer: as many as its hash."""

ALGORITHMS_SHARED: Final = frozenset({"HS256", "HS384", "HS512"})
ALGORITHMS_KEYS: Final = frozenset({"RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"})


class SettingsUnfit(ValueError):
    """The settings cannot be served with; the message names the option and what to give instead."""


class AuthMode(StrEnum):
    """How the server knows who asks."""

    NONE = "none"
    JWT = "jwt"


@dataclass(frozen=True)
class Auth:
    """How tokens are verified, and which users may use /admin. Without authentication everybody may.

    By a shared secret or by the keys at a JWKS address. What can be is said here only; never without an algorithm.
    """

    mode: AuthMode = AuthMode.NONE
    jwt_secret: str = field(default="", repr=False)
    jwt_jwks_url: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_algorithms: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = [name for name in self.__dataclass_fields__ if name != "mode" and getattr(self, name)]
        if self.mode is AuthMode.NONE and given:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise SettingsUnfit(f"{options} would have no effect without --auth jwt; add that, or leave them out")
        if self.mode is AuthMode.JWT:
            self._check_keys()

    def _check_keys(self) -> None:
        if bool(self.jwt_secret) == bool(self.jwt_jwks_url):
            raise SettingsUnfit("--auth jwt verifies tokens by --jwt-secret or by --jwt-jwks-url; give one of the two")
        if self.jwt_secret and len(self.jwt_secret.encode()) < SECRET_BYTES:
            raise SettingsUnfit(
                f"--jwt-secret needs at least {SECRET_BYTES} bytes; make one with `openssl rand -hex {SECRET_BYTES}`"
            )
        if self.jwt_jwks_url and not (self.jwt_issuer and self.jwt_audience):
            raise SettingsUnfit(
                "--jwt-jwks-url needs --jwt-issuer and --jwt-audience: its keys sign tokens for other programs too, "
                "which must not be taken here"
            )
        allowed = ALGORITHMS_SHARED if self.jwt_secret else ALGORITHMS_KEYS
        if unfit := set(self.jwt_algorithms) - allowed:
            raise SettingsUnfit(
                f"--jwt-algorithms {', '.join(sorted(unfit))} do not go with the kind of key; allowed: "
                f"{', '.join(sorted(allowed))}"
            )
        if self.jwt_jwks_url and not _is_web_address(self.jwt_jwks_url):
            raise SettingsUnfit(
                f"--jwt-jwks-url {self.jwt_jwks_url!r}: give an address such as https://id.example/keys"
            )


@dataclass(frozen=True)
class Settings:
    """Everything that `tasksys serve` was told. `agents` empty means all; `partitions` None the broker's default."""

    data_dir: Path
    broker: str = ""
    host: str = "127.0.0.1"
    port: int = 3001
    metrics_host: str = ""
    metrics_port: int = 3101
    public_url: str = ""
    advertise_url: str = ""
    member: str = ""
    agents: tuple[str, ...] = ()
    partitions: int | None = None
    replication: int = 1
    standbys: int = 1
    """Other workers that keep a copy of each table, so that they take over at once; on Kafka, as many as there are."""
    auth: Auth = Auth()
    secret_key: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    smtp_from: str = ""
    allow_private_webhooks: bool = False
    drain_seconds: float = 0.0
    """How long a process that was told to stop serves on, not ready any more, so that balancers notice."""
    otlp_endpoint: str = ""
    trace_sample: float = TRACE_SAMPLE
    instance: str = ""
    workers: int = 1
    """Processes of this machine that share one port; each has the next port of its own, and a directory of its own."""
    shared_port: int = 0
    """The port that this process, one of several, shares with the others; 0 if it is alone."""

    def __post_init__(self) -> None:
        try:
            several(self.secret_key)
        except ValueError as error:
            raise SettingsUnfit(f"--secret-key: {error}; `openssl rand -hex {KEY_CHARACTERS}` makes one") from error
        if bool(self.smtp_url) != bool(self.smtp_from):
            raise SettingsUnfit("--smtp-url and --smtp-from go together: the relay, and where mail comes from")
        if self.auth.mode is AuthMode.NONE and not is_loopback(self.host):
            raise SettingsUnfit(
                f"--host {self.host} can be reached from other machines, where --auth none would let anybody act as "
                "anybody; give --auth jwt, or listen on 127.0.0.1 only"
            )
        if self.workers > 1 and not self.broker_url.startswith("kafka:"):
            raise SettingsUnfit("--workers needs --broker kafka://…: an embedded log is one process's")
        if self.workers > 1 and self.advertise_url:
            raise SettingsUnfit("--advertise-url is one worker's address, and --workers makes several; leave it out")
        ports = {self.port + one for one in range(self.workers + 1 if self.workers > 1 else 1)}
        if self.workers > 1 and ports & {self.metrics_port + one for one in range(self.workers)}:
            raise SettingsUnfit(
                f"--port {self.port} and --metrics-port {self.metrics_port} are too near to each other for --workers "
                f"{self.workers}, which have ports of their own after them; set them further apart"
            )
        if self.port == self.metrics_port:
            raise SettingsUnfit(f"--port and --metrics-port are both {self.port}; give them different numbers")
        if self.public_url and not _is_web_address(self.public_url):
            raise SettingsUnfit(f"--public-url {self.public_url!r}: give an address such as https://tasks.example.org")
        if self.advertise_url and not _is_web_address(self.advertise_url):
            raise SettingsUnfit(f"--advertise-url {self.advertise_url!r}: give an address such as http://10.0.0.7:3001")
        if not 0.0 <= self.trace_sample <= 1.0:
            raise SettingsUnfit(f"--trace-sample {self.trace_sample}: give a share from 0 to 1, such as 0.01")

    @property
    def broker_url(self) -> str:
        """Where the log is: what was given, or a directory beside the other data."""
        return self.broker or f"embedded://{self.data_dir / 'log'}"

    @property
    def tables(self) -> Path:
        """This process's own directory for tables."""
        return self.data_dir / "tables"

    @property
    def topic_partitions(self) -> int:
        """Partitions of topics that do not exist yet."""
        return self.partitions or usual_partitions(embedded=not self.broker_url.startswith("kafka:"))

    @property
    def local_url(self) -> str:
        """The address on this machine."""
        return f"http://{bracketed(self.host)}:{self.port}"

    @property
    def worker_url(self) -> str:
        """Where other workers reach this one, and what they know it by: nobody else may have the same.

        Where it listens on every address of the machine, the machine's name is taken: containers know each other by it.
        """
        if not self.advertise_url and self.host in EVERYWHERE:
            return f"http://{socket.gethostname()}:{self.port}"
        return self.advertise_url.rstrip("/") or self.local_url

    @property
    def metrics_url(self) -> str:
        """Where the metrics are, on this machine."""
        return f"http://{bracketed(self.metrics_address)}:{self.metrics_port}/metrics"

    @property
    def metrics_address(self) -> str:
        """The address that metrics are served on: the API's, unless another was given."""
        return self.metrics_host or self.host

    @property
    def url(self) -> str:
        """How users reach this process: its public address, or the local one, that of all workers of this machine."""
        return self.public_url.rstrip("/") or f"http://{bracketed(self.host)}:{self.shared_port or self.port}"


def usual_partitions(embedded: bool) -> int:
    """Partitions of topics that do not exist yet, where nobody says how many."""
    return PARTITIONS_EMBEDDED if embedded else PARTITIONS_KAFKA


def is_loopback(host: str) -> bool:
    """True for a host that only this machine reaches."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def bracketed(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
