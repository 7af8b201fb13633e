"""What a person writes down about one Asana workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, PositiveInt, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from connectors.contract import Status
from connectors.limiting import Limits, Rate
from connectors.signing_in import SignInSettings

CALLS_PER_MINUTE = {"free": 150, "paid": 1_500}
READS_IN_FLIGHT, WRITES_IN_FLIGHT = 50, 15
MINUTE = 61
"""Seconds; one more than sixty, as Asana's minute starts when a call arrives, not when we send it."""


class AsanaSettings(SignInSettings):
    """One connection to Asana; `projects` are the gids of the projects whose tasks are requests."""

    url: str = "https://app.asana.com/api/1.0"
    """Base address of the API: Asana's own, a proxy, or a simulator."""
    oauth: bool = False
    """Whether we speak as an OAuth app: only then does Asana let us keep our mark in the `external` field."""
    token: SecretStr | None = Field(default=None, validate_default=True)
    """A personal access token, a service account's token, or an OAuth access token. Without it, `oauth` says that
    `tminus login` gets one."""
    auth_url: str = "https://app.asana.com/-"
    """Where people sign in: Asana's own address, a proxy, or a simulator."""
    workspace: str
    """Gid of the workspace or organisation."""
    container: Literal["subtasks", "project"] = "subtasks"
    """Where a campaign's tasks go: below the request, or in a new project."""
    team: str | None = None
    """Gid of the team that new projects are shared with; an organisation demands one for container `project`."""
    status_field: str | None = None
    """Gid of an enum custom field that holds the status; without it a task is only complete or incomplete."""
    statuses: Mapping[str, Status] = Field(default_factory=dict)
    """Name of each option of `status_field`, and what it means."""
    plan: Literal["free", "paid"] = "paid"
    """Decides how many calls a minute Asana allows: 150 or 1,500."""
    rate: PositiveInt | None = None
    """Calls a minute, where they are not those of the plan."""

    @field_validator("url", "auth_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("url must start with https:// (or http:// for a simulator)")
        return url.rstrip("/")

    @field_validator("token")
    @classmethod
    def _has_token(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and not info.data.get("oauth"):
            raise PydanticCustomError("missing", "Field required")
        return value

    @model_validator(mode="after")
    def _signs_in_as_an_app(self) -> AsanaSettings:
        if self.token is None and not (self.client_id and self.client_secret):
            raise ValueError("`oauth: true` needs a `token`, or `client_id` and `client_secret` of an OAuth app")
        return self

    @model_validator(mode="after")
    def _field_and_map_together(self) -> AsanaSettings:
        if bool(self.status_field) != bool(self.statuses):
            raise ValueError("status_field and statuses belong together: set both or neither")
        if astray := [name for name in self.waiting_on if self.statuses.get(name) is not Status.WAITING]:
            raise ValueError(f"waiting_on names {', '.join(astray)}, which `statuses` does not map to waiting")
        return self

    @property
    def limits(self) -> Limits:
        """See https://developers.asana.com/docs/rate-limits."""
        calls = self.rate or CALLS_PER_MINUTE[self.plan]
        return Limits(reads_in_flight=READS_IN_FLIGHT, writes_in_flight=WRITES_IN_FLIGHT, total=(Rate(calls, MINUTE),))
