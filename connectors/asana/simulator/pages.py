"""The small pages on which a person sees the site and acts in it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from connectors.asana.simulator import richtext, stories, strict, tasks
from connectors.asana.simulator.errors import ApiError
from connectors.asana.simulator.records import Task, User
from connectors.asana.simulator.state import Site

_FOLDER = Path(__file__).parent / "html"
_OPS = "dana.ops@example.com"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def pages(site: Site) -> list[Route]:
    """`/` and `/0/<project>/<task>`."""
    shown = _Pages(site)
    return [
        Route("/", shown.overview, methods=["GET"]),
        Route("/style.css", shown.style, methods=["GET"]),
        Route("/0/{project}", shown.overview, methods=["GET"]),
        Route("/0/{project}/{task}", shown.task, methods=["GET"]),
        Route("/0/{project}/{task}", shown.act, methods=["POST"]),
    ]


class _Pages:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._html = Environment(
            loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._html.filters["rich"] = lambda html: Markup(richtext.safe_html(html))  # noqa: S704  rebuilt from known tags
        self._html.filters["waits"] = _waits

    async def overview(self, _: Request) -> Response:
        with self._site.lock:
            return self._page("site.html", projects=self._site.projects.values())

    async def style(self, _: Request) -> Response:
        return Response((_FOLDER / "style.css").read_text(), media_type="text/css", headers=_HEADERS)

    async def task(self, request: Request) -> Response:
        with self._site.lock:
            try:
                task = self._site.find(Task, request.path_params["task"])
            except ApiError:
                return self._page("gone.html", status=404)
            return self._page(
                "task.html",
                task=task,
                people=self._site.users.values(),
                acting=request.query_params.get("as") or _OPS,
                problem=request.query_params.get("problem", ""),
            )

    async def act(self, request: Request) -> Response:
        """A person does one thing; then the page again."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        back = {"as": form.get("as", "")}
        with self._site.lock:
            try:
                task = self._site.find(Task, request.path_params["task"])
                person = self._site.user(form.get("as", ""), next(iter(self._site.users.values())), "as")
                self._do(task, person, form.get("do", ""), form.get("value", "").strip())
            except ApiError as error:
                back["problem"] = str(error)
        return RedirectResponse(f"{request.url.path}?{urlencode(back)}", status_code=303)

    def _do(self, task: Task, person: User, what: str, value: str) -> None:
        if what in ("complete", "reopen"):
            tasks.update(self._site, task, {"completed": what == "complete"}, person)
        elif what == "due":
            if value:
                strict.day(value, "due_on")
            tasks.update(self._site, task, {"due_on": value or None}, person)
        elif what in (field.gid for field in task.custom_fields if field.resource_subtype == "date"):
            tasks.update(self._site, task, {"custom_fields": {what: {"date": value} if value else None}}, person)
        elif what == "comment":
            stories.comment(self._site, task, {"text": value}, person)
        elif what == "delete":
            tasks.delete(self._site, task, person)
        else:
            raise ApiError(400, f"nobody can do {what!r}")

    def _page(self, name: str, status: int = 200, **values: object) -> HTMLResponse:
        return HTMLResponse(self._html.get_template(name).render(values), status, headers=_HEADERS)


def _waits(task: Task) -> list[Task]:
    """What it still waits on."""
    return [other for other in task.dependencies.values() if not other.completed]
