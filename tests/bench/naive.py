"""What most teams would write: one SDK call after another, nothing kept and nothing retried."""

from __future__ import annotations

from itertools import pairwise

import asana
import jira


def launch_in_jira(url: str, request: str, size: int) -> None:
    """Sub-tasks with owner and due date, the links of a chain, and a comment."""
    client = jira.JIRA(url, basic_auth=("tminus@example.com", "sim-token"), get_server_info=False, max_retries=0)
    project = client.issue(request).fields.project.key
    [owner] = client.search_assignable_users_for_issues(query="dana.ops@example.com", project=project)
    made = []
    for number in range(size):
        fields = {
            "project": {"key": project},
            "issuetype": {"name": "Sub-task"},
            "parent": {"key": request},
            "summary": f"Step {number}",
            "duedate": "2027-02-01",
            "assignee": {"accountId": owner.accountId},
        }
        made.append(client.create_issue(fields))
    for before, after in pairwise(made):
        # Not `create_issue_link`: it sends `comment: null`, which Jira may refuse.
        link = {"type": {"name": "Blocks"}, "inwardIssue": {"key": before.key}, "outwardIssue": {"key": after.key}}
        client._session.post(client._get_url("issueLink"), json=link)
    client.add_comment(request, f"0 of {size} tasks done")
    client.close()


def launch_in_asana(url: str, workspace: str, request: str, size: int) -> None:
    """The same in Asana."""
    configuration = asana.Configuration()
    configuration.host, configuration.access_token = url, "sim-token"
    client = asana.ApiClient(configuration)
    tasks, users, stories = asana.TasksApi(client), asana.UsersApi(client), asana.StoriesApi(client)
    tasks.get_task(request, {})
    people = users.get_users({"workspace": workspace, "opt_fields": "email"})
    [owner] = [person["gid"] for person in people if person["email"] == "dana.ops@example.com"]
    made: list[str] = []
    for number in range(size):
        data = {"name": f"Step {number}", "due_on": "2027-02-01", "assignee": owner}
        made.append(tasks.create_subtask_for_task({"data": data}, request, {})["gid"])
    for before, after in pairwise(made):
        tasks.add_dependencies_for_task({"data": {"dependencies": [before]}}, after)
    stories.create_story_for_task({"data": {"text": f"0 of {size} tasks done"}}, request, {})
