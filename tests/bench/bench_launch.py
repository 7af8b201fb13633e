"""From the hook to the last subtask and link: how many calls, how long, and against naive code in the same run."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench import naive
from tests.bench.figures import Figure
from tests.bench.installation import LATENCY, Installation
from tests.bench.sites import Call, Remote, wait_until

AT_ONCE = {"jira": 10, "asana": 15}
"""What the vendors let be in flight: Jira's cost guide advises ten calls at most, Asana refuses the sixteenth write."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch as the tracker saw it."""

    calls: int
    seconds: float
    """From the click to the answer of the last create and link; the comment may follow."""


def launch(site: Remote, size: int) -> Launch:
    """File a request and wait for its plan."""
    before, begun = site.answered(), time.monotonic()
    [request] = site.file(size)
    wait_until(lambda: site.whole(request, size), 60, every=0.15)
    calls = site.calls(before)
    ended = max(call.at for call in calls if call.plants)
    site.settle()
    return Launch(_until_comment(calls), ended - begun)


def floor_seconds(tracker: str, size: int) -> float:
    """One read, then the creates, then the links, each as wide as the vendor allows, at the latency of each call."""
    links = size - 1
    if tracker == "jira":
        waves = 1 + math.ceil(size / 50) + math.ceil(links / AT_ONCE["jira"])
    else:  # creates in tens, as a second batch in flight would make twenty writes; links fifteen at once
        waves = 1 + math.ceil(size / 10) + math.ceil(links / AT_ONCE["asana"])
    return waves * LATENCY


def most_calls(tracker: str, size: int) -> int:
    """The figure that we promise."""
    links = size - 1
    if tracker == "jira":
        return math.ceil(size / 50) + links + 4
    return math.ceil(size / 10) + math.ceil(links / 10) + 5


def naive_launch(site: Remote, size: int) -> Launch:
    """The same plan, written one SDK call after another."""
    [request] = site.file(0)
    site.settle()
    before, begun = site.answered(), time.monotonic()
    if site.tracker == "jira":
        naive.launch_in_jira(site.about["url"], request, size)
    else:
        naive.launch_in_asana(site.about["url"], site.about["workspace"], request, size)
    seconds = time.monotonic() - begun
    return Launch(site.answered() - before, seconds)


def measure(home: Installation, *, sizes: Sequence[int] = (12, 40), rounds: int = 3) -> Iterator[Figure]:
    """Both trackers; medians of `rounds`."""
    for site in home.sites:
        for size in sizes:
            done = [launch(site, size) for _ in range(rounds)]
            counted, most = max(each.calls for each in done), most_calls(site.tracker, size)
            what = f"{site.tracker}: calls to launch {size} tasks in a chain"
            yield Figure(what, str(counted), f"≤ {most}", counted <= most)
            if size == max(sizes):
                yield from _times(site, size, done)


def _times(site: Remote, size: int, done: Sequence[Launch]) -> Iterator[Figure]:
    seconds, floor = median(each.seconds for each in done), floor_seconds(site.tracker, size)
    what = f"{site.tracker}: hook to last subtask and link, {size} tasks"
    yield Figure(what, f"{seconds:.2f} s", f"≤ {1.5 * floor:.2f} s", seconds <= 1.5 * floor, _against(seconds, floor))
    slow = naive_launch(site, size)
    ratio = slow.seconds / seconds
    what = f"{site.tracker}: the same against one SDK call after another"
    yield Figure(
        what, f"{ratio:.1f} times", "≥ 8 times", ratio >= 8, f"naive: {slow.seconds:.1f} s, {slow.calls} calls"
    )


def _against(seconds: float, floor: float) -> str:
    return f"{seconds / floor:.2f} times the floor of {floor:.2f} s"


def _until_comment(calls: Sequence[Call]) -> int:
    """Calls up to the comment that tells the plan; what our own echoes cause comes later."""
    last = max(at for at, call in enumerate(calls) if call.plants or _comments(call))
    return sum(call.about_work for call in calls[: last + 1])


def _comments(call: Call) -> bool:
    return call.method == "POST" and call.path.endswith(("/comment", "/stories"))
