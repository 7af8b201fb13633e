"""The small web pages: what a person sees of the site, and the buttons with which they act."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.jira.simulator import adf
from connectors.jira.simulator.model import Issue
from connectors.jira.simulator.people import OPS, People
from connectors.jira.simulator.state import Site
from connectors.jira.simulator.strict import Refusal
from connectors.knobs import Knobs

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_HERE = Path(__file__).parent / "html"
_AVATAR = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#8590a2"/></svg>'
)


class Pages:
    """Routes of `/`, `/browse/…` and `/_sim/…`."""

    def __init__(
        self, site: Site, people: People, knobs: Knobs, base: Callable[[], str], summary: Callable[[], dict[str, Any]]
    ) -> None:
        self._site, self._people, self._knobs, self._base, self._summary = site, people, knobs, base, summary
        self._html = Environment(
            loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._html.filters["adf"] = adf.to_html

    def routes(self) -> list[BaseRoute]:
        """In the order in which they are tried."""
        return [
            Route("/", self._home),
            Route("/browse/{key}", self._issue),
            Route("/browse/{key}/{act}", self._act, methods=["POST"]),
            Route("/_sim/style.css", self._style),
            Route("/_sim/avatar.svg", self._avatar),
            Route("/_sim/state", self._state),
            Route("/_sim/knobs", self._knobs_page, methods=["GET", "PUT"]),
        ]

    async def _home(self, request: Request) -> Response:
        with self._site.lock:
            roots = [issue for issue in self._site.issues.values() if issue.parent is None]
            trees = {project: [issue for issue in roots if issue.project is project] for project in self._projects()}
            return self._render("home.html", request, trees=trees)

    def _projects(self) -> list[Any]:
        return list(self._site.projects.values())

    async def _issue(self, request: Request) -> Response:
        with self._site.lock:
            try:
                issue = self._site.issue(request.path_params["key"])
            except Refusal as refusal:
                return self._render("gone.html", request, status=404, reason=str(refusal))
            return self._render(
                "issue.html", request, **self._shown(issue), problem=request.query_params.get("problem")
            )

    def _shown(self, issue: Issue) -> dict[str, Any]:
        links = [
            (link.type.outward if link.inward == issue.id else link.type.inward,
             self._site.issues[link.outward if link.inward == issue.id else link.inward])
            for link in issue.links
        ]  # fmt: skip
        custom = [(d, issue.values.get(d.id)) for d in self._site.screen(issue.type, "create").values() if d.custom]
        return {
            "issue": issue,
            "links": links,
            "custom": [(field, value) for field, value in custom if value or field.kind == "date"],
            "transitions": self._site.transitions(issue),
            "remote_links": [link["object"] for link in issue.remote_links.values()],
        }

    async def _act(self, request: Request) -> Response:
        """Buttons and forms; afterwards back to the issue (or home, where it is gone)."""
        if not _from_here(request):
            return Response("This form was sent from another site.", 403)
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        key, who = request.path_params["key"], form.get("as", OPS)
        back = f"/browse/{quote(key)}?as={quote(who)}"
        try:
            self._do(request.path_params["act"], key, who, form)
        except (Refusal, LookupError, ValueError) as error:
            return RedirectResponse(f"{back}&problem={quote(str(error))}", 303)
        return RedirectResponse(f"/?as={quote(who)}" if request.path_params["act"] == "delete" else back, 303)

    def _do(self, act: str, key: str, who: str, form: dict[str, str]) -> None:
        if act == "transition":
            self._people.transition(key, form["status"], who)
        elif act == "date":
            self._people.edit(key, {form["field"]: date.fromisoformat(form["day"]) if form.get("day") else None}, who)
        elif act == "assign":
            self._people.edit(key, {"assignee": form.get("assignee")}, who)
        elif act == "comment":
            self._people.comment(key, form.get("text", "").replace("\r\n", "\n"), who)
        elif act == "delete":
            self._people.delete(key, who)
        else:
            raise LookupError(f"nothing here is called {act!r}")

    def _render(self, template: str, request: Request, *, status: int = 200, **shown: Any) -> Response:
        who = request.query_params.get("as", OPS)
        users = list(self._site.users.values())
        acting = next((user for user in users if who in (user.email, user.id)), None) or self._site.person(OPS)
        html = self._html.get_template(template).render(
            acting=acting,
            users=users,
            site=self._site,
            person={user.id: user.name for user in users},
            here=request.url.path,
            **shown,
        )
        return HTMLResponse(html, status, _HEADERS)

    async def _style(self, _: Request) -> Response:
        return Response((_HERE / "style.css").read_text(), media_type="text/css")

    async def _avatar(self, _: Request) -> Response:
        return Response(_AVATAR, media_type="image/svg+xml")

    async def _state(self, _: Request) -> Response:
        return JSONResponse(self._summary())

    async def _knobs_page(self, request: Request) -> Response:
        """GET tells every knob; PUT sets the ones it names."""
        if request.method == "PUT":
            try:
                turn(self._knobs, json.loads(await request.body()))
            except ValueError as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(asdict(self._knobs))


def turn(knobs: Knobs, asked: Any) -> None:
    """Set the knobs that `asked` names; ValueError says which name or type is wrong, and then none is set."""
    if not isinstance(asked, dict):
        raise ValueError("send an object of knobs")
    known = {part.name: part.default for part in fields(knobs)}
    for name, value in asked.items():
        if name not in known:
            raise ValueError(f"there is no knob called {name!r}")
        nullable = value is None and name in ("retry_after", "strikes")
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        fits = {bool: isinstance(value, bool), str: isinstance(value, str)}.get(type(known[name]), numeric)
        if not (fits or nullable):
            raise ValueError(f"the knob {name!r} does not take {value!r}")
    for name, value in asked.items():
        setattr(knobs, name, value)


def _from_here(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
