"""Checks of instruments: what a failed one takes away is judged again, and told."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q

from jiangcheng.core.cases import services as cases
from jiangcheng.core.registry.models import ObservedProperty, Outlet
from jiangcheng.modules.emissions import queries, rules
from jiangcheng.modules.emissions.models import Check
from jiangcheng.modules.emissions.services import judging

KIND = "emissions.check_failed"


def apply_checks(*, now: dt.datetime) -> int:
    """Judge again where checks were accepted, revoked or withdrawn; return how many checks that were."""
    held = Q(state="approved", withdrawn_at=None)
    changed = list(
        Check.objects.filter(Q(applied=False) & held | Q(applied=True) & ~held).order_by("at", "pk")
    )
    for check in changed:
        with transaction.atomic():
            Check.objects.filter(pk=check.pk).update(applied=check.holds)
            outlet = check.outlet
            if outlet is not None:
                start, end = _touched(check, now)
                judging.judge_again(station=outlet.station_id, start=start, end=end, now=now)
                _tell(check, outlet, now)
    return len(changed)


def _touched(check: Check, now: dt.datetime) -> tuple[int, int]:
    """Return the time whose judgement may change: from the check before it to the one after it, or to now."""
    others = Check.objects.filter(
        facility=check.facility, outlet_number=check.outlet_number, property_code=check.property_code
    ).exclude(pk=check.pk)
    before = others.filter(at__lte=check.at).order_by("-at").first()
    after = others.filter(at__gt=check.at).order_by("at").first()
    start = before.at if before else check.at
    end = after.at if after else now
    return int(start.timestamp()), max(int(end.timestamp()), int(start.timestamp()))


def _tell(check: Check, outlet: Outlet, now: dt.datetime) -> None:
    """Report a factor whose latest accepted check failed; end the finding where it was passed again."""
    key = f"{KIND}:{outlet.station.code}:{check.property_code}"
    until = int(now.timestamp()) + 1
    held = queries.checks(stations=[outlet.station_id], until=until).get(
        (outlet.station_id, check.property_code), []
    )
    if not held or held[-1].passed:
        cases.end_finding(dedup_key=key, at=held[-1].at if held else now)
        return
    last = held[-1]
    before = [row.at for row in held if row.passed]
    observed = ObservedProperty.objects.filter(code=last.property_code).order_by("pk").first()
    zh, en = (observed.name_zh, observed.name_en) if observed else (last.property_code, last.property_code)
    table = rules.control.table(queries.day_of(int(last.at.timestamp())))
    cases.report(
        finding=cases.FindingReport(
            kind=KIND,
            dedup_key=key,
            rule_version=f"checks {table['valid_from']}",
            title_zh=f"{outlet.station.name_zh} {zh}核查不合格",
            title_en=f"{outlet.station.name_en}: {en} failed its check",
            severity=2,
            station_id=outlet.station_id,
            facility_id=outlet.facility_id,
            first_at=last.at,
            last_at=last.at,
            evidence={
                "start": last.at.isoformat(),
                "end": last.at.isoformat(),
                "check": last.number,
                "property": last.property_code,
                "reference": last.reference,
                "value": last.measured,
                "passed_before": before[-1].isoformat() if before else None,
                "source": table["source"],
            },
        ),
        now=now,
    )
