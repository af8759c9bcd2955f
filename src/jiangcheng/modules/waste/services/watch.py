"""What is watched: balances, storage, licences, ratios, plans, medical waste, dumps. Each becomes a case."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.models import DumpSite, TailingsPond, WasteLicence
from jiangcheng.modules.waste.rules import ratio, storage, tables
from jiangcheng.standards import periods

FAR = 1e9
"""No permitted site is known [m]."""
QUARTER = dt.timedelta(days=92)
"""So long after its end a year is still watched: the yearly report is due by the end of March."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Seen:
    key: str
    zh: str
    en: str
    evidence: Mapping[str, Any]
    facility: Facility | None = None
    place: tuple[float, float] | None = None
    severity: int = 3


def watch(*, now: dt.datetime) -> dict[str, int]:
    """Look at everything once: report what is wrong, end what is no longer; return how many by kind."""
    on = now.astimezone(periods.BEIJING).date()
    years = sorted({on.year, (on - QUARTER).year})
    looks: dict[str, Callable[[], Iterator[_Seen]]] = {
        "imbalance": lambda: (seen for year in years for seen in _imbalances(year)),
        "storage_overdue": lambda: _overdue(on),
        "storage_full": lambda: _full(on),
        "over_licence": lambda: (seen for year in years for seen in _over_licence(year)),
        "ratio": lambda: _ratios(on),
        "plan_missing": lambda: _unplanned(on),
        "medical_late": lambda: _medical(now),
        "pond_unchecked": lambda: _ponds(on),
        "dump": _dumps,
    }
    found = {kind: _reported(kind, look(), now) for kind, look in looks.items()}
    return {**found, **watch_lorries(now=now)}


def watch_lorries(*, now: dt.datetime) -> dict[str, int]:
    """Hold the recent trips of construction waste against their approval; return how many breaches by kind."""
    trips = queries.judged(queries.recent_trips(on=now.astimezone(periods.BEIJING).date()))
    return {
        f"lorry_{kind}": _reported(f"lorry_{kind}", _lorries(trips, kind), now)
        for kind in ("stop", "route", "hours")
    }


def note_cleared(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``close`` of a dump site: what was found has ended."""
    cases.end_finding(dedup_key=f"waste.dump:{record_number}", at=now)


def _reported(kind: str, found: Iterator[_Seen], now: dt.datetime) -> int:
    keys = set()
    for seen in found:
        key = f"waste.{kind}:{seen.key}"
        keys.add(key)
        longitude, latitude = seen.place or (None, None)
        cases.report(
            finding=cases.FindingReport(
                kind=f"waste.{kind}", dedup_key=key, rule_version=f"waste.{kind}", title_zh=seen.zh,
                title_en=seen.en, severity=seen.severity, first_at=now, last_at=now,
                evidence={"start": now.date().isoformat(), "end": now.date().isoformat(), **seen.evidence},
                facility_id=seen.facility.pk if seen.facility else None, longitude=longitude, latitude=latitude,
            ),
            now=now,
        )  # fmt: skip
    open_now = Finding.objects.filter(kind=f"waste.{kind}", ended_at=None).values_list("dedup_key", flat=True)
    for key in set(open_now) - keys:
        cases.end_finding(dedup_key=key, at=now)
    return len(keys)


def _imbalances(year: int) -> Iterator[_Seen]:
    for line in queries.balances(year=year, scope=None):
        if line.good:
            continue
        plant = line.facility
        evidence = {
            "year": year, "code": line.code, "residual_t": str(line.masses.residual), "allowed_t": str(line.allowed),
            "sent_t": str(line.masses.sent),
            "manifested_t": None if line.manifested is None else str(line.manifested),
            "breaks": [month.isoformat() for month in line.breaks],
        }  # fmt: skip
        told = f"{line.masses.residual:.2f}"
        yield _Seen(
            f"{plant.code}:{line.code}:{year}", f"{plant.name_zh} {line.code} 物料不平衡（差 {told} t）",
            f"{plant.name_en}: {line.code} out of balance ({told} t)", evidence, plant,
        )  # fmt: skip


def _overdue(on: dt.date) -> Iterator[_Seen]:
    for held in queries.batches(on=on, scope=None):
        plant = held.batch.facility
        if held.state != "bad" or plant is None:
            continue
        evidence = {
            "batch": held.batch.batch, "code": held.batch.code, "left_t": str(held.batch.left),
            "until": held.until.isoformat(), "clause": "固废法 第八十一条",
        }  # fmt: skip
        yield _Seen(
            f"{plant.code}:{held.batch.batch}", f"{plant.name_zh} 批次 {held.batch.batch} 贮存超期",
            f"{plant.name_en}: batch {held.batch.batch} stored too long", evidence, plant,
        )  # fmt: skip


def _full(on: dt.date) -> Iterator[_Seen]:
    for load in queries.loads(on=on, scope=None):
        plant = load.store.facility
        if load.state != "bad" or plant is None:
            continue
        evidence = {
            "store": load.store.code,
            "held_t": str(load.held),
            "capacity_t": str(load.store.capacity),
        }
        yield _Seen(
            f"{plant.code}:{load.store.code}", f"{plant.name_zh} {load.store.name_zh}超量贮存",
            f"{plant.name_en}: storage {load.store.code} is too full", evidence, plant,
        )  # fmt: skip


def _over_licence(year: int) -> Iterator[_Seen]:
    taken = queries.received_of(year=year)
    capacity: dict[int, decimal.Decimal] = {}
    plants: dict[int, Facility] = {}
    rows = WasteLicence.objects.filter(
        kind="operator", withdrawn_at=None, facility__code__in=taken, from_date__lte=dt.date(year, 12, 31),
        to_date__gte=dt.date(year, 1, 1),
    )  # fmt: skip
    for licence in rows.select_related("facility"):
        assert licence.facility is not None
        plants[licence.facility.pk] = licence.facility
        capacity[licence.facility.pk] = (
            capacity.get(licence.facility.pk, decimal.Decimal(0)) + licence.capacity
        )
    for key, plant in plants.items():
        received = taken[plant.code] or decimal.Decimal(0)
        if received > capacity[key]:
            evidence = {"year": year, "received_t": str(received), "licensed_t": str(capacity[key])}
            yield _Seen(
                f"{plant.code}:{year}", f"{plant.name_zh} 接收量超过许可规模",
                f"{plant.name_en}: more received than licensed", evidence, plant,
            )  # fmt: skip


def _ratios(on: dt.date) -> Iterator[_Seen]:
    rule = tables.in_force("ratio", on)
    before = queries.hazardous_rows(year=on.year - 1, scope=None)
    for key, rows in queries.hazardous_rows(year=on.year, scope=None).items():
        months = [*before.get(key, ()), *rows]
        plant = rows[0].facility
        generated = [float(row.generated) for row in months]
        activity = [row.product or row.power for row in months]
        jump = ratio.jump(generated, activity, rule)
        if jump is None or plant is None:
            continue
        evidence = {
            "code": key[1], "month": rows[-1].month_date.isoformat(), "ratio": jump.ratio, "usual": jump.usual,
            "change_percent": round(jump.change_percent, 1), "months": jump.months,
        }  # fmt: skip
        yield _Seen(
            f"{plant.code}:{key[1]}:{rows[-1].month_date:%Y%m}",
            f"{plant.name_zh} {key[1]} 产废强度变化 {jump.change_percent:+.0f} %",
            f"{plant.name_en}: {key[1]} per product {jump.change_percent:+.0f} %", evidence, plant, severity=2,
        )  # fmt: skip


def _unplanned(on: dt.date) -> Iterator[_Seen]:
    month, day = tables.in_force("classes", max(on, dt.date(2022, 10, 1)))["plan_due"]
    if on <= dt.date(on.year, month, day):
        return
    for plant, codes in queries.without_plan(year=on.year):
        yield _Seen(
            f"{plant.code}:{on.year}", f"{plant.name_zh} {on.year} 年危险废物管理计划未备案：{'、'.join(codes)}",
            f"{plant.name_en}: no management plan filed for {', '.join(codes)}",
            {"year": on.year, "codes": codes}, plant, severity=2,
        )  # fmt: skip


def _medical(now: dt.datetime) -> Iterator[_Seen]:
    for point in queries.medical_late(now=now):
        if point.longitude is None or point.latitude is None:
            continue
        last = point.collected_at.isoformat() if point.collected_at else None
        yield _Seen(
            point.number, f"{point.name_zh} 医疗废物收运超时", f"{point.name_zh}: medical waste not collected in time",
            {"number": point.number, "collected_at": last}, place=(point.longitude, point.latitude),
        )  # fmt: skip


def _ponds(on: dt.date) -> Iterator[_Seen]:
    rule = tables.in_force("ponds", on)
    for pond in TailingsPond.objects.filter(withdrawn_at=None).exclude(longitude=None).exclude(latitude=None):
        if storage.flood_state(pond.flood_date, on, rule) != "late":
            continue
        assert pond.longitude is not None and pond.latitude is not None
        yield _Seen(
            f"{pond.number}:{on.year}", f"{pond.name_zh} 汛期未检查", f"{pond.name_zh} not checked for the floods",
            {"number": pond.number, "checked": pond.flood_date.isoformat() if pond.flood_date else None},
            place=(pond.longitude, pond.latitude),
        )  # fmt: skip


def _dumps() -> Iterator[_Seen]:
    for site in DumpSite.objects.filter(withdrawn_at=None, closed_at=None):
        assert site.longitude is not None and site.latitude is not None
        yield _Seen(
            site.number, f"{site.place} 堆放{site.waste}", f"Waste dumped at {site.place}",
            {"number": site.number, "source": site.source, "found": site.found_date.isoformat()},
            place=(site.longitude, site.latitude), severity=2,
        )  # fmt: skip


LORRY_TITLES = {
    "stop": ("核准场所外停留，疑似倾倒", "stood away from permitted sites"),
    "route": ("偏离核准路线", "left its approved route"),
    "hours": ("准运时段外运输", "drove outside its approved hours"),
}


def _lorries(trips: Sequence[queries.Judged], kind: str) -> Iterator[_Seen]:
    zh, en = LORRY_TITLES[kind]
    for one in trips:
        for nth, breach in enumerate([found for found in one.breaches if found.kind == kind], 1):
            start = dt.datetime.fromtimestamp(breach.start_s, dt.UTC)
            evidence = {
                "number": one.trip.number, "plate": one.trip.plate, "from": start.isoformat(),
                "minutes": round(breach.minutes, 1), "points": breach.points,
                "metres": round(breach.metres) if breach.metres < FAR else None,
                "clause": "固废法 第六十三条",
            }  # fmt: skip
            yield _Seen(
                f"{one.trip.number}:{nth}", f"{one.trip.plate} {zh}", f"{one.trip.plate} {en}", evidence,
                place=breach.place, severity=3 if kind == "stop" else 2,
            )  # fmt: skip
