"""Secrets are unreadable at rest, and keys can be changed."""

from __future__ import annotations

import pytest

from service.store.secrets import SecretError, Vault, new_key


def test_a_sealed_secret_opens_again_and_hides_its_content() -> None:
    """Sealing hides the secret, differs each time, and opening gives it back."""
    vault = Vault([new_key()])
    sealed = vault.seal("hook-sécret")
    assert "hook" not in sealed
    assert sealed != vault.seal("hook-sécret")
    assert vault.open(sealed) == "hook-sécret"


def test_an_old_key_still_opens_behind_a_new_one() -> None:
    """With a new key in front, old secrets open, and new ones are sealed with it."""
    old, new = new_key(), new_key()
    sealed = Vault([old]).seal("s")
    rotating = Vault([new, old])
    assert rotating.open(sealed) == "s"
    assert Vault([new]).open(rotating.seal("t")) == "t"


def test_a_wrong_key_or_a_changed_secret_is_refused() -> None:
    """Without the right key, or after tampering, the error says what to do."""
    vault = Vault([new_key()])
    sealed = vault.seal("s")
    with pytest.raises(SecretError, match="put back the key"):
        Vault([new_key()]).open(sealed)
    with pytest.raises(SecretError, match="put back the key"):
        vault.open(sealed[:-4] + "AAA=")


def test_a_missing_or_malformed_key_is_named_without_being_shown() -> None:
    """No key, or text that is no key, is refused with its place in the list, never with its text."""
    with pytest.raises(SecretError, match="No secret key is set"):
        Vault([])
    for wrong in ("hunter2", "ключ", "A" * 43):
        with pytest.raises(SecretError, match="number 2") as failure:
            Vault([new_key(), wrong])
        assert wrong not in str(failure.value)
