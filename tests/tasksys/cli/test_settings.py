"""The settings of a server: what follows from what was given, and what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasksys.settings import Auth, AuthMode, Settings, SettingsUnfit, is_loopback

DATA = Path("/data")
SECRET = "s" * 32
JWT = Auth(AuthMode.JWT, jwt_secret=SECRET)


def test_without_options_everything_is_in_the_data_directory() -> None:
    """An embedded log beside the tables, and addresses of this machine."""
    settings = Settings(DATA)
    assert settings.broker_url == "embedded:///data/log"
    assert settings.tables == DATA / "tables"
    assert settings.topic_partitions == 4
    assert settings.url == settings.local_url == "http://127.0.0.1:3001"
    assert settings.metrics_url == "http://127.0.0.1:3101/metrics"


def test_what_is_given_wins() -> None:
    """Kafka has more partitions unless a number was given; a public address is how others reach it."""
    settings = Settings(DATA, broker="kafka://k:9092", public_url="https://tasks.example.org/")
    assert settings.broker_url == "kafka://k:9092"
    assert settings.topic_partitions == 12
    assert settings.url == "https://tasks.example.org"
    assert Settings(DATA, broker="kafka://k:9092", partitions=3).topic_partitions == 3


def test_an_address_of_version_six_is_bracketed() -> None:
    """So that it stands in a URL."""
    assert Settings(DATA, host="::1").local_url == "http://[::1]:3001"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("192.168.1.5", False), ("example.org", False), ("127.0.0.1.example.org", False)],
)  # fmt: skip
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    """Names that merely look like it do not count."""
    assert is_loopback(host) is loopback
    if loopback:
        Settings(DATA, host=host)
    else:
        with pytest.raises(SettingsUnfit, match="--auth jwt"):
            Settings(DATA, host=host)
    Settings(DATA, host=host, auth=JWT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 3101},
        {"public_url": "tasks.example.org"},
        {"public_url": "ftp://tasks.example.org"},
        {"public_url": "http://"},
        {"public_url": "http://x:99999"},
        {"public_url": "http://[x"},
    ],
    ids=str,
)
def test_settings_that_contradict_are_refused(wrong: dict[str, Any]) -> None:
    """Two servers on one port, or an address that is none."""
    with pytest.raises(SettingsUnfit):
        Settings(DATA, **wrong)


KEYS: dict[str, Any] = {
    "jwt_jwks_url": "https://id.example/keys",
    "jwt_issuer": "https://id.example",
    "jwt_audience": "tasksys",
}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "give one of the two"),
        ({"jwt_secret": SECRET, **KEYS}, "give one of the two"),
        ({"jwt_secret": "short"}, "--jwt-secret needs at least 32 bytes"),
        ({"jwt_secret": SECRET, "jwt_algorithms": ("RS256",)}, "--jwt-algorithms RS256 do not go"),
        ({"jwt_secret": SECRET, "jwt_algorithms": ("none",)}, "--jwt-algorithms none do not go"),
        ({**KEYS, "jwt_algorithms": ("HS256",)}, "--jwt-algorithms HS256 do not go"),
        ({**KEYS, "jwt_jwks_url": "file:///etc/passwd"}, "https://"),
        ({**KEYS, "jwt_jwks_url": "id.example/keys"}, "https://"),
        ({**KEYS, "jwt_issuer": ""}, "needs --jwt-issuer and --jwt-audience"),
        ({**KEYS, "jwt_audience": ""}, "needs --jwt-issuer and --jwt-audience"),
        ({"mode": AuthMode.NONE, "jwt_secret": SECRET}, "--jwt-secret would have no effect"),
        ({"mode": AuthMode.NONE, "admins": ("olga",)}, "--admins would have no effect"),
    ],
    ids=str,
)
def test_authentication_is_whole_or_not_at_all(wrong: dict[str, Any], says: str) -> None:
    """A half of it would look safe and not be: refused before anything is served, with what to give instead."""
    with pytest.raises(SettingsUnfit, match=says):
        Auth(**{"mode": AuthMode.JWT, **wrong})


def test_keys_of_an_issuer_need_no_secret() -> None:
    """Of any kind that goes with keys."""
    assert Auth(AuthMode.JWT, **KEYS, jwt_algorithms=("EdDSA", "ES256")).jwt_secret == ""


def test_metrics_are_where_the_api_is_unless_said_otherwise() -> None:
    """What asks nobody for a token need not be reachable by everybody."""
    assert Settings(DATA, host="0.0.0.0", auth=JWT).metrics_url == "http://0.0.0.0:3101/metrics"
    assert Settings(DATA, host="0.0.0.0", metrics_host="127.0.0.1", auth=JWT).metrics_url.startswith("http://127.0.0.1")


def test_a_secret_is_not_shown() -> None:
    """It does not get into a log by way of the settings."""
    assert "sss" not in repr(Settings(DATA, auth=JWT))
