"""The dated tables of a room: the newest version that has begun holds, and before the first none does."""

import datetime as dt
import json

import pytest

from jiangcheng.standards.dated import DatedTables, NotInForce


@pytest.fixture
def tables(tmp_path):
    rows = [{"valid_from": "2025-03-01", "days": 5}, {"valid_from": "2024-01-01", "days": 7}]
    (tmp_path / "terms.json").write_text(json.dumps(rows))
    return DatedTables(tmp_path)


@pytest.mark.parametrize(
    ("on", "days"), [("2024-01-01", 7), ("2025-02-28", 7), ("2025-03-01", 5), ("2030-01-01", 5)]
)
def test_a_version_holds_from_its_first_day_until_the_next_begins(tables, on, days):
    assert tables.in_force("terms", dt.date.fromisoformat(on))["days"] == days


def test_before_the_first_version_there_is_none(tables):
    with pytest.raises(NotInForce, match="terms: no version is in force on 2023-12-31"):
        tables.in_force("terms", dt.date(2023, 12, 31))
