"""The journal keeps everything once, in order, and knows when somebody has touched it."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.journal import sqlite

DAY = 86_400_000_000
NOON = 1_767_268_800_000_000
"""2026-01-01 12:00 UTC in microseconds."""


def entry(number: int, *, received: int = NOON, state: int = 0, mn: str = "M1") -> journals.Entry:
    return journals.Entry(
        received + number, "192.0.2.1:5000", state, "", mn, "2011", b"##%d\xff\x00" % number
    )


def test_entries_are_numbered_without_gaps_across_restarts(new_journal):
    first = new_journal()
    assert first.last() == 0
    assert first.tail(0, 10) == []
    assert first.append([entry(1), entry(2)]) == 2
    first.close()
    second = new_journal()
    assert second.append([entry(3)]) == 3
    stored = second.tail(0, 10)
    assert [item.seq for item in stored] == [1, 2, 3]
    assert [journals.Entry(*item[1:]) for item in stored] == [entry(1), entry(2), entry(3)]
    assert second.tail(1, 1) == [stored[1]]
    assert second.last() == 3
    assert second.verify() is None


def test_a_journal_runs_over_days(new_journal):
    journal = new_journal()
    for day in range(3):
        journal.append([entry(day, received=NOON + day * DAY)])
    # A clock that steps back does not reopen a finished day.
    journal.append([entry(3, received=NOON)])
    assert [item.seq for item in journal.tail(0, 100)] == [1, 2, 3, 4]
    assert [item.seq for item in journal.tail(2, 1)] == [3]
    assert [item.seq for item in journal.replay(NOON + DAY, NOON + 2 * DAY)] == [2]
    assert [item.seq for item in journal.replay(NOON, NOON + 1_000)] == [1, 4]
    assert journal.size().entries == 4
    assert journal.verify() is None


def test_finished_segments_may_be_moved_away(tmp_path):
    journal = sqlite.SqliteJournal(tmp_path)
    for day in range(3):
        journal.append([entry(day, received=NOON + day * DAY)])
    segments = sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".sqlite3")
    assert segments == ["20260101.sqlite3", "20260102.sqlite3", "20260103.sqlite3"]
    assert not (tmp_path / "20260101.sqlite3-wal").exists()
    (tmp_path / segments[0]).unlink()
    assert journal.append([entry(3, received=NOON + 2 * DAY)]) == 4
    assert [item.seq for item in journal.tail(0, 10)] == [2, 3, 4]
    assert journal.verify() is None
    journal.close()


def test_trouble_is_found_without_reading_everything(new_journal):
    journal = new_journal()
    journal.append([entry(number, state=number % 3) for number in range(9)])
    bad = journal.recent(journals.State.BAD, 2)
    assert [item.raw for item in bad] == [entry(8).raw, entry(5).raw]
    assert [item.seq for item in journal.unregistered("M1", 1, 6)] == [2, 5]
    assert journal.unregistered("M2", 1, 9) == []


def test_a_batch_whose_commit_was_in_doubt_is_kept_once(new_journal):
    journal = new_journal()
    batch = [entry(1), entry(2)]
    journal.append([entry(0)])
    chain = journals.link(journals.link(journals.ORIGIN, [entry(0)]), batch)
    journal.append(batch)
    journal._attempted = (batch, chain)
    assert journal.append(batch) == 3
    assert [item.seq for item in journal.tail(0, 10)] == [1, 2, 3]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE {entry} SET mn = 'M2' WHERE seq = 3",
        "DELETE FROM {entry} WHERE seq = 3",
        "DELETE FROM {batch} WHERE last = 4",
    ],
)
def test_an_altered_journal_is_found_out(new_journal, tmp_path, request, damage):
    journal = new_journal()
    for first in range(1, 8, 2):
        journal.append([entry(first), entry(first + 1)])
    assert journal.verify() is None
    journal.close()
    if isinstance(journal, sqlite.SqliteJournal):
        (path,) = (tmp_path / "journal").glob("*.sqlite3")
        with sqlite3.connect(path) as connection:
            connection.execute(damage.format(entry="entry", batch="batch"))
    else:
        with psycopg.connect(request.getfixturevalue("postgres_url")) as connection:
            connection.execute(damage.format(entry="gateway_journal_entry", batch="gateway_journal_batch"))
    assert journal.verify() == 3


def test_a_folder_that_cannot_be_written_is_an_error_of_the_journal(tmp_path):
    journal = sqlite.SqliteJournal(tmp_path)
    journal.append([entry(0)])
    journal.close()
    for path in tmp_path.iterdir():
        path.write_bytes(b"this is no database, and it is longer than a header of one" * 20)
    with pytest.raises(journals.JournalError):
        journal.append([entry(1)])


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=6))
def test_the_chain_depends_on_every_byte_and_every_cut(batches):
    chain = journals.ORIGIN
    seen = {chain}
    for batch in batches:
        chain = journals.link(chain, map(entry, batch))
        seen.add(chain)
    assert len(seen) == len(batches) + 1


def test_two_writers_share_one_numbering_even_over_midnight(new_journal):
    gateway, web = new_journal(), new_journal()
    gateway.append([entry(1)])
    web.append([entry(2), entry(3)])
    web.append([entry(4, received=NOON + DAY)])
    # The gateway still has the day before open, and an arrival of that day.
    gateway.append([entry(5, received=NOON + 10)])
    web.append([entry(6, received=NOON + DAY)])
    gateway.append([entry(7, received=NOON + 2 * DAY)])
    stored = web.tail(0, 100)
    assert [item.seq for item in stored] == list(range(1, 8))
    assert [item.raw for item in stored] == [entry(number).raw for number in range(1, 8)]
    assert gateway.verify() is None
