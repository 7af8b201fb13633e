"""`tminus new-key`: a key for the secrets at rest."""

from __future__ import annotations

import typer


def new_key() -> None:
    """Print a fresh key for TMINUS_SECRET_KEY."""
    from cryptography.fernet import Fernet

    typer.echo(Fernet.generate_key().decode())
