"""The doors of the field app: each thing once, in its own area, with the time it happened."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Evidence
from jiangcheng.modules.fieldwork import rules, services, tasks
from jiangcheng.modules.fieldwork.models import Patrol, Submission, Suggestion, TracePoint, Visit

BEIJING = dt.timezone(dt.timedelta(hours=8))
RECEIVED = dt.datetime(2026, 11, 2, 9, tzinfo=BEIJING)
LIMITS = rules.limits(dt.date(2026, 11, 2))
AT_PLANT = {"longitude": 126.7, "latitude": 43.5, "accuracy": 12.5}
REPORT = {"text": "河边有黑水", "severity": 2, **AT_PLANT}


def test_the_age_counts_whatever_the_clock_of_the_phone_shows():
    sent = RECEIVED + dt.timedelta(hours=3)
    clock = rules.Clock(claimed_at=sent - dt.timedelta(minutes=40), sent_at=sent, age=2400)
    when = rules.corrected(clock, RECEIVED, LIMITS)
    assert when.at == RECEIVED - dt.timedelta(minutes=40)
    assert when.offset == -3 * 3600
    assert when.doubtful


@given(age=st.floats(allow_nan=True, allow_infinity=True))
def test_the_corrected_time_is_never_later_than_the_receipt(age):
    when = rules.corrected(rules.Clock(age=age), RECEIVED, LIMITS)
    assert RECEIVED - dt.timedelta(days=LIMITS.age_days) <= when.at <= RECEIVED


@pytest.mark.parametrize(
    ("kind", "expected", "answer", "bad"),
    [
        ("yes_no", "", "no", True),
        ("yes_no", "", "yes", False),
        ("yes_no", "no", "yes", True),
        ("number", "35", "35.1", True),
        ("number", "35", "35", False),
        ("number", "", "5", False),
        ("number", "35", "NaN", False),
        ("text", "x", "y", False),
        ("yes_no", "", "", False),
    ],
)
def test_failed_answers(kind, expected, answer, bad):
    assert rules.failed(kind, expected, answer) is bad


def test_distance_of_a_hundredth_degree_of_latitude():
    assert rules.distance((126.5, 43.5), (126.5, 43.51)) == pytest.approx(1111.95, abs=0.1)


@pytest.fixture
def people(db):
    city.build()
    cases.load_workflows()
    return city.people()


def client_of(person):
    client = Client(headers={"accept": "application/json"})
    client.force_login(person)
    return client


def post(client, kind, body, key=None, **headers):
    return client.post(
        f"/field/api/{kind}",
        json.dumps(body),
        content_type="application/json",
        headers={"Idempotency-Key": str(key or uuid.uuid4()), **headers},
    )


def send_photo(client, content=None, sha256=None):
    content = content or city.photo().read()
    sha256 = sha256 or hashlib.sha256(content).hexdigest()
    answer = client.post(
        "/field/api/photos", content, content_type="image/jpeg", headers={"X-SHA256": sha256, "X-Meta": "{}"}
    )
    return answer, sha256


def test_a_report_with_photos_sent_twice_is_one_case_with_the_originals(people):
    client = client_of(people["inspector"])
    assert client.get(f"/field/api/photos/{'0' * 64}").status_code == 404
    answer, sha256 = send_photo(client)
    assert answer.status_code == 201
    assert client.head(f"/field/api/photos/{sha256}").status_code == 200
    key = uuid.uuid4()
    first = post(client, "reports", {**REPORT, "photos": [sha256]}, key)
    again = post(client, "reports", {**REPORT, "photos": [sha256]}, key)
    assert (first.status_code, again.status_code) == (201, 201), first.content
    assert first.json() == again.json()
    case = Case.objects.get()
    assert case.number == first.json()["number"]
    kept = case.steps.get().evidence.get()
    assert hashlib.sha256(kept.file.read()).hexdigest() == kept.sha256 == sha256
    assert AuditEntry.objects.filter(action="fieldwork.reports").count() == 1


def test_one_key_with_another_text_or_of_another_person_is_refused(people):
    key = uuid.uuid4()
    assert post(client_of(people["inspector"]), "reports", REPORT, key).status_code == 201
    other = post(client_of(people["inspector"]), "reports", {**REPORT, "text": "别的"}, key)
    stranger = post(client_of(people["colleague"]), "reports", REPORT, key)
    for answer in (other, stranger):
        assert answer.status_code == 409
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"] == [{"field": "key", "rule": "key_used"}]
    assert Case.objects.count() == 1


def test_a_refused_report_leaves_nothing_and_may_be_sent_again(people):
    client, key = client_of(people["inspector"]), uuid.uuid4()
    answer = post(client, "reports", {**REPORT, "longitude": 10.0}, key)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "reports", "rule": "outside"}]
    assert not Submission.objects.exists()
    assert post(client, "reports", REPORT, key).status_code == 201


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"text": "  "}, "text", "required"),
        ({"text": 5}, "text", "type"),
        ({"latitude": "north"}, "latitude", "range"),
        ({"photos": ["0" * 64]}, "photos", "missing_photo"),
        ({"photos": ["0"] * 10}, "photos", "too_many"),
        ({"facility": "nobody"}, "facility", "unknown"),
    ],
)
def test_a_wrong_field_is_named(people, change, field, rule):
    answer = post(client_of(people["inspector"]), "reports", {**REPORT, **change})
    assert answer.json()["errors"] == [{"field": field, "rule": rule}]


def test_without_a_position_the_cell_and_the_written_place_count(people):
    body = {"text": "烧秸秆", "grid_cell": "220202-02", "place": "江边路 3 号"}
    answer = post(client_of(people["inspector"]), "reports", body)
    assert answer.json()["position"] == "grid_cell"
    case = Case.objects.get()
    assert case.grid_cell.code == "220202-02"
    assert "江边路 3 号" in case.description


def test_the_clock_of_the_phone_is_kept_beside_the_server_s(people):
    now = timezone.now()
    clock = {
        "claimed_at": (now + dt.timedelta(hours=2)).isoformat(),
        "sent_at": (now + dt.timedelta(hours=3)).isoformat(),
        "age": 3600,
    }
    post(client_of(people["inspector"]), "reports", REPORT, **{"X-Clock": json.dumps(clock)})
    row = Submission.objects.get()
    assert row.doubtful
    assert row.offset_seconds == pytest.approx(-3 * 3600, abs=30)
    assert row.received_at - row.corrected_at == dt.timedelta(hours=1)
    assert row.claimed_at == now + dt.timedelta(hours=2)


def test_damaged_photos_and_other_people_s_photos_do_not_count(people):
    client = client_of(people["inspector"])
    answer, _ = send_photo(client, sha256="0" * 64)
    assert answer.json()["errors"] == [{"field": "sha256", "rule": "hash"}]
    assert not Evidence.objects.exists()
    assert send_photo(client, b"no photo at all")[0].json()["errors"][0]["rule"] == "evidence_unknown_type"
    _, sha256 = send_photo(client)
    stranger = client_of(people["colleague"])
    assert stranger.get(f"/field/api/photos/{sha256}").status_code == 404
    body = {**REPORT, "longitude": 127.5, "photos": [sha256]}
    assert post(stranger, "reports", body).json()["errors"][0]["rule"] == "missing_photo"


def opened(people, *, stage="dispatched"):
    case = cases.report_in_person(
        reporter=people["duty"], text="黑烟", longitude=126.2, latitude=43.5, now=city.AT
    )
    steps = [("accept", {}), ("dispatch", {"handler": people["inspector"].pk})]
    for action, details in steps[: 2 if stage == "dispatched" else 1]:
        cases.act(case=case, action=action, actor=people["duty"], now=city.AT, details=details)
    return case


def test_an_action_on_what_has_moved_on_shows_the_state_of_now(people):
    case = opened(people)
    client = client_of(people["inspector"])
    tasks_ = client.get("/field/api/bootstrap").json()["cases"]
    assert [task["number"] for task in tasks_] == [case.number]
    body = {"case": case.number, "action": "sign", "text": "", "seen": tasks_[0]["seen"] - 1}
    answer = post(client, "actions", body)
    assert answer.status_code == 409
    assert answer.json()["state"]["sequence"] == 3
    assert answer.json()["state"]["state_zh"] == "已派遣"
    assert post(client, "actions", {**body, "seen": 3}).json()["state"] == "handling"


def test_a_case_of_another_area_is_not_there(people):
    case = opened(people)
    answer = post(client_of(people["colleague"]), "actions", {"case": case.number, "action": "sign"})
    assert answer.status_code == 404


def test_nobody_without_the_permission_gets_in(people):
    for person in ("enterprise", "leader", "auditor"):
        client = client_of(people[person])
        assert client.get("/field/").status_code == 403
        assert client.get("/field/api/bootstrap").status_code == 403
        assert post(client, "reports", REPORT).status_code == 403
    assert Client().get("/field/").status_code == 302
    away = Client(headers={"accept": "application/json"}).get("/field/api/bootstrap")
    assert away.status_code == 401
    assert away["Content-Type"] == "application/problem+json"


def test_a_post_without_the_token_of_the_session_is_refused(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["inspector"])
    assert post(client, "reports", REPORT).status_code == 403
    token = client.get("/field/api/bootstrap")["X-CSRF-Token"]
    assert post(client, "reports", REPORT, **{"X-CSRFToken": token}).status_code == 201


def test_what_another_person_wrote_waits_for_that_person(people):
    answer = post(client_of(people["duty"]), "reports", REPORT, **{"X-Person": str(people["inspector"].pk)})
    assert answer.status_code == 401
    assert not Case.objects.exists()


def test_the_second_bootstrap_costs_nothing(people):
    client = client_of(people["inspector"])
    first = client.get("/field/api/bootstrap")
    assert {cell["code"] for cell in first.json()["cells"]} == {"220202-01", "220202-02"}
    assert [plant["code"] for plant in first.json()["facilities"]] == [city.PLANT]
    assert client.get("/field/api/bootstrap", headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_the_place_of_a_point(people):
    client = client_of(people["inspector"])
    found = client.get("/field/api/place?lon=126.7001&lat=43.5").json()
    assert (found["cell"]["code"], found["facility"]["code"]) == ("220202-02", city.PLANT)
    assert client.get("/field/api/place?lon=10&lat=43.5").json() == {"cell": None, "facility": None}
    assert client.get("/field/api/place?lon=x&lat=43.5").status_code == 422


def test_each_thing_of_a_batch_stands_for_itself(people):
    client, key = client_of(people["inspector"]), str(uuid.uuid4())
    good = {"key": key, "kind": "reports", "body": REPORT}
    wrong = {"key": str(uuid.uuid4()), "kind": "reports", "body": {"text": ""}}
    answer = client.post(
        "/field/api/batch", {"items": [wrong, good, good, {"kind": "no"}]}, content_type="application/json"
    )
    assert [item["status"] for item in answer.json()["items"]] == [422, 201, 201, 422]
    assert Case.objects.count() == 1


def test_two_reports_of_one_batch_are_two_cases(people):
    items = [
        {"key": str(uuid.uuid4()), "kind": "reports", "body": {**REPORT, "text": text}} for text in "甲乙"
    ]
    client_of(people["inspector"]).post("/field/api/batch", {"items": items}, content_type="application/json")
    assert sorted(Case.objects.values_list("title_zh", flat=True)) == ["乙", "甲"]


def test_a_visit_keeps_its_answers_and_may_open_a_case(people):
    client = client_of(people["inspector"])
    body = {
        "facility": city.PLANT, "open_case": True, "note": "阀门锈蚀", **AT_PLANT,
        "answers": [{"code": "old", "question": "台账齐全吗", "answer": "no", "failed": True}],
    }  # fmt: skip
    answer = post(client, "visits", body)
    assert answer.status_code == 201, answer.content
    visit = Visit.objects.get()
    assert visit.answers[0]["failed"]
    assert visit.case.number == answer.json()["number"]
    assert "台账齐全吗" in visit.case.description
    stranger = post(client_of(people["colleague"]), "visits", body)
    assert stranger.status_code == 404


def test_a_trace_is_kept_on_patrol_only_and_seen_by_the_person_and_the_chief(people):
    client, key = client_of(people["inspector"]), uuid.uuid4()
    began = timezone.now()
    clock = {"X-Clock": json.dumps({"sent_at": began.isoformat(), "age": 600})}
    assert post(client, "patrol-start", {}, key, **clock).status_code == 201
    points = [
        {
            "at": (began + dt.timedelta(seconds=s)).isoformat(),
            "longitude": 126.3,
            "latitude": 43.5,
            "accuracy": 9,
        }
        for s in (-3600, -300, -60)
    ]
    sent = {"X-Clock": json.dumps({"sent_at": timezone.now().isoformat(), "age": 0})}
    answer = post(client, "traces", {"patrol": str(key), "points": points}, **sent)
    assert (answer.json()["kept"], answer.json()["outside"]) == (2, 1)
    assert post(client, "patrol-stop", {"patrol": str(key)}).status_code == 201
    late = {"at": (began + dt.timedelta(hours=2)).isoformat(), "longitude": 126.3, "latitude": 43.5}
    refused = post(client, "traces", {"patrol": str(key), "points": [late]}, **sent)
    assert refused.json()["errors"][0]["rule"] == "patrol_closed"
    trace = f"/field/api/patrols/{key}"
    assert len(client.get(trace).json()["points"]) == 2
    chief = client_of(people["duty"])
    assert chief.get(trace).status_code == 404
    duty = {"grid_cell": "220202-01", "user": "duty", "duty": "chief", "valid_from_date": "2026-01-01"}
    assert registry.import_register("grid_duties", [duty], actor=None, at=city.AT).errors == ()
    assert len(chief.get(trace).json()["points"]) == 2
    assert AuditEntry.objects.filter(action="fieldwork.read_trace").count() == 1


def test_traces_go_when_their_days_are_over(people):
    old = timezone.now() - dt.timedelta(days=LIMITS.trace_retention_days + 1)
    patrol = Patrol.objects.create(key=uuid.uuid4(), user=people["inspector"], started_at=old)
    for at in (old, timezone.now()):
        TracePoint.objects.create(patrol=patrol, at=at, longitude=126.3, latitude=43.5)
    assert tasks.expire_traces() == 1
    assert TracePoint.objects.count() == 1
    assert AuditEntry.objects.filter(action="fieldwork.expire_traces").exists()


def test_a_suggestion_is_a_row_of_the_register(people):
    answer = post(client_of(people["inspector"]), "suggestions", {"text": "字再大一些"})
    assert answer.status_code == 201, answer.content
    row = Suggestion.objects.get()
    assert (row.number, row.text, row.region.code) == (answer.json()["number"], "字再大一些", "220202")
    assert row.state == "open"


def test_too_many_things_in_a_minute_wait(people, monkeypatch):
    few = {**rules._rows()[0], "submissions_per_minute": 1}
    monkeypatch.setattr(rules, "_rows", lambda: (few,))
    client = client_of(people["inspector"])
    assert post(client, "reports", REPORT).status_code == 201
    answer = post(client, "reports", REPORT)
    assert answer.status_code == 429
    assert answer["Retry-After"]


def test_the_worker_and_the_manifest_say_nothing_about_anybody(client, db):
    worker = client.get("/field/sw.js")
    assert worker["Service-Worker-Allowed"] == "/field/"
    assert worker["Content-Type"].startswith("text/javascript")
    assert client.get("/field/manifest.webmanifest").json()["scope"] == "/field/"


def test_every_kind_has_a_door():
    assert set(services.KINDS) == {
        "reports", "actions", "visits", "patrol-start", "patrol-stop", "traces", "suggestions",
    }  # fmt: skip


def test_patrols_of_chiefs_are_counted_for_whoever_keeps_their_roster(people):
    river = access.create_user(username="river", password=city.PASSWORD, display_name="江段长", at=city.AT)
    duty = {"grid_cell": "220202-01", "user": "river", "duty": "river_chief", "valid_from_date": "2026-01-01"}
    assert registry.import_register("grid_duties", [duty], actor=None, at=city.AT).errors == ()
    now = timezone.now()
    for days in (1, 5, 40):
        Patrol.objects.create(key=uuid.uuid4(), user=river, started_at=now - dt.timedelta(days=days))
    page = client_of(people["department"]).get(reverse("fieldwork:chiefs")).content.decode()
    assert "江段长" in page
    assert '<td class="num">2</td>' in page
    assert client_of(people["inspector"]).get(reverse("fieldwork:chiefs")).status_code == 403
