"""The site as it starts: a marketing team with one project of requests."""

from __future__ import annotations

from connectors.asana.simulator import projects
from connectors.asana.simulator.projects import FIRST_SECTION
from connectors.asana.simulator.records import MISSING, CustomField, EnumOption, Team, User, Workspace
from connectors.asana.simulator.state import Site, Token

PROJECT = "Marketing requests"
SECTIONS = ("Webinars", "Email sends", "List imports")
PEOPLE = ("Tminus", "Rita Requester", "Dana Ops", "Omar Ops", "Lee Lead", "Sam Sales")
FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Request type": ("enum", ("Webinar", "Email send", "List import")),
    "Webinar date": ("date", ()),
    "Send date": ("date", ()),
    "List file": ("text", ()),
    "Status": ("enum", ("To do", "In progress", "Waiting", "Done", "Dropped")),
}
_COLORS = ("blue", "yellow", "orange", "green", "cool-gray")


def seed(site: Site) -> None:
    """Fill an empty site."""
    site.workspace = site.add(Workspace(gid=site.gid(), name="Example Marketing", email_domains=["example.com"]))
    users = [_user(site, name) for name in PEOPLE]
    site.tokens = {"sim-token": Token(users[0]), "sim-oauth": Token(users[0], oauth=True)}
    team = site.add(Team(gid=site.gid(), name="Marketing", organization=site.workspace))
    site.teams[team.gid] = team
    project = projects.create(site, {"name": PROJECT, "team": team.gid}, users[4])
    project.members = {user.gid: user for user in users}
    for section in [s for s in project.sections.values() if s.name == FIRST_SECTION]:
        section.name = SECTIONS[0]
    for name in SECTIONS[1:]:
        projects.add_section(site, project, name)
    for name, (kind, options) in FIELDS.items():
        projects.add_field(site, project, _field(site, name, kind, options), important=True)


def _user(site: Site, name: str) -> User:
    email = f"{name.lower().replace(' ', '.')}@example.com"
    return site.add(User(gid=site.gid(), name=name, email=email, workspaces=[site.workspace]))


def _field(site: Site, name: str, kind: str, options: tuple[str, ...]) -> CustomField:
    choices = [
        site.add(EnumOption(gid=site.gid(), name=option, color=color))
        for option, color in zip(options, _COLORS, strict=False)
    ]
    field = CustomField(gid=site.gid(), name=name, resource_subtype=kind, enum_options=choices or MISSING)
    site.fields[field.gid] = site.add(field)
    return field
