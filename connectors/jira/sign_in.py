"""Atlassian's OAuth 2.0 (3LO).

https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import httpx

from connectors.errors import Rejected
from connectors.jira import failures
from connectors.jira.settings import JiraSettings
from connectors.limiting import Limits
from connectors.line import CONNECT_SECONDS, READ_SECONDS, Line, headers_out
from connectors.oauth import Grant, SignIn
from connectors.retrying import retrying
from connectors.signing_in import OAuthApp

SCOPES = "read:jira-user read:jira-work write:jira-work manage:jira-webhook offline_access"
"""The classic scopes that our calls need; `offline_access` gives a refresh token."""
_LIMITS = Limits(reads_in_flight=1, writes_in_flight=1)


def sign_in(settings: JiraSettings) -> SignIn | None:
    """None where an API token or a personal access token is used."""
    if settings.auth != "oauth":
        return None
    return AtlassianApp(settings)


class AtlassianApp(OAuthApp):
    """Also finds out under which id the site is called with the tokens."""

    def __init__(self, settings: JiraSettings) -> None:
        super().__init__(
            "jira",
            settings,
            authorize_url=f"{settings.auth_url}/authorize",
            token_url=f"{settings.auth_url}/oauth/token",
            asks={"audience": "api.atlassian.com", "scope": SCOPES, "prompt": "consent"},
            pkce=False,
            as_json=True,
        )
        self._wanted = settings.url
        self._sites_url = f"{settings.api_url}/oauth/token/accessible-resources"
        self._sites_line = Line("jira", settings.api_url, _LIMITS, failures.translate)

    def exchange(self, code: str, verifier: str) -> Grant:
        grant = super().exchange(code, verifier)
        # The code is used up: a passing failure must not cost a person another sign-in.
        return replace(grant, site=self._id_of(retrying()(self._sites, grant.access)))

    def _sites(self, access: str) -> dict[str, str]:
        """Address and id of each site that the tokens open.

        https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#3-1-get-the-cloudid-for-your-site
        """

        def ask() -> dict[str, str]:
            response = self._get(access)
            if not response.is_success:
                raise failures.from_answer(response.status_code, response.text, response.headers)
            return {site["url"]: site["id"] for site in response.json()}

        return self._sites_line.call("GET", ask)

    def _get(self, access: str) -> httpx.Response:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {access}", **headers_out()}
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        with (
            httpx.Client(timeout=timeout, trust_env=False) as http,
            self._sites_line.observe("GET", self._sites_url) as seen,
        ):
            response = http.get(self._sites_url, headers=headers)
            seen.status, seen.headers = response.status_code, response.headers
        return response

    def _id_of(self, sites: Mapping[str, str]) -> str:
        """Of the site that the settings name; a person may have agreed for another one."""
        for url, cloud in sites.items():
            if _host(url) == _host(self._wanted):
                return cloud
        told = f"the sign-in opened {', '.join(sorted(sites)) or 'no site'} to us, and not {self._wanted}"
        raise Rejected(f"{told}. Sign in again and choose that site, or correct `url`")


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()
