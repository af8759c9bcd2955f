"""Manifests: drawn up, checked when signed, weighed, confirmed in time; nothing signed is altered."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as office
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import queries as record_queries
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import RecordSerial
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.models import Manifest, ManifestItem, TrackPoint, WastePlan, check_code
from jiangcheng.modules.waste.rules import manifests as rules
from jiangcheng.modules.waste.rules import tables
from jiangcheng.modules.waste.services.transfers import give_back, take_of_approvals
from jiangcheng.standards import periods

REGISTER = "waste-manifests"
MOST_POINTS = 20_000
MOST_TONNES = 10_000
"""On one vehicle; more is a slip of the pen."""
FUTURE = dt.timedelta(minutes=10)


def draft(*, facility: Facility, values: Mapping[str, Any], actor: User, now: dt.datetime) -> Manifest:
    """Draw up a manifest of a plant with the next number of its city; its wastes are added afterwards.

    Raises
    ------
    django.core.exceptions.ValidationError
        If a value is refused.
    """
    on = now.astimezone(periods.BEIJING).date()
    with transaction.atomic():
        number = _next_number(facility, on.year)
        given = {**values, "facility": facility}
        found = records.create(register=REGISTER, values=given, actor=actor, at=now, number=number)
    assert isinstance(found, Manifest)
    return found


def add_item(
    *, manifest: Manifest, code: str, name: str, form: str, package: str, declared: decimal.Decimal, actor: User,
    now: dt.datetime,
) -> ManifestItem:  # fmt: skip
    """Add a waste to a manifest that is not signed yet.

    Raises
    ------
    Refused
        If the person does not sign for the generator, or the manifest is signed.
    django.core.exceptions.ValidationError
        If a value is refused.
    """
    with transaction.atomic():
        locked = _locked(manifest, actor, now, "waste.send", ("draft",))
        check_code(code, now.astimezone(periods.BEIJING).date())
        item = ManifestItem(
            manifest=locked, code=code, name_zh=name, form=form, package=package, declared=declared
        )
        item.full_clean()
        item.save()
        _sum_up(locked, actor, now, "declared")
        _noted(actor, locked, "waste.item_added", {"code": code, "declared": str(declared)}, now)
    return item


def remove_item(*, manifest: Manifest, code: str, actor: User, now: dt.datetime) -> None:
    """Take a waste off a manifest that is not signed yet.

    Raises
    ------
    Refused
        If the person does not sign for the generator, or the manifest is signed.
    """
    with transaction.atomic():
        locked = _locked(manifest, actor, now, "waste.send", ("draft",))
        locked.items.filter(code=code).delete()
        _sum_up(locked, actor, now, "declared")
        _noted(actor, locked, "waste.item_removed", {"code": code}, now)


def weigh(
    *, manifest: Manifest, weighed: Mapping[str, decimal.Decimal], actor: User, now: dt.datetime
) -> list[rules.Difference]:
    """Write down what the receiver weighed, by code; it may be weighed again until it is confirmed.

    Every weighing stands on the audit trail with the one before.

    Raises
    ------
    Refused
        If the person does not sign for the receiver, nothing has arrived, or a mass is negative.
    """
    with transaction.atomic():
        locked = _locked(manifest, actor, now, "waste.receive", ("arrived",))
        items = {item.code: item for item in locked.items.all()}
        if set(weighed) - set(items) or not all(map(_is_mass, weighed.values())):
            raise Refused(_("称重值须为不小于 0、至多四位小数的数，且只对应联单上的废物。"))
        before = {code: str(items[code].weighed) for code in weighed}
        for code, value in weighed.items():
            items[code].weighed, items[code].weighed_by = value, actor
            items[code].save(update_fields=["weighed", "weighed_by"])
        _sum_up(locked, actor, now, "weighed")
        after = {code: str(value) for code, value in weighed.items()}
        _noted(actor, locked, "waste.weighed", after, now, before)
    return queries.differences(locked)


def take_track(
    *, manifest: Manifest, points: Sequence[tuple[dt.datetime, float, float]], actor: User, now: dt.datetime
) -> tuple[int, bool]:
    """Take positions of the vehicle; return how many are new, and whether it strayed from its route.

    Raises
    ------
    Refused
        If the person does not sign for the carrier, the manifest is not under way, or a point is impossible.
    """
    with transaction.atomic():
        locked = _locked(manifest, actor, now, "waste.carry", ("transit", "arrived"))
        good = all(
            at.tzinfo is not None and at <= now + FUTURE and -180 <= east <= 180 and -90 <= north <= 90
            for at, east, north in points
        )
        if not good or locked.track.count() + len(points) > MOST_POINTS:
            raise Refused(_("轨迹点的时间或坐标不对，或点数过多。"))
        before = locked.track.count()
        TrackPoint.objects.bulk_create(
            [
                TrackPoint(manifest=locked, at=at, longitude=east, latitude=north)
                for at, east, north in points
            ],
            ignore_conflicts=True,
        )
        added = locked.track.count() - before
    return added, _strayed(locked, now)


def review(*, manifests: Sequence[Manifest], now: dt.datetime) -> None:
    """Look at manifests that were brought in with their past: what their steps would have reported."""
    for row in manifests:
        if row.state == "differing":
            _report_difference(row, now, "")
        elif row.state == "rejected":
            _report(row, "manifest_rejected", now, {})
        elif row.track.exists():
            _strayed(row, now)


def check_issue(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``issue``: wastes, plan, carrier, receiver and route must be in order."""
    row = _row(record_number)
    on = row.departs_at.astimezone(periods.BEIJING).date()
    codes = list(row.items.values_list("code", flat=True))
    if not codes:
        raise Refused(_("联单上没有废物，不能签发。"))
    planned = set(
        WastePlan.objects.filter(
            facility=row.facility, year=on.year, state__in=("filed", "accepted"), withdrawn_at=None
        ).values_list("code", flat=True)
    )
    missing = [code for code in codes if code not in planned]
    if missing:
        raise Refused(_("本年度管理计划未备案：%(codes)s。") % {"codes": "、".join(missing)})
    if not any(licence.from_date <= on <= licence.to_date
               for licence in queries.licences_of(code=row.carrier_code, kind="carrier")):  # fmt: skip
        raise Refused(_("承运人没有有效的运输资质。"))
    licences = queries.licences_of(code=row.receiver_code, kind="operator")
    outside = [code for code in codes if not any(licence.covers(code, on) for licence in licences)]
    if outside:
        raise Refused(_("接受人的许可不含或已过期：%(codes)s。") % {"codes": "、".join(outside)})
    receiver = Facility.objects.select_related("region").filter(code=row.receiver_code).first()
    crosses = (
        receiver is not None and row.region is not None and receiver.region.code[:2] != row.region.code[:2]
    )
    if crosses:
        take_of_approvals(manifest=row, actor=actor, now=now)


def note_ship(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``ship``: keep when the vehicle left."""
    records.change(record=_row(record_number), values={"shipped_at": now}, actor=actor, at=now)


def note_arrival(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``arrive``: the term of working days to confirm begins."""
    rule = tables.in_force("manifest", now.date())
    due = rules.confirm_by(now, int(rule["confirm_days"]), office.working_calendar().days_after)
    records.change(record=_row(record_number), values={"arrived_at": now, "due_at": due}, actor=actor, at=now)


def check_confirm(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``confirm``: everything weighed, nothing beyond the limit of differences."""
    row = _row(record_number)
    _all_weighed(row)
    grave = [found.code for found in queries.differences(row) if found.grave]
    if grave:
        raise Refused(
            _("数量差异超过限值：%(codes)s。请登记差异，不能直接确认。") % {"codes": "、".join(grave)}
        )
    records.change(record=row, values={"confirmed_at": now}, actor=actor, at=now)


def note_difference(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``differ``: the difference becomes a finding at the generator's bureau."""
    row = _row(record_number)
    _all_weighed(row)
    _report_difference(row, now, text)


def _report_difference(row: Manifest, now: dt.datetime, text: str) -> None:
    told = {
        found.code: {"declared": str(found.declared), "weighed": str(found.weighed),
                     "percent": f"{found.percent:.2f}", "limit": str(found.allowed)}
        for found in queries.differences(row)
    }  # fmt: skip
    _report(row, "manifest_difference", now, {"items": told, "text": text})


def note_rejection(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``reject``: the bureau of the generator is told."""
    _report(_row(record_number), "manifest_rejected", now, {"text": text})


def note_settled(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``settle``: the waste is received as weighed; the generator must have explained."""
    row = _row(record_number)
    steps = record_queries.steps(register=REGISTER, number=row.number)
    if not steps.filter(action="explain").exists():
        raise Refused(_("移出人还没有说明差异。"))
    records.change(record=row, values={"confirmed_at": now}, actor=actor, at=now)
    cases.end_finding(dedup_key=_key(row, "manifest_difference"), at=now)


def note_returned(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``take_back``: the rejected waste is home again."""
    give_back(record_number=record_number, actor=actor, now=now, details=details, text=text)
    cases.end_finding(dedup_key=_key(_row(record_number), "manifest_rejected"), at=now)


def note_paper(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``backfill``: a trip on paper is entered within its working days, as it was declared."""
    row = _row(record_number)
    if not row.items.exists():
        raise Refused(_("联单上没有废物，不能签发。"))
    last = office.working_calendar().days_after(
        row.departs_at.astimezone(periods.BEIJING).date(),
        int(tables.in_force("manifest", now.date())["paper_days"]),
    )
    if row.departs_at > now:
        raise Refused(_("纸质联单的起运时间不能在将来。"))
    late = now.astimezone(periods.BEIJING).date() > last
    for item in row.items.all():
        item.weighed, item.weighed_by = item.declared, actor
        item.save(update_fields=["weighed", "weighed_by"])
    values = {"paper": True, "shipped_at": row.departs_at, "confirmed_at": now, "weighed": row.declared}
    records.change(record=row, values=values, actor=actor, at=now, reason="late" if late else "")
    if late:
        _report(row, "manifest_overdue", now, {"paper": True, "last_day": last.isoformat()})


def _next_number(facility: Facility, year: int) -> str:
    area = facility.region.code[:4]
    name = f"{REGISTER}:{area}"
    serial, _new = RecordSerial.objects.get_or_create(register=name, year=year)
    if not serial.last:
        start = f"{year}{area}"
        last = Manifest.objects.filter(number__startswith=start).order_by("-number").first()
        RecordSerial.objects.filter(pk=serial.pk).update(last=int(last.number[8:]) if last else 0)
    RecordSerial.objects.filter(pk=serial.pk).update(last=F("last") + 1)
    serial.refresh_from_db()
    return rules.number(year, area, serial.last)


def _row(number: str) -> Manifest:
    return Manifest.objects.select_related("facility", "region").get(number=number)


def _locked(
    manifest: Manifest, actor: User, now: dt.datetime, permission: str, states: Sequence[str]
) -> Manifest:
    row = (
        Manifest.objects.select_for_update(of=("self",))
        .select_related("region", "facility")
        .get(pk=manifest.pk)
    )
    on = now.astimezone(periods.BEIJING).date()
    if permission not in record_queries.permissions_on(record=row, user=actor, on=on):
        raise Refused("permission")
    if row.state not in states or row.withdrawn_at is not None:
        raise Refused("state")
    return row


def _sum_up(row: Manifest, actor: User, now: dt.datetime, name: str) -> None:
    # Not summed by the database: SQLite would sum floats.
    total = sum(
        (value or decimal.Decimal(0) for value in row.items.values_list(name, flat=True)), decimal.Decimal(0)
    )
    records.change(record=row, values={name: total}, actor=actor, at=now)


def _strayed(row: Manifest, now: dt.datetime) -> bool:
    found = queries.stray_of(row)
    if found.deviates:
        _report(
            row, "track", now,
            {"farthest_m": round(found.farthest_m), "outside": found.outside, "gap_s": round(found.longest_gap_s)},
        )  # fmt: skip
    return found.deviates


def _is_mass(value: decimal.Decimal) -> bool:
    return value.is_finite() and 0 <= value < MOST_TONNES and value == round(value, 4)


def _all_weighed(row: Manifest) -> None:
    if row.items.filter(weighed=None).exists():
        raise Refused(_("请先填写每种废物的称重值。"))


def _noted(
    actor: User, row: Manifest, action: str, after: Mapping[str, str], now: dt.datetime,
    before: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    access.record(
        actor=actor,
        action=action,
        object_type=REGISTER,
        object_id=row.number,
        before=before,
        after=after,
        at=now,
    )


def _key(row: Manifest, kind: str) -> str:
    return f"waste.{kind}:{row.number}"


TITLES = {
    "track": ("运输轨迹偏离路线", "left its route"),
    "manifest_difference": ("数量差异", "quantity differs"),
    "manifest_rejected": ("被拒收", "was rejected"),
    "manifest_overdue": ("纸质联单补录超期", "paper manifest entered late"),
}


def _report(row: Manifest, kind: str, now: dt.datetime, evidence: Mapping[str, Any]) -> None:
    zh, en = TITLES[kind]
    cases.report(
        finding=cases.FindingReport(
            kind=f"waste.{kind}", dedup_key=_key(row, kind), rule_version="manifest.2022.1",
            title_zh=f"联单 {row.number} {zh}", title_en=f"Manifest {row.number} {en}",
            severity=2 if kind in ("track", "manifest_overdue") else 3, first_at=now, last_at=now,
            evidence={"start": now.isoformat(), "end": now.isoformat(), "register": REGISTER,
                      "number": row.number, **evidence},
            facility_id=row.facility_id,
        ),
        now=now,
    )  # fmt: skip
