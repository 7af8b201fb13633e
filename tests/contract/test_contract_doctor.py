"""Inspecting: nothing on a healthy site, and what a person must mend on a broken one."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.contract import Connector
from tests.contract.scene import CONNECTORS, Scene, opened
from tests.hook_target import HookTarget


def test_a_healthy_site_has_no_findings(scene: Scene) -> None:
    """With its hook in place (and heard of), and for every kind of container."""
    with HookTarget() as target:
        hook = scene.tracker.add_hook([scene.stage.project], target.url, "secret")
        scene.stage.file("Heard of")
        target.wait_for(lambda _: all(listed.healthy for listed in scene.tracker.hooks()))
        assert list(scene.tracker.inspect()) == []
        scene.tracker.remove_hook(hook.id)
    for kind in scene.stage.containers:
        assert list(scene.open({"container": kind}).inspect()) == []


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda connector: connector.name)
def test_each_trouble_is_found_and_its_remedy_told(connector: Connector[Any], quiet: None) -> None:
    """Two plain sentences for each, without a secret; and nothing else is found."""
    with opened(connector) as scene:
        troubles = scene.stage.troubles()
    for at, trouble in enumerate(troubles):
        with opened(connector) as scene:
            changed = scene.stage.troubles()[at].cause()
            findings = list(scene.open(changed).inspect())
        told = "\n".join(f"{finding.problem} {finding.remedy}" for finding in findings)
        assert any(trouble.told in finding.problem for finding in findings), f"{trouble.name}: {told or 'nothing'}"
        assert len(findings) <= 2, f"{trouble.name}: {told}"
        assert all(finding.problem.endswith(".") and finding.remedy.endswith(".") for finding in findings), told
        assert [secret for secret in scene.stage.secrets if secret in told] == []


def test_a_site_that_refuses_everything_is_still_inspected(scene: Scene) -> None:
    """The doctor tells it in a finding."""
    scene.strike(times=None, error_before=1.0, error_status=403)
    assert list(scene.tracker.inspect())
