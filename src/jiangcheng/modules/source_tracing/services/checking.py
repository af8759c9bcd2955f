"""Field checks: the first candidates become cases, closed cases become outcomes, outcomes become numbers."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.urls import reverse

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.manifest import manifests
from jiangcheng.modules.source_tracing import queries
from jiangcheng.modules.source_tracing.models import Candidate, TraceRun
from jiangcheng.modules.source_tracing.rules import engine, score, soil
from jiangcheng.standards import periods

KIND = "source_tracing.check"
MOST = 5
LEAST_TOLD = 2
"""Candidates a list needs before anybody is sent out: one name alone is an accusation."""
QUESTIONS = (
    "现场有无与事件因子一致的排放、异味或异常工况",
    "核对事件时段的生产、治污、用电与在线数据",
    "必要时采样留样（与事件因子、指纹一致的项目）并拍照定位",
    "排除：事件时段确未生产或风向、水流不通的，写明依据",
)
FORMULAS = {
    "trace_top1": ("%", "首位候选查实的溯源数 ÷ 已有明确核查结论的溯源数 × 100",
                   "runs whose first candidate was confirmed / runs with a clear check × 100"),
    "trace_top3": ("%", "前三候选中有查实的溯源数 ÷ 已有明确核查结论的溯源数 × 100",
                   "runs with a confirmed candidate among the first three / runs with a clear check × 100"),
    "trace_brier": ("1", "Σ（给出概率 − 是否查实）² ÷ 有明确结论的候选数",
                    "Σ (stated probability − confirmed)² / candidates with a clear check"),
    "farmland_traced": ("%", "有溯源结果或说明原因的污染地块数 ÷ 污染地块数 × 100",
                        "contaminated plots with a source or a reason / contaminated plots × 100"),
}  # fmt: skip


class NotDispatched(ValueError):  # noqa: N818
    """Nobody was sent. ``reason`` is ``state``, ``few`` or ``none``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def dispatch(*, run: TraceRun, most: int, actor: User, now: dt.datetime) -> list[Candidate]:
    """Open a field check in the grid of each of the first candidates; what is checked already stays.

    Raises
    ------
    NotDispatched
        ``state`` before there is a result, ``none`` without candidates, ``few`` where a single name would be left
        alone with less chance than "unknown" would leave to it.
    """
    if run.state != TraceRun.State.DONE:
        raise NotDispatched("state")
    rows = list(run.candidates.select_related("facility")[: max(1, min(most, MOST))])
    if not rows:
        raise NotDispatched("none")
    if run.candidates.count() < LEAST_TOLD and (run.unknown or 0.0) <= 0.0:
        raise NotDispatched("few")
    with transaction.atomic():
        for row in rows:
            if row.case_id is None:
                _open(run, row, now)
        access.record(
            actor=actor, action="source_tracing.dispatch", object_type="trace", object_id=run.number,
            after={"candidates": [row.code for row in rows]}, at=now,
        )  # fmt: skip
    return rows


def _open(run: TraceRun, row: Candidate, now: dt.datetime) -> None:
    address = reverse("source_tracing:run", args=[run.number])
    asked = list(QUESTIONS)
    if row.facility is not None:
        answers = manifests.gather(
            "facility.checklist", facility_code=row.facility.code, on=periods_day(now)
        ).answers
        asked += [f"{item.question_zh}（{item.basis}）" for items in answers for item in items][:4]
    lines = "\n".join(f"{place}. {text}" for place, text in enumerate(asked, start=1))
    finding = cases.report(
        finding=cases.FindingReport(
            kind=KIND,
            dedup_key=f"{KIND}:{run.number}:{row.rank}",
            rule_version=run.engine,
            title_zh=f"溯源候选核查：{row.name_zh}（{run.number} 第 {row.rank} 位）"[:200],
            title_en=f"Check of a candidate: {row.name_en} ({run.number}, number {row.rank})"[:200],
            severity=3,
            first_at=run.starts_at,
            last_at=run.ends_at,
            evidence={
                "start": run.starts_at.isoformat(), "end": run.ends_at.isoformat(), "property": run.observed,
                "run": run.number, "rank": row.rank, "probability": row.probability, "url": address,
            },
            facility_id=row.facility_id,
            longitude=row.longitude,
            latitude=row.latitude,
            description=f"候选不等于结论：该处概率 {100 * row.probability:.0f}%，"
            f"未知来源概率 {100 * (run.unknown or 0):.0f}%。\n"
            f"请在事件时段条件下核查，结论选“成立、不成立、存疑”之一。\n{lines}",
        ),
        now=now,
    )  # fmt: skip
    finding.ended_at = now
    finding.save(update_fields=["ended_at"])
    row.case = finding.case
    row.save(update_fields=["case"])


def settle(*, now: dt.datetime) -> int:
    """Take over the conclusions of closed field checks and return how many there were."""
    open_rows = Candidate.objects.filter(outcome="", case__state="closed").select_related("case")
    settled = 0
    for row in open_rows:
        assert row.case is not None
        last = row.case.steps.filter(action="submit").order_by("-sequence").first()
        code = (last.details or {}).get("reason_code", "") if last else ""
        row.outcome = code if code in Candidate.Outcome.values else Candidate.Outcome.UNCLEAR
        row.outcome_at = row.case.closed_at or now
        row.save(update_fields=["outcome", "outcome_at"])
        settled += 1
    return settled


def compute_indicators(*, on: dt.date, at: dt.datetime) -> None:
    """Record the year's hit rates, the Brier score, and the share of contaminated plots that have an answer."""
    first = dt.date(on.year, 1, 1)
    checked = queries.checked(since=first)
    found = score.score(checked)
    numbers = {
        "runs": found.runs, "checks": found.checks, "unclear": found.unclear, "first": found.first,
        "three": found.three, "rejected": found.rejected,
    }  # fmt: skip
    values = {
        "trace_top1": None if found.top1 is None else 100 * found.top1,
        "trace_top3": None if found.top3 is None else 100 * found.top3,
        "trace_brier": found.brier,
    }
    for code, value in values.items():
        _record(code, value, found.checks, numbers, reverse("source_tracing:desk"), on, at)
    rows = queries.plots(on=on)
    bad, silent = soil.unanswered((row.bad, row.row.result, row.row.no_result_reason) for row in rows)
    share = 100.0 * (bad - silent) / bad if bad else None
    _record(
        "farmland_traced", share, bad, {"contaminated": bad, "unanswered": silent, "plots": len(rows)},
        reverse("records:farm-plots"), on, at,
    )  # fmt: skip


def _record(
    code: str,
    value: float | None,
    rows: int,
    numbers: dict[str, int],
    address: str,
    on: dt.date,
    at: dt.datetime,
) -> None:
    unit, zh, en = FORMULAS[code]
    indicators.record(
        computation=indicators.Computation(
            indicator=code,
            period=(dt.date(on.year, 1, 1), dt.date(on.year + 1, 1, 1)),
            edition=engine.ENGINE,
            value=None if value is None else round(value, 4),
            unit=unit,
            formula_zh=zh,
            formula_en=en,
            clause="M05-01, M05-02" if code.startswith("trace") else "M05-04; GB 15618-2018",
            lineage={
                "property": "trace" if code.startswith("trace") else "farm-plots", "granularity": "year", "rows": rows,
                "through": on.isoformat(), "url": address, "intermediates": numbers,
            },
        ),
        at=at,
    )  # fmt: skip


def periods_day(at: dt.datetime) -> dt.date:
    """Return the local day of an instant."""
    return at.astimezone(periods.BEIJING).date()
