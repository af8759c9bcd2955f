"""Rows whose term has passed become findings, and so somebody's case."""

from __future__ import annotations

import datetime as dt

from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.manifest import Register, manifests
from jiangcheng.core.records import queries
from jiangcheng.core.records.models import Record


def watch_due(*, now: dt.datetime) -> int:
    """Report every overdue row of the registers that ask for it, and end what is overdue no longer.

    Returns how many rows are overdue.
    """
    count = 0
    for declared in manifests.registers().values():
        if not declared.overdue:
            continue
        late = list(queries.overdue(register=declared.code, now=now))
        for record in late:
            _report(declared, record, now)
        count += len(late)
        _end(declared, {_key(declared, record) for record in late}, now)
    return count


def _report(declared: Register, record: Record, now: dt.datetime) -> None:
    kind = manifests.finding_kinds()[declared.overdue]
    assert record.due_at is not None
    cases.report(
        finding=cases.FindingReport(
            kind=declared.overdue,
            dedup_key=_key(declared, record),
            rule_version=f"records.{declared.code}",
            title_zh=f"{kind.names.zh}：{record.number}",
            title_en=f"{kind.names.en}: {record.number}",
            severity=kind.severity,
            first_at=record.due_at,
            last_at=now,
            evidence={
                "start": record.due_at.isoformat(),
                "register": declared.code,
                "number": record.number,
                "due_at": record.due_at.isoformat(),
            },
            facility_id=record.facility_id,
            longitude=record.longitude,
            latitude=record.latitude,
        ),
        now=now,
    )


def _end(declared: Register, late: set[str], now: dt.datetime) -> None:
    prefix = f"{declared.overdue}:{declared.code}:"
    unfinished = Finding.objects.filter(kind=declared.overdue, dedup_key__startswith=prefix, ended_at=None)
    for key in unfinished.values_list("dedup_key", flat=True):
        if key not in late:
            cases.end_finding(dedup_key=key, at=now)


def _key(declared: Register, record: Record) -> str:
    return f"{declared.overdue}:{declared.code}:{record.number}:{record.due_at:%Y%m%d}"
