"""`tasksys token` makes what `--auth jwt` accepts."""

import jwt
from click.testing import CliRunner

from tasksys.cli.main import cli

SECRET = "a secret that is long enough for signing tokens"


def test_a_token_names_its_user_and_expires() -> None:
    """The token is signed with the secret, and good for the hours asked for."""
    result = CliRunner().invoke(cli, ["token", "anna", "--hours", "2", "--jwt-secret", SECRET])
    assert result.exit_code == 0, result.output
    claims = jwt.decode(result.output.strip(), SECRET, algorithms=["HS256"])
    assert claims["sub"] == "anna"
    assert claims["exp"] - claims["iat"] == 2 * 3600


def test_issuer_and_audience_are_in_the_token() -> None:
    """What the server asks for can be put in."""
    arguments = ["token", "anna", "--jwt-secret", SECRET, "--jwt-issuer", "us", "--jwt-audience", "tasks"]
    claims = jwt.decode(
        CliRunner().invoke(cli, arguments).output.strip(), SECRET, algorithms=["HS256"], audience="tasks", issuer="us"
    )
    assert claims["aud"] == "tasks"


def test_a_short_secret_is_refused() -> None:
    """A secret that the server would refuse is refused here too, with what to do."""
    result = CliRunner().invoke(cli, ["token", "anna", "--jwt-secret", "short"])
    assert result.exit_code == 1
    assert "openssl rand" in result.output


def test_a_strange_user_is_refused() -> None:
    """A name that no token may carry is refused."""
    result = CliRunner().invoke(cli, ["token", "an na", "--jwt-secret", SECRET])
    assert result.exit_code == 1
