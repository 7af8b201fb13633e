"""`tminus why`: what became of a request or subtask, for people who know no code."""

from __future__ import annotations

from typing import Annotated

import typer

from service.commands.operate import ConfigOption, installation
from service.commands.terminal import Refused


def why(
    issue: Annotated[str, typer.Argument(help="A request or subtask: MKT-12, a gid, or its web address.")],
    config: ConfigOption = None,
) -> None:
    """Tell why a task looks as it does, or why nothing happened, and what to do."""
    from service.why import tell

    with installation(config) as runtime:
        story = tell(runtime, issue)
    if story is None:
        raise Refused(
            f"nobody knows `{issue}`: no campaign, and no tracker that our accounts can see",
            "check the spelling, and whether our account may see that project (`tminus doctor`)",
        )
    for line in story.lines:
        typer.echo(line)
    typer.echo(f"\nWhat to do: {story.advice}")
