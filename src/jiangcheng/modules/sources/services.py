"""What the clock and the steps of the ledgers do: report dust, burning and bad coal, list vehicles, close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.sources import queries, rules
from jiangcheng.modules.sources.models import ActionItem, CoalSample, DustSite, HighEmitter, OdourSource
from jiangcheng.standards import periods

MOST_TEXT = 2000
TABLES = {"dust": "dust", "odour_over": "odour"}
"""Table with the limits of each kind of finding of a monitor."""
TITLES = {
    "dust": ("扬尘超标", "Dust over the limit"),
    "odour_over": ("恶臭监测超标", "Odour monitor over the limit"),
}


def watch_dust(*, now: dt.datetime) -> int:
    """Report each hour over the limit of every active dust site with a station, and end what is over.

    Returns how many hours were reported. The case lies in the grid cell of the site, not of the station.
    """
    sites = DustSite.objects.filter(state="active", withdrawn_at=None)
    return _watch("dust", sites, now)


def watch_odour(*, now: dt.datetime) -> int:
    """Report each hour over the limit at the monitor of an odour source, and end what is over.

    Returns how many hours were reported. The case lies where the source is.
    """
    return _watch("odour_over", OdourSource.objects.filter(withdrawn_at=None), now)


def watch_gates(*, now: dt.datetime) -> int:
    """Report the entries of vehicles that stood on the list of high emitters on that day; return how many.

    The case is the enterprise's: who lets such a vehicle in answers for it.
    """
    rule = rules.in_force("transport", _day(now))
    count = 0
    for entry, listed in queries.listed_at_gates(since=now - dt.timedelta(days=rule["look_back_days"])):
        key = f"sources.emitter_entered:{entry.number}"
        if Finding.objects.filter(dedup_key=key).exists():
            continue
        assert entry.facility is not None
        cases.report(
            finding=cases.FindingReport(
                kind="sources.emitter_entered",
                dedup_key=key,
                rule_version=rule["version"],
                title_zh=f"高排放车辆 {entry.plate} 进出 {entry.facility.name_zh}",
                title_en=f"High emitter {entry.plate} at the gate of {entry.facility.name_en}",
                severity=2,
                first_at=entry.passed_at,
                last_at=entry.passed_at,
                evidence={"start": entry.passed_at.isoformat(), "end": entry.passed_at.isoformat(),
                          "entry": entry.number, "listed": listed.number, "clause": rule["source"]},
                facility_id=entry.facility.pk,
            ),
            now=now,
        )  # fmt: skip
        cases.end_finding(dedup_key=key, at=now)
        count += 1
    return count


def _watch(kind: str, watched: QuerySet[Any], now: dt.datetime) -> int:
    """Report the hours over the limits of the table at the stations of some rows."""
    rule = rules.in_force(TABLES[kind], _day(now))
    sites = list(watched.exclude(station_code=""))
    found = queries.hours(
        codes=[site.station_code for site in sites],
        properties=[row["code"] for row in rule["limits"]],
        statistics={row["statistic"] for row in rule["limits"]},
        start=now - dt.timedelta(hours=rule["look_back_hours"]),
        end=now,
    )
    return sum(
        _report_over(kind, site, found[site.station_code], rule, now)
        for site in sites
        if site.station_code in found
    )


def report_burning(
    *, reporter: User, longitude: float, latitude: float, text: str, now: dt.datetime
) -> Finding:
    """Report that something burns inside a no-burn zone: an event in the grid cell of the point.

    Reports of one zone, day and place (about 100 m) are one event.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        If no zone in force holds the point, or nothing is said.
    """
    if not text.strip():
        raise Refused(_("请写明看到了什么。"))
    found = queries.zones_at(longitude=longitude, latitude=latitude, on=_day(now))
    if not found:
        raise Refused(_("这里不在现行禁燃区内，不能按禁燃区举报；请用“上报事件”。"))
    zone = found[0]
    return cases.report(
        finding=cases.FindingReport(
            kind="sources.burning",
            dedup_key=f"sources.burning:{zone.number}:{longitude:.3f}:{latitude:.3f}:{_day(now):%Y%m%d}",
            rule_version=zone.document or zone.number,
            title_zh=f"禁燃区内燃烧：{zone.name_zh}",
            title_en=f"Burning in the no-burn zone {zone.name_zh}",
            severity=3,
            first_at=now,
            last_at=now,
            evidence={"start": now.isoformat(), "end": now.isoformat(), "reporter": reporter.pk,
                      "zones": [item.number for item in found]},
            longitude=longitude,
            latitude=latitude,
            description=text.strip()[:MOST_TEXT],
        ),
        now=now,
    )  # fmt: skip


def judge_sample(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``judge``: judge a sample by the table of its day; what fails becomes a case."""
    row = CoalSample.objects.select_related("region", "facility").get(number=record_number)
    if row.sulphur is None or row.ash is None:
        raise Refused(_("请先填写硫分和灰分，再判定。"))
    try:
        found = rules.judge_coal(
            use=row.use, coal=row.coal, sulphur=row.sulphur, ash=row.ash, on=row.sampled_date
        )
    except LookupError as error:
        raise Refused(_("采样日没有可用的煤质限值。")) from error
    verdict = CoalSample.Verdict.PASSED if found.passed else CoalSample.Verdict.FAILED
    values = {"verdict": verdict, "broken": list(found.broken), "rule_version": found.version}
    records.change(record=row, values=values, actor=actor, at=now)
    if not found.passed:
        _report_coal(row, found, now)


def check_sample_handled(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a sample's ``close``: one that failed ends only after its case is closed."""
    row = CoalSample.objects.get(number=record_number)
    if row.verdict != CoalSample.Verdict.FAILED:
        return
    case = queries.sample_case(row.number)
    if case is None or case.state != "closed":
        number = case.number if case else "—"
        raise Refused(_("不合格样品的事件还没有闭环：%(number)s。") % {"number": number})


def check_retest(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a high emitter's ``close``: its latest inspection since the listing was passed."""
    row = HighEmitter.objects.get(number=record_number)
    test = queries.last_inspection(plate=row.plate, since=row.listed_date)
    if test is None or not test.passed:
        raise Refused(_("列入之后还没有合格的定期检验记录，不能销号。"))


def check_action_done(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of an action's ``close``: it has items, and each is in order or mended."""
    items = ActionItem.objects.filter(action_number=record_number, withdrawn_at=None)
    left = items.exclude(result__in=queries.DONE).count()
    if left or not items.exists():
        raise Refused(_("还有 %(left)s 项没有办结，或没有检查项。") % {"left": left})


def list_high_emitters(*, now: dt.datetime) -> int:
    """List the vehicles that remote sensing found over one limit again and again; return how many are new.

    A vehicle on the list is not listed twice; after closing only tests since then count.
    """
    on, count = _day(now), 0
    listed = {row.plate: row for row in HighEmitter.objects.filter(withdrawn_at=None).order_by("pk")}
    for plate, tests in queries.remote_tests().items():
        before = listed.get(plate)
        if before is not None and before.closed_at is None:
            continue
        since = _day(before.closed_at) if before is not None and before.closed_at else dt.date.min
        judged = [(test.tested_date, test.exceeded() or ()) for test in tests if test.tested_date > since]
        if over := rules.exceeds_repeatedly(judged, on):
            values = {"plate": plate, "region": tests[-1].region, "listed_date": tests[-1].tested_date,
                      "reason": f"遥感监测连续超标 {over} HJ 845-2017"}  # fmt: skip
            records.create(register="high-emitters", values=values, actor=None, at=now)
            count += 1
    return count


def _report_over(
    kind: str,
    site: DustSite | OdourSource,
    found: queries.Hours,
    rule: Mapping[str, Any],
    now: dt.datetime,
) -> int:
    key = f"sources.{kind}:{site.number}"
    over = _over(found, rule)
    since = now - dt.timedelta(hours=rule["look_back_hours"])
    known = queries.reported_hours(key, since=since)
    new = [index for index in sorted(over) if _instant(found.start[index]).isoformat() not in known]
    station = Station.objects.get(code=site.station_code)
    for index in new:
        cases.report(finding=_exceeded(kind, site, station, found.start[index], over[index], rule), now=now)
    if len(found.start) - 1 not in over:
        cases.end_finding(dedup_key=key, at=now)
    return len(new)


def _over(found: queries.Hours, rule: Mapping[str, Any]) -> dict[int, tuple[Mapping[str, Any], float]]:
    """Return by index of the hour the limit that is broken the most, and the value."""
    worst: dict[int, tuple[Mapping[str, Any], float]] = {}
    for limit in rule["limits"]:
        values = found.values.get(limit["code"])
        if values is None:
            continue
        for index in np.flatnonzero(values > limit["upper"]):
            before = worst.get(int(index))
            if before is None or values[index] / limit["upper"] > before[1] / before[0]["upper"]:
                worst[int(index)] = (limit, float(values[index]))
    return worst


def _exceeded(
    kind: str,
    site: DustSite | OdourSource,
    station: Station,
    start: int,
    broken: tuple[Mapping[str, Any], float],
    rule: Mapping[str, Any],
) -> cases.FindingReport:
    limit, value = broken
    at = _instant(start)
    end = at + queries.HOUR
    placed = site.longitude is not None and site.latitude is not None
    said = f"{value:.4g} > {limit['upper']:g} {limit['unit']}"
    title_zh, title_en = TITLES[kind]
    return cases.FindingReport(
        kind=f"sources.{kind}",
        dedup_key=f"sources.{kind}:{site.number}",
        rule_version=rule["version"],
        title_zh=f"{title_zh}：{site.name_zh} {limit['name_zh']} {said}",
        title_en=f"{title_en}: {site.name_zh} {limit['name_en']} {said}",
        severity=2,
        first_at=at,
        last_at=end,
        evidence={"start": at.isoformat(), "end": end.isoformat(), "value": value, "limit": limit["upper"],
                  "property": limit["code"], "clause": rule.get("limits_source", rule["source"]),
                  "edition": rule["version"],
                  "site": site.number, "station": station.code},
        longitude=site.longitude if placed else station.longitude,
        latitude=site.latitude if placed else station.latitude,
    )  # fmt: skip


def _report_coal(row: CoalSample, found: rules.CoalVerdict, now: dt.datetime) -> None:
    finding = cases.report(
        finding=cases.FindingReport(
            kind="sources.coal_failed",
            dedup_key=f"sources.coal_failed:{row.number}",
            rule_version=found.version,
            title_zh=f"煤质抽检不合格：{row.seller}",
            title_en=f"Coal sample failed: {row.seller}",
            severity=2,
            first_at=now,
            last_at=now,
            evidence={"start": now.isoformat(), "end": now.isoformat(), "sample": row.number,
                      "broken": list(found.broken)},
            facility_id=row.facility.pk if row.facility else None,
            longitude=row.longitude,
            latitude=row.latitude,
        ),
        now=now,
    )  # fmt: skip
    case = finding.case
    # A seller without a known position still belongs to an area, whose people have to see the case.
    if case is not None and case.region is None and row.region is not None:
        case.region = row.region
        case.save(update_fields=["region"])


def _instant(start: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(start), dt.UTC)


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(periods.BEIJING).date()
