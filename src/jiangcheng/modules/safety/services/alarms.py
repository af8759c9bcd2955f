"""What the clock does: dose rates, late clocks of events, indicators."""

from __future__ import annotations

import datetime as dt

from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.modules.safety import queries
from jiangcheng.modules.safety.models import EmergencyEvent
from jiangcheng.modules.safety.rules import clocks, tables
from jiangcheng.standards import periods

DOSE, CLOCK = "safety.dose_rate", "safety.clock_late"


def watch_dose_rates(*, now: dt.datetime) -> int:
    """Report the stations that stay above their background, and end what is over; return how many alert."""
    count = 0
    for point in queries.dose_points(user=None, now=now, on=now.astimezone(periods.BEIJING).date()):
        key = f"{DOSE}:{point.station.code}"
        found = point.alert
        if found is None:
            cases.end_finding(dedup_key=key, at=now)
            continue
        count += 1
        first = dt.datetime.fromtimestamp(found.start, dt.UTC)
        said = f"{found.peak:.0f} > {found.threshold:.0f} nGy/h"
        last = first + dt.timedelta(hours=found.hours)
        cases.report(
            finding=cases.FindingReport(
                kind=DOSE, dedup_key=key, rule_version=found.version, severity=4, first_at=first, last_at=last,
                title_zh=f"辐射剂量率异常：{point.station.name_zh} {said}",
                title_en=f"Dose rate above background: {point.station.name_en} {said}",
                station_id=point.station.pk,
                evidence={
                    "start": (last - dt.timedelta(hours=1)).isoformat(), "end": last.isoformat(), "value": found.peak,
                    "limit": found.threshold, "background": found.background, "deviation": found.deviation,
                    "hours": found.hours, "edition": found.version,
                    "clause": tables.in_force("radiation", now.date())["source"],
                },
            ),
            now=now,
        )  # fmt: skip
    return count


def watch_clocks(*, now: dt.datetime) -> int:
    """Report clocks of real events that ran out, and end what was done since; return how many are late."""
    count = 0
    late: set[str] = set()
    rows = EmergencyEvent.objects.filter(drill=False, closed_at=None, withdrawn_at=None)
    for event in rows.select_related("region", "facility"):
        for clock in queries.clocks(event=event, now=now):
            if clock.state == "bad":
                count += 1
                late.add(_report(event, clock, now))
    for key in Finding.objects.filter(kind=CLOCK, ended_at=None).values_list("dedup_key", flat=True):
        if key not in late:
            cases.end_finding(dedup_key=key, at=now)
    return count


def _report(event: EmergencyEvent, clock: clocks.Clock, now: dt.datetime) -> str:
    assert clock.due_at is not None
    key = f"{CLOCK}:{event.number}:{clock.code}"
    cases.report(
        finding=cases.FindingReport(
            kind=CLOCK, dedup_key=key, rule_version=tables.in_force("clocks", now.date())["version"],
            title_zh=f"应急环节超时：{event.name_zh} {clock.name_zh}",
            title_en=f"Emergency clock exceeded: {event.number} {clock.name_en}", severity=4,
            first_at=clock.due_at, last_at=now, facility_id=event.facility_id, longitude=event.longitude,
            latitude=event.latitude,
            evidence={"start": clock.due_at.isoformat(), "event": event.number, "clock": clock.code,
                      "due_at": clock.due_at.isoformat(), "clause": clock.clause},
        ),
        now=now,
    )  # fmt: skip
    return key


def record_indicators(*, on: dt.date, now: dt.datetime) -> list[IndicatorValue]:
    """Record the indicators of the year of a day; drills are not among their rows."""
    found = queries.indicators(year=on.year, now=now)
    period = (dt.date(on.year, 1, 1), dt.date(on.year + 1, 1, 1))
    values = {
        "safety_hazards_on_time": _share(found["safety_hazards_on_time"]["parts"], "on_time", "late"),
        "safety_clocks_met": _share(found["safety_clocks_met"]["parts"], "met", "missed"),
        "safety_response_minutes": found["safety_response_minutes"]["parts"]["median"],
    }
    return [
        indicators.record(
            computation=indicators.Computation(
                indicator=row["indicator"], period=period, edition=row["edition"], value=values[row["indicator"]],
                unit=row["unit"], formula_zh=row["formula_zh"], formula_en=row["formula_en"], clause=row["clause"],
                lineage={"property": row["property"], "granularity": "year", "rows": found[row["indicator"]]["rows"],
                         "through": on.isoformat(), "url": row["url"],
                         "intermediates": found[row["indicator"]]["parts"]},
            ),
            at=now,
        )
        for row in tables.in_force("indicators", on)["rows"]
    ]  # fmt: skip


def _share(parts: dict[str, int], good: str, bad: str) -> float | None:
    total = parts[good] + parts[bad]
    return round(100 * parts[good] / total, 2) if total else None
