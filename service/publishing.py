"""Publishing: a template or commitment of the folder becomes a version that never changes.

New campaigns are planned by the newest version of their template, and commitments are judged by theirs. The calendars
that they name are published with them, for processes whose own folder does not have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeAlias

import sqlalchemy as sa
from sqlmodel import Session

from service.calendars import CalendarRecipe
from service.catalogue import Catalogue
from service.commitment_files import KINDS
from service.core.commitment import Commitment
from service.core.differences import differences
from service.core.template import Template
from service.store import published, published_calendars
from service.store.engine import reading, transaction
from service.store.published_calendars import PublishedCalendar
from service.store.tables import PublishedTemplate

Written: TypeAlias = Template | Commitment
"""What a file of the folder says."""

CONTACTS = ("mops", "sales")
"""Whom a requester can ask: nobody can rely on an agreement without them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One template or commitment of the folder against what is published of it."""

    written: Written
    text: str
    """The file, byte for byte."""
    digest: str
    """Of the file and of the file that it extends."""
    newest: PublishedTemplate | None
    """The version in use; None for what was never published."""
    refusal: str | None
    """Why it cannot be published, and what to do."""

    @property
    def due(self) -> bool:
        """Whether it waits to be published."""
        return self.refusal is None and (self.newest is None or self.written.version > self.newest.version)

    @property
    def differs(self) -> bool:
        """Whether the folder says something else than what is published."""
        return self.newest is None or (self.written.version, self.digest) != (self.newest.version, self.newest.digest)

    @property
    def name(self) -> str:
        """`webinar v2`."""
        return f"{self.written.id} v{self.written.version}"

    def changes(self) -> list[str]:
        """What differs from the version in use, in words."""
        if self.newest is None:
            return []
        told = differences(_written(self.newest), self.written)
        if not told and self.digest != self.newest.digest:
            return ["only comments or the way of writing differ"]
        return told


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a commitment."""

    commitment: Commitment
    since: datetime


def is_template(row: PublishedTemplate) -> bool:
    """Whether it is the plan of campaigns, and no commitment."""
    return "kind" not in row.content


def template_of(row: PublishedTemplate) -> Template:
    """The template as it was published."""
    return Template.model_validate(row.content)


def steps(session: Session, catalogue: Catalogue) -> list[Step]:
    """Every usable template and commitment of the folder, by id."""
    newest = published.newest(session)
    found = []
    all_of_them: dict[str, Written] = {**catalogue.templates, **catalogue.commitments}
    for name, written in sorted(all_of_them.items()):
        files = catalogue.sources[name]
        digest = sha256("\0".join(file.text for file in files).encode()).hexdigest()
        refusal = _refusal(written, digest, newest.get(name))
        found.append(Step(written, files[0].text, digest, newest.get(name), refusal))
    return found


def _refusal(written: Written, digest: str, newest: PublishedTemplate | None) -> str | None:
    missing = [contact for contact in CONTACTS if contact not in written.contacts]
    if missing and isinstance(written, Template):
        wanted = ", ".join(f"{contact}: role:<who>" for contact in missing)
        return f"{written.id} does not say whom to ask; add to `contacts`: {wanted}"
    if newest is None:
        return None
    if isinstance(written, Template) != is_template(newest):
        return f"{written.id} is published as another kind of thing; give this one an id of its own"
    if written.version > newest.version:
        return None
    if written.version < newest.version:
        return (
            f"{written.id} v{written.version} is older than v{newest.version}, which is published; "
            f"write version: {newest.version + 1}"
        )
    if digest != newest.digest:
        return f"{written.id} v{newest.version} is published with other content; write version: {newest.version + 1}"
    return None


def apply(engine: sa.Engine, catalogue: Catalogue, by: str) -> list[Step]:
    """Publish what waits to be published, and the calendars; returns every step as it stood before."""
    with reading(engine) as session:
        found, calendars = steps(session, catalogue), _calendars(session, catalogue)
    if calendars or any(step.due for step in found):
        with transaction(engine) as session:
            found = steps(session, catalogue)  # nobody publishes in between
            for step in found:
                if step.due:
                    published.add(session, _row(step, by))
            published_calendars.save(session, calendars)
    return found


def _calendars(session: Session, catalogue: Catalogue) -> list[PublishedCalendar]:
    """Those of the folder that are named and not published like this."""
    known = published_calendars.every(session)
    found = []
    for name in sorted(catalogue.calendars_named()):
        recipe = catalogue.calendars[name]
        new = PublishedCalendar(name=name, recipe=recipe.written(), company_days=recipe.company_days)
        if (old := known.get(name)) is None or (old.recipe, old.company_days) != (new.recipe, new.company_days):
            found.append(new)
    return found


def _row(step: Step, by: str) -> PublishedTemplate:
    return PublishedTemplate(
        id=step.written.id,
        version=step.written.version,
        digest=step.digest,
        text=step.text,
        content=step.written.model_dump(mode="json", exclude_defaults=True),
        published_by=by,
    )


def still_refused(session: Session, refused: Sequence[Step]) -> list[str]:
    """Why these were refused, as far as nothing newer has been published since."""
    return [
        step.refusal
        for step in refused
        if step.refusal and _version(published.newest_of(session, step.written.id)) == _version(step.newest)
    ]


def _version(row: PublishedTemplate | None) -> int | None:
    return row.version if row else None


def in_use(engine: sa.Engine, name: str) -> Template | None:
    """The newest published version of a template, whoever published it; None where there is none."""
    with reading(engine) as session:
        row = published.newest_of(session, name)
    return template_of(row) if row and is_template(row) else None


def all_in_use(engine: sa.Engine) -> dict[str, Template]:
    """The newest published version of every template, by id."""
    with reading(engine) as session:
        rows = published.newest_templates(session)
    return {name: template_of(row) for name, row in rows.items()}


def commitments_in_use(engine: sa.Engine) -> dict[str, Commitment]:
    """The newest published version of every commitment, by id, without those that were withdrawn."""
    with reading(engine) as session:
        rows = published.newest_commitments(session)
    found = {name: _commitment_of(row) for name, row in rows.items()}
    return {name: commitment for name, commitment in found.items() if not commitment.withdrawn}


def versions_of(session: Session, commitment: str) -> list[Version]:
    """Every published version of a commitment, oldest first."""
    return [Version(_commitment_of(row), row.published_at) for row in published.versions(session, commitment)]


def calendar(engine: sa.Engine, name: str) -> CalendarRecipe | None:
    """A calendar as it was published last; None where that never happened."""
    with reading(engine) as session:
        row = published_calendars.get(session, name)
    return CalendarRecipe.read(row.recipe, row.company_days) if row else None


def _written(row: PublishedTemplate) -> Written:
    return template_of(row) if is_template(row) else _commitment_of(row)


def _commitment_of(row: PublishedTemplate) -> Commitment:
    return KINDS[row.content["kind"]].model_validate(row.content)
