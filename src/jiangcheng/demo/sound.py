"""The sound of the demo city: stations, zones, minutes of the last days, a permit, a complaint, a joint action."""

from __future__ import annotations

import datetime as dt
import io
import wave
from collections.abc import Callable
from typing import Any

import numpy as np

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.demo import geography, noise, register, truth
from jiangcheng.modules.noise import queries, rules, services
from jiangcheng.modules.noise.models import JointAction, NoiseDuty, NoiseZone
from jiangcheng.modules.participation import services as participation
from jiangcheng.standards import periods

DAYS = 5
"""Noise days of minutes that a new city has."""
MINUTE = 60
SOURCE = "demo:sound"
DOCUMENT = "演示区划，不作执法依据"
HALF_WIDTH = 0.012
"""Of a zone drawn around a station [°]."""
CITY = "220200"


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Lay down stations and zones, bring the minutes up to the last full hour but one, tell the stories."""
    stations = geography.table("noise_stations")
    services.load()
    _places(stations, now)
    progress(0.2, "noise zones")
    _minutes(stations, now)
    progress(0.8, "noise minutes")
    _stories(now)
    progress(1.0, "noise")


def _places(stations: list[dict[str, str]], now: dt.datetime) -> None:
    if NoiseZone.objects.exists():
        return
    rows = [
        {
            "code": row["code"], "name_zh": row["name_zh"], "name_en": row["name_en"], "kind": "noise",
            "longitude": float(row["longitude"]), "latitude": float(row["latitude"]), "attributes": {},
            "expected_interval": MINUTE, "synthetic": True, "valid_from_date": register.VALID_FROM,
        }
        for row in stations
    ]  # fmt: skip
    report = registry.import_register("stations", rows, actor=None, at=now)
    if report.errors:
        raise ValueError(f"the demo city's noise stations were refused: {report.errors[:3]}")
    zones = [_feature(row, HALF_WIDTH, **{"class": row["zone_class"]}) for row in stations]
    quiet = [_feature(stations[0], HALF_WIDTH / 3, use="school", buildings=12)]
    for kind, features in (("zone", zones), ("sensitive", quiet)):
        services.import_areas(
            kind=kind, document={"type": "FeatureCollection", "features": features}, source=DOCUMENT,
            valid_from=register.VALID_FROM, complete=True, actor=None, at=now,
        )  # fmt: skip


def _feature(row: dict[str, str], half: float, **more: Any) -> dict[str, Any]:
    x, y = float(row["longitude"]), float(row["latitude"])
    ring = [[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]]
    names = {"name_zh": row["name_zh"].replace("噪声站", "片区"), "name_en": row["name_en"]}
    return {
        "type": "Feature",
        "properties": {"code": row["code"].replace("DEMO-N", "DEMO-Z"), **names, **more},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }


def _minutes(stations: list[dict[str, str]], now: dt.datetime) -> None:
    """Append the minutes that are missing; drawn from station and day, so that a restart tells the same."""
    hour = int(now.timestamp()) // periods.HOUR * periods.HOUR
    until = hour - periods.HOUR
    day = now.astimezone(periods.BEIJING).date() - dt.timedelta(days=DAYS)
    first = rules.period_bounds(day, night=False)[0]
    keys = dict(Station.objects.filter(kind=Station.Kind.NOISE).values_list("code", "pk"))
    codes = ("Leq", "LMx", "noise_rain")
    properties = dict(
        ObservedProperty.objects.filter(code__in=codes, statistic="avg").values_list("code", "pk")
    )
    known = store.latest(stations=list(keys.values()), granularity=store.Granularity.MINUTE)
    newest = max(known["start"].to_pylist(), default=0)
    starts = np.arange(max(first, newest + MINUTE), until, MINUTE)
    if not len(starts):
        return
    for row in stations:
        for code, values in _drawn(row, starts).items():
            batch = store.Batch.of(
                granularity=int(store.Granularity.MINUTE), start=starts, station=keys[row["code"]],
                property=properties[code], value=values,
            )  # fmt: skip
            store.append(batch, source=SOURCE, received_at=now)
    services.evaluate_days(
        first=queries.noise_day_of(int(starts[0]), now.date()),
        last=queries.noise_day_of(int(starts[-1]), now.date()),
        now=now,
    )


def _drawn(row: dict[str, str], starts: np.ndarray) -> dict[str, np.ndarray]:
    """Return level, greatest level and rain of minutes."""
    days, place = np.unique(starts // periods.DAY, return_inverse=True)
    of_day = starts % periods.DAY // MINUTE
    random = [noise.generator(truth.SEED, "sound", row["code"], int(day)) for day in days]
    fields = np.stack([one.standard_normal((2, 1440)) for one in random])
    loud = np.array([one.normal(0.0, 1.5) for one in random])
    hour = periods.hour_of_day(starts)
    evening = np.where((hour >= 6) & (hour < 22), float(row["day"]), float(row["night"]))
    level = evening + loud[place] + 2.0 * fields[place, 0, of_day] + 1.5 * np.sin(np.pi * (hour - 9) / 12)
    wet = noise.generator(truth.SEED, "sound", "rain")
    rainy = np.isin(starts // periods.HOUR % 61, wet.integers(0, 61, 2))
    rain = np.where(rainy, 0.2, 0.0)
    level = level + 6.0 * rainy
    return {
        "Leq": np.round(level, 1),
        "LMx": np.round(level + 5.0 + np.abs(1.2 * fields[place, 1, of_day]), 1),
        "noise_rain": rain,
    }


def _stories(now: dt.datetime) -> None:
    people = {user.username: user for user in User.objects.all()}
    actor = people.get("department")
    if actor is None or JointAction.objects.exists():
        return
    for duty in NoiseDuty.objects.filter(source_type__in=("construction", "industry")):
        records.change(record=duty, values={"officers": actor.username}, actor=actor, at=now)
    school = geography.table("noise_stations")[0]
    _permits(actor, school, now)
    _joint_action(actor, now)
    _survey(actor, now)
    _clip(now)
    if not Case.objects.filter(findings__kind="participation.noise").exists():
        participation.complain(
            text="小区旁工地夜里打桩，孩子无法入睡（演示）", kind="noise", address="192.0.2.11", at=now,
            longitude=float(school["longitude"]) + 0.001, latitude=float(school["latitude"]),
        )  # fmt: skip


def _permits(actor: User, school: dict[str, str], now: dt.datetime) -> None:
    """Apply for one night beside a school, which is not announced, and one elsewhere, which is granted."""
    evening = dt.datetime.combine(now.astimezone(periods.BEIJING).date(), dt.time(22), periods.BEIJING)
    for site, away, announced in (("校旁管线工地（演示）", 0.0, False), ("江滨泵站工地（演示）", 0.03, True)):
        permit = records.create(
            register="night-permits",
            values={
                "site": site, "builder": "演示建筑公司", "works": "混凝土连续浇筑", "reason": "continuous",
                "starts_at": evening, "ends_at": evening + dt.timedelta(hours=7), "announced": announced,
                "longitude": float(school["longitude"]) + away, "latitude": float(school["latitude"]),
            },
            actor=actor, at=now,
        )  # fmt: skip
        if announced:
            records.act(
                record=permit, action="grant", actor=actor, now=now, text="工艺要求连续作业，已公告（演示）"
            )


def _survey(actor: User, now: dt.datetime) -> None:
    """Add the survey of this year and the last: cells and segments, by day."""
    year, counties = now.astimezone(periods.BEIJING).year, list(Region.objects.filter(level="county")[:4])
    for back in range(2):
        for number in range(8):
            common = {"year": year - back, "period": "day", "region": counties[number % len(counties)]}
            records.create(
                register="noise-surveys", actor=actor, at=now, values={
                    "kind": "area", "point_code": f"演-W{number:02}", "level": 50.5 + 1.1 * number + back, **common,
                },
            )  # fmt: skip
            records.create(
                register="noise-surveys", actor=actor, at=now, values={
                    "kind": "road", "point_code": f"演-L{number:02}", "level": 65.2 + 0.9 * number + back,
                    "length_m": 800.0 + 150 * number, **common,
                },
            )  # fmt: skip


def _clip(now: dt.datetime) -> None:
    """Keep three seconds of synthetic noise in the period of the newest noise case, if there is one."""
    finding = (
        Finding.objects.filter(kind__startswith="noise.", case__isnull=False).order_by("-first_at").first()
    )
    if finding is None or finding.station is None:
        return
    tone = noise.generator(truth.SEED, "sound", "clip").normal(0.0, 2500.0, 3 * 8000)
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.clip(tone, -32000, 32000).astype("<i2").tobytes())
    services.keep_clip(
        station=finding.station, starts_at=finding.first_at + dt.timedelta(hours=1), content=written.getvalue(),
        actor=None, at=now, source_type="construction", probability=0.87,
    )  # fmt: skip


def _joint_action(actor: User, now: dt.datetime) -> None:
    on = now.astimezone(periods.BEIJING).date()
    action = records.create(
        register="joint-actions",
        values={
            "name": "静音行动（演示）", "occasion": "考试期间", "departments": "生态环境局、公安局、住房和城乡建设局",
            "region": Region.objects.filter(code=CITY).first(),
            "starts_date": on - dt.timedelta(days=2), "ends_date": on + dt.timedelta(days=2),
        },
        actor=actor, at=now,
    )  # fmt: skip
    records.act(record=action, action="start", actor=actor, now=now)
    result = queries.results(action_number=action.number).first()
    if result is not None:
        values = {"inspected": 12, "problems": 3, "ordered": 2, "text": "检查工地与企业 12 处（演示）"}
        records.change(record=result, values=values, actor=actor, at=now)
        records.act(record=result, action="hand_in", actor=actor, now=now, text="已填报（演示）")
