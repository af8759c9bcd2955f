"""What waits for a person about wastes."""

from __future__ import annotations

import collections
import datetime as dt

from django.urls import reverse

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import ToDo
from jiangcheng.modules.waste.models import Manifest, ReportedNumber, TransferApproval, WasteMonth, WastePlan
from jiangcheng.modules.waste.rules import tables
from jiangcheng.standards import periods

MOST = 50
PARTIES = (
    (
        "waste.send",
        "facility__code",
        ("draft", "differing", "rejected"),
        "移出人办理联单",
        "generator: manifest",
    ),
    ("waste.carry", "carrier_code", ("issued",), "承运人核对起运", "carrier: check and set off"),
    (
        "waste.receive",
        "receiver_code",
        ("transit", "arrived"),
        "接受人签收确认",
        "receiver: sign for manifest",
    ),
)
"""Permission, field of the party, states that wait for it, what to do."""


def to_do(*, user: User, now: dt.datetime) -> list[ToDo]:
    """Return the manifests, plans, ledgers and reported numbers that wait for a person."""
    on = now.astimezone(periods.BEIJING).date()
    found = _manifests(user, on) + _ledgers(user, on)
    staff = access.scope(user, "waste.manage", on)
    if staff:
        plans = WastePlan.objects.filter(withdrawn_at=None, state="filed")
        plans = (
            plans.filter(staff.as_filter(region="region__code")).select_related("facility").order_by("due_at")
        )
        found += [
            _row("waste-plans", row, "核对管理计划", "check the plan", row.facility) for row in plans[:MOST]
        ]
        settle = Manifest.objects.filter(withdrawn_at=None, state="differing").select_related("facility")
        settle = settle.filter(staff.as_filter(region="region__code")).order_by("due_at")
        found += [
            _row("waste-manifests", row, "处理联单数量差异", "settle a difference", row.facility)
            for row in settle[:MOST]
        ]
        opinions = TransferApproval.objects.filter(withdrawn_at=None, state__in=("applied", "consulting"))
        opinions = opinions.filter(staff.as_filter(region="region__code")).select_related("facility")
        found += [
            _row("waste-transfers", row, "办理跨省转移", "deal with a transfer", row.facility)
            for row in opinions.order_by("due_at")[:MOST]
        ]
    if access.has(user, "waste.approve", on):
        decisions = TransferApproval.objects.filter(withdrawn_at=None, state="replied")
        found += [
            _row("waste-transfers", row, "决定跨省转移", "decide on a transfer", row.facility)
            for row in decisions.select_related("facility").order_by("due_at")[:MOST]
        ]
        latest = tables.table("indicators")[-1]
        names = collections.defaultdict(
            lambda: ("", ""),
            {one["code"]: (one["name_zh"], one["name_en"]) for one in (*latest["rows"], *latest["inputs"])},
        )
        numbers = ReportedNumber.objects.filter(withdrawn_at=None, state="filed").order_by("due_at")
        found += [
            _row(
                "waste-numbers", row, f"复核填报：{names[row.item][0]}", f"check “{names[row.item][1]}”", None
            )
            for row in numbers[:MOST]
        ]
    return found


def _manifests(user: User, on: dt.date) -> list[ToDo]:
    found = []
    for permission, field, states, zh, en in PARTIES:
        codes = access.scope(user, permission, on).facility_codes
        if not codes:
            continue
        rows = Manifest.objects.filter(**{f"{field}__in": codes}, state__in=states, withdrawn_at=None)
        found += [_row("waste-manifests", row, zh, en, None) for row in rows.order_by("due_at", "pk")[:MOST]]
    return found


def _ledgers(user: User, on: dt.date) -> list[ToDo]:
    """Return last month's ledgers an enterprise has kept before and not handed in yet."""
    codes = access.scope(user, "waste.fill", on).facility_codes
    if not codes:
        return []
    first = (on.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    kept = WasteMonth.objects.filter(withdrawn_at=None, facility__code__in=codes, stream="hazardous")
    done = set(kept.filter(month_date=first).values_list("facility", flat=True))
    before = (first - dt.timedelta(days=1)).replace(day=1)
    plants = kept.filter(month_date=before).exclude(facility__in=done).select_related("facility")
    due = on.replace(day=int(tables.in_force("balance", on)["ledger_due_day"]))
    return [
        ToDo(
            kind="waste.month",
            title_zh=f"{plant.name_zh}：填报 {first:%Y-%m} 危险废物台账",
            title_en=f"{plant.name_en}: fill the ledger of hazardous waste for {first:%Y-%m}",
            url=reverse("records:waste-months-new"),
            due_at=dt.datetime.combine(due + dt.timedelta(days=1), dt.time(), periods.BEIJING),
            number=f"{plant.code}-{first:%Y%m}",
        )
        for plant in {row.facility.pk: row.facility for row in plants if row.facility}.values()
    ]


def _row(register: str, row: object, zh: str, en: str, facility: object) -> ToDo:
    name_zh = f"{facility.name_zh}：" if facility else ""  # type: ignore[attr-defined]
    name_en = f"{facility.name_en}: " if facility else ""  # type: ignore[attr-defined]
    number = row.number  # type: ignore[attr-defined]
    return ToDo(
        kind="waste.row", title_zh=f"{name_zh}{zh} {number}", title_en=f"{name_en}{en} {number}",
        url=reverse(f"records:{register}-row", args=[number]), due_at=row.due_at, since=row.state_at,  # type: ignore[attr-defined]
        number=number,
    )  # fmt: skip
