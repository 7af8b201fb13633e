"""What a Jira connection needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from connectors.contract import Status
from connectors.signing_in import SignInSettings


class JiraSettings(SignInSettings):
    """One Jira Cloud site, or a gateway, proxy or simulator that stands in its place."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the token is part of the input

    url: str
    """The site's own address, or that of a proxy or simulator in its place."""
    browse_url: str | None = None
    """Where people open issues, when that is not `url` (behind a proxy)."""
    auth: Literal["basic", "bearer", "oauth"] = "basic"
    """`basic`: an API token with its e-mail. `bearer`: an OAuth 2.0 or personal access token. `oauth`: whoever did
    `tminus login`."""
    email: str | None = None
    token: SecretStr | None = Field(default=None, validate_default=True)
    """Required unless `auth` is `oauth`."""
    auth_url: str = "https://auth.atlassian.com"
    """Where people sign in: Atlassian's own address, a proxy, or a simulator."""
    api_url: str = "https://api.atlassian.com"
    """Where OAuth apps call every site: Atlassian's own address, a proxy, or a simulator."""
    container: Literal["subtasks", "epic"] = "subtasks"
    subtask_type: str = "Sub-task"
    epic_type: str = "Epic"
    task_type: str = "Task"
    """The issue type of a campaign's tasks inside an epic."""
    start_field: str | None = None
    """Field id of the start date, such as `customfield_10015`; found by its name "Start date" where not set."""
    statuses: Mapping[str, Status] = Field(default_factory=dict)
    """Jira status name → our status, for the names that the status category does not settle."""
    project_statuses: Mapping[str, Mapping[str, Status]] = Field(default_factory=dict)
    """Project key → what names mean there, where that is not what `statuses` says."""
    transition_fields: Mapping[str, str] = Field(default_factory=dict)
    """Field id or name → what a transition is given that demands this field."""
    link_type: str = "Blocks"
    """The issue link type that says "this one waits for that one"."""

    @field_validator("url", "browse_url", "auth_url", "api_url")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.username or parts.password:
            raise ValueError("the address must not hold credentials: set `email` and `token` instead")
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                f"{value!r} is not a web address: write it like https://example.atlassian.net, without a query"
            )
        return value.rstrip("/")

    @field_validator("projects")
    @classmethod
    def _has_projects(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("name at least one project key, such as MKT")
        return value

    @field_validator("token")
    @classmethod
    def _has_token(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("auth") == "oauth":
            if value is not None:
                raise ValueError("does not go with `auth: oauth`: leave it out, `tminus login` gets one")
            return None
        if value is None:
            raise PydanticCustomError("missing", "Field required")
        if not value.get_secret_value().strip():
            raise ValueError("the token is empty: create an API token for the service user and set it here")
        return value

    @model_validator(mode="after")
    def _basic_needs_email(self) -> Self:
        if self.auth == "basic" and not self.email:
            raise ValueError("`auth: basic` needs `email`: an API token works only with the address of its account")
        if self.auth == "oauth" and not (self.client_id and self.client_secret):
            raise ValueError("`auth: oauth` needs `client_id` and `client_secret` of an OAuth app")
        if self.auth == "oauth" and "/ex/jira/" in self.url:
            raise ValueError("`url` is the site's own address: `tminus login` finds out where OAuth apps call it")
        return self

    @property
    def called_at(self) -> str:
        """The only address to which calls to the site go."""
        return self.api_url if self.auth == "oauth" else self.url

    @property
    def site(self) -> str:
        """The address under which people open issues."""
        return self.browse_url or self.url
