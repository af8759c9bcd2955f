"""Builds the demo city: register, people, rivers and history. Building it again completes what is missing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pathlib
from collections.abc import Callable

from django.conf import settings

from jiangcheng.core.access import models as access_models
from jiangcheng.core.access import services as access
from jiangcheng.core.registry import models as registry_models
from jiangcheng.core.registry import services as registry
from jiangcheng.demo import (
    city,
    climate,
    ecology,
    ecovalue,
    emissions,
    enterprises,
    fieldwork,
    geography,
    greening,
    history,
    incidents,
    market,
    network,
    plan,
    register,
    safety,
    soil,
    sound,
    source_tracing,
    sources,
    stories,
    straw,
    truth,
    waste,
    water,
)

Progress = Callable[[float, str], None]
"""Told the share of the work that is done, 0 to 1, and what is being done."""

SHARE_OF_REGISTER = 0.3
"""Of the time it takes to build the city."""


class Occupied(Exception):  # noqa: N818
    """The database holds a city that is not the demo."""


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """What the city remembers from one start to the next (epoch seconds, full hours)."""

    opened: int
    """When the city was opened for the first time; incidents are placed around it."""
    history_until: int
    """Exclusive end of the history that is loaded."""
    built: bool
    """Whether register, people and rivers are complete."""


def prepare(*, now: dt.datetime, progress: Progress) -> State:
    """Build the city as it is at ``now``, or bring an earlier one up to date, and return its state.

    The history ends one full hour before ``now``: that hour comes over the wire, like the present.

    Raises
    ------
    Occupied
        If the database holds another city.
    LookupError
        If a package with the geography is missing.
    """
    hour = int(now.timestamp()) // incidents.HOUR * incidents.HOUR
    state = _remembered() or _opened(hour)
    if not state.built:
        _build(now, progress)
        state = _remember(dataclasses.replace(state, built=True))
    end = hour - incidents.HOUR
    if end > state.history_until:
        history.load(
            start=state.history_until,
            end=end,
            opened=state.opened,
            received_at=dt.datetime.fromtimestamp(hour, dt.UTC),
            progress=lambda share, month: progress(
                SHARE_OF_REGISTER + (1.0 - SHARE_OF_REGISTER) * share, f"历史数据 history {month}"
            ),
        )
        state = _remember(dataclasses.replace(state, history_until=end))
    _furnish(now, progress)
    progress(1.0, "")
    return state


def _furnish(now: dt.datetime, progress: Progress) -> None:
    """Let the rooms fill themselves; what is filled stays as it is."""
    rooms = (
        enterprises, stories, fieldwork, greening, sound, emissions, water, sources, network, straw, climate,
        ecovalue, soil, ecology, safety, waste, source_tracing, plan, market,
    )  # fmt: skip
    for room in rooms:
        room.furnish(now=now, progress=lambda _share, what: progress(1.0, what))


def _opened(hour: int) -> State:
    """Return the state of a city that begins now, and remember it before anything is written."""
    if registry_models.Region.objects.exists():
        raise Occupied(
            f"{settings.DATA} holds a city that is not the demo; choose another folder with --data"
        )
    january = dt.datetime.fromtimestamp(hour, incidents.BEIJING).replace(month=1, day=1, hour=0)
    return _remember(State(opened=hour, history_until=int(january.timestamp()), built=False))


def _state_file() -> pathlib.Path:
    return pathlib.Path(settings.DATA) / "demo.json"


def _remembered() -> State | None:
    try:
        return State(**json.loads(_state_file().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _remember(state: State) -> State:
    path = _state_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(dataclasses.asdict(state)), encoding="utf-8")
    unfinished.replace(path)
    return state


def _build(now: dt.datetime, progress: Progress) -> None:
    """Build what does not change with time: areas, register, people and rivers."""
    progress(0.0, "地理 geography")
    place = geography.load(seed=truth.SEED)
    layers = pathlib.Path(settings.DATA) / "layers"
    layers.mkdir(parents=True, exist_ok=True)
    (layers / "rivers.geojson").write_text(
        json.dumps(geography.rivers(), ensure_ascii=False), encoding="utf-8"
    )
    progress(0.1, "登记 register")
    registry.load_properties()
    for kind, rows in register.rows(place):
        _import(kind, rows, now)
    progress(0.2, "人员 people")
    _people(now)
    _import("grid_duties", register.duties(place), now)


def _import(kind: str, rows: list[register.Row], now: dt.datetime) -> None:
    report = registry.import_register(kind, rows, actor=None, at=now)
    if report.errors:
        raise ValueError(f"the demo city's {kind} were refused: {report.errors[:3]}")


def _people(now: dt.datetime) -> None:
    """Create the log-ins that are not there yet, each with one role."""
    for row in geography.table("people"):
        user = access_models.User.objects.filter(username=row["username"]).first() or access.create_user(
            username=row["username"], password=city.PASSWORD, display_name=row["name_zh"], at=now
        )
        access.assign_role(
            user=user,
            role=row["role"],
            region_code=row["region"],
            facility_code=row["facility"],
            on=register.VALID_FROM,
            at=now,
        )
