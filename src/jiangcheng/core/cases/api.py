"""The read-only JSON door to cases and findings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from jiangcheng.core.access.services import ninja_auth, person, received_date
from jiangcheng.core.cases import queries
from jiangcheng.core.cases.models import Case, CaseStep, Finding
from jiangcheng.core.observations import api as observations

router = Router(tags=["cases"], auth=ninja_auth("api.read"))


class CaseOut(Schema):
    number: str
    case_type: str
    state: str
    title_zh: str
    title_en: str
    severity: int
    region: str | None
    grid_cell: str | None
    facility: str | None
    station: str | None
    longitude: float | None
    latitude: float | None
    opened_at: dt.datetime
    due_at: dt.datetime | None
    closed_at: dt.datetime | None
    rework_count: int
    relapse_of: str | None

    @staticmethod
    def resolve_region(case: Case) -> str | None:
        return case.region.code if case.region else None

    @staticmethod
    def resolve_grid_cell(case: Case) -> str | None:
        return case.grid_cell.code if case.grid_cell else None

    @staticmethod
    def resolve_facility(case: Case) -> str | None:
        return case.facility.code if case.facility else None

    @staticmethod
    def resolve_station(case: Case) -> str | None:
        return case.station.code if case.station else None

    @staticmethod
    def resolve_relapse_of(case: Case) -> str | None:
        return case.relapse_of.number if case.relapse_of else None


class StepOut(Schema):
    sequence: int
    action: str
    from_state: str
    to_state: str
    actor_role: str
    at: dt.datetime
    text: str
    evidence: list[str]
    """SHA-256 of each file."""
    previous_hash: str
    hash: str

    @staticmethod
    def resolve_evidence(step: CaseStep) -> list[str]:
        return [item.sha256 for item in step.evidence.all()]


class CasePage(Schema):
    items: list[CaseOut]
    next: str | None


class FindingOut(Schema):
    id: int
    kind: str
    rule_version: str
    title_zh: str
    title_en: str
    severity: int
    station: str | None
    case: str | None
    first_at: dt.datetime
    last_at: dt.datetime
    ended_at: dt.datetime | None
    occurrences: int
    evidence: list[dict[str, Any]]

    @staticmethod
    def resolve_station(finding: Finding) -> str | None:
        return finding.station.code if finding.station else None

    @staticmethod
    def resolve_case(finding: Finding) -> str | None:
        return finding.case.number if finding.case else None


class FindingPage(Schema):
    items: list[FindingOut]
    next: str | None


def _visible(request: HttpRequest) -> QuerySet[Case]:
    return queries.visible(user=person(request), on=received_date(request)).select_related(
        "region", "grid_cell", "facility", "station", "relapse_of"
    )


@router.get("/cases", response=CasePage, summary="Cases")
def cases(
    request: HttpRequest,
    state: str = "",
    case_type: str = "",
    cursor: observations.Cursor = "",
    limit: observations.Limit = 100,
) -> dict[str, Any]:
    wanted = {name: value for name, value in (("state", state), ("case_type", case_type)) if value}
    return observations.page(_visible(request).filter(**wanted), cursor=cursor, limit=limit)


@router.get("/cases/{number}", response=CaseOut, summary="One case")
def case(request: HttpRequest, number: str) -> Case:
    return get_object_or_404(_visible(request), number=number)


@router.get("/cases/{number}/steps", response=list[StepOut], summary="The steps of a case")
def steps(request: HttpRequest, number: str) -> QuerySet[CaseStep]:
    return queries.steps(case=get_object_or_404(_visible(request), number=number))


@router.get("/findings", response=FindingPage, summary="Findings: what rules and people noticed")
def findings(
    request: HttpRequest, kind: str = "", cursor: observations.Cursor = "", limit: observations.Limit = 100
) -> dict[str, Any]:
    rows = queries.findings(user=person(request), on=received_date(request)).select_related("station", "case")
    return observations.page(rows.filter(kind=kind) if kind else rows, cursor=cursor, limit=limit)
