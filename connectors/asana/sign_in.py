"""Asana's OAuth.

https://developers.asana.com/docs/oauth
"""

from __future__ import annotations

from connectors.asana.settings import AsanaSettings
from connectors.oauth import SignIn
from connectors.signing_in import OAuthApp


def sign_in(settings: AsanaSettings) -> SignIn | None:
    """None where a token is given."""
    if settings.token is not None:
        return None
    return OAuthApp(
        "asana",
        settings,
        authorize_url=f"{settings.auth_url}/oauth_authorize",
        token_url=f"{settings.auth_url}/oauth_token",
        asks={"scope": "default"},
        pkce=True,
        as_json=False,
        always_redirect=True,
    )
