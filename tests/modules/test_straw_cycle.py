"""The whole cycle: the feed, devices, the phone, land and heat, zones, contracts and accounts."""

from __future__ import annotations

import datetime as dt
import http.server
import io
import json
import threading
import uuid

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw import queries, services
from jiangcheng.modules.straw.models import (
    BurnZone,
    FireIncident,
    FireSignal,
    HeatMask,
    ResiduePlan,
    SignalRun,
)
from modules.test_straw_fields import tif
from modules.test_straw_pages import client, page
from modules.test_straw_services import HEAD, NOW, SEEN, act, approved, bring, plan_row, row, told, zone

KEY = "0123456789abcdef"


@pytest.fixture
def people(db):
    city.build()
    assert zone().added == 1
    return city.people()


@pytest.fixture
def firms(settings):
    """A server that answers like FIRMS: what is in ``answers``, the last one again and again."""
    answers, asked = [], []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, text, headers = answers[0] if len(answers) == 1 else answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.FIRMS = {
        "map_key": KEY, "base": f"http://127.0.0.1:{server.server_port}", "area": "126,43,128,44",
        "sources": ["VIIRS_SNPP_NRT"],
    }  # fmt: skip
    yield answers, asked
    server.shutdown()
    server.server_close()


# The feed


def test_the_feed_asks_keeps_and_waits(people, firms):
    answers, asked = firms
    answers.append((200, "\n".join([HEAD, row(), row(43.6)]), {}))
    (state,) = services.ask_all(now=NOW)
    assert asked == [f"/api/area/csv/{KEY}/VIIRS_SNPP_NRT/126,43,128,44/5"]
    assert (state.rows, state.failures, FireSignal.objects.count()) == (2, 0, 2)
    assert services.ask_all(now=NOW + dt.timedelta(minutes=10)) == [] and len(asked) == 1
    (state,) = services.ask_all(now=NOW + dt.timedelta(minutes=30))
    assert asked[-1].endswith("/2") and FireSignal.objects.count() == 2


def test_an_error_with_status_200_is_a_failure_that_waits_longer_each_time(people, firms, settings):
    answers, _asked = firms
    answers += [
        (200, "Exceeding allowed transaction limit", {}), (500, "oops", {}), (429, "slow", {"Retry-After": "7200"}),
        (200, f"Invalid MAP_KEY {KEY}.", {}),
    ]  # fmt: skip
    now, waits = NOW, []
    for _attempt in range(4):
        (state,) = services.ask_all(now=now)
        waits.append((state.next_at - now).total_seconds())
        now = state.next_at
    assert waits == [60, 120, 7200, 21600] and state.failures == 4
    assert KEY not in state.told and "Invalid" in state.told and SignalRun.objects.count() == 0
    answers[:] = [(200, HEAD, {})]
    (state,) = services.ask_all(now=now)
    assert (state.failures, state.told, state.rows) == (0, "", 0)
    settings.FIRMS = {**settings.FIRMS, "base": "http://127.0.0.1:9"}
    assert services.ask(source="MODIS_NRT", now=now).told == "ConnectError"
    assert "连续失败 1 次" in page(people, "watch")
    settings.FIRMS = {}
    assert services.ask_all(now=now) == []


def test_the_autumn_day_comes_in_whole_with_its_power(db, shared_data):
    path = shared_data / "tracing" / "firms_modis_c61nrt_NEchina_2025-11-22_23_autumn.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the shared data")
    city.build()
    registry.import_register("grid_cells", [
        city.named("BOX", "箱", region="220202", valid_from_date="2020-01-01", valid_to_date="2026-01-01",
                   boundary=city.square(124, 42, 128.5, 45.5)),
    ], actor=None, at=city.AT)  # fmt: skip
    at = dt.datetime(2025, 12, 5, tzinfo=dt.UTC)
    report = services.import_firms(
        text=path.read_text(encoding="utf-8-sig"), name=path.name, actor=None, now=at
    )
    # 353 pixels lie in the box; 351 of them are of one Aqua pass at 05:54 UTC with 6508.24 MW (G13).
    assert (report.added, report.outside, report.errors) == (353, 588 - 353, ())
    of_pass = FireSignal.objects.filter(seen_at=dt.datetime(2025, 11, 23, 5, 54, tzinfo=dt.UTC))
    assert of_pass.count() == 351 and sum(of_pass.values_list("power", flat=True)) == pytest.approx(
        6508.24, abs=0.005
    )
    found = FireIncident.objects.filter(merged_into=None)
    assert found.count() == len(report.incidents) < 351 and sum(one.signals for one in found) == 353
    assert HeatMask.objects.get().cells == []


# Devices


def test_a_device_sends_by_its_own_token_and_by_nothing_else(people):
    address = "/api/v1/straw/signals"
    body = json.dumps([told()])
    token = access.make_token(
        user=people["inspector"],
        name="铁塔 5",
        permissions=["straw.signals"],
        days=30,
        now=dt.datetime.now(dt.UTC),
    )
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    taken = Client().post(address, body, content_type="application/json", **headers)
    assert taken.status_code == 200 and taken.json()["added"] == 1
    again = Client().post(address, body, content_type="application/json", **headers)
    assert again.json()["known"] == 1 and SignalRun.objects.first().actor == people["inspector"]
    assert (
        Client().post(address, json.dumps([{}]), content_type="application/json", **headers).status_code
        == 422
    )
    assert client(people).post(address, body, content_type="application/json").status_code == 401
    other = access.make_token(
        user=people["duty"], name="读", permissions=["api.read"], days=30, now=dt.datetime.now(dt.UTC)
    )
    refused = Client().post(
        address, body, content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {other}"
    )
    assert refused.status_code == 403


# What people find


def handled(people, incident):
    case = incident.case
    for action, who, details in (
        ("accept", "duty", {}), ("dispatch", "duty", {"handler": people["inspector"].pk}), ("sign", "inspector", {}),
    ):  # fmt: skip
        cases.act(case=case, action=action, actor=people[who], now=NOW, details=details)
    return case


def test_a_result_from_the_phone_is_that_of_the_fire_and_teaches_the_mask(people):
    incident = bring(row()).incidents[0]
    case = handled(people, incident)
    assert "到场" in page(people, "desk", first="2026-11-01", last="2026-11-02")
    cases.act(case=case, action="arrive", actor=people["inspector"], now=NOW + dt.timedelta(minutes=20))
    with pytest.raises(Refused):
        cases.act(
            case=case, action="submit", actor=people["inspector"], now=NOW, text="炉子", files=[city.photo()]
        )
    cases.act(
        case=case, action="submit", actor=people["inspector"], now=NOW, text="砖厂隧道窑", files=[city.photo()],
        details={"reason_code": "industry"},
    )  # fmt: skip
    incident.refresh_from_db()
    assert (incident.outcome, incident.outcome_text, incident.outcome_by) == (
        "industry",
        "砖厂隧道窑",
        people["inspector"],
    )
    later = bring(row(at=SEEN + dt.timedelta(hours=2), sat="T"), now=NOW + dt.timedelta(hours=2))
    assert later.incidents[0].verdict == "heat"
    text = page(people, "watch", first="2026-10-28", last="2026-11-03")
    assert "Aqua" in text and "0.00" in text and ">20<" in text


def test_for_a_fire_the_patrol_nearby_and_the_next_cell_are_proposed(people):
    services.take_signals(
        told=[told(id="P", source="patrol", longitude=126.3)],
        name="patrol",
        actor=people["colleague"],
        now=NOW,
    )
    incident = bring(row(43.6)).incidents[0]
    found = queries.patrols_near(case_number=incident.case.number, at=NOW)
    assert [item.user_id for item in found] == [people["colleague"].pk, people["inspector"].pk]
    assert "巡查中" in found[0].why.zh and "邻近网格" in found[1].why.zh
    assert people["inspector"] in [one.person for one in case_queries.proposals(case=incident.case, at=NOW)]


# Land and standing heat


def test_cropland_polygons_decide_whether_a_fire_is_on_land_and_a_raster_helps_where_there_are_none(people):
    def land(kind, *squares, dataset="三调"):
        features = [
            {"type": "Feature", "properties": {"weight": 0.9}, "geometry": city.square(*corners)}
            for corners in squares
        ]
        return services.import_land(
            document={"type": "FeatureCollection", "features": features}, kind=kind, dataset=dataset,
            valid_from=dt.date(2026, 1, 1), actor=None, now=NOW,
        )  # fmt: skip

    grid = services.import_land_raster(
        file=tif(np.where(np.arange(40)[None, :] < 20, 40, 10).repeat(40, 0).astype(np.uint8), 126.0, 43.9, 0.02),
        weights={40: 1.0}, dataset="WorldCover", source="ESA", valid_from=dt.date(2026, 1, 1), actor=None, now=NOW,
    )  # fmt: skip
    assert (grid.rows, grid.columns, grid.step) == (40, 40, 0.02)
    assert bring(row()).incidents[0].cropland == pytest.approx(1.0)
    assert bring(row(43.5, 126.7)).incidents[0].verdict == "land"
    assert land("cropland", (126.0, 43.0, 126.1, 43.9)).added == 1
    assert bring(row(43.8, 126.2)).incidents[0].verdict == "land"
    assert land("cropland", (126.0, 43.0, 126.9, 43.99), dataset="新").ended == 1
    found = bring(row(43.7, 126.4)).incidents[0]
    assert found.cropland == pytest.approx(0.9) and found.verdict == "illegal"
    with pytest.raises(services.ZonesRefused):
        land("forest", (126.0, 43.0, 126.1, 43.9))
    assert services.import_land(
        document={"features": [{"geometry": None}]}, kind="industry", dataset="x", valid_from=NOW.date(), actor=None,
        now=NOW,
    ).errors == ((1, "geometry"),)  # fmt: skip


def test_the_mask_of_a_month_is_learnt_once_and_again_on_demand(people):
    bring(*(row(at=SEEN - dt.timedelta(days=31 * number)) for number in range(2, 9)))
    mask = services.learn_month(now=NOW)
    assert [(cell[2], cell[3]) for cell in mask.cells] == [("months", 7)] and services.learn_month(
        now=NOW
    ) == mask
    again = services.learn_heat(month=dt.date(2026, 11, 20), now=NOW)
    assert again.pk == mask.pk and HeatMask.objects.filter(month=dt.date(2026, 11, 1)).count() == 1
    assert "多月反复出现" in page(people, "watch")


# Zones


def test_a_road_becomes_a_belt_and_a_drawn_zone_the_next_version(people):
    road = {
        "type": "Feature", "properties": {"code": "G1", "kind": "belt", "name_zh": "高速", "buffer_metres": 1000},
        "geometry": {"type": "LineString", "coordinates": [[126.2, 43.2], [126.2, 43.8]]},
    }  # fmt: skip
    report = services.import_zones(
        document={"type": "FeatureCollection", "features": [road]}, source="公告", valid_from=dt.date(2026, 1, 1),
        actor=None, now=NOW,
    )  # fmt: skip
    assert report.added == 1
    inside, outside = bring(row(43.5, 126.205), row(43.5, 126.4)).incidents
    assert "belt" in [reason["what"] for reason in inside.reasons]
    assert "belt" not in [reason["what"] for reason in outside.reasons]
    plan = plan_row(people)
    with pytest.raises(Refused, match="G1"):
        act(people, plan, "approve", "leader", SEEN - dt.timedelta(hours=20), text="同意")

    values = {
        "outline": json.dumps(city.square(126.5, 43.1, 126.6, 43.2)), "code": "L1", "kind": "ban", "name_zh": "画的",
        "source": "公告二", "valid_from": "2026-11-01", "metres": "",
    }  # fmt: skip
    address = reverse("straw:draw")
    assert client(people).get(address).status_code == 200
    assert client(people, "department").post(address, values).status_code == 403
    assert client(people).post(address, {**values, "outline": "{"}).status_code == 422
    assert client(people).post(address, {**values, "valid_from": "2025-01-01"}).status_code == 422
    assert client(people).post(address, values).status_code == 302
    assert BurnZone.objects.get(code="L1", version=2).kind == "ban"


# Plans on the phone


def test_start_and_end_are_reported_from_the_phone_and_confirmed_an_hour_later(people):
    from jiangcheng.modules.fieldwork import rules
    from jiangcheng.modules.fieldwork import services as field

    plan = approved(people)
    boot = client(people, "inspector").get("/field/api/bootstrap").json()
    task = next(one for one in boot["cases"] if one["number"] == plan.number)
    assert [action["code"] for action in task["actions"]] == ["start"]
    assert "has_photo" in task["actions"][0]["needs"] and "大屯村" in task["description"]

    def report(action, now, age=0, seen=None, photo="p.jpg"):
        content = io.BytesIO()
        Image.new("RGB", (8, 6), (len(action) * 20, now.minute, now.hour)).save(content, "JPEG")
        kept = field.registry.store_evidence(
            file=SimpleUploadedFile(photo, content.getvalue(), "image/jpeg"),
            actor=people["inspector"],
            at=now,
        )
        body = {"case": plan.number, "action": action, "text": "现场", "photos": [kept.sha256]}
        if seen is not None:
            body["seen"] = seen
        return field.submit(
            key=uuid.uuid4(),
            user=people["inspector"],
            kind="actions",
            body=body,
            clock=rules.Clock(age=age),
            now=now,
        )

    # The report was made in time and waited ten hours for a network: it counts for when it was made.
    late = SEEN + dt.timedelta(hours=10)
    assert report("start", late, age=10 * 3600)["state"] == "burning"
    with pytest.raises(field.Rejected) as stale:
        report("put_out", late, seen=1)
    assert stale.value.status == 409 and stale.value.state["state"] == "burning"
    assert report("put_out", late, age=3600)["state"] == "out"
    plan.refresh_from_db()
    assert plan.out_at == late - dt.timedelta(hours=1)
    with pytest.raises(Refused, match="1 小时"):
        act(people, plan, "confirm", "duty", plan.out_at + dt.timedelta(minutes=59), files=[city.photo()])
    bring(
        row(43.9, 126.2, at=plan.out_at + dt.timedelta(minutes=30)), now=plan.out_at + dt.timedelta(hours=1)
    )
    act(people, plan, "confirm", "duty", plan.out_at + dt.timedelta(hours=2), files=[city.photo()])
    assert plan.evaluation["cool_down"]["state"] == "cooled"
    assert plan.evaluation["cool_down"]["satellites"] == ["Aqua"]
    with pytest.raises(field.Rejected) as unknown:
        field.submit(
            key=uuid.uuid4(), user=people["colleague"], kind="actions", body={"case": plan.number, "action": "start"},
            clock=rules.Clock(), now=late,
        )  # fmt: skip
    assert unknown.value.status == 404


def test_a_plan_that_still_shows_fire_is_not_confirmed(people):
    plan = approved(people)
    act(people, plan, "start", now=SEEN, files=[city.photo()])
    act(people, plan, "put_out", now=SEEN + dt.timedelta(hours=1), files=[city.photo()])
    bring(row(at=SEEN + dt.timedelta(hours=2)))
    with pytest.raises(Refused, match="复燃"):
        act(people, plan, "confirm", "duty", SEEN + dt.timedelta(hours=3), files=[city.photo()])
    quiet = queries.cool_down(plan=ResiduePlan.objects.get(), since=NOW, until=NOW + dt.timedelta(minutes=20))
    assert quiet["state"] == "none"


# Accounts and contracts


def test_the_account_counts_confirmed_fires_and_an_upheld_objection_strikes_one_out(people):
    first, second = bring(row(at=SEEN - dt.timedelta(hours=2)), row(43.7)).incidents
    for incident in (first, second):
        services.conclude(
            incident=incident, outcome="straw", text="属实", actor=people["duty"], now=NOW, mu="3.5"
        )
    assert FireIncident.objects.first().burnt_mu == 3.5
    span = {"first": "2026-10-20", "last": "2026-11-03"}
    text = page(people, "accounts", **span)
    assert "首个火点" in text and "后续火点" in text and ">80<" in text.replace(" ", "")
    assert page(people, "accounts", level="township", **span)
    values = {"fire": first.number, "region": Region.objects.get(code="220202"), "grounds": "卫星误判"}
    with pytest.raises(ValidationError):
        records.create(
            register="fire-objections", values={**values, "fire": "X"}, actor=people["department"], at=NOW
        )
    lodged = records.create(register="fire-objections", values=values, actor=people["department"], at=NOW)
    assert ">50<" in page(people, "accounts", **span).replace(" ", "")
    act(people, lodged, "dismiss", "leader", NOW, text="不成立")
    assert ">80<" in page(people, "accounts", **span).replace(" ", "")
    table = (
        client(people).get(reverse("straw:accounts"), {**span, "format": "csv"}).content.decode("utf-8-sig")
    )
    assert first.number in table and "500000" in table and "2018.1" in table
    with pytest.raises(Refused):
        services.conclude(incident=first, outcome="straw", text="x", actor=people["duty"], now=NOW, mu="很多")


def test_contracts_cover_or_leave_gaps_and_private_names_stay_so(people):
    plan_row(people)
    top = contract(people, level="city", region="220200")
    county = contract(people, level="county", region="220202", upper=top.number)
    contract(people, level="village", region="220202", upper=county.number, village="大屯村")
    text = page(people, "accounts")
    assert "上级层级不对" in text and "龙潭区" in text and "大屯村" in text
    with pytest.raises(ValidationError):
        contract(people, level="village", region="220202")
    assert "No contract" not in page(people, "accounts", language="en")


def contract(people, region, **more):
    values = {
        "holder": "责任人", "starts_on": dt.date(2026, 1, 1), "region": Region.objects.get(code=region), **more,
    }  # fmt: skip
    return records.create(register="duty-contracts", values=values, actor=people["department"], at=NOW)
