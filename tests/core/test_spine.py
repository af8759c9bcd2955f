"""What the second edition of the spine can do: more time, help, merging, splitting, conversion, the ladder."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import city
from core.test_cases import moved, opened
from jiangcheng.core import manifest
from jiangcheng.core.access import services as access
from jiangcheng.core.cases import queries, rules, services
from jiangcheng.core.cases.models import Case, Escalation
from jiangcheng.core.portal.models import Message

AT = city.AT
ON = city.ON
CALENDAR = rules.working_calendar()


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def act(case, action, actor, now=AT, **more):
    return services.act(case=case, action=action, actor=actor, now=now, **more)


def handling(people):
    return moved(opened(), people, to="handling")


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2026-02-14", True),  # a Saturday worked for the Spring Festival
        ("2026-02-17", False),  # the first day of the year of the horse
        ("2026-02-21", False),
        ("2026-09-20", True),  # a Sunday worked for the National Day
        ("2026-10-07", False),
        ("2026-10-10", True),  # a Saturday worked for the National Day
        ("2026-11-21", False),
        ("2027-01-01", False),
    ],
)
def test_working_days_are_those_of_china(day, worked):
    assert CALENDAR.is_working(dt.date.fromisoformat(day)) is worked


@given(
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 1), timezones=st.just(dt.UTC)),
    st.integers(1, 80),
)
def test_so_many_working_hours_later_lie_so_many_working_hours_between(start, hours):
    assert CALENDAR.between(start, CALENDAR.after(start, hours)) == pytest.approx(hours)


def test_more_time_is_asked_for_by_one_and_granted_by_another(people):
    case = handling(people)
    due = case.due_at
    with pytest.raises(services.Refused, match="hours_required"):
        act(case, "ask_extend", people["inspector"], text="河面结冰", details={"hours": 10_000})
    act(case, "ask_extend", people["inspector"], text="河面结冰", details={"hours": 8})
    assert (case.pending, case.due_at) == ("extend", due)
    with pytest.raises(services.Refused, match="nothing_asked"):
        act(case, "ask_suspend", people["inspector"], text="再等等")
    act(case, "grant_extend", people["leader"])
    assert (case.pending, case.extensions) == ("", 1)
    assert case.due_at - due == dt.timedelta(hours=8)
    assert Message.objects.filter(kind="cases.asked").exists()


def test_extensions_run_out(people):
    case = handling(people)
    for _ in range(2):
        act(case, "ask_extend", people["inspector"], text="x", details={"hours": 1})
        act(case, "grant_extend", people["leader"])
    with pytest.raises(services.Refused, match="extensions_left"):
        act(case, "ask_extend", people["inspector"], text="x", details={"hours": 1})


def test_a_suspended_case_has_no_clock_and_gets_the_rest_of_it_back(people):
    case = handling(people)
    left = case.due_at - AT
    act(case, "ask_suspend", people["inspector"], text="冬季停工，春季整改")
    act(case, "grant_suspend", people["leader"])
    assert (case.state, case.due_at) == ("suspended", None)
    later = AT + dt.timedelta(days=100)
    act(case, "resume", people["inspector"], now=later, text="复工")
    assert case.state == "handling"
    assert case.due_at - later == pytest.approx(left, abs=dt.timedelta(seconds=1))


def test_a_result_waits_for_the_help_that_was_asked_for(people):
    case = handling(people)
    helper = people["department"]
    act(case, "co_handle", people["inspector"], text="请采样", details={"handler": helper.pk})
    assert case.handler == people["inspector"]
    assert queries.visible(user=helper, on=ON).filter(pk=case.pk).exists()
    assert [todo.kind for todo in queries.to_do(user=helper, now=AT)] == ["task"]
    with pytest.raises(services.Refused, match="tasks_done"):
        act(case, "submit", people["inspector"], text="已清理", files=[city.photo()])
    task = case.tasks.get()
    with pytest.raises(services.Refused, match="is_handler"):
        services.finish_task(task=task, actor=people["inspector"], now=AT, text="我来")
    services.finish_task(task=task, actor=helper, now=AT, text="样品达标", files=[city.photo()])
    act(case, "submit", people["inspector"], text="已清理", files=[city.photo()])
    assert case.state == "verifying" and services.verify_steps().ok


def test_merging_ends_one_case_and_shows_in_both(people):
    case, other = opened(), opened(station="P2", key="other")
    with pytest.raises(services.Refused, match="case_unfit"):
        act(case, "merge", people["duty"], details={"case": case.number})
    act(case, "merge", people["duty"], details={"case": other.number})
    assert (case.state, case.merged_into, case.closed_at) == ("merged", other, AT)
    assert other.steps.order_by("-sequence").first().details == {"case": case.number}
    assert services.verify_steps().ok


def test_splitting_opens_a_case_per_matter(people):
    case = moved(opened(), people, to="filed")
    parts = services.split_case(case=case, actor=people["duty"], now=AT, titles=["烟尘", "", "噪声"])
    assert [part.title_zh for part in parts] == ["烟尘", "噪声"]
    assert all(part.split_from == case and part.grid_cell == case.grid_cell for part in parts)
    with pytest.raises(services.Refused, match="permission"):
        services.split_case(case=case, actor=people["inspector"], now=AT, titles=["x"])


def test_a_minor_case_is_closed_at_once_and_a_grave_one_is_not(people):
    minor = services.report_in_person(
        reporter=people["duty"], text="垃圾", longitude=126.2, latitude=43.5, now=AT, severity=2
    )
    minor = moved(minor, people, to="dispatched")
    act(minor, "close_simple", people["inspector"], text="当场清理", files=[city.photo()])
    assert minor.state == "closed"
    grave = handling(people)
    Case.objects.filter(pk=grave.pk).update(severity=4)
    with pytest.raises(services.Refused, match="minor"):
        act(grave, "close_simple", people["inspector"], text="x", files=[city.photo()])


def test_a_case_that_nobody_takes_is_not_converted(people, monkeypatch):
    case = moved(opened(), people, to="filed")
    monkeypatch.setattr(manifest.manifests, "_manifests", {})
    with pytest.raises(services.Refused, match="no_taker"):
        act(case, "convert", people["duty"], text="构成违法", details={"target": "punishment"})
    case.refresh_from_db()
    assert case.state == "filed"


def test_a_leader_supervises_and_the_clock_stays(people):
    case = handling(people)
    due = case.due_at
    with pytest.raises(services.Refused, match="due_required"):
        act(case, "supervise_handling", people["leader"], text="限期办结")
    until = dt.datetime(2026, 11, 5, 15, 59, 59, tzinfo=dt.UTC)
    act(case, "supervise_handling", people["leader"], text="限期办结", details={"due": until})
    assert (case.state, case.due_at, case.supervised_due_at) == ("handling", due, until)
    assert Message.objects.filter(kind="cases.supervised", user=people["inspector"]).exists()


def test_each_rung_of_the_ladder_is_climbed_once(people):
    case = moved(opened(), people, to="handling")
    span = case.due_at - case.state_at
    shares = []
    for share in (0.5, 0.81, 0.81, 1.3, 2.5):
        services.escalate(now=case.state_at + share * span)
        shares.append([float(row.share) for row in Escalation.objects.order_by("share")])
    assert shares == [[], [0.8], [0.8], [0.8, 1.2], [0.8, 1.2, 2.0]]
    told = set(Message.objects.filter(kind="cases.escalated").values_list("user__username", flat=True))
    assert {"inspector", "duty", "leader"} <= told


def test_who_is_proposed_and_why(people):
    case = opened()
    proposals = queries.proposals(case=case, at=AT)
    assert proposals[0].person == people["inspector"] and proposals[0].why_en
    moved(opened(), people, to="handling")
    assert queries.proposals(case=opened(station="P2", key="z"), at=AT) is not None


def test_the_same_matter_reported_twice_is_noticed(people):
    def reported(text, longitude):
        return services.report_in_person(
            reporter=people["duty"],
            text=text,
            longitude=longitude,
            latitude=43.5,
            now=AT,
            key=text + str(longitude),
        )

    first = reported("松江路与吉林大街路口有人焚烧垃圾", 126.2)
    near, far = reported("松江路路口焚烧垃圾冒黑烟", 126.201), reported("松江路路口焚烧垃圾冒黑烟", 126.4)
    unlike = reported("井盖缺失", 126.2)
    found = [item.case for item in queries.duplicates(case=first, user=people["duty"], on=ON)]
    assert near in found and far not in found and unlike not in found


def test_rates_count_what_the_steps_tell(people):
    done = moved(opened(), people, to="closed")
    opened(station="P2", key="other")
    (county, other, everything) = queries.kpis(
        cases=Case.objects.all(), since=ON, until=ON, by="county", now=AT + dt.timedelta(days=1)
    )
    assert (county.code, other.code, everything.code) == ("220202", "220203", "")
    assert county.rates.handled == county.rates.closed == 1 and county.rates.rework == 0
    assert other.rates.filed == 0 and other.rates.handled is None
    assert everything.cases == 2 and everything.rates.filed == 0.5
    assert done.closed_at is not None


def test_a_version_one_case_keeps_its_version(people):
    from jiangcheng.core.cases.models import WorkflowDefinition

    case = opened()
    Case.objects.filter(pk=case.pk).update(
        workflow=WorkflowDefinition.objects.get(code="grid_event", version=1)
    )
    case.refresh_from_db()
    with pytest.raises(services.Refused, match="unknown_action"):
        act(case, "merge", people["duty"], details={"case": "x"})
    act(case, "accept", people["duty"])
    assert case.state == "filed"


def test_the_desk_exports_what_it_shows(people, client):
    case = opened()
    client.force_login(people["duty"])
    answer = client.get("/cases/export?format=csv&state=reported")
    assert case.number in answer.content.decode("utf-8-sig")
    assert client.get("/cases/export?format=geojson").json()["features"][0]["id"] == case.number
    assert client.get("/cases/export?format=xlsx").content[:2] == b"PK"
    assert client.get("/cases/export?format=exe").status_code == 400
    assert client.get("/cases/kpis").status_code == 200
    assert access.verify_audit().ok
