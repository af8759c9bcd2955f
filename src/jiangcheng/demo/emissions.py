"""Power and water beside one outlet, a few marks, and the first clues of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import numpy as np
import PIL.Image
from django.core.files.base import ContentFile

from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import ObservedProperty, Outlet, Station
from jiangcheng.demo import noise
from jiangcheng.modules.emissions import services
from jiangcheng.modules.emissions.models import Mark
from jiangcheng.standards import periods

OUTLET = "91220200DEMO00001A-DA002"
"""The outlet with meters: its treatment stood still for some hours of the day before."""
SEED, SOURCE = 220200, "demo:power"
DAYS = 35
OFF_FROM, OFF_HOURS = 27, 3
"""Hours before now at which the treatment's power fails, and for how many."""
MARKS = (
    ("calibration", 50, 1, "合成数据：每周零点量程校准。", False, "approve", "与校准记录一致。"),
    ("start", 74, 5, "合成数据：2 号炉冷态启动，附 DCS 截图。", True, "approve", "DCS 曲线与标记一致。"),
    ("maintenance", 30, 2, "合成数据：更换采样探头滤芯。", True, "reject", "同期数据未见维护痕迹。"),
    ("start", 6, 3, "合成数据：1 号炉热态启动。", True, "", ""),
)
"""Kind, hours before now, hours, reason, whether a picture is handed in, decision and its reason."""

CHECKS = (
    ("span", "a21026", 9 * 24, 100.0, 101.2, "passed"),
    ("span", "a21002", 9 * 24, 200.0, 198.4, "passed"),
    ("span", "a21026", 2 * 24, 100.0, 108.7, "failed"),
    ("span", "a21026", 2 * 24 - 3, 100.0, 100.4, "passed"),
)
"""Kind, factor, hours before now, reference, reading and result; the failed one takes a week away."""
FURNACE = "91220200DEMO00021A-DA001"
"""The incinerator's outlet that sends its furnace temperature: it was cold one evening."""
FURNACE_DAYS, COLD_FROM, COLD_MINUTES = 9, 30, 40
"""Days told, hours before now at which it cooled down, and for how long."""


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the room; does nothing where something has been marked."""
    if Mark.objects.exists():
        return
    people = {user.username: user for user in User.objects.filter(username__in=("enterprise", "department"))}
    outlet = Outlet.objects.filter(station__code=OUTLET).select_related("facility", "station").first()
    if outlet is None or len(people) < 2:
        return
    services.load()
    progress(0.2, "power")
    _power(outlet, now)
    progress(0.5, "marks")
    for place, row in enumerate(MARKS):
        _mark(outlet, people, now, place, *row)
    services.apply_marks(now=now)
    progress(0.6, "checks")
    for check in CHECKS:
        _check(outlet, people, now, *check)
    services.apply_checks(now=now)
    _furnace(now)
    services.judge_incineration(now=now)
    progress(0.7, "clues")
    services.look_for_clues(now=now)
    progress(1.0, "clues")


def _power(outlet: Outlet, now: dt.datetime) -> None:
    end = int(now.timestamp()) // periods.HOUR * periods.HOUR
    starts = np.arange(end - DAYS * periods.DAY, end, periods.HOUR, dtype=np.int64)
    random = noise.generator(SEED, OUTLET, "power")
    hours = periods.hour_of_day(starts)
    load = 0.86 + 0.10 * np.cos(2.0 * np.pi * (hours - 14.0) / 24.0)
    load += 0.04 * noise.smooth(random, len(starts), 1, period=24)[:, 0]
    treatment = 1900.0 * (0.6 + 0.4 * load) * (1.0 + 0.02 * random.standard_normal(len(starts)))
    first = len(starts) - OFF_FROM
    treatment[first : first + OFF_HOURS] = 40.0
    intake = 520.0 * load * (1.0 + 0.03 * random.standard_normal(len(starts)))
    series = {
        "load": 100.0 * load,
        "power_production": 21_000.0 * load * (1.0 + 0.01 * random.standard_normal(len(starts))),
        "power_treatment": treatment,
        "water_intake": intake,
        "water_discharge": 0.35 * intake,
    }
    keys = dict(ObservedProperty.objects.filter(code__in=series, statistic="avg").values_list("code", "pk"))
    for code, values in series.items():
        batch = store.Batch.of(
            granularity=int(store.Granularity.HOUR),
            start=starts,
            station=outlet.station_id,
            property=keys[code],
            value=np.round(values, 2),
            flag=store.NORMAL,
        )
        store.append(batch, source=SOURCE, received_at=now)


def _mark(
    outlet: Outlet,
    people: dict[str, User],
    now: dt.datetime,
    place: int,
    kind: str,
    before: int,
    hours: int,
    reason: str,
    with_picture: bool,
    decision: str,
    answer: str,
) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    start = hour - dt.timedelta(hours=before)
    end = start + dt.timedelta(hours=hours)
    mark = services.hand_in(
        outlet=outlet,
        kind=kind,
        from_at=start,
        to_at=end,
        reason=reason,
        actor=people["enterprise"],
        now=min(end + dt.timedelta(minutes=20), now),
        files=[_picture(place)] if with_picture else [],
    )
    if decision:
        at = min(end + dt.timedelta(hours=2), now)
        records.act(record=mark, action=decision, actor=people["department"], now=at, text=answer)


def _check(
    outlet: Outlet,
    people: dict[str, User],
    now: dt.datetime,
    kind: str,
    code: str,
    before: int,
    reference: float,
    measured: float,
    result: str,
) -> None:
    at = now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=before)
    check = records.create(
        register="checks",
        values={
            "facility": outlet.facility,
            "outlet_number": outlet.number,
            "property_code": code,
            "kind": kind,
            "at": at,
            "reference": reference,
            "measured": measured,
            "result": result,
        },
        actor=people["enterprise"],
        at=at + dt.timedelta(minutes=30),
    )
    decided = at + dt.timedelta(hours=2)
    records.act(
        record=check, action="approve", actor=people["department"], now=decided, text="与核查记录一致。"
    )


def _furnace(now: dt.datetime) -> None:
    station = Station.objects.filter(code=FURNACE).first()
    observed = ObservedProperty.objects.filter(code="a01901", statistic="avg").first()
    if station is None or observed is None:
        return
    end = int(now.timestamp()) // 300 * 300
    starts = np.arange(end - FURNACE_DAYS * periods.DAY, end, 300, dtype=np.int64)
    random = noise.generator(SEED, FURNACE, "furnace")
    values = 905.0 + 15.0 * noise.smooth(random, len(starts), 1, period=24)[:, 0]
    cold = end - COLD_FROM * periods.HOUR
    values[(starts >= cold) & (starts < cold + COLD_MINUTES * 60)] -= 95.0
    batch = store.Batch.of(
        granularity=int(store.Granularity.MINUTE),
        start=starts,
        station=station.pk,
        property=observed.pk,
        value=np.round(values, 1),
        flag=store.NORMAL,
    )
    store.append(batch, source=SOURCE, received_at=now)


def _picture(place: int) -> ContentFile[bytes]:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (64, 48), (40 * place, 120, 110)).save(buffer, "JPEG")
    return ContentFile(buffer.getvalue(), name=f"dcs-{place}.jpg")
