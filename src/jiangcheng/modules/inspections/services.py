"""Committing to a draw, drawing, visiting, publishing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases import services as cases
from jiangcheng.core.manifest import Opened
from jiangcheng.core.portal import services as portal
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.inspections import queries, rules
from jiangcheng.modules.inspections.models import Draw, Inspector, Visit

REGISTER = "visits"
MANAGE = "inspections.manage"
FOUND, LATE = "inspections.found", "inspections.late_publication"


class Refused(Exception):  # noqa: N818
    """Nothing was done. ``reason`` is a code that the page words.

    ``permission``, ``drawn_already``, ``same_person``, ``witness_required``, ``reason_required``,
    ``empty_pool``, ``not_in_team``, ``unanswered``, ``result``, ``state``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def commit_draw(
    *,
    level: str,
    region: Region,
    seed: str,
    actor: User,
    at: dt.datetime,
    replaces: Draw | None = None,
    reason: str = "",
) -> Draw:
    """Freeze the pool of the present quarter and publish its hash and the hash of the seed.

    Parameters
    ----------
    seed
        Random text of at least 128 bit, brought by the caller; kept secret until the draw.

    Raises
    ------
    Refused
        ``permission``, ``empty_pool``, or ``reason_required`` for a redraw without one.
    """
    on = timezone.localdate(at)
    if not access_queries.scope(actor, MANAGE, on).covers_region(region.code):
        raise Refused("permission")
    if replaces is not None and not reason.strip():
        raise Refused("reason_required")
    units = queries.candidates(region=region, on=on)
    persons = queries.inspectors(region=region, on=on)
    if not units or not persons:
        raise Refused("empty_pool")
    first, after = rules.quarter(on)
    with transaction.atomic():
        draw = Draw.objects.create(
            number=_draw_number(region, first),
            level=level,
            region=region,
            valid_from_date=first,
            valid_to_date=after,
            quotas=dict(rules.quotas(on)),
            pool={
                "objects": [rules.frozen(unit) for unit in units],
                "inspectors": [
                    {**dataclasses.asdict(item), "conflicts": list(item.conflicts)} for item in persons
                ],
                "last_teams": queries.last_teams(unit.code for unit in units),
            },
            pool_hash=rules.pool_hash(units, persons),
            commitment=rules.commitment(seed),
            secret_seed=seed,
            committed_by=actor,
            committed_at=at,
            replaces=replaces,
            reason=reason.strip(),
        )
        access.record(
            actor=actor,
            action="inspections.commit",
            object_type="draw",
            object_id=draw.number,
            after={"commitment": draw.commitment, "pool_hash": draw.pool_hash, "units": len(units)},
            reason=draw.reason,
            at=at,
        )
    return draw


def draw(*, draw: Draw, witness: str, actor: User, at: dt.datetime) -> Draw:
    """Draw, and open a visit for every unit; one that is about to be visited anyway gets no second visit.

    Raises
    ------
    Refused
        ``permission``, ``drawn_already``, ``witness_required``, or ``same_person`` where who committed to
        the seed wants to draw as well.
    """
    if not access_queries.scope(actor, MANAGE, timezone.localdate(at)).covers_region(draw.region.code):
        raise Refused("permission")
    if actor.pk == draw.committed_by_id:
        raise Refused("same_person")
    if not witness.strip():
        raise Refused("witness_required")
    with transaction.atomic():
        locked = Draw.objects.select_for_update().get(pk=draw.pk)
        if locked.drawn_at is not None:
            raise Refused("drawn_already")
        chosen = rules.draw(
            candidates=[rules.Candidate(**row) for row in locked.pool["objects"]],
            inspectors=[
                rules.Inspector(row["certificate"], row["area"], tuple(row["conflicts"]))
                for row in locked.pool["inspectors"]
            ],
            version=locked.quotas,
            level=locked.level,
            seed=locked.secret_seed,
            witness=witness.strip(),
            last_teams=locked.pool["last_teams"],
        )
        locked.witness = witness.strip()
        locked.drawn_by, locked.drawn_at = actor, at
        locked.result = [dataclasses.asdict(item) | {"team": list(item.team)} for item in chosen]
        locked.save()
        access.record(
            actor=actor,
            action="inspections.draw",
            object_type="draw",
            object_id=locked.number,
            after={"units": [item.code for item in chosen], "witness": locked.witness},
            at=at,
        )
        if locked.replaces is not None:
            _cancel_visits(locked.replaces, actor, at, locked.reason)
        _open_visits(locked, chosen, actor, at)
    return locked


def hand_in(
    *,
    visit: Visit,
    answers: Sequence[Mapping[str, Any]],
    summary: str,
    result: str,
    actor: User,
    at: dt.datetime,
    visited_at: dt.datetime | None = None,
    files: Sequence[File[bytes]] = (),
) -> Visit:
    """Hand in what was seen at a unit; a result other than ``fine`` and ``advised`` opens a case.

    Raises
    ------
    Refused
        ``not_in_team``, ``state``, ``unanswered`` where the summary is empty, or ``result``.
    jiangcheng.core.cases.services.Refused
        If the workflow or a file bars it.
    """
    if not visit.team.filter(user=actor).exists():
        raise Refused("not_in_team")
    if result not in Visit.Result.values:
        raise Refused("result")
    if not summary.strip():
        raise Refused("unanswered")
    with transaction.atomic():
        locked = (
            Visit.objects.select_for_update(of=("self",)).select_related("facility", "draw").get(pk=visit.pk)
        )
        if locked.state != "dispatched":
            raise Refused("state")
        on = timezone.localdate(at)
        version = locked.draw.quotas if locked.draw else rules.quotas(on)
        term = workflow.working_calendar().days_after(on, version["publish_working_days"])
        records.change(
            record=locked,
            values={
                "answers": [dict(answer) for answer in answers],
                "summary": summary.strip(),
                "result": result,
                "visited_at": visited_at or at,
                "decided_at": at,
                "publish_by_date": term,
            },
            actor=actor,
            at=at,
            reason="现场检查结果",
        )
        locked.refresh_from_db()
        records.act(record=locked, action="check", actor=actor, now=at, text=summary.strip(), files=files)
        if result in (Visit.Result.RECTIFY, Visit.Result.CASE):
            _open_case(locked, at)
    locked.refresh_from_db()
    return locked


def visited(
    *,
    facility_code: str,
    actor: User,
    at: dt.datetime,
    answers: Sequence[Mapping[str, Any]],
    summary: str,
    result: str,
    files: Sequence[File[bytes]] = (),
) -> Opened | None:
    """Answer the hook ``facility.visited``: a check made in the field belongs to the visit that is under way.

    Returns None where the person has no visit to make there.
    """
    open_visits = Visit.objects.filter(facility__code=facility_code, state="dispatched", team__user=actor)
    visit = open_visits.order_by("due_at", "pk").first()
    if visit is None:
        return None
    done = hand_in(
        visit=visit, answers=answers, summary=summary, result=result, actor=actor, at=at, files=files
    )
    return Opened(done.number, f"/records/{REGISTER}/{done.number}/")


def note_published(*, record_number: str, actor: User, now: dt.datetime, **_: Any) -> None:
    """Answer the hook ``record.visits.publish``: the day a result became public is kept with the visit."""
    visit = Visit.objects.select_for_update().get(number=record_number)
    records.change(record=visit, values={"published_at": now}, actor=actor, at=now, reason="公开")


def note_dispatched(*, record_number: str, actor: User, now: dt.datetime, **_: Any) -> None:
    """Answer the hook ``record.visits.dispatch``: the team is told."""
    visit = Visit.objects.select_related("facility").get(number=record_number)
    assert visit.facility is not None
    portal.notify(
        kind="inspections.dispatched",
        to=[person.user for person in visit.team.select_related("user")],
        text_zh=f"请检查：{visit.facility.name_zh}",
        text_en=f"Please visit {visit.facility.name_en}",
        url=f"/records/{REGISTER}/{visit.number}/",
        at=now,
        due_at=visit.due_at,
    )


def watch_publication(*, now: dt.datetime) -> int:
    """Report every result that should be public by now and is not; end what has been published since."""
    late = list(queries.late_to_publish(on=timezone.localdate(now)))
    for visit in late:
        _report(
            visit,
            now,
            kind=LATE,
            key=f"{LATE}:{visit.number}",
            title_zh=f"检查结果逾期未公开：{visit.number}",
            title_en=f"Result not published in time: {visit.number}",
            evidence={"publish_by": str(visit.publish_by_date), "clause": "国办发〔2018〕118号"},
        )
    published = Visit.objects.filter(state="published", publish_by_date__isnull=False)
    for number in published.order_by("-pk").values_list("number", flat=True)[:500]:
        cases.end_finding(dedup_key=f"{LATE}:{number}", at=now)
    return len(late)


def _draw_number(region: Region, first: dt.date) -> str:
    stem = f"SJ-{region.code}-{first.year}Q{(first.month + 2) // 3}"
    return f"{stem}-{Draw.objects.select_for_update().filter(number__startswith=stem).count() + 1}"


def _open_visits(draw: Draw, chosen: Sequence[rules.Chosen], actor: User, at: dt.datetime) -> None:
    facilities = Facility.objects.in_bulk([item.code for item in chosen], field_name="code")
    persons = Inspector.objects.in_bulk(
        [name for item in chosen for name in item.team], field_name="certificate"
    )
    matters = [item["code"] for item in rules.items()]
    for item in chosen:
        facility = facilities[item.code]
        under_way = queries.open_visit(facility=facility)
        if under_way is not None:
            joined = {
                "matters": sorted({*under_way.matters, *matters}),
                "draw": under_way.draw or draw,
                "object_class": under_way.object_class or item.stratum.partition("/")[0],
            }
            records.change(
                record=under_way, values=joined, actor=actor, at=at, reason=f"一次入企：并入 {draw.number}"
            )
            continue
        visit = records.create(
            register=REGISTER,
            values={
                "facility": facility,
                "origin": Visit.Origin.RANDOM,
                "draw": draw,
                "object_class": item.stratum.partition("/")[0],
                "matters": matters,
            },
            actor=actor,
            at=at,
        )
        assert isinstance(visit, Visit)
        visit.team.set([persons[name] for name in item.team])


def _cancel_visits(draw: Draw, actor: User, at: dt.datetime, reason: str) -> None:
    for visit in Visit.objects.filter(draw=draw, state__in=("drawn", "dispatched")):
        records.act(record=visit, action="cancel", actor=actor, now=at, text=f"重新抽取：{reason}")


def _open_case(visit: Visit, at: dt.datetime) -> None:
    assert visit.facility is not None
    finding = _report(
        visit,
        at,
        kind=FOUND,
        key=f"{FOUND}:{visit.number}",
        title_zh=f"检查发现问题：{visit.facility.name_zh}",
        title_en=f"Inspection found a problem: {visit.facility.name_en}",
        evidence={
            "visit": visit.number,
            "result": visit.result,
            "failed": [answer for answer in visit.answers if answer.get("answer") in ("no", False)],
        },
    )
    number = finding.case.number if finding.case else ""
    records.change(record=visit, values={"case_number": number}, actor=None, at=at, reason="转事件办理")


def _report(
    visit: Visit,
    now: dt.datetime,
    *,
    kind: str,
    key: str,
    title_zh: str,
    title_en: str,
    evidence: Mapping[str, Any],
) -> Any:
    return cases.report(
        finding=cases.FindingReport(
            kind=kind,
            dedup_key=key,
            rule_version="inspections v1",
            title_zh=title_zh,
            title_en=title_en,
            severity=3 if kind == FOUND else 2,
            first_at=visit.decided_at or now,
            last_at=now,
            evidence={"start": (visit.decided_at or now).isoformat(), "end": now.isoformat(), **evidence},
            facility_id=visit.facility_id,
            description=visit.summary,
        ),
        now=now,
    )
