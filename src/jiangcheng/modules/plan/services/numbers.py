"""Record the numbers of targets: from registers, from reviewed reports, from the cities of the province."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.records import queries as ledgers
from jiangcheng.core.records import services as records
from jiangcheng.modules.plan import queries, rules
from jiangcheng.modules.plan.models import Adjustment, Evaluation, TargetReport

REPORTED, ROLLED, BOUND = "reported", "rolled_up", "register"


def compute_indicators(*, on: dt.date, at: dt.datetime) -> int:
    """Record every target that follows from a register, then those of the province; return how many."""
    targets = {target.id: target for target in queries.versions(on=on)}
    count = 0
    with transaction.atomic():
        for code, binding in rules.bindings(on).items():
            if target := targets.get(code):
                count += _record_bound(target, binding, on, at)
        # A number of the year before may come late; earlier years are closed.
        for year in (on.year - 1, on.year):
            for row in queries.province(on=on, year=year):
                count += _record_rolled(row, on, at)
    return count


def _record_bound(target: rules.Target, binding: rules.Binding, on: dt.date, at: dt.datetime) -> int:
    told = binding.kind in ("indicator", "peak")
    if told:
        found = queries.told(binding)
    else:
        now = queries.measure(binding, now=at, year=on.year)
        found = {} if now is None else {on.year: now}
    source = _source(binding)
    count = 0
    for year, item in found.items():
        if item.value is None or year > on.year:
            continue
        lineage: dict[str, Any] = {
            "granularity": "row",
            "rows": item.rows,
            "through": min(on, dt.date(year, 12, 31)).isoformat(),
            **source,
        }
        if not told:
            lineage["intermediates"] = {"matched": item.matched, "total": item.total}
        if item.goal is not None:
            lineage["goal"] = round(item.goal, 6)
        if binding.kind == "peak" and year < (target.target_year or 0):
            lineage["preliminary"] = True
        _record(target, item.value, BOUND, binding.clause, lineage, year, at)
        count += 1
    return count


def _source(binding: rules.Binding) -> dict[str, Any]:
    if binding.registers:
        return {"register": binding.register, "url": reverse(f"records:{binding.registers[0]}")}
    if binding.kind in ("indicator", "peak"):
        return {"indicator": binding.names[0], "url": reverse("indicators:lineage", args=binding.names)}
    return {}


def _record_rolled(row: queries.ProvinceRow, on: dt.date, at: dt.datetime) -> bool:
    # A number of some cities is no number of the province; the page shows it with what is missing.
    if row.rolled.value is None or not row.rolled.is_complete:
        return False
    lineage = {
        "rows": len(row.rolled.present),
        "through": min(on, dt.date(row.year, 12, 31)).isoformat(),
        "url": reverse("plan:province"),
        "intermediates": {place.code: place.value for place in row.cities},
    }
    _record(row.target, row.rolled.value, ROLLED, "", lineage, row.year, at)
    return True


def _record(
    target: rules.Target,
    value: float,
    edition: str,
    clause: str,
    lineage: Mapping[str, Any],
    year: int,
    at: dt.datetime,
    reported_by: str = "",
) -> None:
    stands = rules.source(target.id)
    document = rules.words("documents")[stands.document][0]
    indicators.record(
        computation=indicators.Computation(
            indicator=target.indicator or target.id,
            period=(dt.date(year, 1, 1), dt.date(year + 1, 1, 1)),
            edition=edition,
            value=value,
            unit=target.unit,
            formula_zh=target.formula_zh,
            formula_en=target.formula_en,
            clause="；".join(filter(None, (f"{document} {stands.sentence}", clause)))[:200],
            lineage=lineage,
        ),
        at=at,
        reported_by=reported_by,
    )


def require_evidence(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``submit``: a reported number without a file behind it is not taken."""
    steps = ledgers.steps(register="plan-reports", number=record_number)
    if not any(step.evidence.all() for step in steps):
        raise Refused(_("请随“提交复核”附上依据文件或照片。"))


def record_report(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``accept``: the number counts from now on; the report it revises is replaced."""
    report = TargetReport.objects.get(number=record_number)
    on = report.through_date
    # A value of a year before the plan is its baseline: the target of today gives its unit and formula.
    today = max(on, timezone.localdate(now))
    target = next(item for item in queries.versions(on=today) if item.id == report.target)
    evidence = sorted(
        {
            proof.sha256
            for step in ledgers.steps(register="plan-reports", number=record_number)
            for proof in step.evidence.all()
        }
    )
    lineage = {
        "rows": 1,
        "through": on.isoformat(),
        "register": "plan-reports",
        "report": record_number,
        "evidence": evidence,
        "url": reverse("records:plan-reports-row", args=[record_number]),
    }
    unit = rules.words("departments")[report.unit_code][0]
    _record(target, report.value, REPORTED, report.document, lineage, report.year, now, reported_by=unit)
    earlier = TargetReport.objects.filter(
        target=report.target, year=report.year, state="accepted", withdrawn_at=None
    ).exclude(pk=report.pk)
    for row in earlier:
        records.act(record=row, action="replace", actor=actor, now=now, text=record_number)


def check_adjustment(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``approve``: what an evaluation has frozen is not moved under it."""
    row = Adjustment.objects.get(number=record_number)
    last = Evaluation.objects.order_by("-on_date").first()
    if last is not None and row.valid_from_date <= last.on_date:
        raise Refused(
            _("生效日期须晚于最近一次评估日 %(day)s；已冻结的评估不受调整影响。")
            % {"day": last.on_date.isoformat()}
        )
