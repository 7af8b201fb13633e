"""The site as it stands when the simulator starts: a marketing team's two projects, its people and its workflow."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from connectors.jira.simulator.model import (
    DONE,
    IN_PROGRESS,
    TO_DO,
    FieldDef,
    IssueType,
    LinkType,
    Priority,
    Project,
    Status,
    User,
)

TOKEN = "sim-token"  # noqa: S105  (the toy site's only credential, printed in its README)
SERVICE_USER = "tminus@example.com"
ADMINISTER = "ADMINISTER"


def user(name: str, email: str, *, hidden: bool = False, assignable: bool = True, admin: bool = False) -> User:
    """A person; the account id follows from the address."""
    account = f"712020:{uuid5(NAMESPACE_URL, email)}"
    return User(account, name, email, hidden, assignable, denied=set() if admin else {ADMINISTER})


def users() -> list[User]:
    """Fresh copies, since tests change them."""
    return [
        user("Tminus", SERVICE_USER, admin=True),
        user("Rita Requester", "rita.requester@example.com"),
        user("Dana Ops", "dana.ops@example.com"),
        user("Omar Ops", "omar.ops@example.com"),
        user("Lee Lead", "lee.lead@example.com"),
        user("Sam Sales", "sam.sales@example.com"),
        user("Hida Private", "hida.private@example.com", hidden=True),
        user("Gus Guest", "gus.guest@example.com", assignable=False),
    ]


def projects(lead: str) -> list[Project]:
    """MKT is where requests are filed; WEB shows that a webhook's filter is respected."""
    return [Project("10000", "MKT", "Marketing", lead), Project("10001", "WEB", "Website", lead)]


STATUSES = (
    Status("10000", "To Do", TO_DO),
    Status("3", "In Progress", IN_PROGRESS),
    Status("10010", "Waiting", IN_PROGRESS),
    Status("10011", "In Review", IN_PROGRESS),
    Status("10002", "Done", DONE),
    Status("10012", "Cancelled", DONE),
)

BUTTONS = {
    "To Do": ("11", "Back to To Do"),
    "In Progress": ("21", "Start progress"),
    "Waiting": ("31", "Wait for input"),
    "In Review": ("41", "Ask for review"),
    "Done": ("51", "Mark as done"),
    "Cancelled": ("61", "Cancel"),
}

WORKFLOW = {
    "To Do": ("In Progress", "Cancelled"),
    "In Progress": ("To Do", "Waiting", "In Review", "Done", "Cancelled"),
    "Waiting": ("In Progress", "Cancelled"),
    "In Review": ("In Progress", "Done"),
    "Done": ("In Progress",),
    "Cancelled": ("To Do",),
}

RESOLUTIONS = {"Done": ("10000", "Done"), "Cancelled": ("10001", "Won't Do")}
"""What the workflow's last step sets, by status."""

TYPES = (
    IssueType("10001", "Task", 0, "A small, distinct piece of work."),
    IssueType("10002", "Story", 0, "What a person wants to be able to do."),
    IssueType("10003", "Epic", 1, "A larger piece of work that holds others."),
    IssueType("10004", "Webinar", 0, "A request for a webinar."),
    IssueType("10005", "Email Send", 0, "A request for an e-mail send."),
    IssueType("10006", "List Import", 0, "A request to import a list."),
    IssueType("10007", "Sub-task", -1, "A part of another issue."),
)

PRIORITIES = tuple(
    Priority(str(number), name) for number, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), start=1)
)
DEFAULT_PRIORITY = "3"

LINK_TYPES = (
    LinkType("10000", "Blocks", "is blocked by", "blocks"),
    LinkType("10001", "Cloners", "is cloned by", "clones"),
    LinkType("10002", "Duplicate", "is duplicated by", "duplicates"),
    LinkType("10003", "Relates", "relates to", "relates to"),
)

SYSTEM_FIELDS = (
    FieldDef("project", "Project", "other", "project"),
    FieldDef("issuetype", "Issue Type", "other", "issuetype", clauses=("issuetype", "type")),
    FieldDef("parent", "Parent", "other", "issuelink"),
    FieldDef("summary", "Summary", "string", "string"),
    FieldDef("description", "Description", "adf", "string"),
    FieldDef("assignee", "Assignee", "user", "user"),
    FieldDef("reporter", "Reporter", "user", "user"),
    FieldDef("priority", "Priority", "priority", "priority"),
    FieldDef("labels", "Labels", "labels", "array", items="string"),
    FieldDef("duedate", "Due date", "date", "date", clauses=("due", "duedate")),
    FieldDef("issuelinks", "Linked Issues", "links", "array", items="issuelinks"),
)

START_DATE = "customfield_10015"
CUSTOM_FIELDS = (
    FieldDef(START_DATE, "Start date", "date", "date", custom="datepicker"),
    FieldDef("customfield_10050", "Webinar date", "date", "date", custom="datepicker"),
    FieldDef("customfield_10051", "Send date", "date", "date", custom="datepicker"),
    FieldDef("customfield_10052", "List file", "string", "string", custom="textfield"),
    FieldDef("customfield_10053", "Audience size", "number", "number", custom="float"),
    FieldDef("customfield_10054", "Region", "option", "option", custom="select", options=("EMEA", "AMER", "APAC")),
    FieldDef("customfield_10055", "Briefing", "adf", "string", custom="textarea"),
)
FIELDS = {definition.id: definition for definition in (*SYSTEM_FIELDS, *CUSTOM_FIELDS)}

READ_ONLY_FIELDS = {
    "status": ("Status", "status"),
    "statusCategory": ("Status Category", "statusCategory"),
    "statuscategorychangedate": ("Status Category Changed", "datetime"),
    "resolution": ("Resolution", "resolution"),
    "resolutiondate": ("Resolved", "datetime"),
    "created": ("Created", "datetime"),
    "updated": ("Updated", "datetime"),
    "creator": ("Creator", "user"),
    "subtasks": ("Sub-tasks", "array"),
    "comment": ("Comment", "comments-page"),
}
"""Listed by `GET /field`; nobody sets them."""

PERMISSIONS = {
    ADMINISTER: "Administer Jira",
    "BROWSE_PROJECTS": "Browse Projects",
    "CREATE_ISSUES": "Create Issues",
    "EDIT_ISSUES": "Edit Issues",
    "DELETE_ISSUES": "Delete Issues",
    "TRANSITION_ISSUES": "Transition Issues",
    "ASSIGN_ISSUES": "Assign Issues",
    "SCHEDULE_ISSUES": "Schedule Issues",
    "LINK_ISSUES": "Link Issues",
    "MODIFY_REPORTER": "Modify Reporter",
    "ADD_COMMENTS": "Add Comments",
    "EDIT_OWN_COMMENTS": "Edit Own Comments",
    "EDIT_ALL_COMMENTS": "Edit All Comments",
    "DELETE_OWN_COMMENTS": "Delete Own Comments",
    "DELETE_ALL_COMMENTS": "Delete All Comments",
}

RIGHTS_OF_FIELDS = {"ASSIGN_ISSUES": "assignee", "SCHEDULE_ISSUES": "duedate", "MODIFY_REPORTER": "reporter"}
"""Whoever lacks the right finds the field on no screen."""
