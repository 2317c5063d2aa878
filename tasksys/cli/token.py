"""`tasksys token`: a token for a user, where tokens are signed with a shared secret."""

from datetime import UTC, datetime, timedelta

import click
import jwt
import msgspec

from tasksys.cli import output
from tasksys.cli.failures import Failure
from tasksys.cli.options import option
from tasksys.settings import SECRET_BYTES
from tasksys.values import User


@click.command()
@click.argument("user")
@option(
    "--jwt-secret", envvar="TASKSYS_JWT_SECRET", required=True, metavar="SECRET", show_default=False,
    help="The secret that the server was started with.",
)  # fmt: skip
@option("--hours", type=click.IntRange(1, 24 * 366), default=24, metavar="N", help="How long the token is good for.")
@option("--jwt-issuer", envvar="TASKSYS_JWT_ISSUER", default="", metavar="ISSUER", show_default=False,
        help="The `iss` that the server asks for.")  # fmt: skip
@option("--jwt-audience", envvar="TASKSYS_JWT_AUDIENCE", default="", metavar="NAME", show_default=False,
        help="The `aud` that the server asks for.")  # fmt: skip
def token(user: str, jwt_secret: str, hours: int, jwt_issuer: str, jwt_audience: str) -> None:
    """Make a token for USER, signed with the server's shared secret.

    For trying out and for small installations; with more users, let an identity provider issue tokens (--jwt-jwks-url).
    """
    try:
        msgspec.convert(user, User)
    except msgspec.ValidationError as error:
        raise Failure(f"{user!r} is no user's id; use letters, digits and . _ @ + : | - only.") from error
    if len(jwt_secret.encode()) < SECRET_BYTES:
        raise Failure(f"The secret needs at least {SECRET_BYTES} bytes; make one with `openssl rand -hex 32`.")
    now = datetime.now(UTC)
    claims: dict[str, object] = {"sub": user, "iat": now, "exp": now + timedelta(hours=hours)}
    if jwt_issuer:
        claims["iss"] = jwt_issuer
    if jwt_audience:
        claims["aud"] = jwt_audience
    output.plain(jwt.encode(claims, jwt_secret, algorithm="HS256"))


COMMANDS = (token,)
