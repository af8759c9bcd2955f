"""What rules, models, feeds and people notice: counted while it lasts, and closed by a case."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from jiangcheng.core import manifest
from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import queries, rules
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import engine, numbers
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Evidence, Facility, GridCell, Region, Station

PATROL = "cases.patrol"
TITLE_LENGTH = 60


class UnknownKind(LookupError):  # noqa: N818
    """No manifest declares this kind of finding."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FindingReport:
    """What was noticed, where and when.

    The place is a station, else a facility, else a point. ``evidence`` tells of one occurrence: its period
    (``start``, ``end``, ISO 8601), the value, the limit, its clause and edition, and where the rows are.
    """

    kind: str
    dedup_key: str
    rule_version: str
    title_zh: str
    title_en: str
    severity: int
    first_at: dt.datetime
    last_at: dt.datetime
    evidence: Mapping[str, Any]
    station_id: int | None = None
    facility_id: int | None = None
    longitude: float | None = None
    latitude: float | None = None
    description: str = ""
    terms: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Terms of the case that it opens, see `rules.Terms`; empty where the clocks of the workflow hold."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    station: Station | None
    facility: Facility | None
    grid_cell: GridCell | None
    region: Region | None
    longitude: float | None
    latitude: float | None


def report(*, finding: FindingReport, now: dt.datetime) -> Finding:
    """Count an occurrence of an open finding, or open a new one with a case in the grid cell of its point.

    The same period reported again replaces its evidence and counts once. What comes back while the case of
    the last time is still open joins that case; what comes back within the workflow's days of relapse opens
    a case that names the one before.

    Raises
    ------
    UnknownKind
        If no manifest declares the kind.
    """
    if finding.kind not in manifest.manifests.finding_kinds():
        raise UnknownKind(f"no manifest declares {finding.kind!r}")
    with transaction.atomic():
        known = _known(finding)
        if known is None:
            try:
                with transaction.atomic():
                    return _opened(finding, now)
            except IntegrityError:
                # Another process reported the same key between our look and our insert.
                known = _known(finding)
                if known is None:
                    raise
        return _counted(known, finding)


def end_finding(*, dedup_key: str, at: dt.datetime) -> Finding | None:
    """Note that a condition was seen to have ended; its case stays open until a person closes it.

    Returns None where no finding of that key is open.
    """
    with transaction.atomic():
        finding = Finding.objects.select_for_update().filter(dedup_key=dedup_key, ended_at=None).first()
        if finding is not None:
            finding.ended_at = max(at, finding.last_at)
            finding.save(update_fields=["ended_at"])
    return finding


def report_in_person(
    *,
    reporter: User,
    text: str,
    longitude: float | None,
    latitude: float | None,
    now: dt.datetime,
    severity: int = 2,
    files: Sequence[File[bytes]] = (),
    evidence: Sequence[Evidence] = (),
    facility_id: int | None = None,
    kind: str = PATROL,
    key: str = "",
) -> Case:
    """Open a case for what a person saw; without a position that of the first photograph counts.

    Parameters
    ----------
    files, evidence
        Files to be kept, and evidence that is kept already.
    facility_id
        The facility it concerns, if any; the place is still where it was seen.
    kind
        Kind of finding, one of those that people report.
    key
        What tells this report from others of the same person at the same instant.

    Raises
    ------
    Refused
        ``permission``, ``text_required``, ``position_required`` where neither the person nor a photograph
        tells the place, ``outside`` where it lies in no grid cell, or a refused file.
    """
    on = timezone.localdate(now)
    if "cases.report" not in access.permissions_of(reporter, on):
        raise engine.Refused("permission")
    if not text.strip():
        raise engine.Refused("text_required")
    with transaction.atomic():
        proof = [*evidence, *engine.kept(files, reporter, now)]
        longitude, latitude = _position(longitude, latitude, proof)
        if registry.leaf_grid(longitude, latitude, on) is None:
            raise engine.Refused("outside")
        title = text.strip().splitlines()[0][:TITLE_LENGTH]
        noticed = FindingReport(
            kind=kind,
            dedup_key=f"{kind}:{reporter.pk}:{key or f'{now.timestamp():.6f}'}"[:160],
            rule_version="",
            title_zh=title,
            title_en=title,
            severity=severity,
            first_at=now,
            last_at=now,
            evidence={"start": now.isoformat(), "end": now.isoformat()},
            longitude=longitude,
            latitude=latitude,
            facility_id=facility_id,
            description=text.strip(),
        )
        finding = _opened(noticed, now, reporter, proof)
        finding.ended_at = now
        finding.save(update_fields=["ended_at"])
    assert finding.case is not None
    return finding.case


def _position(
    longitude: float | None, latitude: float | None, evidence: Sequence[Evidence]
) -> tuple[float, float]:
    if longitude is not None and latitude is not None:
        return longitude, latitude
    for item in evidence:
        if item.longitude is not None and item.latitude is not None:
            return item.longitude, item.latitude
    raise engine.Refused("position_required")


def _known(report: FindingReport) -> Finding | None:
    """Return the open finding of the key, or an ended one that already holds this very period."""
    same = Finding.objects.select_for_update().filter(dedup_key=report.dedup_key)
    found = same.filter(ended_at=None).first()
    if found is not None:
        return found
    last = same.order_by("-last_at", "-pk").first()
    return last if last is not None and _period(report.evidence) in map(_period, last.evidence) else None


def _counted(finding: Finding, report: FindingReport) -> Finding:
    period = _period(report.evidence)
    periods = [_period(item) for item in finding.evidence]
    if period is not None and period in periods:
        finding.evidence[periods.index(period)] = dict(report.evidence)
    else:
        finding.evidence = rules.bounded(finding.evidence, report.evidence)
        finding.occurrences += 1
    finding.first_at = min(finding.first_at, report.first_at)
    if report.last_at >= finding.last_at:
        finding.title_zh, finding.title_en = report.title_zh, report.title_en
    finding.last_at = max(finding.last_at, report.last_at)
    finding.severity = max(finding.severity, report.severity)
    finding.save()
    return finding


def _period(evidence: Mapping[str, Any]) -> Any:
    return evidence.get("start")


def _opened(
    report: FindingReport, now: dt.datetime, reporter: User | None = None, evidence: Sequence[Evidence] = ()
) -> Finding:
    place = _place(report, timezone.localdate(now))
    finding = Finding.objects.create(
        kind=report.kind,
        dedup_key=report.dedup_key,
        rule_version=report.rule_version,
        title_zh=report.title_zh,
        title_en=report.title_en,
        severity=report.severity,
        station=place.station,
        facility=place.facility,
        grid_cell=place.grid_cell,
        longitude=place.longitude,
        latitude=place.latitude,
        found_at=now,
        first_at=report.first_at,
        last_at=report.last_at,
        evidence=[dict(report.evidence)],
    )
    finding.case = _case_for(finding, place, report, now, reporter, evidence)
    finding.save(update_fields=["case"])
    return finding


def _case_for(
    finding: Finding,
    place: _Place,
    report: FindingReport,
    now: dt.datetime,
    reporter: User | None,
    evidence: Sequence[Evidence],
) -> Case:
    before = (
        Case.objects.filter(findings__dedup_key=finding.dedup_key)
        .exclude(findings=finding)
        .order_by("-pk")
        .first()
    )
    while before is not None and before.merged_into is not None:
        before = before.merged_into
    if before is not None and before.closed_at is None:
        return before
    case_type = manifest.manifests.finding_kinds()[finding.kind].case_type
    workflow = queries.workflow_for(case_type=case_type)
    case = Case(
        number=numbers.next_number(case_type, timezone.localdate(now)),
        workflow=workflow,
        case_type=case_type,
        title_zh=finding.title_zh,
        title_en=finding.title_en,
        description=report.description,
        severity=finding.severity,
        longitude=place.longitude,
        latitude=place.latitude,
        region=place.region,
        grid_cell=place.grid_cell,
        facility=place.facility,
        station=place.station,
        reporter=reporter,
        terms=dict(report.terms),
        relapse_of=before if _relapsed(before, workflow.definition, now) else None,
    )
    engine.open_case(case=case, actor=reporter, now=now, evidence=evidence)
    return case


def _relapsed(before: Case | None, definition: rules.Definition, now: dt.datetime) -> bool:
    if before is None or before.closed_at is None or before.state != "closed":
        return False
    return now - before.closed_at <= dt.timedelta(days=definition["relapse_days"])


def _place(report: FindingReport, on: dt.date) -> _Place:
    station = facility = None
    longitude, latitude = report.longitude, report.latitude
    region: Region | None = None
    if report.station_id is not None:
        station = Station.objects.select_related("region", "outlet__facility").get(pk=report.station_id)
        outlet = getattr(station, "outlet", None)
        facility = outlet.facility if outlet else None
        longitude, latitude, region = station.longitude, station.latitude, station.region
    elif report.facility_id is not None:
        facility = Facility.objects.select_related("region").get(pk=report.facility_id)
        region = facility.region
        if longitude is None or latitude is None:
            longitude, latitude = facility.longitude, facility.latitude
    cell = None
    of_area = station is not None and station.kind == Station.Kind.AREA
    if longitude is not None and latitude is not None and not of_area:
        cell = registry.leaf_grid(longitude, latitude, on)
    return _Place(station, facility, cell, cell.region if cell else region, longitude, latitude)
