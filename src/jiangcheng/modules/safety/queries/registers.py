"""Registers as pages need them: contacts and duties, risk units, consultations."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.modules.safety.models import (
    ConsultationTask,
    RescueTeam,
    StockItem,
    fields,
)
from jiangcheng.modules.safety.rules import plume


def contacts() -> dict[str, list[Any]]:
    """Return whom to call: members, teams, warehouses, experts, partners, receptors' phones are with them."""
    registers = ("coordination-members", "rescue-teams", "warehouses", "experts", "partners")
    return {
        code: list(records.rows(register=code).filter(withdrawn_at=None).order_by("pk")) for code in registers
    }


def tasks_of(*, number: str) -> list[ConsultationTask]:
    """Return the tasks of a consultation."""
    return list(ConsultationTask.objects.filter(consultation_number=number, withdrawn_at=None).order_by("pk"))


def teams_near(
    *, longitude: float, latitude: float, kind: str, most: int = 6
) -> list[tuple[float, RescueTeam]]:
    """Return the teams of a kind first, then the others, each nearest first [km]."""
    rows = RescueTeam.objects.filter(withdrawn_at=None, longitude__isnull=False, latitude__isnull=False)
    told = [
        (round(math.hypot(*plume.offset(row.longitude, row.latitude, (longitude, latitude))) / 1000, 1), row)
        for row in rows
        if row.longitude is not None and row.latitude is not None
    ]
    return sorted(told, key=lambda item: (item[1].kind != kind, item[0], item[1].pk))[:most]


def state_name(row: Any) -> str:
    """Return the name of the state of a row that follows a workflow, as the reader reads it."""
    definition = row.workflow.definition if row.workflow else {"states": []}
    found = next((item for item in definition["states"] if item["code"] == row.state), None)
    return str(found["name_zh" if fields.chinese() else "name_en"]) if found else str(row.state)


def units_due(*, user: User, now: dt.datetime, on: dt.date) -> int:
    """Return how many risk units a person may see are due for a check."""
    seen = records.visible(register="risk-units", user=user, on=on)
    return int(seen.filter(withdrawn_at=None, closed_at=None, due_at__lte=now).count())


def due_soon(*, now: dt.datetime) -> int:
    """Return how many lots expire soon or have expired."""
    return StockItem.objects.filter(withdrawn_at=None, quantity__gt=0, due_at__lte=now).count()
