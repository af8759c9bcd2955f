"""Running what waits: gather, freeze, compute, keep; and computing it again from the frozen inputs."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.portal import services as portal
from jiangcheng.core.registry.models import Facility
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.source_tracing import queries
from jiangcheng.modules.source_tracing.models import Candidate, Inputs, Rerun, TraceRun
from jiangcheng.modules.source_tracing.rules import bits, engine
from jiangcheng.modules.source_tracing.rules.refusals import Interrupted, told

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 4
LOST_AFTER = dt.timedelta(minutes=30)
"""A run whose worker died is taken up again after this."""
Clock = Callable[[], dt.datetime]
State = TraceRun.State


def work_off(*, clock: Clock, most: int = MOST_AT_ONCE) -> list[TraceRun]:
    """Run what waits, oldest first, and return what was run."""
    done = []
    for _ in range(most):
        run = _taken(clock())
        if run is None:
            break
        done.append(work(run=run, clock=clock))
    return done


def work(*, run: TraceRun, clock: Clock) -> TraceRun:
    """Gather, compute and keep one run; what goes wrong is kept with it, in a code that the page words."""
    _mark(run, state=State.RUNNING, started_at=clock(), engine=engine.ENGINE)
    try:
        gathered = queries.gather(run)
        settings = queries.settings_of(run)
        gathered.meta["settings"] = settings
        _mark(run, inputs=_frozen(gathered, clock()))
        result = engine.run(run.kind, gathered.arrays, gathered.meta, settings, _teller(run))
    except Interrupted:
        _mark(run, state=State.CANCELLED, finished_at=clock())
    except TracingError as error:
        _mark(run, state=State.FAILED, finished_at=clock(), error=bits.plain(told(error)))
    except Exception as error:
        logger.exception("trace %s failed", run.number)
        _mark(
            run,
            state=State.FAILED,
            finished_at=clock(),
            error={"code": "internal", "text": type(error).__name__},
        )
    else:
        _keep(run, result, gathered.meta, clock())
    run.refresh_from_db()
    return run


def run_again(*, run: TraceRun, actor: User | None, now: dt.datetime) -> Rerun:
    """Compute a run again from its frozen inputs and keep whether the same bits came out.

    Raises
    ------
    Refusal
        ``inputs_altered`` if the inputs are missing or are not those of the run.
    """
    arrays, meta = inputs_of(run)
    result = engine.run(run.kind, arrays, meta, meta["settings"], lambda _share, _step: None)
    digest = bits.result_digest(result)
    rerun = Rerun.objects.create(
        run=run, at=now, by=actor, engine=engine.ENGINE, result_sha256=digest, identical=digest == run.result_sha256,
        first_difference="" if digest == run.result_sha256 else _difference(run.result, result)[:200],
    )  # fmt: skip
    access.record(
        actor=actor, action="source_tracing.rerun", object_type="trace", object_id=run.number,
        after={"identical": rerun.identical, "result": digest}, at=now,
    )  # fmt: skip
    return rerun


def inputs_of(run: TraceRun) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the frozen arrays of a run and what describes them.

    Raises
    ------
    Refusal
        ``inputs_altered``.
    """
    if run.inputs is None:
        return bits.unpack(b"", "")
    try:
        with run.inputs.file.open("rb") as file:
            content = file.read()
    except OSError:
        content = b""
    return bits.unpack(content, run.inputs.sha256)


def _taken(now: dt.datetime) -> TraceRun | None:
    """Take the oldest waiting run, or one whose worker was lost."""
    with transaction.atomic():
        lost = TraceRun.objects.filter(state=State.RUNNING, started_at__lt=now - LOST_AFTER)
        lost.update(state=State.WAITING)
        run = (
            TraceRun.objects.select_for_update(of=("self",), skip_locked=False)
            .filter(state=State.WAITING)
            .select_related("station")
            .order_by("asked_at", "pk")
            .first()
        )
        if run is not None:
            _mark(run, state=State.RUNNING, started_at=now)
    return run


def _mark(run: TraceRun, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(run, name, value)
    run.save(update_fields=list(changes))


def _teller(run: TraceRun) -> Callable[[float, str], None]:
    def tell(share: float, step: str) -> None:
        row = TraceRun.objects.filter(pk=run.pk)
        row.update(progress=share, step=step)
        if row.values_list("stop_asked", flat=True).first():
            raise Interrupted

    return tell


def _frozen(gathered: queries.Gathered, now: dt.datetime) -> Inputs:
    digest = bits.digest(gathered.arrays, gathered.meta)
    known = Inputs.objects.filter(sha256=digest).first()
    if known is not None:
        return known
    content = bits.pack(gathered.arrays, gathered.meta)
    row = Inputs(
        sha256=digest, size=len(content), snapshot=store.snapshot()[:120], at=now,
        rows={name: list(array.shape) for name, array in gathered.arrays.items()},
    )  # fmt: skip
    row.file.save(f"{digest}.npz", ContentFile(content), save=False)
    row.save()
    return row


def _keep(run: TraceRun, result: dict[str, Any], meta: dict[str, Any], now: dt.datetime) -> None:
    emitters = meta["emitters"]
    codes = {emitters[item["index"]]["facility"] for item in result["candidates"]}
    facilities = {row.code: row for row in Facility.objects.filter(code__in=codes)}
    with transaction.atomic():
        _mark(
            run, state=State.DONE, finished_at=now, progress=1.0, step="", result=result, error={},
            result_sha256=bits.result_digest(result), unknown=result["unknown"],
        )  # fmt: skip
        run.candidates.all().delete()
        Candidate.objects.bulk_create(
            Candidate(
                run=run, rank=rank, index=item["index"], code=emitters[item["index"]]["code"],
                name_zh=emitters[item["index"]]["name_zh"], name_en=emitters[item["index"]]["name_en"],
                facility=facilities.get(emitters[item["index"]]["facility"]),
                longitude=emitters[item["index"]]["longitude"], latitude=emitters[item["index"]]["latitude"],
                probability=item["probability"], evidence=item["evidence"],
            )
            for rank, item in enumerate(result["candidates"], start=1)
        )  # fmt: skip
        _tell_people(run, now)


def _tell_people(run: TraceRun, now: dt.datetime) -> None:
    """Tell those who send out checks that a list they did not ask for is there."""
    if run.trigger == TraceRun.Trigger.PERSON:
        return
    names = [row.name_zh for row in run.candidates.all()[:3]]
    english = [row.name_en for row in run.candidates.all()[:3]]
    unknown = f"{100 * (run.unknown or 0):.0f}%"
    portal.notify_permission(
        "source_tracing.manage", run.region.code if run.region else "", "",
        kind="source_tracing.candidates", at=now, number=run.number, key=run.number,
        text_zh=f"溯源 {run.number} 已出候选名单（候选不等于结论）：{'、'.join(names) or '无'}；未知来源 {unknown}",
        text_en=f"Trace {run.number}: candidates (not conclusions): {', '.join(english) or 'none'}; unknown {unknown}",
        url=reverse("source_tracing:run", args=[run.number]),
    )  # fmt: skip


def _difference(before: Any, after: Any, path: str = "") -> str:
    """Return the path of the first value that differs, with both values."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            found = _difference(before.get(key), after.get(key), f"{path}/{key}")
            if found:
                return found
        return ""
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, pair in enumerate(zip(before, after, strict=True)):
            found = _difference(*pair, f"{path}/{place}")
            if found:
                return found
        return ""
    return "" if before == after else f"{path}: {str(before)[:60]} → {str(after)[:60]}"
