"""Merge signals into incidents, judge them, open a case for each in its grid cell; keep what people found."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from django.db import transaction
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.registry import queries as registry
from jiangcheng.modules.straw import queries
from jiangcheng.modules.straw.models import FireIncident, FireSignal, Outcome, Verdict
from jiangcheng.modules.straw.rules import fires, tables, verdicts
from jiangcheng.modules.straw.services import cameras, land, priority
from jiangcheng.standards import periods

KIND = "straw.fire"
RESULTS = ("submit", "close_simple", "false_alarm")
"""Actions of a case that say what was found."""
Changed = tuple[FireIncident, Sequence[FireSignal]]
"""An incident and all its signals, in the order of time."""
JUDGED = (
    "first_at", "last_at", "longitude", "latitude", "signals", "power", "cropland", "verdict", "reasons", "plan_number",
    "rule_version", "judged_at", "grid_cell", "region",
)  # fmt: skip
TITLES = {
    Verdict.PLANNED: ("计划内烧除火点，核实灭火", "Planned burning: check that it is out"),
    Verdict.ILLEGAL: ("疑似违规露天焚烧秸秆", "Straw probably burnt against the ban"),
    Verdict.EDGE: ("火点位于禁烧、限烧边界，须现场核实", "Fire at the edge of a zone: look on the spot"),
    Verdict.LAND: ("非耕地火点", "Fire off cropland"),
    Verdict.DOUBTFUL: ("低置信度火点，待核实", "Fire of low confidence: to check"),
    Verdict.UNZONED: ("未划区火点，须现场核实", "Fire in no zone: look on the spot"),
}


def gather(*, signals: Sequence[FireSignal], now: dt.datetime) -> list[FireIncident]:
    """Merge new signals with what is around them, judge what changed and report it; return those incidents."""
    pool = queries.neighbourhood(signals)
    fresh = {signal.pk for signal in signals}
    rows = [queries.seen(signal) for signal in pool]
    numbers, weak = fires.clusters(rows), fires.doubtful(rows)
    groups: dict[int, list[int]] = defaultdict(list)
    for place, number in enumerate(numbers.tolist()):
        groups[number].append(place)
    judge = Judge(signals, pool, now)
    changed: list[Changed] = []
    for places in groups.values():
        members = [pool[place] for place in places]
        if fresh.isdisjoint(member.pk for member in members):
            continue
        incident = judge.incident(members)
        judge.judge(incident, members, weak=[bool(weak[place]) for place in places])
        changed.append((incident, members))
    _place(changed)
    _keep(changed)
    found = [incident for incident, _members in changed]
    priority.rank(incidents=found, now=now)
    for incident in found:
        report(incident, now=now)
    cameras.look_at_new(incidents=found, now=now)
    return found


class Judge:
    """Judges the incidents of a run; zones, plans, heat and land are read once for all. It saves nothing."""

    def __init__(self, signals: Sequence[FireSignal], pool: Sequence[FireSignal], now: dt.datetime) -> None:
        self._around = queries.Around(signals)
        self._now = now
        held = {signal.incident_id for signal in pool if signal.incident_id is not None}
        self._held = FireIncident.objects.select_related("case", "grid_cell", "region").in_bulk(held)
        self._serials: dict[str, int] = {}
        self._land: dict[dt.date, land.Cropland] = {}
        self._bounds = tuple(shapely.total_bounds([fires.footprint(queries.seen(signal)) for signal in pool]))

    def incident(self, members: Sequence[FireSignal]) -> FireIncident:
        """Return the incident of a cluster: the oldest it holds, the others merged into it, or a new one."""
        held = sorted({member.incident_id for member in members if member.incident_id is not None})
        if not held:
            return FireIncident(number=self._number(members[0].seen_at))
        incident = self._held[held[0]]
        if held[1:]:
            FireIncident.objects.filter(pk__in=held[1:]).update(merged_into=incident)
        return incident

    def judge(self, incident: FireIncident, members: Sequence[FireSignal], *, weak: Sequence[bool]) -> None:
        """Write down what the rules say of an incident with all its signals."""
        incident.first_at, incident.last_at = members[0].seen_at, members[-1].seen_at
        on = incident.first_at.astimezone(periods.BEIJING).date()
        rows = [queries.seen(member) for member in members]
        incident.cropland = self._cropland(on).share([fires.footprint(row) for row in rows])
        heat = self._around.heat(
            members[0].seen_at.date(), lambda month: land.heat_of(month=month, now=self._now)
        )
        found = verdicts.judge(
            rows,
            plans=self._around.plans(first=incident.first_at, last=incident.last_at),
            zones=self._around.zones(on=on),
            heat=heat,
            weak=weak,
            cropland=incident.cropland,
            static_types=[member.kind for member in members],
        )
        incident.verdict, incident.plan_number = found.code, found.plan
        incident.reasons = [dict(reason) for reason in found.reasons]
        incident.rule_version, incident.judged_at = found.version, self._now
        incident.signals, incident.power = len(members), _power(members)
        incident.longitude = statistics.fmean(member.longitude for member in members)
        incident.latitude = statistics.fmean(member.latitude for member in members)

    def _cropland(self, on: dt.date) -> land.Cropland:
        if on not in self._land:
            self._land[on] = land.Cropland(self._bounds, on=on)
        return self._land[on]

    def _number(self, at: dt.datetime) -> str:
        day = f"HD-{at.astimezone(periods.BEIJING):%Y%m%d}-"
        if day not in self._serials:
            held = FireIncident.objects.filter(number__startswith=day).order_by("-pk")
            last = held.values_list("number", flat=True).first()
            self._serials[day] = int(last.rpartition("-")[2]) if last else 0
        self._serials[day] += 1
        return f"{day}{self._serials[day]:04d}"


def _place(changed: Sequence[Changed]) -> None:
    """Put each incident into the grid cell of its middle, or of its first signal where the middle is in none."""
    asked = []
    for row, members in changed:
        on = row.first_at.astimezone(periods.BEIJING).date()
        asked += [(row.longitude, row.latitude, on), (members[0].longitude, members[0].latitude, on)]
    cells = registry.leaf_grids(asked)
    for number, (row, members) in enumerate(changed):
        cell, other = cells[2 * number : 2 * number + 2]
        if cell is None:
            row.longitude, row.latitude, cell = members[0].longitude, members[0].latitude, other
        row.grid_cell, row.region = cell, cell.region if cell else None


def _keep(changed: Sequence[Changed]) -> None:
    """Save the incidents, and which signals are theirs."""
    FireIncident.objects.bulk_update([row for row, _members in changed if row.pk], JUDGED, batch_size=100)
    FireIncident.objects.bulk_create([row for row, _members in changed if not row.pk], batch_size=100)
    moved = []
    for row, members in changed:
        for member in members:
            if member.incident_id != row.pk:
                member.incident = row
                moved.append(member)
    FireSignal.objects.bulk_update(moved, ["incident"], batch_size=200)


def report(incident: FireIncident, *, now: dt.datetime) -> None:
    """Open the case of an incident, or tell its open case what is new.

    Standing heat is listed and opens none; neither does what is older than the table's days, so that a
    season of past data can be loaded.
    """
    rule = tables.in_force("detection", incident.first_at.date())
    old = incident.last_at < now - dt.timedelta(days=rule["case_days"])
    if incident.verdict == Verdict.HEAT or (old and incident.case is None):
        return
    zh, en = TITLES[Verdict(incident.verdict)]
    where = (incident.grid_cell.name_zh, incident.grid_cell.name_en) if incident.grid_cell else ("", "")
    power = f"{incident.power:.1f} MW" if incident.power is not None else "—"
    detail_zh = "；".join(reason_text(reason, 0) for reason in incident.reasons)
    detail_en = "; ".join(reason_text(reason, 1) for reason in incident.reasons)
    finding = cases.report(
        finding=cases.FindingReport(
            kind=KIND,
            dedup_key=f"{KIND}:{incident.number}",
            rule_version=f"straw.fire {incident.rule_version}",
            title_zh=f"{where[0]}{zh}",
            title_en=f"{where[1]}: {en}".removeprefix(": "),
            severity=rule["severity"][incident.verdict],
            longitude=incident.longitude,
            latitude=incident.latitude,
            first_at=incident.first_at,
            last_at=incident.last_at,
            description=f"{zh}。{detail_zh}",
            evidence={
                "start": incident.first_at.isoformat(),
                "end": incident.last_at.isoformat(),
                "value": incident.power,
                "value_text": f"{power} × {incident.signals}",
                "detail_zh": detail_zh,
                "detail_en": detail_en,
                "verdict": incident.verdict,
                "plan": incident.plan_number,
                "score": incident.score,
                "incident": incident.number,
                "source": rule["source"],
            },
        ),
        now=now,
    )
    incident.case = finding.case
    incident.save(update_fields=["case"])


def conclude(
    *, incident: FireIncident, outcome: str, text: str, actor: User, now: dt.datetime, mu: str = ""
) -> FireIncident:
    """Keep what people found on the spot; the judgement of the rules stays beside it.

    Industrial heat found on the spot enters the mask of standing heat from now on.

    Parameters
    ----------
    mu
        Burnt area as written [mu], or nothing.

    Raises
    ------
    Refused
        If the outcome is unknown or nothing is said.
    """
    if outcome not in Outcome.values or not text.strip():
        raise Refused(_("请选择核查结果并写明情况。"))
    with transaction.atomic():
        area = _area(mu)
        before = {"outcome": incident.outcome, "text": incident.outcome_text}
        incident.outcome, incident.outcome_text = outcome, text.strip()[:200]
        incident.outcome_at, incident.outcome_by, incident.burnt_mu = now, actor, area
        incident.save(update_fields=["outcome", "outcome_text", "outcome_at", "outcome_by", "burnt_mu"])
        access.record(
            actor=actor, action="straw.conclude", object_type="straw.incident", object_id=incident.number,
            before=before, after={"outcome": outcome, "text": incident.outcome_text}, at=now,
        )  # fmt: skip
    return incident


def note_result(
    *, case_number: str, action: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of the cases: a result handed in on the spot, from the phone too, is that of the incident."""
    if action not in RESULTS or details.get("reason_code") not in Outcome.values:
        return
    for incident in FireIncident.objects.filter(case__number=case_number, merged_into=None):
        conclude(
            incident=incident, outcome=str(details["reason_code"]), text=text or "—", actor=actor, now=now,
            mu=str(details.get("burnt_mu") or ""),
        )  # fmt: skip


def _area(mu: str) -> float | None:
    try:
        area = float(mu) if mu.strip() else None
    except ValueError as error:
        raise Refused(_("过火面积写作数字（亩）。")) from error
    if area is not None and not 0 <= area < 1e6:
        raise Refused(_("过火面积写作数字（亩）。"))
    return area


def _power(members: Sequence[FireSignal]) -> float | None:
    looks: dict[tuple[str, dt.datetime], float] = defaultdict(float)
    for member in members:
        if member.power is not None:
            looks[member.satellite, member.seen_at] += member.power
    return round(max(looks.values()), 2) if looks else None


def reason_text(reason: dict[str, Any], language: int) -> str:
    """Return a reason in Chinese (0) or English (1); a case keeps both, whoever reads it."""
    return WORDS[reason["what"]][language].format(**reason)


WORDS = {
    "heat": ("固定热源掩膜内 {signals} 个信号", "{signals} signals on standing heat"),
    "cropland": ("耕地占比 {share}，低于 {limit}", "cropland share {share}, below {limit}"),
    "cropland_unknown": ("耕地占比未知", "cropland share unknown"),
    "weak": ("{signals} 个低置信度信号，无其他来源印证", "{signals} weak signals, no other source supports them"),
    "no_zones": ("当日没有已录入的禁烧区、限烧区", "no ban or limit zone was entered for the day"),
    "outside_zones": ("不在禁烧区、限烧区内", "outside all ban and limit zones"),
    "ban": ("像元范围在禁烧区内占比 {share}", "share of the footprint in ban zones {share}"),
    "belt": ("像元范围在一公里敏感带内占比 {share}", "share of the footprint in the one-kilometre belt {share}"),
    "limit": ("像元范围在限烧区内占比 {share}", "share of the footprint in limit zones {share}"),
    "plan": ("与已批计划 {plan} 相距 {metres} m，在允许误差 {allowed} m 内，时间相符",
             "{metres} m from approved plan {plan}, within the uncertainty of {allowed} m and its time"),
    "no_plan": ("当时附近没有事先批准的计划", "no plan had been approved for the time"),
    "plan_too_far": ("最近的已批计划 {plan} 相距 {metres} m，超过允许误差 {allowed} m",
                     "nearest approved plan {plan} is {metres} m away, beyond the uncertainty of {allowed} m"),
    "plan_other_time": ("最近的已批计划 {plan} 不在其批准时段", "nearest approved plan {plan} is for another time"),
    "plan_partly": ("已批计划 {plan} 只能解释部分信号", "approved plan {plan} explains only some of the signals"),
}  # fmt: skip
