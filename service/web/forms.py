"""`POST /hooks/form/{name}`: any form tool's submissions, signed, on disk before they are answered.

401 for an unknown form or a signature that is missing, old or wrong, in the same words; 413 for a body over the limit;
422 with every field that is missing or wrong, and nothing stored; 503 when it could not be stored. Else 202, or 200
for a submission that is here already.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from connectors.errors import Unverified
from service.core.form import SUBMITTED, Submission, WrongSubmission, read
from service.runtime import Runtime
from service.store.mailbox import Mailbox, NotStored, Received
from service.store.submissions import hook_of
from service.store.tables import new_id
from service.web.bodies import body_of
from service.web.signed import SIGNATURE, SOURCE, TIMESTAMP, source_of

log = logging.getLogger(__name__)


def router(runtime: Runtime, mailbox: Mailbox, ring: Callable[[], None]) -> APIRouter:
    """`ring` is called after a submission is on disk."""
    forms, limit = runtime.settings.forms, runtime.settings.max_body_kb * 1024
    secrets = {
        name: [part.strip() for part in form.secret.get_secret_value().split(",")] for name, form in forms.items()
    }
    routes = APIRouter()

    @routes.post("/hooks/form/{name}", status_code=202)
    async def receive(name: str, request: Request) -> JSONResponse:
        """One submission."""
        body = await body_of(request, limit)
        headers = {SOURCE: name} | {each: request.headers.get(each, "") for each in (TIMESTAMP, SIGNATURE)}
        try:
            form = forms[source_of(secrets, headers, body, runtime.now().timestamp())]
            submission = read(form, body)
        except Unverified as error:
            log.info("unverified submission: %s", error)
            raise HTTPException(401, str(error)) from error
        except WrongSubmission as error:
            return JSONResponse({"problems": [asdict(problem) for problem in error.problems]}, status_code=422)
        try:
            outcome = await mailbox.accept_async(_received(name, submission))
        except NotStored as error:
            raise HTTPException(503, str(error), headers={"Retry-After": "5"}) from error
        ring()
        known = outcome != "stored"
        return JSONResponse({"submission": submission.id, "already_here": known}, status_code=200 if known else 202)

    return routes


def _received(form: str, submission: Submission) -> Received:
    stored = {"form": form, "key": submission.key, "submission": submission.id, "values": dict(submission.values)}
    return Received(
        connection=SUBMITTED,
        hook_id=hook_of(form),
        key=submission.key,
        body=json.dumps(stored).encode(),
        request_id=new_id(),
    )
