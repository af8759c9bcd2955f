"""The desk and the page of a case, as each role meets them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from core import city
from jiangcheng.core.cases import queries, services
from jiangcheng.core.cases.models import Case, CaseStep
from jiangcheng.core.registry.models import Evidence


@pytest.fixture(autouse=True)
def _city(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    city.build()


@pytest.fixture
def people():
    return city.people()


@pytest.fixture
def case(client):
    client.get("/login")  # the first request loads the manifests
    now = timezone.now()
    finding = services.FindingReport(
        kind="cases.patrol",
        dedup_key="k",
        rule_version="v1",
        title_zh="二氧化硫超标",
        title_en="SO2 over the limit",
        severity=3,
        station_id=city.station("P1").pk,
        first_at=now,
        last_at=now,
        evidence={"start": now.isoformat(), "value": 51.0, "limit": 35.0, "clause": "超低排放"},
    )
    return services.report(finding=finding, now=now).case


def act(client, user, case, action, htmx=False, **data):
    client.force_login(user)
    case.refresh_from_db()
    headers = {"HX-Request": "true"} if htmx else {}
    seen = case.steps.order_by("-sequence").first().sequence
    data = {"action": action, "seen": seen, **data}
    return client.post(f"/cases/{case.number}/act", data, headers=headers)


def test_a_case_is_closed_through_its_page_by_two_people(client, people, case):
    inspector = people["inspector"]
    client.force_login(people["duty"])
    assert "您可以办理" in client.get(f"/cases/{case.number}").content.decode()
    act(client, people["duty"], case, "accept")
    page = client.get(f"/cases/{case.number}").content.decode()
    assert f'<option value="{inspector.pk}" selected>' in page
    act(client, people["duty"], case, "dispatch", handler=inspector.pk)
    assert act(client, inspector, case, "sign", htmx=True).status_code == 200
    fragment = act(
        client, inspector, case, "submit", htmx=True, text="已停机", photos=city.photo()
    ).content.decode()
    assert fragment.lstrip().startswith('<div id="case"')
    assert "待核查" in fragment
    act(client, people["verifier"], case, "pass", text="达标")
    case.refresh_from_db()
    assert case.state == "closed"
    page = client.get(f"/cases/{case.number}").content.decode()
    assert "您可以办理" not in page
    assert case.steps.last().hash[:12] in page


def test_a_refusal_says_what_to_do_and_keeps_the_text(client, people, case):
    act(client, people["duty"], case, "accept")
    act(client, people["duty"], case, "dispatch", handler=people["inspector"].pk)
    act(client, people["inspector"], case, "sign")
    answer = act(client, people["inspector"], case, "submit", htmx=True, text="已经停机检修").content.decode()
    assert "请至少上传一张现场照片" in answer
    assert "已经停机检修</textarea>" in answer
    case.refresh_from_db()
    assert case.state == "handling"
    page = act(client, people["inspector"], case, "submit", text="x")
    assert page.status_code == 302
    assert "请至少上传一张现场照片" in client.get(page.url).content.decode()


def test_an_old_page_cannot_act(client, people, case):
    client.force_login(people["duty"])
    client.post(f"/cases/{case.number}/act", {"action": "accept", "seen": "9"})
    case.refresh_from_db()
    assert case.state == "reported"
    client.post(f"/cases/{case.number}/act", {"action": "accept", "seen": "1"})
    client.post(f"/cases/{case.number}/act", {"action": "accept", "seen": "1"})
    assert CaseStep.objects.filter(action="accept").count() == 1


@pytest.mark.parametrize("who", ["rival", "colleague", "system", "auditor"])
def test_who_may_not_see_a_case_learns_nothing_of_it(client, people, case, who):
    client.force_login(people[who])
    for method, path in (("get", ""), ("post", "/act"), ("get", "/evidence/1")):
        status = getattr(client, method)(f"/cases/{case.number}{path}").status_code
        assert status == (404 if who in ("rival", "colleague") else 403)
    if who in ("rival", "colleague"):
        assert case.number not in client.get("/cases/").content.decode()
        assert client.get("/cases/layer.geojson").json()["features"] == []
    assert case.steps.count() == 1


def test_evidence_is_served_to_who_sees_the_case_and_byte_for_byte(client, people, case):
    act(client, people["duty"], case, "accept")
    act(client, people["duty"], case, "dispatch", handler=people["inspector"].pk)
    act(client, people["inspector"], case, "sign")
    act(client, people["inspector"], case, "submit", text="好了", photos=city.photo())
    kept = Evidence.objects.get()
    path = f"/cases/{case.number}/evidence/{kept.pk}"
    client.force_login(people["leader"])
    answer = client.get(path)
    assert b"".join(answer.streaming_content) == city.photo().read()
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    client.force_login(people["rival"])
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", True),
        ("?view=list", True),
        ("?state=reported&county=220202&type=PATROL", True),
        ("?state=filed", False),
        ("?county=220203", False),
        ("?overdue=1", False),
        ("?mine=1", False),
        ("?view=list&facility=91220200PLANT00001", True),
        ("?view=list&facility=91220200PLANT00002", False),
        ("?station=P1&q=硫", True),
        ("?q=nothing", False),
    ],
)
def test_the_filters_stand_in_the_address(client, people, case, query, shown):
    client.force_login(people["duty"])
    assert (case.number in client.get(f"/cases/{query}").content.decode()) == shown


def test_a_grave_case_stands_before_slight_ones_that_are_due_earlier(client, people, case):
    Case.objects.filter(pk=case.pk).update(severity=4, due_at=city.AT + dt.timedelta(days=9))
    slight = Case.objects.get(pk=case.pk)
    for number in range(3):
        slight.pk, slight.number = None, f"20261102-SLIGHT-{number}"
        slight.severity, slight.due_at = 1, city.AT + dt.timedelta(hours=number)
        slight.save(force_insert=True)
    assert [item.number for item in queries.gravest(Case.objects.all(), 2)] == [
        case.number,
        "20261102-SLIGHT-0",
    ]
    client.force_login(people["duty"])
    page = client.get("/cases/").content.decode()
    assert page.index(f"/cases/{case.number}") < page.index("20261102-SLIGHT-0")


def test_the_board_is_refreshed_without_the_page_around_it(client, people, case):
    client.force_login(people["duty"])
    board = client.get("/cases/", headers={"HX-Request": "true", "HX-Target": "div#board"}).content.decode()
    assert case.number in board
    assert "<html" not in board


def test_the_desk_asks_few_questions_however_many_cases_there_are(
    client, people, case, django_assert_max_num_queries
):
    for number in range(40):
        copy = Case.objects.get(pk=case.pk)
        copy.pk, copy.number, copy._state.adding = None, f"C{number}", True
        copy.save()
    client.force_login(people["leader"])
    with django_assert_max_num_queries(34):
        client.get("/cases/")
    with django_assert_max_num_queries(20):
        client.get("/cases/?view=list")


def test_a_person_reports_a_case_with_the_place_of_the_photograph(client, people):
    client.force_login(people["inspector"])
    answer = client.post("/cases/new", {"text": "河边冒黑烟\n约两吨", "longitude": "126.2", "latitude": "43.4",
                                        "severity": "3", "photos": city.photo()})  # fmt: skip
    case = Case.objects.get()
    assert answer.url == f"/cases/{case.number}"
    assert (case.title_zh, case.grid_cell.code, case.reporter) == (
        "河边冒黑烟",
        "220202-01",
        people["inspector"],
    )
    assert case.steps.get().evidence.count() == 1
    assert case.findings.get().ended_at is not None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"text": "", "longitude": "126.2", "latitude": "43.4"}, "请填写说明"),
        ({"text": "烟"}, "请填写经纬度"),
        ({"text": "烟", "longitude": "10", "latitude": "43.4"}, "任何网格"),
        ({"text": "烟", "longitude": "999", "latitude": "43.4"}, "-180"),
    ],
)
def test_a_report_that_cannot_be_taken_says_why_and_keeps_what_was_typed(client, people, given, why):
    client.force_login(people["inspector"])
    page = client.post("/cases/new", {"severity": "2", **given})
    assert page.status_code == 200
    assert why in page.content.decode()
    assert given["text"] in page.content.decode()
    assert not Case.objects.exists()


def test_the_layer_shows_the_cases_open_at_an_instant(client, people, case):
    client.force_login(people["leader"])
    feature = client.get("/cases/layer.geojson").json()["features"][0]
    assert feature["geometry"]["coordinates"] == [126.7, 43.5]
    assert feature["properties"]["url"] == f"/cases/{case.number}"
    assert (feature["properties"]["shape"], feature["properties"]["label"]) == ("diamond", "已上报")
    before = (case.opened_at - dt.timedelta(hours=1)).isoformat()
    assert client.get("/cases/layer.geojson", {"at": before}).json()["features"] == []
    assert client.get("/cases/layer.geojson", {"at": "yesterday"}).status_code == 400
    assert client.get("/cases/layer.geojson", {"at": "2026-13-40T00:00:00Z"}).status_code == 400


def test_the_home_cards_count_what_the_person_sees(client, people, case):
    Case.objects.update(due_at=timezone.now() - dt.timedelta(hours=1))
    client.force_login(people["enterprise"])
    assert "已超时" in client.get("/cases/cards/open").content.decode()
    assert "请尽快办理" in client.get("/cases/cards/counts").content.decode()
    client.force_login(people["rival"])
    assert "没有未结事件" in client.get("/cases/cards/open").content.decode()
    assert "全部在时限内" in client.get("/cases/cards/counts").content.decode()


def test_every_page_speaks_english(client, people, case):
    client.force_login(people["duty"])
    client.post("/language", {"language": "en"})
    page = client.get(f"/cases/{case.number}").content.decode()
    assert "SO2 over the limit" in page
    assert "What you can do" in page
    assert "Case desk" in client.get("/cases/").content.decode()
    assert "What you saw" in client.get("/cases/new").content.decode()


def test_the_api_lists_what_the_person_sees(client, people, case):
    client.force_login(people["leader"])
    items = client.get("/api/v1/cases").json()["items"]
    assert [item["number"] for item in items] == [case.number]
    steps = client.get(f"/api/v1/cases/{case.number}/steps").json()
    assert [step["action"] for step in steps] == ["report"]
    assert client.get("/api/v1/findings").json()["items"][0]["case"] == case.number
    client.force_login(people["enterprise"])
    assert client.get("/api/v1/cases").status_code == 403
