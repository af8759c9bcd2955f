"""Registers of the water room: what a row needs before it may take a step, and the rates of lists."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.core.exceptions import ValidationError

from core import city
from jiangcheng.config import wiring
from jiangcheng.core.access import queries as access
from jiangcheng.core.access import services as access_services
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.water import queries, services
from jiangcheng.modules.water.models import BlackWater, Outfall, fields

AT, ON = city.AT, city.ON
DAY = dt.timedelta(days=1)


ROLES = {
    "department": ("department", {"region_code": "220200"}),
    "verifier": ("verifier", {}),
    "inspector": ("grid_inspector", {"region_code": "220202"}),
}


@pytest.fixture
def bureau(request, db, settings):
    """People of the bureau; the stations of the town where a test asks for the town."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if "town" in request.fixturenames:
        request.getfixturevalue("town")
    else:
        wiring.load_manifests()
        city.build()
    found = {}
    for name, (role, where) in ROLES.items():
        user = access_services.create_user(username=name, password=city.PASSWORD, display_name=name, at=AT)
        access_services.assign_role(user=user, role=role, on=dt.date(2026, 1, 1), at=AT, **where)
        found[name] = user
    return found


def county(code="220202"):
    return Region.objects.get(code=code)


def made(register, actor, number="", at=AT, **values):
    return records.create(
        register=register, values={"region": county(), **values}, actor=actor, at=at, number=number
    )


def act(record, action, actor, at=AT, **more):
    records.act(record=record, action=action, actor=actor, now=at, text=more.pop("text", "已完成"), **more)
    record.refresh_from_db()
    return record


def outfall(actor, number="PK-1", **values):
    given = {
        "name_zh": "一号口",
        "kind": "industry",
        "water_body": "松花江",
        "longitude": 126.7,
        "latitude": 43.5,
    }
    return made("outfalls", actor, number, **{**given, **values})


def sample(actor, subject, place, at=AT, **items):
    for item, value in items.items():
        made(
            "water-samples", actor, at=at, subject=subject, place=place, sampled_at=at, item=item, value=value
        )


TRACED = {"trace_method": "records", "trace_result": "甲厂雨水管混接"}


def planned():
    return {"treatment": "regulate", "treatment_plan": "拆除混接", "deadline_date": ON + 30 * DAY}


def test_an_outfall_goes_through_four_stages_and_cannot_jump(bureau):
    officer, verifier = bureau["department"], bureau["verifier"]
    row = outfall(officer)
    with pytest.raises(Refused):
        act(row, "survey", officer)
    act(row, "survey", officer, files=[city.photo()])
    assert row.surveyed_date == ON
    with pytest.raises(Refused, match="监测结果"):
        act(row, "test", officer)
    sample(officer, "outfall", "PK-1", cod=60, nh3n=6)
    act(row, "test", officer)
    with pytest.raises(Refused, match="溯源"):
        act(row, "trace", officer)
    records.change(record=row, values=TRACED, actor=officer, at=AT)
    act(row, "trace", officer)
    assert row.traced_date == ON
    with pytest.raises(Refused, match="整治"):
        act(row, "plan", officer)
    records.change(record=row, values=planned(), actor=officer, at=AT)
    act(row, "plan", officer)
    assert row.due_at.astimezone(dt.timezone(dt.timedelta(hours=8))).date() == ON + 31 * DAY
    with pytest.raises(Refused):
        act(row, "treat", officer)
    act(row, "treat", officer, files=[city.photo("after.jpg")])
    with pytest.raises(Refused):
        act(row, "close", officer)
    act(row, "close", verifier)
    assert (row.state, row.due_at) == ("closed", None)
    assert [stage.done for stage in queries.stages(outfall=row)] == [True] * 4
    act(row, "relapse", verifier, files=[city.photo()])
    assert row.state == "treating" and not queries.stages(outfall=row)[3].done


@pytest.mark.parametrize("lost", ["测", "溯", "查"])
def test_no_outfall_is_closed_out_without_all_its_evidence(bureau, lost):
    officer = bureau["department"]
    row = outfall(officer)
    act(row, "survey", officer, files=[city.photo()])
    sample(officer, "outfall", "PK-1", cod=60)
    act(row, "test", officer)
    records.change(record=row, values={**TRACED, **planned()}, actor=officer, at=AT)
    for action in ("trace", "plan"):
        act(row, action, officer)
    act(row, "treat", officer, files=[city.photo()])
    if lost == "测":
        for found in queries.samples(subject="outfall", place="PK-1"):
            records.withdraw(record=found, actor=officer, at=AT, reason="录错")
    else:
        wrong = {"溯": {"trace_result": ""}, "查": {"surveyed_date": None}}[lost]
        records.change(record=row, values=wrong, actor=officer, at=AT)
    with pytest.raises(Refused, match=f"还缺：{lost}"):
        act(row, "close", bureau["verifier"])
    assert Outfall.objects.get().state == "accepting"


def test_completeness_by_county(bureau):
    officer = bureau["department"]
    town = Region.objects.create(
        code="220202001", name_zh="一街", name_en="First", level="township", parent=county()
    )
    for number, code in (("PK-1", "220202"), ("PK-2", town.code), ("PK-3", "220203")):
        outfall(officer, number, region=county(code))
    first = Outfall.objects.get(number="PK-1")
    act(first, "survey", officer, files=[city.photo()])
    sample(officer, "outfall", "PK-1", cod=20)
    records.change(record=first, values=TRACED | {"traced_date": ON}, actor=officer, at=AT)
    records.change(
        record=Outfall.objects.get(number="PK-3"), values={"deadline_date": ON - DAY}, actor=officer, at=AT
    )
    found = queries.by_county(queries.outfall_standings(user=officer, on=ON))
    assert [(line.region.code, line.total, line.done, line.percent, line.late) for line in found] == [
        ("220202", 2, (1, 1, 1, 0), 37.5, 0),
        ("220203", 1, (0, 0, 0, 0), 0.0, 1),
    ]
    alone = queries.outfall_standings(user=bureau["inspector"], on=ON)
    assert {line.outfall.number for line in alone} == {"PK-1", "PK-2"}


def test_samples_name_known_items_and_possible_values(bureau):
    officer = bureau["department"]
    given = {"subject": "outfall", "place": "PK-1", "sampled_at": AT}
    for wrong in ({"item": "unobtainium", "value": 1.0}, {"item": "cod", "value": -1.0}):
        with pytest.raises(ValidationError):
            made("water-samples", officer, **given, **wrong)
    made("water-samples", officer, **given, item="orp", value=-150.0)


def test_a_source_lists_what_lies_in_its_zones_on_the_day(bureau):
    officer = bureau["department"]
    source = made("drinking-sources", officer, name_zh="一水厂", kind="ground", level="city")
    common = {"source_number": source.number, "valid_from_date": ON - 10 * DAY}
    made("source-zones", officer, level="second", boundary=city.square(126.6, 43.4, 126.8, 43.6), **common)
    made(
        "source-zones", officer, level="first", boundary=city.square(126.69, 43.49, 126.71, 43.51),
        valid_to_date=ON - DAY, **common,
    )  # fmt: skip
    outfall(officer, longitude=126.65)
    outfall(officer, "PK-2", longitude=127.5)

    def inside(on):
        scope = access.scope(officer, "water.view", on)
        found = queries.source_standings(user=officer, on=on, scope=scope)
        return {(item.kind, item.code, item.zone.level) for item in found[0].inside}, found[0]

    now, standing = inside(ON)
    assert now == {
        ("facility", city.PLANT, "second"),
        ("outlet", "P1", "second"),
        ("outfall", "PK-1", "second"),
    }
    assert standing.recharge_missing and standing.zones == 1
    before, _ = inside(ON - 5 * DAY)
    assert ("facility", city.PLANT, "first") in before and ("outfall", "PK-1", "second") in before
    assert inside(ON - 11 * DAY)[0] == set()
    made(
        "recharge-areas", officer, source_number=source.number, boundary=city.square(126, 43, 127, 44),
        valid_from_date=ON,
    )  # fmt: skip
    assert not inside(ON)[1].recharge_missing


@pytest.mark.parametrize(
    "wrong", [{}, "x", {"type": "Point", "coordinates": [1, 2]}, city.square(0, 0, 400, 1)]
)
def test_a_zone_is_a_polygon_on_the_earth(wrong):
    fields.is_area(city.square(126, 43, 127, 44))
    with pytest.raises(ValidationError):
        fields.is_area(wrong)


def test_a_source_complies_when_every_item_that_applies_is_met(bureau):
    officer = bureau["department"]
    source = made("drinking-sources", officer, name_zh="一水厂", kind="river", level="city")
    items = [line.code for line in queries.check_list(source=source, on=ON)]
    for item in items:
        made(
            "source-checks",
            officer,
            source_number=source.number,
            item=item,
            answer="met",
            checked_date=ON - DAY,
        )

    def standing():
        scope = access.scope(officer, "water.view", ON)
        return queries.source_standings(user=officer, on=ON, scope=scope)[0]

    assert standing().compliant and standing().percent == 100.0
    made(
        "source-checks", officer, source_number=source.number, item=items[0], answer="unmet", checked_date=ON
    )
    assert not standing().compliant
    made("source-checks", officer, source_number=source.number, item=items[1], answer="na", checked_date=ON)
    assert standing().percent == 87.5


def test_disorder_ends_with_two_different_photos(bureau):
    officer, verifier = bureau["department"], bureau["verifier"]
    row = made("four-chaos", officer, kind="pile", water_body="松花江", description="堆放垃圾", found_date=ON)
    with pytest.raises(Refused):
        act(row, "order", officer)
    same = city.photo().read()

    def photo(content):
        found = city.photo()
        return [type(found)("p.jpg", content, "image/jpeg")]

    act(row, "order", officer, files=photo(same))
    act(row, "submit", officer, files=photo(same))
    with pytest.raises(Refused, match="同一张"):
        act(row, "close", verifier)
    act(row, "fail", verifier)
    act(row, "submit", officer, files=[city.photo(exif=_exif())])
    act(row, "close", verifier)
    assert row.state == "closed"


def _exif():
    import PIL.Image

    exif = PIL.Image.Exif()
    exif[0x010F] = "after"
    return exif


CLEAN = {"transparency": 45, "do": 5.5, "orp": 120, "nh3n": 1.2}


def test_black_water_is_eliminated_by_tests_and_reopens_by_tests(bureau):
    officer, verifier = bureau["department"], bureau["verifier"]
    row = made("black-waters", officer, name_zh="黑沟", place="city", degree="heavy")
    sample(officer, "black", row.number, **CLEAN)
    later = AT + DAY
    act(row, "treat", officer, at=later)
    act(row, "assess", officer, at=later, files=[city.photo()])
    with pytest.raises(Refused, match="还没有监测"):
        act(row, "eliminate", verifier, at=later)
    sample(officer, "black", row.number, at=AT + 2 * DAY, **{**CLEAN, "nh3n": 20})
    with pytest.raises(Refused, match="仍属黑臭"):
        act(row, "eliminate", verifier, at=AT + 2 * DAY)
    for found in queries.samples(subject="black", place=row.number):
        records.withdraw(record=found, actor=officer, at=later, reason="复测")
    sample(officer, "black", row.number, at=AT + 3 * DAY, **CLEAN)
    act(row, "eliminate", verifier, at=AT + 4 * DAY)
    assert row.state == "eliminated"
    assert services.watch_black_waters(now=AT + 5 * DAY) == 0
    sample(officer, "black", row.number, at=AT + 6 * DAY, **{**CLEAN, "do": 0.1, "orp": -300})
    assert services.watch_black_waters(now=AT + 7 * DAY) == 1
    assert services.watch_black_waters(now=AT + 7 * DAY) == 0
    row = BlackWater.objects.get()
    assert (row.state, row.relapses, row.closed_at) == ("treating", 1, None)
    assert Finding.objects.filter(kind="water.black_relapse").count() == 1
    from jiangcheng.core.records.services import verify_steps

    assert verify_steps().ok


def test_rates_of_lists(bureau):
    officer = bureau["department"]
    for number in range(5):
        made("beautiful-waters", officer, name_zh=f"河{number}", kind="river", list_version="2025版", target_year=2027,
             recognised_date=ON - DAY if number < 2 else None)  # fmt: skip
    assert queries.beauty(user=officer, on=ON) == [queries.BeautyRate("2025版", 5, 2, 40.0)]
    made("villages", officer, name_zh="甲村", households=100, toilets=80, sewage="facility", facility_state="normal",
         has_collection=True)  # fmt: skip
    made(
        "villages",
        officer,
        name_zh="乙村",
        households=100,
        toilets=20,
        sewage="facility",
        facility_state="idle",
    )
    rate = queries.village_rates(user=officer, on=ON)[0]
    assert (rate.sewage_percent, rate.waste_percent, rate.toilet_percent, rate.idle) == (50.0, 50.0, 50.0, 1)
    assert [row.name_zh for row in queries.idle_facilities(user=officer, on=ON)] == ["乙村"]
    for name, produced, used in (("甲场", 100, 90), ("乙场", 300, 210), ("丙场", None, 50)):
        made("manure-farms", officer, name_zh=name, species="pig", year=2026, produced_tons=produced,
             treated_tons=produced, used_tons=used)  # fmt: skip
    farm = queries.manure(user=officer, on=ON, year=2026)[0]
    assert (farm.farms, farm.treated_percent, farm.used_percent) == (3, 100.0, 75.0)


def test_quotas_and_groundwater_units(bureau):
    officer = bureau["department"]
    made(
        "water-quotas",
        officer,
        year=2026,
        quota=1000,
        farming=500,
        industry=250,
        through_date=dt.date(2026, 9, 30),
        gdp=25,
    )
    line = queries.quotas(user=officer, on=ON, year=2026)[0]
    assert (line.share, line.expected, line.level, line.intensity) == (75.0, 100.0, 1, 30.0)
    for name, taken, depth in (("1#", 50, 9.0), ("2#", 60, 12.0)):
        made("wells", officer, name_zh=name, unit_name="甲单元", year=2026, quota=70, abstracted=taken,
             control_depth=10, depth=depth)  # fmt: skip
    unit = queries.units(user=officer, on=ON, year=2026)[0]
    assert (unit.quantity, unit.level, unit.state, unit.deepest, unit.wells) == (1, 3, 3, "2#", 2)


def test_base_flow_of_the_year_with_its_rule_and_short_days(bureau, town):
    officer = bureau["department"]
    row = made("base-flow-sections", officer, name_zh="吉林站", river="江", section_code="W1", base_flow=100,
               winter_flow=50, from_month=1, to_month=12)  # fmt: skip
    lines = ["section,date,flow"]
    for number in range(100):
        day = dt.date(2026, 1, 1) + number * DAY
        if number != 7:
            lines.append(f"W1,{day},{60 if number < 95 else 120}")
    assert services.record_flows(text="\n".join(lines), scope_codes=None, at=AT) == 99
    found = queries.flows(user=officer, on=dt.date(2026, 4, 11), year=2026)[0]
    assert (found.guarantee.valid, found.guarantee.missing, found.first, found.last) == (
        99, 1, dt.date(2026, 1, 1), dt.date(2026, 4, 10),
    )  # fmt: skip
    # Winter (December to March) asks for 50, April for 100: five days of April fall short.
    assert found.short_days == tuple(dt.date(2026, 4, 1) + number * DAY for number in range(5))
    assert found.guarantee.percent == 94.9 and found.met
    records.change(record=row, values={"rule": "month"}, actor=officer, at=AT)
    assert queries.flows(user=officer, on=dt.date(2026, 4, 11), year=2026)[0].guarantee.valid == 4
    for text in ("a,b\n", "section,date,flow\nW9,2026-01-01,1", "section,date,flow\nW1,2026-01-01,-1"):
        with pytest.raises(services.FlowRefused):
            services.record_flows(text=text, scope_codes=None, at=AT)
    with pytest.raises(services.FlowRefused):
        services.record_flows(text="section,date,flow\nW1,2026-01-01,1", scope_codes=frozenset(), at=AT)


def test_months_join_readings_and_samples(bureau, town):
    officer = bureau["department"]
    town.put_water("W1", town.hours_of("2026-10-05", 6))
    town.put_water("W1", town.hours_of("2026-09-05", 6), w21003=1.2)
    at = dt.datetime(2026, 10, 6, 2, tzinfo=dt.UTC)
    sample(officer, "section", "W1", at=at, cod=45, nh3n=9.0)
    points = queries.sections(on=ON)
    table = queries.month_table(points=points, months=queries.months_before(ON, 3))
    key = next(point.pk for point in points if point.code == "W1")
    months = queries.months_before(ON, 3)
    rows = [table.row(key, month) for month in months]
    assert rows[2] is None
    september, october = rows[:2]
    assert (table.section[september], table.manual[september]) == (4, False)
    # The station's ammonia stands; the samples add COD, which makes the section worse than class V.
    assert (table.section[october], table.manual[october]) == (6, True)
    assert np.isclose(table.values["nh3n"][october], 0.2)
    change = queries_change(table, september, october)
    assert change == (2, ("cod",))


def queries_change(table, before, now):
    from jiangcheng.modules.water import rules

    found = rules.month_change(table.one(before), table.one(now))
    names = list(table.result.items)
    mask = int(found.causes[0])
    return int(found.classes[0]), tuple(name for bit, name in enumerate(names) if mask >> bit & 1)


def test_functional_zones_are_judged_by_their_own_target(bureau, town):
    officer = bureau["department"]
    town.put_water("W1", town.hours_of("2026-10-05", 6))
    for target, code in ((1, "W1"), (3, "W1"), (3, "")):
        made("functional-zones", officer, name_zh=f"区{target}{code}", use="drinking", water_body="江",
             target_class=target, section_code=code, valid_from_date=dt.date(2020, 1, 1))  # fmt: skip
    found = queries.zone_standings(user=officer, on=ON)
    assert [(item.reached, item.met) for item in found] == [(2, False), (2, True), (0, None)]


def test_a_file_of_the_laboratory_fills_the_ledgers_once(bureau):
    from django.core.files.base import ContentFile

    officer = bureau["department"]
    outfall(officer)
    head = "subject,place,point,region,sampled_at,item,value,undetected,limit\n"
    rows = "outfall,PK-1,1,220202,2026-10-01 09:00,cod,62,0,50\noutfall,PK-1,1,220202,2026-10-01 09:00,nh3n,4,0,5\n"

    def imported(text):
        file = ContentFile(text.encode(), name="lab.csv")
        return records.import_file(
            register="water-samples", file=file, name="lab.csv", actor=officer, at=AT, dry_run=False
        )

    first = imported(head + rows + "outfall,PK-1,1,220202,2026-10-01 09:00,gold,1,0,\n")
    assert [row.outcome for row in first.rows] == ["added", "added", "refused"]
    again = imported(head + rows)
    assert [row.outcome for row in again.rows] == ["unchanged", "unchanged"]
    found = queries.samples(subject="outfall", place="PK-1")
    assert {(sample.item, sample.exceeds) for sample in found} == {("cod", True), ("nh3n", False)}
    assert queries.stages(outfall=Outfall.objects.get())[1].done
