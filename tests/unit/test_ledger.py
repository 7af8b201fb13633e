"""The ledger keeps every line, in order."""

from __future__ import annotations

from contextlib import suppress

import sqlalchemy as sa

from service.store import ledger
from service.store.engine import reading, transaction


def test_lines_are_kept_in_the_order_in_which_they_were_written(store_engine: sa.Engine) -> None:
    """A campaign's lines come oldest first, and the newest of all campaigns first."""
    for number in range(4):
        with transaction(store_engine) as session:
            ledger.note(session, "run", f"line {number}", campaign_id="c1")
            ledger.note(session, "run", f"other {number}", campaign_id="c2")
    with reading(store_engine) as session:
        mine = ledger.of_campaign(session, "c1")
        assert [line.sentence for line in mine] == ["line 0", "line 1", "line 2", "line 3"]
        assert [line.sentence for line in ledger.of_campaign(session, "c1", limit=2)] == ["line 2", "line 3"]
        assert [line.sentence for line in ledger.latest(session, 2)] == ["other 3", "line 3"]


def test_a_line_is_written_with_its_transaction_or_not_at_all(store_engine: sa.Engine) -> None:
    """What failed is not told as if it had happened."""
    with suppress(RuntimeError), transaction(store_engine) as session:
        ledger.note(session, "run", "it worked")
        raise RuntimeError("it did not")
    with reading(store_engine) as session:
        assert ledger.latest(session) == []
