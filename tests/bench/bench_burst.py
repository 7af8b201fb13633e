"""Twenty launches at once against trackers that enforce their limits: all whole, nothing twice, no time wasted."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence

from tests.bench.figures import Figure
from tests.bench.installation import LATENCY, Installation
from tests.bench.sites import Call, Remote, wait_until

ASANA_IN_FLIGHT, ASANA_A_MINUTE = 15, 1_500
JIRA_POSTS_A_SECOND = 100


def measure(home: Installation, *, launches: int = 20, runs: Sequence[tuple[str, int]] = ()) -> Iterator[Figure]:
    """Each run is a tracker and the size of its plans; the last but one passes Jira's rate, the last Asana's."""
    home.knobs(enforce_limits=True)
    sites = {site.tracker: site for site in home.sites}
    for tracker, size in runs or (("jira", 12), ("jira", 40), ("asana", 12), ("asana", 40)):
        yield _run(sites[tracker], launches, size)
    home.knobs(enforce_limits=False)


def _run(site: Remote, launches: int, size: int) -> Figure:
    before, begun = site.answered(), time.monotonic()
    requests = site.file(size, launches)
    # The look at the end costs the simulator's processor time, so it waits until as many calls as needed are in.
    planted = launches * (size if site.tracker == "jira" else 2 * size - 1)  # Jira creates all in one call
    wait_until(lambda: _planted(site.calls(before)) >= planted, 240, every=0.5)
    wait_until(lambda: all(site.whole(request, size) for request in requests), 60, every=0.5)
    calls = site.calls(before)
    site.settle()
    ended = max(call.at for call in calls if call.plants and call.status < 300)
    whole = sum(site.whole(request, size) for request in requests)
    seconds, floor = ended - begun, floor_seconds(site.tracker, launches, size)
    refused = sum(call.status == 429 for call in calls)
    return Figure(
        f"{site.tracker}: {launches} launches of {size} tasks at once, limits enforced",
        f"{whole}/{launches} whole, {seconds:.1f} s",
        f"{launches}/{launches}, ≤ {1.3 * floor:.1f} s",
        whole == launches and seconds <= 1.3 * floor,
        f"{seconds / floor:.2f} times the {floor:.1f} s of the limits alone; {refused} calls were refused with 429",
    )


def floor_seconds(tracker: str, launches: int, size: int) -> float:
    """What the limits alone dictate for the fewest calls, if every slot is used from the first moment on."""
    links = launches * (size - 1)
    if tracker == "jira":
        # A hundred links at once, the next hundred a second later; before the first link one read and one create.
        return math.ceil(links / JIRA_POSTS_A_SECOND) - 1 + 3 * LATENCY
    writes = launches * (2 * size)  # creates, links and the comment; each action counts
    reads = launches * 2
    # Two batches of ten never are in flight together, what is smaller finds room beside them.
    tens = launches * (2 * (size // 10) if size % 10 < 9 else 2 * (size // 10) + 1)
    waves = max(math.ceil(writes / ASANA_IN_FLIGHT), tens)
    minutes = math.ceil((writes + reads) / ASANA_A_MINUTE) - 1
    left_over = (writes + reads) % ASANA_A_MINUTE if minutes else 0
    if minutes:
        return 60 * minutes + math.ceil(left_over / ASANA_IN_FLIGHT) * LATENCY
    return (1 + waves) * LATENCY


def _planted(calls: Sequence[Call]) -> int:
    return sum(call.weight for call in calls if call.plants and call.status < 300)
