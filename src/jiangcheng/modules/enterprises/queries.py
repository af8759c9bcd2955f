"""Permit contents, duties, plates, colours' inputs, lists and the compliance matrix of facilities."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.urls import reverse

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.manifest import CheckItem, ToDo
from jiangcheng.core.observations import store
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility, Permit, PermitLimit
from jiangcheng.modules.enterprises import rules
from jiangcheng.modules.enterprises.models import (
    Duty,
    ListEntry,
    MonitoringRequirement,
    PermitUnit,
    Plate,
    ReportRequirement,
    Statement,
    TotalChange,
    TreatmentFacility,
)
from jiangcheng.standards import periods

NAMED = ("code", "name_zh", "name_en")
VIEW, MANAGE, OWN = "enterprises.view", "enterprises.manage", "enterprises.own"
FREQUENCIES_EN = {
    "continuous": "continuously", "day": "daily", "week": "weekly", "month": "monthly",
    "quarter": "quarterly", "half": "half-yearly", "year": "yearly",
}  # fmt: skip
FREQUENCIES_ZH = {
    "continuous": "连续", "day": "每日", "week": "每周", "month": "每月", "quarter": "每季", "half": "每半年",
    "year": "每年",
}  # fmt: skip
BEIJING_SECONDS = 8 * periods.HOUR
"""Beijing time is ahead of UTC by this [s]."""
REPORTS_ZH = {"year": "年度", "quarter": "季度", "month": "月度"}


@dataclasses.dataclass(frozen=True, slots=True)
class DutyLine:
    """A duty and its state on the day of the question."""

    duty: Duty
    state: str


@dataclasses.dataclass(frozen=True, slots=True)
class MonitoringLine:
    """A monitoring requirement and what was done of it since the first day of the quarter."""

    requirement: MonitoringRequirement
    expected: int
    done: int
    sufficient: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One aspect in one quarter."""

    state: str
    count: int
    url: str


@dataclasses.dataclass(frozen=True, slots=True)
class Aspect:
    """A row of the matrix: code, name, cells by quarter."""

    code: str
    cells: tuple[Cell, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class LimitChange:
    """A limit that two permit versions do not share; a side that has none is None."""

    outlet: str
    name_zh: str
    name_en: str
    averaging: str
    before: str | None
    after: str | None


def reach(*, user: User, on: dt.date) -> access.Scope:
    """Return where a person may read enterprise files: as an official, or the own plant."""
    seen, own = access.scope(user, VIEW, on), access.scope(user, OWN, on)
    return access.Scope(
        everything=seen.everything,
        region_codes=seen.region_codes,
        facility_codes=seen.facility_codes | own.facility_codes,
    )


def own_facilities(*, user: User, on: dt.date) -> QuerySet[Facility]:
    """Return the plants a person speaks for."""
    return registry.facilities(scope=access.scope(user, OWN, on))


def permit_on(*, facility: Facility, on: dt.date) -> Permit | None:
    """Return the latest permit version in force on a day, or None."""
    return registry.permits(facility=facility, on=on).order_by("-version", "-pk").first()


def versions(*, facility: Facility) -> QuerySet[Permit]:
    """Return all permit versions of a facility, the newest first."""
    return facility.permits.order_by("number", "-version")


def limit_changes(*, before: Permit, after: Permit) -> list[LimitChange]:
    """Return the limits in which two permit versions differ, by outlet and property."""
    old, new = _limits_by_key(before), _limits_by_key(after)
    found = []
    for key in sorted(old.keys() | new.keys()):
        left, right = old.get(key), new.get(key)
        texts = tuple(None if item is None else _range(item) for item in (left, right))
        if texts[0] == texts[1]:
            continue
        item = right or left
        assert item is not None
        quantity = item.observed_property
        found.append(
            LimitChange(item.outlet.number, quantity.name_zh, quantity.name_en, item.averaging, *texts)
        )
    return found


def requirements(*, permit: Permit) -> list[dict[str, Any]]:
    """Return what a permit version obliges to hand in, as the rule of duties reads it."""
    reports = [
        {
            "kind": Duty.Kind.REPORT.value,
            "subject": item.frequency,
            "frequency": item.frequency,
            "after_days": item.after_days,
            "merges": item.merges,
        }
        for item in ReportRequirement.objects.filter(permit=permit).order_by("pk")
    ]
    manual = MonitoringRequirement.objects.filter(permit=permit, automatic=False).select_related(
        "outlet", "observed_property"
    )
    monitoring = [
        {"kind": Duty.Kind.MONITORING.value, "subject": monitoring_subject(item), "frequency": item.frequency}
        for item in manual.exclude(frequency="continuous").order_by("pk")
    ]
    return [*reports, *monitoring]


def monitoring_subject(item: MonitoringRequirement) -> str:
    """Return what a monitoring duty is about: outlet, property and frequency."""
    return f"{item.outlet.number} {item.observed_property} {item.frequency}"


def subject_names(duty: Duty) -> tuple[str, str]:
    """Return what a duty is about, with its frequency in words, in Chinese and English."""
    about, _, frequency = duty.subject.rpartition(" ")
    return f"{about} {FREQUENCIES_ZH[frequency]}".strip(), f"{about} {FREQUENCIES_EN[frequency]}".strip()


def duties(*, facility: Facility) -> QuerySet[Duty]:
    """Return the duties of a facility, the latest first."""
    return (
        Duty.objects.filter(facility=facility)
        .select_related("permit", "submitted_by")
        .order_by("-due_date", "-pk")
    )


def duty_lines(found: Iterable[Duty], *, on: dt.date) -> list[DutyLine]:
    """Return duties with their state on a day."""
    return [DutyLine(duty, state_of(duty, on=on)) for duty in found]


def state_of(duty: Duty, *, on: dt.date) -> str:
    """Return the state of a duty on a day, see `rules.duty_state`."""
    handed_in = duty.submitted_at.astimezone(periods.BEIJING).date() if duty.submitted_at else None
    return rules.duty_state(
        due=duty.due_date, submitted=handed_in, accepted=duty.accepted_at is not None, today=on
    )


def missed(*, on: dt.date) -> QuerySet[Duty]:
    """Return the duties whose day has passed and for which nothing was handed in."""
    return Duty.objects.filter(submitted_at=None, due_date__lt=on).select_related("facility", "permit")


def expiring(*, on: dt.date, until: dt.date) -> list[Permit]:
    """Return the permits in force that end in ``(on, until]`` and have no version that goes on after."""
    ending = Permit.objects.filter(valid_from_date__lte=on, valid_to_date__gt=on, valid_to_date__lte=until)
    follows = Permit.objects.filter(facility=OuterRef("facility")).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=OuterRef("valid_to_date"))
    )
    return list(ending.exclude(Exists(follows)).select_related("facility").order_by("valid_to_date", "pk"))


def monitoring_lines(*, facility: Facility, on: dt.date) -> list[MonitoringLine]:
    """Return the monitoring plan in force on a day against what was done in the quarter so far."""
    permit = permit_on(facility=facility, on=on)
    if permit is None:
        return []
    start = rules.quarters(on, 1)[0]
    plan = list(
        MonitoringRequirement.objects.filter(permit=permit)
        .select_related("outlet__station", "observed_property")
        .order_by("outlet__number", "pk")
    )
    hours = _hours_with_values([item for item in plan if item.automatic], start, on)
    share = rules.in_force("duties", on)["automatic_share"]
    return [_monitoring_line(item, hours.get(item.pk, 0), start, on, share) for item in plan]


def check_list(*, facility_code: str, on: dt.date) -> list[CheckItem]:
    """Return what to look at in a plant, from the permit version in force on a day; empty without one."""
    facility = Facility.objects.filter(code=facility_code).first()
    permit = permit_on(facility=facility, on=on) if facility else None
    if permit is None:
        return []
    limits = permit.limits.select_related("outlet", "observed_property").order_by("outlet__number", "pk")
    questions = rules.permit_questions(
        permit=permit.number,
        units=PermitUnit.objects.filter(permit=permit)
        .order_by("code")
        .values("code", "name_zh", "name_en", "capacity"),
        treatments=TreatmentFacility.objects.filter(permit=permit)
        .order_by("code")
        .values("code", "name_zh", "name_en", "process"),
        outlets=[
            {"code": item.number, "name_zh": item.name_zh, "name_en": item.name_en}
            for item in permit.facility.outlets.order_by("number")
        ],
        limits=[_limit_row(item) for item in limits if item.averaging == "hour"],
        monitoring=[
            _monitoring_row(item)
            for item in MonitoringRequirement.objects.filter(permit=permit)
            .select_related("outlet", "observed_property")
            .order_by("pk")
        ],
        reports=[
            _report_row(item) for item in ReportRequirement.objects.filter(permit=permit).order_by("pk")
        ],
    )
    return [CheckItem(**dataclasses.asdict(question)) for question in questions]


def valid_plate(*, facility: Facility) -> Plate | None:
    """Return the plate of a facility that holds, or None."""
    return Plate.objects.filter(facility=facility, revoked_at=None).first()


def facilities_by_plate(*, text: str, scope: access.Scope, on: dt.date) -> list[str]:
    """Return the codes of facilities that the code of a plate names, within a scope."""
    try:
        claims, _ = rules.decode(text.strip().rpartition("/")[2])
    except rules.Forged:
        return []
    found = registry.facilities(scope=scope).filter(code=claims.facility)
    return list(found.values_list("code", flat=True))


def list_entries(*, facility: Facility, on: dt.date) -> QuerySet[ListEntry]:
    """Return the lists a facility is on on a day."""
    return _listed(on).filter(facility=facility).order_by("list_code", "valid_from_date")


def public_list(*, list_code: str, on: dt.date) -> QuerySet[ListEntry]:
    """Return who is on a list on a day, by name."""
    return _listed(on).filter(list_code=list_code).select_related("facility").order_by("facility__name_zh")


def policies(*, list_code: str, on: dt.date) -> list[dict[str, str]]:
    """Return what membership of a list brings with it on a day."""
    return list(rules.in_force("lists", on)["lists"][list_code]["policies"])


def statements(*, facility: Facility) -> QuerySet[Statement]:
    """Return what an enterprise has said about its data, the latest first."""
    return (
        Statement.objects.filter(facility=facility)
        .select_related("outlet", "observed_property", "made_by")
        .order_by("-made_at")
    )


def colour_inputs(*, facility: Facility, now: dt.datetime) -> dict[str, list[str]]:
    """Return the rows that count for the colour of a facility, by name of an input of the rules."""
    on = now.astimezone(periods.BEIJING).date()
    since = now - dt.timedelta(days=rules.in_force("colours", on)["window_days"])
    findings = list(_findings_of(facility).filter(last_at__gte=since))
    open_cases = facility.cases.filter(closed_at=None)
    credit = registry.labels(facility=facility, on=on).get("credit")
    return {
        "over_limit": [row.dedup_key for row in findings if row.kind == "emissions.over_limit"],
        "data_findings": [row.dedup_key for row in findings if row.kind == "emissions.no_data"],
        "urgent_findings": [row.dedup_key for row in findings if row.severity >= 4],
        "overdue_duties": [str(duty) for duty in missed(on=on).filter(facility=facility)],
        "open_cases": list(open_cases.values_list("number", flat=True)),
        "overdue_cases": list(open_cases.filter(due_at__lte=now).values_list("number", flat=True)),
        "credit_red": [str(credit)] if credit and credit.code in {"red", "black"} else [],
    }


def matrix(*, facility: Facility, on: dt.date) -> tuple[list[dt.date], list[Aspect]]:
    """Return the first days of the last twelve quarters, and each aspect's state in them."""
    edges = rules.quarters(on)
    findings: dict[str, list[tuple[dt.date, dt.date]]] = defaultdict(list)
    for kind, first, last in _findings_of(facility).values_list("kind", "first_at", "last_at"):
        findings[_aspect_of(kind)].append((_day(first), _day(last)))
    desk = f"{reverse('cases:desk')}?view=list&facility={facility.code}"
    file = f"{reverse('registry:facility', args=[facility.code])}"
    watched = _watched(facility, edges)
    aspects = [
        _aspect("emission", findings["emission"], watched, edges, desk),
        _aspect("transmission", findings["transmission"], watched, edges, desk),
        _aspect("inspection", findings["inspection"], [], edges, desk),
    ]
    for kind in Duty.Kind.values:
        due = [duty for duty in Duty.objects.filter(facility=facility, kind=kind) if duty.due_date < on]
        spans = [(duty.due_date, duty.due_date) for duty in due]
        bad = [(d.due_date, d.due_date) for d in due if state_of(d, on=on) in {"missed", "late"}]
        aspects.append(_aspect(kind, bad, spans, edges, f"{file}#duties"))
    cases = [
        (_day(case.opened_at), _day(case.closed_at) if case.closed_at else on)
        for case in facility.cases.exclude(state__in=("refused", "false_alarm"))
    ]
    aspects.append(_aspect("cases", cases, None, edges, desk))
    return edges[:-1], aspects


def to_do(*, user: User, now: dt.datetime) -> list[ToDo]:
    """Return the permit duties of a person's enterprise, and the totals that wait for a decision."""
    on = now.astimezone(periods.BEIJING).date()
    waiting = Duty.objects.filter(
        facility__in=own_facilities(user=user, on=on), submitted_at=None, period_to_date__lte=on
    ).select_related("facility")
    url = reverse("enterprises:own")
    found = [
        ToDo(
            kind="enterprises.duty",
            title_zh=f"{duty.facility.name_zh}：提交{duty.get_kind_display()}（{subject_names(duty)[0]}）",
            title_en=f"{duty.facility.name_en}: hand in the {duty.kind} ({subject_names(duty)[1]})",
            url=f"{url}#duty-{duty.pk}",
            due_at=dt.datetime.combine(duty.due_date + dt.timedelta(days=1), dt.time(), periods.BEIJING),
            number=str(duty.pk),
        )
        for duty in waiting.order_by("due_date")
    ]
    return found + _totals_to_decide(user, on)


def permitted_total(*, facility: Facility, pollutant: str, year: int) -> Decimal:
    """Return the total [t] of a pollutant a permit allows in a year: all changes that were approved."""
    rows = TotalChange.objects.filter(facility=facility, pollutant=pollutant, withdrawn_at=None)
    return rows.filter(state="approved", year__lte=year).aggregate(sum=Sum("change"))["sum"] or Decimal(0)


def _totals_to_decide(user: User, on: dt.date) -> list[ToDo]:
    scope = access.scope(user, "enterprises.manage", on)
    if not scope:
        return []
    waiting = TotalChange.objects.filter(
        scope.as_filter(region="region__code", facility="facility__code"), state="proposed", withdrawn_at=None
    )
    return [
        ToDo(
            kind="enterprises.total",
            title_zh=f"许可排放总量变更：{row.facility.name_zh if row.facility else row.number}",
            title_en=f"Change of a permitted total: {row.facility.name_en if row.facility else row.number}",
            url=reverse("records:permit-totals-row", args=(row.number,)),
            since=row.created_at,
            number=row.number,
        )
        for row in waiting.select_related("facility").order_by("pk")
    ]


def visible_cases(*, facility: Facility) -> QuerySet[Case]:
    """Return the open cases of a facility, the most urgent first."""
    return facility.cases.filter(closed_at=None).order_by("due_at", "-severity", "pk")


def _listed(on: dt.date) -> QuerySet[ListEntry]:
    return ListEntry.objects.filter(withdrawn_at=None, valid_from_date__lte=on).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    )


def _findings_of(facility: Facility) -> QuerySet[Finding]:
    return Finding.objects.filter(Q(facility=facility) | Q(station__outlet__facility=facility)).exclude(
        case__state__in=("refused", "false_alarm")
    )


def _aspect_of(kind: str) -> str:
    known = {"emissions.over_limit": "emission", "emissions.no_data": "transmission"}
    return known.get(kind, "inspection" if kind.startswith("inspections.") else "other")


def _watched(facility: Facility, edges: list[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Return the days on which a limited series of the facility has values; one series of each outlet is read."""
    pairs = dict(
        PermitLimit.objects.filter(permit__facility=facility)
        .order_by("-observed_property")
        .values_list("outlet__station", "observed_property")
    )
    if not pairs:
        return []
    table = store.read(
        stations=sorted(pairs),
        properties=sorted(set(pairs.values())),
        granularity=store.Granularity.HOUR,
        start=int(_midnight(edges[0]).timestamp()),
        end=int(_midnight(edges[-1]).timestamp()),
    )
    value = table["value"].to_numpy()
    starts = table["start"].to_numpy()[value == value] + BEIJING_SECONDS
    days = np.unique(starts // periods.DAY).astype("datetime64[D]").tolist()
    return [(day, day) for day in days]


def _aspect(
    code: str,
    bad: list[tuple[dt.date, dt.date]],
    obliged: list[tuple[dt.date, dt.date]] | None,
    edges: list[dt.date],
    url: str,
) -> Aspect:
    wrong = _by_quarter(bad, edges)
    due: list[int] | list[None] = [None] * len(wrong) if obliged is None else _by_quarter(obliged, edges)
    cells = [
        Cell(rules.cell_state(bad=count, obliged=all_due), count, url)
        for count, all_due in zip(wrong, due, strict=True)
    ]
    return Aspect(code, tuple(cells))


def _by_quarter(spans: list[tuple[dt.date, dt.date]], edges: list[dt.date]) -> list[int]:
    first = np.array([span[0] for span in spans], "datetime64[D]")
    last = np.array([span[1] for span in spans], "datetime64[D]")
    counts: list[int] = rules.count_by_quarter(first, last, np.array(edges, "datetime64[D]")).tolist()
    return counts


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(periods.BEIJING).date()


def _limits_by_key(permit: Permit) -> dict[tuple[str, str, str], PermitLimit]:
    rows = permit.limits.select_related("outlet", "observed_property")
    return {(row.outlet.number, str(row.observed_property), row.averaging): row for row in rows}


def _range(limit: PermitLimit) -> str:
    low = "" if limit.lower is None else f"≥ {limit.lower.normalize():f} "
    high = "" if limit.upper is None else f"≤ {limit.upper.normalize():f}"
    return f"{low}{high} {limit.observed_property.unit_text}".strip()


def _limit_row(limit: PermitLimit) -> dict[str, str]:
    quantity = limit.observed_property
    return {
        "code": f"{limit.outlet.number}:{quantity}",
        "name_zh": f"{limit.outlet.number} {quantity.name_zh}",
        "name_en": f"{quantity.name_en} at {limit.outlet.number}",
        "expected": _range(limit),
        "unit": quantity.unit_text,
        "basis": limit.basis,
    }


def _monitoring_row(item: MonitoringRequirement) -> dict[str, str]:
    quantity = item.observed_property
    return {
        "code": f"{item.outlet.number}:{quantity}",
        "name_zh": f"{item.outlet.number} {quantity.name_zh}",
        "name_en": f"{quantity.name_en} at {item.outlet.number}",
        "frequency_zh": FREQUENCIES_ZH[item.frequency],
        "frequency_en": FREQUENCIES_EN[item.frequency],
    }


def _report_row(item: ReportRequirement) -> dict[str, str]:
    return {
        "code": item.frequency,
        "name_zh": "执行报告",
        "name_en": "execution report",
        "frequency_zh": REPORTS_ZH.get(item.frequency, FREQUENCIES_ZH[item.frequency]),
        "frequency_en": FREQUENCIES_EN[item.frequency],
    }


def _hours_with_values(plan: list[MonitoringRequirement], start: dt.date, end: dt.date) -> dict[int, int]:
    """Return, by requirement, the hours of the days ``[start, end)`` with a value."""
    if not plan:
        return {}
    table = store.read(
        stations=sorted({item.outlet.station_id for item in plan}),
        properties=sorted({item.observed_property_id for item in plan}),
        granularity=store.Granularity.HOUR,
        start=int(_midnight(start).timestamp()),
        end=int(_midnight(end).timestamp()),
    )
    value = table["value"].to_numpy()
    known = value == value
    station, quantity = table["station"].to_numpy(), table["property"].to_numpy()
    return {
        item.pk: int(
            (known & (station == item.outlet.station_id) & (quantity == item.observed_property_id)).sum()
        )
        for item in plan
    }


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), periods.BEIJING)


def _monitoring_line(
    item: MonitoringRequirement, hours: int, start: dt.date, on: dt.date, share: float
) -> MonitoringLine:
    if item.automatic:
        expected = (on - start).days * 24
        return MonitoringLine(item, expected, hours, hours >= expected * share)
    planned = Duty.objects.filter(
        permit=item.permit,
        kind=Duty.Kind.MONITORING,
        subject=monitoring_subject(item),
        due_date__gte=start,
        due_date__lte=on,
    )
    expected, done = planned.count(), planned.exclude(submitted_at=None).count()
    return MonitoringLine(item, expected, done, done >= expected)
