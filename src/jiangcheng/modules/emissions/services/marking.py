"""Marks: handed in by the enterprise, accepted by another person, applied to what was judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import RecordStep
from jiangcheng.core.registry.models import Outlet
from jiangcheng.modules.emissions import queries, rules
from jiangcheng.modules.emissions.models import Mark
from jiangcheng.modules.emissions.services import judging
from jiangcheng.standards import periods

REGISTER = "marks"
RUNNING = ("load", "a00000", "w00000")
"""Series that tell whether a plant runs, the best first; the meters of production come after the first."""
USUAL_DAYS = 14
"""Days before a mark that tell what is usual."""


def hand_in(
    *,
    outlet: Outlet,
    kind: str,
    from_at: dt.datetime,
    to_at: dt.datetime,
    reason: str,
    actor: User,
    now: dt.datetime,
    files: Sequence[File[bytes]] = (),
) -> Mark:
    """Hand a mark in, with the files that prove it.

    Raises
    ------
    django.core.exceptions.ValidationError
        If the time, the kind or the reason is refused.
    jiangcheng.core.cases.services.Refused
        If a file is.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("写明原因。")})
    values = {
        "facility": outlet.facility,
        "outlet_number": outlet.number,
        "kind": kind,
        "from_at": from_at,
        "to_at": to_at,
        "reason": reason.strip(),
    }
    with transaction.atomic():
        mark = records.create(register=REGISTER, values=values, actor=actor, at=now)
        assert isinstance(mark, Mark)
        if files:
            records.act(
                record=mark, action="supplement", actor=actor, now=now, text=reason.strip(), files=files
            )
    return mark


def gate_approval(*, record_number: str, **_more: object) -> None:
    """Answer ``record.marks.approve``: term, evidence, and what was measured, have to bear the mark out.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        With the reasons in the language of the page.
    """
    mark = Mark.objects.select_related("facility").get(number=record_number)
    texts = {
        "evidence": _("这种标记须附证明材料。"),
        "late": _("逾期补标，须附证明材料。"),
        "contradicted": _("标记为停运，但同期生产或烟气数据表明仍在运行。"),
    }
    wrong = rules.marks.gaps(
        mark.kind,
        late=mark.late,
        proofs=proofs(mark),
        contradicted=bool(len(contradicting_hours(mark))),
        on=timezone.localdate(mark.from_at),
    )
    if wrong:
        raise Refused(" ".join(texts[code] for code in wrong))


def proofs(mark: Mark) -> int:
    """Return how many files were handed in with a mark."""
    steps = RecordStep.objects.filter(register=REGISTER, number=mark.number)
    return sum(step.evidence.count() for step in steps)


def contradicting_hours(mark: Mark) -> np.ndarray:
    """Return the starts of the hours [epoch s] in which the plant was seen to run while marked as standing still."""
    outlet = mark.outlet
    if outlet is None:
        return np.empty(0, np.int64)
    span = queries.span_of(mark)
    before = span.start - USUAL_DAYS * periods.DAY
    hours = queries.all_hours(stations=[outlet.station_id], start=before, end=span.end)
    meters = queries.meters(stations=[outlet.station_id], hours=hours, on=queries.day_of(span.start))
    produced = [
        hours.get(outlet.station_id, meter.code)
        for meter in meters.get(outlet.station_id, ())
        if meter.role == "production"
    ]
    told = [hours.get(outlet.station_id, code) for code in RUNNING]
    for series in (told[0], queries.summed(produced), *told[1:]):
        usual = series.between(before, span.start).value
        within = series.between(span.start, span.end)
        if len(within) and len(usual) and not np.isnan(usual).all():
            rows = rules.marks.contradiction(
                mark.kind, within.value, float(np.nanmedian(usual)), queries.day_of(span.start)
            )
            return np.asarray(within.start[rows])
    return np.empty(0, np.int64)


def apply_marks(*, now: dt.datetime) -> int:
    """Judge again where marks were accepted, revoked or withdrawn; return how many marks that were."""
    held = Q(state="approved", withdrawn_at=None)
    changed = list(Mark.objects.filter(Q(applied=False) & held | Q(applied=True) & ~held))
    for mark in changed:
        outlet, span = mark.outlet, queries.span_of(mark)
        with transaction.atomic():
            Mark.objects.filter(pk=mark.pk).update(applied=mark.holds)
            if outlet is not None:
                judging.judge_again(station=outlet.station_id, start=span.start, end=span.end, now=now)
    return len(changed)
