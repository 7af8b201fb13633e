"""Publishing: a template of the folder becomes a version that never changes, and new campaigns are planned by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa
from sqlmodel import Session

from service.catalogue import Catalogue
from service.core.differences import differences
from service.core.template import Template
from service.store import published
from service.store.engine import reading, transaction
from service.store.tables import PublishedTemplate

CONTACTS = ("mops", "sales")
"""Whom a requester can ask: nobody can rely on an agreement without them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One template of the folder against what is published of it."""

    template: Template
    text: str
    """The file, byte for byte."""
    digest: str
    """Of the file and of the file that it extends."""
    newest: PublishedTemplate | None
    """The version in use; None for a template that was never published."""
    refusal: str | None
    """Why it cannot be published, and what to do."""

    @property
    def due(self) -> bool:
        """Whether it waits to be published."""
        return self.refusal is None and (self.newest is None or self.template.version > self.newest.version)

    @property
    def differs(self) -> bool:
        """Whether the folder says something else than what is published."""
        return self.newest is None or (self.template.version, self.digest) != (self.newest.version, self.newest.digest)

    @property
    def name(self) -> str:
        """`webinar v2`."""
        return f"{self.template.id} v{self.template.version}"

    def changes(self) -> list[str]:
        """What differs from the version in use, in words."""
        if self.newest is None:
            return []
        before = template_of(self.newest)
        told = differences(before, self.template)
        if not told and self.digest != self.newest.digest:
            return ["only comments or the way of writing differ"]
        return told


def template_of(row: PublishedTemplate) -> Template:
    """The template as it was published."""
    return Template.model_validate(row.content)


def steps(session: Session, catalogue: Catalogue) -> list[Step]:
    """Every usable template of the folder, by id."""
    newest = published.newest(session)
    found = []
    for name, template in sorted(catalogue.templates.items()):
        files = catalogue.sources[name]
        digest = sha256("\0".join(file.text for file in files).encode()).hexdigest()
        refusal = _refusal(template, digest, newest.get(name))
        found.append(Step(template, files[0].text, digest, newest.get(name), refusal))
    return found


def _refusal(template: Template, digest: str, newest: PublishedTemplate | None) -> str | None:
    missing = [contact for contact in CONTACTS if contact not in template.contacts]
    if missing:
        wanted = ", ".join(f"{contact}: role:<who>" for contact in missing)
        return f"{template.id} does not say whom to ask; add to `contacts`: {wanted}"
    if newest is None or template.version > newest.version:
        return None
    if template.version < newest.version:
        return (
            f"{template.id} v{template.version} is older than v{newest.version}, which is published; "
            f"write version: {newest.version + 1}"
        )
    if digest != newest.digest:
        return f"{template.id} v{newest.version} is published with other content; write version: {newest.version + 1}"
    return None


def apply(engine: sa.Engine, catalogue: Catalogue, by: str) -> list[Step]:
    """Publish what waits to be published; returns every step as it stood before."""
    with reading(engine) as session:
        found = steps(session, catalogue)
    if any(step.due for step in found):
        with transaction(engine) as session:
            found = steps(session, catalogue)  # nobody publishes in between
            for step in found:
                if step.due:
                    published.add(session, _row(step, by))
    return found


def _row(step: Step, by: str) -> PublishedTemplate:
    return PublishedTemplate(
        id=step.template.id,
        version=step.template.version,
        digest=step.digest,
        text=step.text,
        content=step.template.model_dump(mode="json", exclude_defaults=True),
        published_by=by,
    )


def still_refused(session: Session, refused: Sequence[Step]) -> list[str]:
    """Why these were refused, as far as nothing newer has been published since."""
    return [
        step.refusal
        for step in refused
        if step.refusal and _version(published.newest_of(session, step.template.id)) == _version(step.newest)
    ]


def _version(row: PublishedTemplate | None) -> int | None:
    return row.version if row else None


def in_use(engine: sa.Engine, name: str) -> Template | None:
    """The newest published version of a template, whoever published it; None where there is none."""
    with reading(engine) as session:
        row = published.newest_of(session, name)
    return template_of(row) if row else None


def all_in_use(engine: sa.Engine) -> dict[str, Template]:
    """The newest published version of every template, by id."""
    with reading(engine) as session:
        rows = published.newest(session)
    return {name: template_of(row) for name, row in rows.items()}
