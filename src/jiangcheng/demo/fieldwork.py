"""A morning in the field for the demo city: a patrol with its trace, a visit, a suggestion. All synthetic."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.fieldwork import queries, rules, services

INSPECTOR = "inspector"
STEP_DEGREES = 0.0012
POINTS = 25
"""One trace point per minute."""


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Hand in what a grid inspector did this morning; does nothing where it has been handed in."""
    user = User.objects.filter(username=INSPECTOR).first()
    plant = _plant(user, now) if user else None
    if user is None or plant is None or queries.submission(key=_key("patrol")):
        return
    progress(0.2, "patrol")
    _submit(user, "patrol", "patrol-start", {}, now, age=POINTS * 60)
    points = [
        {
            "at": (now - dt.timedelta(minutes=POINTS - n)).isoformat(),
            "longitude": plant.longitude + STEP_DEGREES * (n % 5),
            "latitude": plant.latitude + STEP_DEGREES * (n // 5),
            "accuracy": 8 + n % 4,
        }
        for n in range(POINTS)
    ]
    _submit(user, "trace", "traces", {"patrol": str(_key("patrol")), "points": points}, now)
    _submit(user, "stop", "patrol-stop", {"patrol": str(_key("patrol"))}, now)
    progress(0.6, "visit")
    answers = [
        {"code": item.code, "answer": "yes"}
        for item in queries.checklist(facility_code=plant.code, on=queries.local_day(now))
        if item.answer == "yes_no"
    ]
    visit = {"facility": plant.code, "answers": answers, "note": "合成数据：现场整洁，台账齐全。"}
    _submit(user, "visit", "visits", visit, now)
    _submit(user, "suggestion", "suggestions", {"text": "合成数据：夜间巡查时希望上报按钮更大。"}, now)
    progress(1.0, "suggestion")


def _plant(user: User, now: dt.datetime) -> Facility | None:
    on = queries.local_day(now)
    found = queries.near_facilities(user=user, cells=queries.own_cells(user=user, on=on), on=on)
    return found[0] if found else None


def _key(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"jiangcheng:demo:fieldwork:{name}")


def _submit(
    user: User, name: str, kind: str, body: dict[str, Any], now: dt.datetime, age: float = 0.0
) -> None:
    clock = rules.Clock(claimed_at=now - dt.timedelta(seconds=age), sent_at=now, age=age)
    services.submit(key=_key(name), user=user, kind=kind, body=body, clock=clock, now=now)
