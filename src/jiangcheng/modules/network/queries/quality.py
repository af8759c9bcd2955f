"""Which checks vouch for which values."""

from __future__ import annotations

import collections
import datetime as dt

from jiangcheng.core.registry.models import ObservedProperty
from jiangcheng.modules.network.models import QcRecord
from jiangcheng.modules.network.rules import quality as rules
from jiangcheng.modules.network.rules.tables import in_force
from jiangcheng.standards import periods


def valid_until(record: QcRecord) -> dt.datetime:
    """Return until when a record vouches: as it says itself, else as the table of its day says."""
    if record.valid_to_at is not None:
        return record.valid_to_at
    on = record.performed_at.astimezone(periods.BEIJING).date()
    kinds = {item["code"]: item["valid_days"] for item in in_force("qc", on)["kinds"]}
    return record.performed_at + dt.timedelta(days=kinds.get(record.kind, 0))


def checks_of(*, station: str, observed: str = "") -> list[QcRecord]:
    """Return the records of a station, the oldest first; of a property, those about all among them."""
    rows = QcRecord.objects.filter(station=station, withdrawn_at=None).order_by("performed_at", "pk")
    return list(rows.filter(observed__in=("", observed)) if observed else rows)


def qc_covering(*, station: str, observed: str, at: dt.datetime) -> list[QcRecord]:
    """Return the latest check of each kind that stands behind a value, passed or failed.

    Parameters
    ----------
    station, observed
        Code of the station and name of the property, e.g. ``a34004-avg``.
    at
        Start of the value.
    """
    records = checks_of(station=station, observed=observed)
    return [
        records[place] for place in rules.covering(int(at.timestamp()), [as_check(row) for row in records])
    ]


def as_check(record: QcRecord) -> rules.Check:
    """Return a record as the rules read it."""
    return rules.Check(
        kind=record.kind,
        at=int(record.performed_at.timestamp()),
        until=int(valid_until(record).timestamp()),
        passed=record.result == QcRecord.Result.PASSED,
    )


def series_under_qc() -> dict[str, dict[str, list[rules.Check]]]:
    """Return the checks by station and property; the property ``""`` stands for all of a station."""
    found: dict[str, dict[str, list[rules.Check]]] = collections.defaultdict(dict)
    for row in QcRecord.objects.filter(withdrawn_at=None).order_by("station", "performed_at", "pk"):
        found[row.station].setdefault(row.observed, []).append(as_check(row))
    return found


def property_keys() -> dict[int, str]:
    """Return the names of measured properties by key."""
    rows = ObservedProperty.objects.exclude(medium="derived")
    return {
        key: f"{code}-{statistic}" for key, code, statistic in rows.values_list("pk", "code", "statistic")
    }
