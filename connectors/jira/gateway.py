"""Where OAuth apps call a Jira site: not at its own address, but at Atlassian's, under the id of its cloud."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import httpx
import requests

from connectors.jira.failures import unscoped
from connectors.oauth import TokenSource


@dataclass(frozen=True, slots=True)
class Gateway:
    """https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#3--make-calls-to-the-api-using-the-access-token"""

    site: str
    """The site's own address."""
    api: str
    tokens: TokenSource

    def address(self, url: str) -> str:
        """Where `url` of the site is called. `SignedOut` where nobody is signed in."""
        return f"{self.api}/ex/jira/{self.tokens.site()}{url.removeprefix(self.site)}"


def token_is_over(response: httpx.Response | requests.Response) -> bool:
    """Whether another token may be taken: a scope that the app lacks is refused with the same status."""
    return response.status_code == HTTPStatus.UNAUTHORIZED and not unscoped(response.text)
