"""Issues over the wire: create, read, edit, move, comment on, link and search them.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from connectors.jira.simulator.app import NOTHING, Answer, Call, Resource, resource
from connectors.jira.simulator.changes import check_property, read_properties
from connectors.jira.simulator.jql import parse
from connectors.jira.simulator.model import Comment, Facts, Issue, Json
from connectors.jira.simulator.strict import BAD_PAYLOAD, NO_ISSUE, Refusal, check_shape, names, number, strings

BULK, BULK_FETCH, PAGE, RECONCILE, PROPERTIES, COMMENTS = 50, 100, 5000, 50, 5, 1000
FULL_PAGE = 100
"""Most issues on a page of a search that asks for more than ids and keys."""


def _created(call: Call, issue: Issue) -> Json:
    return {"id": issue.id, "key": issue.key, "self": call.show.link(f"issue/{issue.id}")}


def _create(call: Call) -> Answer:
    return Answer(_created(call, call.site.create(call.actor.id, call.body(), call.version)), 201)


def _create_bulk(call: Call) -> Answer:
    """Row by row; the answer leaves refused rows out and tells their numbers. 400 only where every row failed."""
    body = call.body()
    check_shape(body, {"issueUpdates": list}, required="issueUpdates")
    rows = body["issueUpdates"]
    if not 0 < len(rows) <= BULK:
        raise Refusal(400, f"The number of issues must be between 1 and {BULK}.")
    made: list[Json] = []
    refused: list[Json] = []
    for position, row in enumerate(rows):
        try:
            if not isinstance(row, dict):
                raise Refusal(400, BAD_PAYLOAD)
            made.append(_created(call, call.site.create(call.actor.id, row, call.version)))
        except Refusal as refusal:
            refused.append({"status": 400, "elementErrors": refusal.body(), "failedElementNumber": position})
    return Answer({"issues": made, "errors": refused}, 201 if made else 400)


def _get(call: Call) -> Answer:
    return Answer(
        call.show.issue(
            call.issue,
            names(call.query.get("fields")) or ("*all",),
            names(call.query.get("properties")),
            call.query.get("expand", ""),
        )
    )


def _edit_fields(call: Call) -> Answer:
    """Nothing for whoever may edit nothing."""
    can_edit = "EDIT_ISSUES" not in call.actor.denied
    screen = call.site.screen(call.issue.type, "edit", call.actor.denied) if can_edit else {}
    rows = {name: call.show.meta(known, required=name == "summary") for name, known in screen.items()}
    return Answer({"fields": rows})


def _edit(call: Call) -> Answer:
    call.site.edit(call.actor.id, call.issue, call.body(), call.version)
    if call.query.get("returnIssue") == "true":
        return Answer(call.show.issue(call.issue, ("*all",), (), call.query.get("expand", "")))
    return NOTHING


def _delete(call: Call) -> Answer:
    call.site.delete(call.actor.id, call.issue, with_subtasks=call.query.get("deleteSubtasks") == "true")
    return NOTHING


def _bulk_fetch(call: Call) -> Answer:
    body = call.body()
    shape = {"issueIdsOrKeys": list, "fields": list, "properties": list, "expand": list, "fieldsByKeys": bool}
    check_shape(body, shape, required="issueIdsOrKeys")
    wanted = strings(body["issueIdsOrKeys"], "issueIdsOrKeys")
    if not 0 < len(wanted) <= BULK_FETCH:
        raise Refusal(400, f"The number of issue IDs or keys must be between 1 and {BULK_FETCH}.")
    found: dict[str, Issue] = {}
    errors: list[Json] = []
    for name in wanted:
        issue = call.site.named({"key": name})
        if issue:
            found[issue.id] = issue
        else:
            errors.append({"id": name, "errorMessage": NO_ISSUE})
    fields = strings(body.get("fields", []), "fields") or ["*navigable"]
    properties, expand = _few(body.get("properties", [])), ",".join(strings(body.get("expand", []), "expand"))
    rows = [call.show.issue(found[n], fields, properties, expand) for n in sorted(found, key=int)]
    return Answer({"issues": rows, "issueErrors": errors})


def _few(properties: Any) -> list[str]:
    if len(strings(properties, "properties")) > PROPERTIES:
        raise Refusal(400, f"At most {PROPERTIES} properties can be asked for.")
    return list(properties)


def _transitions(call: Call) -> Answer:
    with_fields = "transitions.fields" in call.query.get("expand", "")
    rows = [
        call.show.transition(known, with_fields=with_fields)
        for known in call.site.transitions(call.issue)
        if call.query.get("transitionId", known.id) == known.id
    ]
    return Answer({"expand": "transitions", "transitions": rows})


def _transition(call: Call) -> Answer:
    issue, body = call.issue, call.body()
    check_shape(body, {"transition": dict, "fields": dict, "update": dict, "historyMetadata": dict, "properties": list})
    chosen = body.get("transition", {}).get("id")
    if chosen is None:
        raise Refusal(400, "Missing 'transition' identifier")
    if not isinstance(chosen, str):
        raise Refusal(400, "'transition' identifier must be a string")
    if body.get("update") or body.get("properties"):
        raise Refusal(400, "This simulator takes only 'fields' with a transition.")
    call.site.transition(call.actor.id, issue, chosen, body.get("fields", {}), call.version)
    return NOTHING


def _changelog(call: Call) -> Answer:
    return Answer(page(call, [call.show.history(entry) for entry in call.issue.history], "values", 100))


def page(call: Call, rows: list[Json], name: str, default: int) -> Json:
    """One page of `rows` by startAt and maxResults."""
    start, size = number(call.query, "startAt", 0), min(number(call.query, "maxResults", default), default)
    shown = {"startAt": start, "maxResults": size, "total": len(rows), name: rows[start : start + size]}
    if name == "values":
        shown["isLast"] = start + size >= len(rows)
    return shown


# Comments.


def _comment_shown(call: Call, comment: Comment) -> Json:
    return call.show.comment(comment, call.issue, properties="properties" in call.query.get("expand", ""))


def _comments(call: Call) -> Answer:
    rows = sorted(call.issue.comments.values(), key=lambda comment: int(comment.id))
    if call.query.get("orderBy") == "-created":
        rows.reverse()
    return Answer(page(call, [_comment_shown(call, comment) for comment in rows], "comments", 100))


def _comment(call: Call) -> Answer:
    return Answer(_comment_shown(call, call.site.comment(call.issue, call.params["comment"])))


def _comments_by_id(call: Call) -> Answer:
    """Those that exist, of all issues."""
    body = call.body()
    check_shape(body, {"ids": list}, required="ids")
    ids = body["ids"]
    if not 0 < len(ids) <= COMMENTS or not all(type(known) is int for known in ids):
        raise Refusal(400, BAD_PAYLOAD, errors={"ids": f"1 to {COMMENTS} comment ids"})
    with_properties = "properties" in call.query.get("expand", "")
    homes = {str(known): call.site.commented[str(known)] for known in ids if str(known) in call.site.commented}
    rows = [call.show.comment(home.comments[n], home, properties=with_properties) for n, home in homes.items()]
    return Answer(page(call, rows, "values", COMMENTS))


def _comment_body(call: Call) -> tuple[Any, dict[str, Any]]:
    body = call.body()
    check_shape(body, {"body": (dict, str), "properties": list})
    return body.get("body"), read_properties(body.get("properties", []))


def _add_comment(call: Call) -> Answer:
    text, properties = _comment_body(call)
    comment = call.site.add_comment(call.actor.id, call.issue, text, properties, call.version)
    return Answer(_comment_shown(call, comment), 201)


def _edit_comment(call: Call) -> Answer:
    comment = call.site.comment(call.issue, call.params["comment"])
    right = "EDIT_OWN_COMMENTS" if comment.author == call.actor.id else "EDIT_ALL_COMMENTS"
    if right in call.actor.denied:
        raise Refusal(400, errors={"comment": "You do not have the permission to edit this comment."})
    text, properties = _comment_body(call)
    call.site.edit_comment(call.actor.id, call.issue, comment, text, properties, call.version)
    return Answer(_comment_shown(call, comment))


def _delete_comment(call: Call) -> Answer:
    call.site.delete_comment(call.actor.id, call.issue, call.site.comment(call.issue, call.params["comment"]))
    return NOTHING


# Properties and links.


def _property_keys(call: Call) -> Answer:
    base = call.show.link(f"issue/{call.issue.id}/properties")
    return Answer({"keys": [{"self": f"{base}/{key}", "key": key} for key in call.issue.properties]})


def _property(call: Call) -> Answer:
    key = call.params["key"]
    if key not in call.issue.properties:
        raise Refusal(404, f"The property {key} does not exist.")
    return Answer({"key": key, "value": call.issue.properties[key]})


def _set_property(call: Call) -> Answer:
    key = call.params["key"]
    try:
        value = json.loads(call.raw)
    except (ValueError, RecursionError):
        raise Refusal(400, "The property value must be valid JSON.") from None
    check_property(key, value)
    status = 200 if key in call.issue.properties else 201
    call.issue.properties[key] = value
    return Answer({}, status)


def _link(call: Call) -> Answer:
    """201 without a body or id, also where the link was there already."""
    body = call.body()
    check_shape(body, {"type": dict, "inwardIssue": dict, "outwardIssue": dict}, "type inwardIssue outwardIssue")
    link_type = call.site.link_type(body["type"])
    if link_type is None:
        raise Refusal(404, f"No issue link type with name '{body['type'].get('name')}' found.")
    inward, outward = call.site.named(body["inwardIssue"]), call.site.named(body["outwardIssue"])
    if inward is None or outward is None:
        raise Refusal(404, NO_ISSUE)
    call.site.link(call.actor.id, link_type, inward, outward)
    return Answer({}, 201)


_REMOTE = {"globalId": str, "object": dict, "relationship": str, "application": dict}


def _set_remote_link(call: Call) -> Answer:
    body = call.body()
    check_shape(body, _REMOTE, required="object")
    if not isinstance(body["object"].get("url"), str) or not isinstance(body["object"].get("title"), str):
        raise Refusal(400, errors={"object": "needs a url and a title"})
    link_id, new = call.site.set_remote_link(call.issue, body)
    shown = {"id": link_id, "self": call.show.link(f"issue/{call.issue.key}/remotelink/{link_id}")}
    return Answer(shown, 201 if new else 200)


def _remote_links(call: Call) -> Answer:
    base = call.show.link(f"issue/{call.issue.key}/remotelink")
    rows = [{"id": n, "self": f"{base}/{n}", **link} for n, link in call.issue.remote_links.items()]
    if wanted := call.query.get("globalId"):
        found = next((row for row in rows if row.get("globalId") == wanted), None)
        if found is None:
            raise Refusal(404, f"Could not find a remote issue link with the global id '{wanted}'.")
        return Answer(found)
    return Answer(rows)


# Search.


def _search_get(call: Call) -> Answer:
    asked: dict[str, Any] = {name: call.query[name] for name in ("jql", "nextPageToken") if name in call.query}
    asked |= {name: names(call.query.get(name)) for name in ("fields", "properties")}
    ids = names(call.query.get("reconcileIssues"))
    if not all(part.isdecimal() for part in ids):
        raise Refusal(400, BAD_PAYLOAD, errors={"reconcileIssues": "must be issue ids"})
    size = number(call.query, "maxResults", 50)
    return _search(call, {**asked, "reconcileIssues": [int(part) for part in ids], "maxResults": size})


def _search_post(call: Call) -> Answer:
    body = call.body()
    shape = {
        "jql": str, "fields": list, "properties": list, "maxResults": int, "nextPageToken": str, "expand": str,
        "fieldsByKeys": bool, "reconcileIssues": list,
    }  # fmt: skip
    check_shape(body, shape)
    return _search(call, body)


def _search(call: Call, asked: Mapping[str, Any]) -> Answer:
    fields, properties = strings(asked.get("fields", []), "fields"), _few(asked.get("properties", []))
    found = _matches(call, asked.get("jql", ""), asked.get("reconcileIssues", []))
    slim = set(fields) <= {"id", "key"}
    size = min(asked.get("maxResults", 50), PAGE if slim else FULL_PAGE)
    mark = hashlib.sha256(asked.get("jql", "").encode()).hexdigest()[:8]
    start = _from_token(asked.get("nextPageToken"), mark)
    rows = [_row(call, facts, fields, properties) for facts in found[start : start + size]]
    answer: Json = {"isLast": start + size >= len(found), "issues": rows}
    if not answer["isLast"]:
        answer["nextPageToken"] = base64.urlsafe_b64encode(f"{mark}:{start + size}".encode()).decode()
    return Answer(answer)


def _matches(call: Call, jql: str, reconcile: list[Any]) -> list[Facts]:
    if len(reconcile) > RECONCILE or not all(type(known) is int for known in reconcile):
        raise Refusal(400, BAD_PAYLOAD, errors={"reconcileIssues": f"at most {RECONCILE} issue ids"})
    known = [call.site.issues[str(n)].facts() for n in reconcile if str(n) in call.site.issues]
    call.site.index.reconcile(known)
    return call.site.index.find(parse(jql), call.site.names(call.actor.id))


def _row(call: Call, facts: Facts, fields: list[str], properties: list[str]) -> Json:
    if fields in ([], ["id"]) and not properties:
        return {"id": str(facts.id)}
    shown = call.show.issue(call.site.issues[str(facts.id)], fields or ["id"], properties)
    if set(fields) <= {"id", "key"}:
        del shown["fields"]
    return shown


def _from_token(token: str | None, mark: str) -> int:
    if token is None:
        return 0
    try:
        made_for, _, start = base64.urlsafe_b64decode(token).decode().partition(":")
        if made_for == mark:
            return int(start)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise Refusal(400, "The nextPageToken is not valid for this query.")


def _gone(_: Call) -> Answer:
    raise Refusal(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")


_SEARCH = "jql nextPageToken maxResults fields expand properties fieldsByKeys failFast reconcileIssues"
_OLD_SEARCH = "jql startAt maxResults validateQuery fields expand properties fieldsByKeys failFast"

ISSUE_RESOURCES: list[Resource] = [
    resource("POST", "issue", _create, "updateHistory", permission="CREATE_ISSUES"),
    resource("POST", "issue/bulk", _create_bulk, permission="CREATE_ISSUES"),
    resource("POST", "issue/bulkfetch", _bulk_fetch),
    resource("GET", "issue/{issue}", _get, "fields fieldsByKeys expand properties updateHistory failFast"),
    resource("PUT", "issue/{issue}", _edit, "notifyUsers returnIssue expand", permission="EDIT_ISSUES"),
    resource("GET", "issue/{issue}/editmeta", _edit_fields, "overrideScreenSecurity overrideEditableFlag"),
    resource("DELETE", "issue/{issue}", _delete, "deleteSubtasks", permission="DELETE_ISSUES"),
    resource("GET", "issue/{issue}/transitions", _transitions, "expand transitionId sortByOpsBarAndStatus"),
    resource("POST", "issue/{issue}/transitions", _transition, permission="TRANSITION_ISSUES"),
    resource("GET", "issue/{issue}/changelog", _changelog, "startAt maxResults"),
    resource("GET", "issue/{issue}/comment", _comments, "startAt maxResults orderBy expand"),
    resource("POST", "issue/{issue}/comment", _add_comment, "expand", permission="ADD_COMMENTS"),
    resource("GET", "issue/{issue}/comment/{comment}", _comment, "expand"),
    resource("PUT", "issue/{issue}/comment/{comment}", _edit_comment, "expand notifyUsers"),
    resource("DELETE", "issue/{issue}/comment/{comment}", _delete_comment),
    resource("POST", "comment/list", _comments_by_id, "expand"),
    resource("GET", "issue/{issue}/properties", _property_keys),
    resource("GET", "issue/{issue}/properties/{key}", _property),
    resource("PUT", "issue/{issue}/properties/{key}", _set_property, permission="EDIT_ISSUES"),
    resource("GET", "issue/{issue}/remotelink", _remote_links, "globalId"),
    resource("POST", "issue/{issue}/remotelink", _set_remote_link, permission="LINK_ISSUES"),
    resource("POST", "issueLink", _link, permission="LINK_ISSUES"),
    resource("GET", "search/jql", _search_get, _SEARCH),
    resource("POST", "search/jql", _search_post),
    resource("GET", "search", _gone, _OLD_SEARCH),
    resource("POST", "search", _gone),
]
