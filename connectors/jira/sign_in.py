"""Atlassian's OAuth 2.0 (3LO).

https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
"""

from __future__ import annotations

from connectors.jira.settings import JiraSettings
from connectors.oauth import SignIn
from connectors.signing_in import OAuthApp

SCOPES = "read:jira-user read:jira-work write:jira-work offline_access"
"""The classic scopes that our calls need; `offline_access` gives a refresh token."""


def sign_in(settings: JiraSettings) -> SignIn | None:
    """None where an API token or a personal access token is used."""
    if settings.auth != "oauth":
        return None
    return OAuthApp(
        "jira",
        settings,
        authorize_url=f"{settings.auth_url}/authorize",
        token_url=f"{settings.auth_url}/oauth/token",
        asks={"audience": "api.atlassian.com", "scope": SCOPES, "prompt": "consent"},
        pkce=False,
        as_json=True,
    )
