"""`tminus new-key` and `tminus rotate-keys`: the keys of the secrets at rest."""

from __future__ import annotations

import typer

from service.commands.operate import ConfigOption, installation


def new_key() -> None:
    """Print a fresh key for TMINUS_SECRET_KEY."""
    from cryptography.fernet import Fernet

    typer.echo(Fernet.generate_key().decode())


def rotate_keys(config: ConfigOption = None) -> None:
    """Encrypt every stored secret with the first key of TMINUS_SECRET_KEY, so that the others can go."""
    from service.store import credentials
    from service.store.engine import transaction

    with installation(config) as runtime:
        with transaction(runtime.engine) as session:
            count = credentials.seal_again(session, runtime.vault)
        typer.echo(f"{count} secrets are encrypted with the first key; the other keys are not needed any more")
