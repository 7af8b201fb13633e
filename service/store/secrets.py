"""Secrets at rest: encrypted before they reach the database, with keys that can be changed without downtime."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SecretError(Exception):
    """A secret cannot be sealed or opened; the message says which key to set. It never holds a secret."""


def new_key() -> str:
    """A key for `Vault`: 32 random bytes as url-safe text."""
    return Fernet.generate_key().decode()


class Vault:
    """Seals with the first key and opens with any of them, so a new key is put in front and the old one kept behind.

    https://cryptography.io/en/latest/fernet/
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise SecretError("No secret key is set: hook secrets are never stored in the clear.")
        self._fernet = MultiFernet([_fernet(key, place) for place, key in enumerate(keys, 1)])

    def seal(self, secret: str) -> str:
        """Encrypt; the same secret looks different every time."""
        return self._fernet.encrypt(secret.encode()).decode()

    def seal_again(self, sealed: str) -> str:
        """The same secret under the first key; raises `SecretError` as `open` does."""
        return self.seal(self.open(sealed))

    def open(self, sealed: str) -> str:
        """Decrypt; raises `SecretError` when none of the keys sealed it or it was tampered with."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SecretError(
                "A stored secret does not open with any of the secret keys; put back the key that sealed it."
            ) from None


def _fernet(key: str, place: int) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:  # its message would quote parts of the key
        raise SecretError(f"Secret key number {place} is not a key: it must be 32 bytes as url-safe base64.") from None
