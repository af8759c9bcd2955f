"""Runs of the screening models: kept with question and answer, so that anybody can compute them again."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from jiangcheng.core.access.models import User
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.safety import queries
from jiangcheng.modules.safety.models import EmergencyEvent, ModelRun
from jiangcheng.modules.safety.rules import plume, spill, tables
from jiangcheng.modules.safety.services.log import note

MODELS = {"plume": plume.screen, "river": spill.forecast}


class Unfit(Exception):  # noqa: N818
    """A model could not answer; ``told`` says what was wrong with the question."""

    def __init__(self, told: str) -> None:
        super().__init__(told)
        self.told = told


def run_plume(
    *, event: EmergencyEvent, question: Mapping[str, Any], actor: User | None, now: dt.datetime
) -> ModelRun:
    """Run the plume of an event and keep it; the question is that of `rules.plume.screen` without ``on``.

    Raises
    ------
    Unfit
        If the question cannot be answered, or the event has no position.
    """
    return _run(event, ModelRun.Kind.PLUME, {**question, "on": _on(now)}, actor, now)


def run_river(
    *, event: EmergencyEvent, river: str, kilometre: float, question: Mapping[str, Any], actor: User | None,
    now: dt.datetime,
) -> ModelRun:  # fmt: skip
    """Run the forecast down a river from a kilometre and keep it; the points are those of the register.

    Without a ``speed`` in the question the reaches of the register are the river.

    Raises
    ------
    Unfit
        If the question cannot be answered, nothing lies downstream, or no reach is known.
    """
    points = queries.river_points(river=river, below=kilometre)
    if not points:
        raise Unfit("points")
    asked = {**question, "river": river, "kilometre": kilometre, "points": points, "on": _on(now)}
    if question.get("speed") in (None, ""):
        asked["reaches"] = queries.river_reaches(river=river, below=kilometre)
        if not asked["reaches"]:
            raise Unfit("reaches")
    return _run(event, ModelRun.Kind.RIVER, asked, actor, now)


def compute_again(*, run: ModelRun) -> bool:
    """Tell whether a run comes out the same when it is computed again."""
    return _digest(MODELS[run.kind](run.question)) == run.sha256


def _run(
    event: EmergencyEvent, kind: str, question: dict[str, Any], actor: User | None, now: dt.datetime
) -> ModelRun:
    if event.longitude is None or event.latitude is None:
        raise Unfit("position")
    try:
        answer = MODELS[kind](question)
    except (TracingError, LookupError, ValueError) as error:
        raise Unfit(str(error)) from error
    run = ModelRun.objects.create(
        event=event, kind=kind, question=question, answer=answer, longitude=event.longitude,
        latitude=event.latitude, sha256=_digest(answer), at=now, actor=actor,
    )  # fmt: skip
    note(event=event, kind="model", text=_told(run), actor=actor, at=now)
    return run


def _told(run: ModelRun) -> str:
    name = tables.names("substances", chinese=True)[run.question["substance"]]
    if run.kind == ModelRun.Kind.PLUME:
        zones = "，".join(
            f"终点浓度-{zone['endpoint']} {zone['distance']:.0f} m" for zone in run.answer["zones"]
        )
        return f"大气扩散快速计算：{name} {run.answer['rate']:g} kg/s；{zones}"
    last, asked = run.answer["points"][-1], run.question
    said = f"末点 {last['name']} 峰值 {last['peak'][1]:g} mg/L"
    return f"水体推演：{name} {asked['mass']:g} kg；{said}"


def _digest(answer: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(answer, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _on(now: dt.datetime) -> str:
    return timezone.localdate(now).isoformat()
