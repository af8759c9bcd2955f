"""Signals to incidents to cases in one run; plans that explain fires; zones with versions; delegated approval."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw import queries, services
from jiangcheng.modules.straw.models import BurnZone, FireIncident, FireSignal, ResiduePlan, SignalRun

NOW = city.AT
SEEN = NOW - dt.timedelta(hours=3)
HEAD = "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,daynight"


def row(lat=43.5, lon=126.2, at=SEEN, *, sat="A", confidence=80, version="6.1NRT", frp=20.0, scan=1.0):
    return f"{lat},{lon},320,{scan},1.0,{at:%Y-%m-%d},{at:%H%M},{sat},{confidence},{version},280,{frp},D"


def bring(*rows, now=NOW, name="firms.csv"):
    return services.import_firms(text="\n".join([HEAD, *rows]), name=name, actor=None, now=now)


def zone(code="L1", kind="limit", west=126.0, east=127.0, valid_from=dt.date(2026, 1, 1), **more):
    feature = {
        "type": "Feature", "properties": {"code": code, "kind": kind, "name_zh": code, **more},
        "geometry": city.square(west, 43, east, 44),
    }  # fmt: skip
    return services.import_zones(
        document={"type": "FeatureCollection", "features": [feature]}, source="政告〔2026〕1号",
        valid_from=valid_from, actor=None, now=NOW,
    )  # fmt: skip


def plan_row(people, **more):
    values = {
        "village": "大屯村", "region": Region.objects.get(code="220202"), "crop": "maize", "area_mu": 150.0,
        "off_field": True, "outline": city.square(126.19, 43.49, 126.21, 43.51),
        "starts_at": SEEN - dt.timedelta(hours=1), "ends_at": SEEN + dt.timedelta(hours=6), "crew": 12,
    }  # fmt: skip
    at = SEEN - dt.timedelta(days=1)
    return records.create(
        register="residue-plans", values={**values, **more}, actor=people["department"], at=at
    )


def act(people, row, action, who="department", now=SEEN, **more):
    records.act(record=row, action=action, actor=people[who], now=now, **more)
    row.refresh_from_db()
    return row


def approved(people, at=SEEN - dt.timedelta(hours=20), **more):
    return act(people, plan_row(people, **more), "approve", "leader", at, text="同意")


@pytest.fixture
def people(db):
    city.build()
    assert zone().added == 1
    return city.people()


# Signals, incidents, cases


def test_a_fire_point_is_a_case_in_its_grid_cell_within_the_same_run(people):
    report = bring(row(), row(43.505), row(43.5, 126.8), row(43.5, 129.0))
    assert (report.added, report.outside, len(report.incidents)) == (3, 1, 2)
    found = FireIncident.objects.get(signals=2)
    assert (found.verdict, found.grid_cell.code, found.power) == ("illegal", "220202-01", 40.0)
    case = found.case
    assert (case.case_type, case.grid_cell.code, case.severity) == ("STRAW", "220202-01", 3)
    assert case.workflow.code == "straw_fire" and (case.due_at - NOW).total_seconds() == 300
    evidence = Finding.objects.get(case=case).evidence[0]
    assert evidence["verdict"] == "illegal" and "没有事先批准的计划" in evidence["detail_zh"]
    assert "limit zones 1.0" in evidence["detail_en"]


def test_the_same_file_twice_changes_nothing(people):
    bring(row(), row(43.6))
    before = list(FireIncident.objects.values())
    report = bring(row(), row(43.6), row(43.6))
    assert (report.added, report.known, report.incidents) == (0, 3, ())
    assert list(FireIncident.objects.values()) == before
    assert FireSignal.objects.count() == 2 and SignalRun.objects.count() == 2


def test_errors_are_told_by_line_and_field_and_an_error_of_the_api_is_refused(people):
    report = bring(row(confidence="x"), row(), row(at=NOW + dt.timedelta(hours=1)))
    assert [(error.line, error.field) for error in report.errors] == [(2, "confidence"), (3, "acq_date")]
    assert SignalRun.objects.get().refused == 2 and report.added == 1
    with pytest.raises(services.NotTaken) as refused:
        services.import_firms(text="Invalid MAP_KEY.", name="api", actor=None, now=NOW)
    assert refused.value.told == "Invalid MAP_KEY."


def test_a_later_signal_joins_the_incident_and_its_case(people):
    first = bring(row()).incidents[0]
    later = bring(row(43.505, at=SEEN + dt.timedelta(hours=1), sat="T", frp=50)).incidents[0]
    assert later.pk == first.pk and later.case_id == first.case_id
    assert (later.signals, later.power) == (2, 50.0)
    assert Finding.objects.filter(kind="straw.fire").count() == 1


def test_a_signal_between_two_incidents_makes_them_one(people):
    bring(row(43.50), row(43.52))
    assert FireIncident.objects.filter(merged_into=None).count() == 2
    bring(row(43.51, at=SEEN + dt.timedelta(minutes=30), sat="T"))
    kept = FireIncident.objects.get(merged_into=None)
    assert kept.signals == 3 and FireIncident.objects.exclude(merged_into=None).get().merged_into == kept


def test_the_standard_product_replaces_near_real_time_and_makes_no_second_fire(people):
    bring(row())
    report = bring(row(43.501, version="61.03", frp=22), now=NOW + dt.timedelta(days=1))
    assert (report.added, report.replaced) == (1, 1)
    old = FireSignal.objects.get(stage="NRT")
    assert old.replaced_by.stage == "SP"
    assert FireIncident.objects.get().signals == 1 and FireIncident.objects.get().power == 22
    same = bring(row(43.501, version="61.03", frp=22))
    assert (same.added, same.replaced) == (0, 0)


def test_the_same_position_processed_again_replaces_the_values_and_keeps_the_row_before(people):
    bring(row(frp=20))
    report = bring(row(frp=21, version="61.03"))
    assert (report.added, report.replaced) == (0, 1)
    found = FireSignal.objects.get()
    assert (found.power, found.stage, found.raw["before"]["frp"]) == (21, "SP", "20")
    assert FireIncident.objects.get().power == 21


def test_past_seasons_are_judged_and_open_no_case(people):
    found = bring(row(at=SEEN - dt.timedelta(days=30))).incidents[0]
    assert found.case is None and found.verdict == "illegal"


def test_standing_heat_is_listed_and_opens_no_case(people):
    bring(*(row(at=SEEN - dt.timedelta(days=31 * number)) for number in range(2, 9)))
    found = bring(row()).incidents[0]
    assert (found.verdict, found.case) == ("heat", None)
    assert bring(row(43.6)).incidents[0].verdict == "illegal"


# Planned or illegal


def test_a_fire_inside_an_approved_plan_is_planned_and_says_by_which(people):
    plan = approved(people)
    found = bring(row(43.514)).incidents[0]
    assert (found.verdict, found.plan_number, found.case.severity) == ("planned", plan.number, 1)
    assert found.reasons[-1]["metres"] <= found.reasons[-1]["allowed"]
    assert plan.number in Finding.objects.get(case=found.case).evidence[0]["detail_zh"]
    assert bring(row(43.7)).incidents[0].verdict == "illegal"


def test_an_approval_after_the_fire_makes_it_no_plan(people):
    approved(people, at=SEEN + dt.timedelta(minutes=5))
    assert bring(row()).incidents[0].verdict == "illegal"


@pytest.mark.parametrize("change", ["not_approved", "cancelled"])
def test_a_plan_that_was_not_approved_or_was_cancelled_explains_nothing(people, change):
    plan = plan_row(people)
    if change == "cancelled":
        act(people, plan, "approve", "leader", SEEN - dt.timedelta(hours=20), text="同意")
        act(people, plan, "cancel", now=SEEN - dt.timedelta(hours=10), text="风大")
    assert bring(row()).incidents[0].verdict == "illegal"


# Other sources


def told(**more):
    item = {"id": "T-1", "source": "tower", "time": SEEN.isoformat(), "longitude": 126.2, "latitude": 43.5}
    return {**item, "clip": "s3://x", **more}


def take(*items):
    return services.take_signals(told=items, name="tower", actor=None, now=NOW)


def test_a_tower_and_a_satellite_see_one_fire(people):
    first = take(told())
    assert first.added == 1 and first.incidents[0].case.grid_cell.code == "220202-01"
    assert FireSignal.objects.get().raw["clip"] == "s3://x"
    assert take(told()).known == 1
    both = bring(row(43.505)).incidents[0]
    assert both.pk == first.incidents[0].pk and both.signals == 2


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"source": "MODIS"}, "source"), ({"id": ""}, "id"), ({"time": "gestern"}, "time"),
        ({"time": "2026-11-01T09:00:00"}, "time"), ({"longitude": None}, "longitude"),
        ({"latitude": "nan"}, "latitude"),
        ({"confidence": "sure"}, "confidence"), ({"uncertainty": "x"}, "uncertainty"),
    ],
)  # fmt: skip
def test_a_wrong_signal_is_told_by_its_field(people, more, field):
    report = take(told(**more), told(id="T-2"))
    assert [(error.line, error.field) for error in report.errors] == [(1, field)] and report.added == 1


def test_what_is_no_signal_at_all_is_refused(people):
    assert take("fire!").errors[0].field == "signal"


def test_another_room_tells_of_a_fire_through_the_hook(people):
    asked = {
        "source": "patrol",
        "reference": "V-7",
        "at": SEEN,
        "longitude": 126.8,
        "latitude": 43.5,
        "now": NOW,
    }
    number = manifests.ask("fire.seen", **asked)[0]
    found = FireIncident.objects.get(number=number)
    assert found.grid_cell.code == "220202-02" and found.signs.get().source == "patrol"


# Zones


def test_a_changed_zone_is_another_version_and_the_fire_is_judged_by_that_of_its_day(people):
    assert zone().unchanged == 1
    report = zone(kind="ban", valid_from=SEEN.date())
    assert (report.added, report.changed) == (0, 1)
    old, new = BurnZone.objects.order_by("version")
    assert (old.kind, old.valid_to_date, new.kind, new.version) == ("limit", SEEN.date(), "ban", 2)
    now = bring(row()).incidents[0]
    before = bring(row(at=SEEN - dt.timedelta(days=2))).incidents[0]
    assert [reason["what"] for reason in now.reasons if "share" in reason] == ["ban"]
    assert [reason["what"] for reason in before.reasons if "share" in reason] == ["limit"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"code": ""}, "code"),
        ({"kind": "x"}, "kind"),
        ({"east": 126.0}, "geometry"),
        ({"kind": "ban"}, "earlier"),
    ],
)
def test_a_wrong_zone_is_told_and_nothing_is_written(people, more, reason):
    assert zone(**more).errors[0][2] == reason
    assert BurnZone.objects.count() == 1


def test_zones_without_a_decision_or_a_collection_are_refused(people):
    for document, source in (({}, "x"), ([], "x"), ({"features": []}, "x"), ({"features": [1]}, " ")):
        with pytest.raises(services.ZonesRefused):
            services.import_zones(
                document=document, source=source, valid_from=dt.date(2026, 1, 1), actor=None, now=NOW
            )


# Plans


def test_a_plan_goes_from_application_to_evaluation_with_photos_and_another_person(people):
    plan = approved(people)
    assert (plan.state, plan.level) == ("approved", "city")
    with pytest.raises(Refused):
        act(people, plan, "start", now=SEEN)
    act(people, plan, "start", now=SEEN, files=[city.photo()])
    act(people, plan, "put_out", now=SEEN + dt.timedelta(hours=7), files=[city.photo()])
    with pytest.raises(Refused):
        act(people, plan, "confirm", now=SEEN + dt.timedelta(hours=8), files=[city.photo()])
    act(people, plan, "confirm", "duty", SEEN + dt.timedelta(hours=8), files=[city.photo()])
    with pytest.raises(Refused, match="实际面积"):
        act(people, plan, "evaluate", now=NOW, text="评估")
    records.change(record=plan, values={"actual_mu": 180.0}, actor=people["department"], at=NOW)
    bring(row(at=SEEN + dt.timedelta(hours=9)), now=SEEN + dt.timedelta(hours=10))
    act(people, plan, "evaluate", now=SEEN + dt.timedelta(hours=11), text="评估")
    assert plan.state == "evaluated"
    told = plan.evaluation
    assert (told["area_percent"], told["overrun_minutes"], told["reburns"]) == (120.0, 60, 1)


def test_what_the_rules_bar_is_approved_by_nobody(people):
    early = SEEN - dt.timedelta(hours=20)
    with pytest.raises(Refused, match="离田"):
        approved(people, off_field=False)
    first = approved(people)
    with pytest.raises(Refused, match=first.number):
        approved(people)
    zone("B1", "ban", 126.4, 126.6)
    with pytest.raises(Refused, match="B1"):
        approved(people, outline=city.square(126.5, 43.49, 126.52, 43.51))
    with pytest.raises(Refused, match="时段已过"):
        approved(people, at=NOW + dt.timedelta(days=1), outline=city.square(126.3, 43.4, 126.31, 43.41))
    own = plan_row(people, outline=city.square(126.3, 43.4, 126.31, 43.41))
    with pytest.raises(Refused):
        act(people, own, "approve", "department", early, text="自己批准自己")


def test_a_county_approves_up_to_its_limit_and_the_city_beyond(people):
    chief = access.create_user(username="chief", password=city.PASSWORD, display_name="chief", at=city.AT)
    access.assign_role(
        user=chief, role="department", on=dt.date(2026, 1, 1), at=city.AT, region_code="220202"
    )
    everyone = {**people, "chief": chief}
    early = SEEN - dt.timedelta(hours=20)
    small, large = (
        plan_row(people),
        plan_row(people, area_mu=2500.0, outline=city.square(126.3, 43.3, 126.4, 43.4)),
    )
    assert act(everyone, small, "approve", "chief", early, text="同意").level == "county"
    with pytest.raises(Refused, match="市"):
        act(everyone, large, "approve", "chief", early, text="同意")
    assert act(everyone, large, "approve", "leader", early, text="同意").level == "city"


def test_nobody_lights_a_fire_outside_the_time_or_under_a_red_light(people):
    plan = approved(people)
    with pytest.raises(Refused, match="时段"):
        act(people, plan, "start", now=SEEN - dt.timedelta(hours=2), files=[city.photo()])
    values = {
        "region": plan.region,
        "hour_at": SEEN.replace(minute=0),
        "wind": 9.0,
        "mixing": 1500.0,
        "aqi": 40,
    }
    records.create(register="burn-weather", values=values, actor=people["department"], at=SEEN)
    with pytest.raises(Refused, match="wind"):
        act(people, plan, "start", now=SEEN, files=[city.photo()])
    assert ResiduePlan.objects.get().state == "approved"


def test_a_plan_without_a_place_or_with_its_end_first_is_refused_by_field(people):
    for more, field in (
        ({"outline": None}, "outline"),
        ({"ends_at": SEEN - dt.timedelta(hours=2)}, "ends_at"),
    ):
        with pytest.raises(ValidationError) as refused:
            plan_row(people, **more)
        assert field in refused.value.message_dict


# What people found


def test_the_result_of_the_field_check_stands_beside_the_verdict_and_is_audited(people):
    found = bring(row()).incidents[0]
    services.conclude(incident=found, outcome="nothing", text="到场无火", actor=people["duty"], now=NOW)
    found.refresh_from_db()
    assert (found.verdict, found.outcome, found.outcome_by) == ("illegal", "nothing", people["duty"])
    assert AuditEntry.objects.filter(action="straw.conclude", object_id=found.number).exists()
    with pytest.raises(Refused):
        services.conclude(incident=found, outcome="?", text="x", actor=people["duty"], now=NOW)


def test_the_season_counts_within_the_scope_and_says_how_many_cases_are_closed(people):
    bring(row(), row(43.5, 127.5), row(43.7))
    first, last = SEEN.date() - dt.timedelta(days=3), SEEN.date() + dt.timedelta(days=1)
    whole = queries.season(user=people["leader"], on=city.ON, first=first, last=last)
    assert (whole.total, whole.cases, whole.closed, whole.closed_percent) == (3, 3, 0, 0.0)
    assert whole.verdicts["illegal"] == 2 and whole.verdicts["unzoned"] == 1
    assert [(line[0].code, line[1]) for line in whole.counties] == [("220202", 2), ("220203", 1)]
    own = queries.season(user=people["colleague"], on=city.ON, first=first, last=last)
    assert own.total == 1 and own.effect.difference is None


def test_the_real_autumn_file_runs_through_and_what_is_beyond_the_city_is_left_out(people, shared_data):
    path = shared_data / "tracing" / "firms_modis_c61nrt_NEchina_2025-11-22_23_autumn.csv"
    if not path.exists():
        pytest.skip("the autumn file is not among the shared data")
    text = path.read_text().replace("2025-11-23", "2026-10-30").replace("2025-11-24", "2026-10-31")
    report = services.import_firms(text=text, name=path.name, actor=None, now=NOW)
    assert report.errors == () and report.added + report.outside == 588
    assert report.added == FireSignal.objects.count() == 32
    assert sum(found.signals for found in FireIncident.objects.all()) == report.added
    assert all(found.case for found in FireIncident.objects.all())
