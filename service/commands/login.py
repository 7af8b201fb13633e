"""`tminus login`: sign in to a tracker with OAuth."""

from __future__ import annotations

import hmac
import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, urlsplit

import typer

from service.commands.operate import ConfigOption, installation
from service.commands.terminal import Refused

if TYPE_CHECKING:
    from service.runtime import Runtime
    from service.tokens import StoredTokens

LOOPBACK = ("localhost", "127.0.0.1")


def login(
    connection: Annotated[str, typer.Argument(help="The connection, one that signs in with OAuth.")],
    paste: Annotated[
        bool, typer.Option("--paste", help="Ask for the address at which the browser ends, instead of listening.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Sign in to a tracker with OAuth: open the address that is printed, and agree."""
    with installation(config) as runtime:
        tokens = _tokens(runtime, connection)
        sign_in = tokens.sign_in
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        if paste or urlsplit(sign_in.redirect_url).hostname not in LOOPBACK:
            typer.echo(f"Open this address, and agree:\n    {sign_in.address(state, verifier)}")
            answer = typer.prompt("Paste the whole address at which the browser ended")
            code = _code(answer, state)
        else:
            with _Listener(sign_in.redirect_url, state) as listener:
                typer.echo(f"Open this address, and agree:\n    {sign_in.address(state, verifier)}")
                code = listener.wait()
        tokens.keep(sign_in.exchange(code, verifier))
        typer.echo(f"{connection}: signed in as {runtime.trackers[connection].whoami().name}")
        typer.echo("What was parked meanwhile runs again with `tminus replay --all`")


def _tokens(runtime: Runtime, connection: str) -> StoredTokens:
    from service.config_checks import did_you_mean

    if connection not in runtime.settings.connections:
        raise Refused(f"there is no connection `{connection}`", did_you_mean(connection, runtime.settings.connections))
    if connection not in runtime.tokens:
        raise Refused(
            f"`{connection}` has its token in the settings, so nobody needs to sign in",
            "docs/how-to/sign-in-with-oauth.md tells which settings make it sign in with OAuth",
        )
    return runtime.tokens[connection]


def _code(address: str, state: str) -> str:
    """The code in the address to which the vendor sent the browser; refused where it answers another question."""
    told = {name: values[0] for name, values in parse_qs(urlsplit(address.strip()).query).items()}
    if not hmac.compare_digest(told.get("state", "").encode(), state.encode()):
        raise Refused("this answer does not belong to this sign-in", "begin again with `tminus login`")
    if "error" in told or "code" not in told:
        raise Refused(f"the tracker did not let us in: {told.get('error', 'it gave no code')}", "begin again and agree")
    return told["code"]


class _Listener:
    """Waits at the redirect address for the browser to come back."""

    def __init__(self, redirect_url: str, state: str) -> None:
        parts = urlsplit(redirect_url)
        listener, path = self, parts.path or "/"
        self._answer: str | Refused | None = None

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if urlsplit(self.path).path != path:
                    self.send_error(404)
                    return
                try:
                    listener._answer = _code(self.path, state)
                    told = "Signed in: you can close this page."
                except Refused as error:
                    # Anybody can call here: only an answer to our own question ends the waiting.
                    told = str(error)
                    if "does not belong" not in told:
                        listener._answer = error
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.end_headers()
                self.wfile.write(told.encode())

            def log_message(self, *_: object) -> None:
                """Its line would hold the code."""

        try:
            self._server = HTTPServer(("127.0.0.1", parts.port or 80), Handler)
        except OSError as error:
            why = str(error.strerror)
            raise Refused(f"nothing can listen at {redirect_url}: {why}", "end what does, or use --paste") from None

    def __enter__(self) -> _Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def wait(self) -> str:
        """The code."""
        while self._answer is None:
            self._server.handle_request()
        if isinstance(self._answer, Refused):
            raise self._answer
        return self._answer
