"""The life of a case: who may do what, what is refused, and that every step is chained."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import city
from jiangcheng.config import wiring
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import AppendOnlyError, AuditEntry
from jiangcheng.core.cases import queries, rules, services
from jiangcheng.core.cases.models import Case, CaseStep, Finding, WorkflowDefinition
from jiangcheng.core.portal.models import LiveEvent
from jiangcheng.core.registry.models import Evidence

AT, ON = city.AT, city.ON
LATER = AT + dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _manifests(db, settings, tmp_path):
    wiring.load_manifests()
    settings.MEDIA_ROOT = tmp_path
    city.build()


@pytest.fixture
def people():
    return city.people()


def over_limit(start=AT, station="P1", key="emissions.over_limit:P1", **more):
    start = start.replace(minute=0)
    return services.FindingReport(
        kind="cases.patrol",
        dedup_key=key,
        rule_version="v1",
        title_zh="甲厂 DA001 二氧化硫超标",
        title_en="SO2 over the limit",
        severity=3,
        station_id=city.station(station).pk,
        first_at=start,
        last_at=start,
        evidence={"start": start.isoformat(), "value": 51.0, "limit": 35.0, "clause": "超低排放", **more},
    )


def opened(**more):
    return services.report(finding=over_limit(**more), now=AT).case


def do(case, action, user, **more):
    return services.act(case=case, action=action, actor=user, now=LATER, **more)


def moved(case, people, *, to):
    """Move a case along the standard way from where it is as far as the state ``to``."""
    steps = [
        ("filed", lambda: do(case, "accept", people["duty"])),
        (
            "dispatched",
            lambda: do(case, "dispatch", people["duty"], details={"handler": people["inspector"].pk}),
        ),
        ("handling", lambda: do(case, "sign", people["inspector"])),
        (
            "verifying",
            lambda: do(case, "submit", people["inspector"], text="已停机检修", files=[city.photo()]),
        ),
        ("closed", lambda: do(case, "pass", people["verifier"], text="复测达标")),
    ]
    states = ["reported", *(state for state, _ in steps)]
    for state, step in steps[states.index(case.state) : states.index(to)]:
        step()
        assert case.state == state
    return case


def everything():
    """The state of all tables a refusal must not touch."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Case, CaseStep, Finding, AuditEntry, LiveEvent, Evidence)
    ]


# --- findings ----------------------------------------------------------------------------------------------


def test_a_finding_opens_a_case_in_the_leaf_grid_of_its_point():
    finding = services.report(finding=over_limit(), now=AT)
    case = finding.case
    assert case.number == "20261102-PATROL-0001"
    assert (case.state, case.grid_cell.code, case.region.code) == ("reported", "220202-02", "220202")
    assert (case.facility.code, case.station.code) == (city.PLANT, "P1")
    assert case.due_at == AT + dt.timedelta(hours=1)
    event = LiveEvent.objects.get()
    assert (event.kind, event.permission, event.region_code) == ("case", "cases.view", "220202")
    assert event.payload["url"].endswith(case.number)


def test_what_recurs_is_counted_and_not_opened_again():
    for hour in range(60):
        services.report(finding=over_limit(AT + dt.timedelta(hours=hour)), now=AT + dt.timedelta(hours=hour))
    finding = Finding.objects.get()
    assert finding.occurrences == 60
    assert finding.last_at == AT + dt.timedelta(hours=59)
    assert len(finding.evidence) == rules.EVIDENCE_KEPT
    assert finding.evidence[0]["start"] == AT.isoformat()
    assert finding.evidence[-1]["start"] == (AT + dt.timedelta(hours=59)).isoformat()
    assert Case.objects.count() == CaseStep.objects.count() == 1


def test_a_corrected_hour_replaces_its_evidence_and_counts_once():
    services.report(finding=over_limit(), now=AT)
    services.report(finding=over_limit(value=40.0), now=LATER)
    finding = Finding.objects.get()
    assert (finding.occurrences, finding.evidence[0]["value"]) == (1, 40.0)


def test_an_ended_finding_is_not_opened_again_by_its_own_hour():
    services.report(finding=over_limit(), now=AT)
    services.end_finding(dedup_key="emissions.over_limit:P1", at=LATER)
    services.report(finding=over_limit(value=40.0), now=LATER)
    assert Finding.objects.get().ended_at == LATER
    assert services.end_finding(dedup_key="emissions.over_limit:P1", at=LATER) is None


def test_what_comes_back_while_the_case_is_open_joins_it():
    first = services.report(finding=over_limit(), now=AT)
    services.end_finding(dedup_key=first.dedup_key, at=LATER)
    again = AT + dt.timedelta(hours=5)
    second = services.report(finding=over_limit(again), now=again)
    assert second.pk != first.pk
    assert second.case == first.case


@pytest.mark.parametrize(("days", "relapse"), [(89, True), (91, False)])
def test_a_relapse_within_the_days_of_the_workflow_names_the_case_before(people, days, relapse):
    case = moved(opened(), people, to="closed")
    services.end_finding(dedup_key="emissions.over_limit:P1", at=LATER)
    again = LATER + dt.timedelta(days=days)
    case_again = services.report(finding=over_limit(again), now=again).case
    assert case_again != case
    assert case_again.relapse_of == (case if relapse else None)


def test_an_unknown_kind_is_refused():
    with pytest.raises(services.UnknownKind):
        services.report(
            finding=services.FindingReport(
                kind="nobody.knows", dedup_key="k", rule_version="", title_zh="a", title_en="a", severity=1,
                first_at=AT, last_at=AT, evidence={},
            ),
            now=AT,
        )  # fmt: skip
    assert not Finding.objects.exists()


def test_numbers_count_by_type_and_local_day():
    midnight = dt.datetime(2026, 11, 2, 16, tzinfo=dt.UTC)
    numbers = [
        services.report(finding=over_limit(key=f"k{n}"), now=now).case.number
        for n, now in enumerate((AT, midnight - dt.timedelta(seconds=1), midnight))
    ]
    assert numbers == ["20261102-PATROL-0001", "20261102-PATROL-0002", "20261103-PATROL-0001"]


# --- the standard way --------------------------------------------------------------------------------------


def test_two_people_close_a_case(people):
    case = moved(opened(), people, to="closed")
    assert case.closed_at == LATER
    assert case.due_at is None
    steps = list(queries.steps(case=case))
    assert [step.action for step in steps] == ["report", "accept", "dispatch", "sign", "submit", "pass"]
    assert steps[4].actor == people["inspector"] != steps[5].actor
    assert steps[4].evidence.get().kind == "photo"
    assert services.verify_steps().ok
    assert access.verify_audit().ok
    assert LiveEvent.objects.filter(kind="case").count() == len(steps)


def test_a_returned_case_goes_to_somebody_else(people):
    case = moved(opened(), people, to="dispatched")
    do(case, "return", people["inspector"], text="不在本网格")
    do(case, "dispatch", people["duty"], details={"handler": people["department"].pk})
    do(case, "sign", people["department"])
    assert case.handler == people["department"]


def test_a_failed_check_sends_the_case_back_and_counts(people):
    case = moved(opened(), people, to="verifying")
    do(case, "rework", people["verifier"], text="照片看不清")
    assert (case.state, case.rework_count, case.handler) == ("handling", 1, people["inspector"])
    assert moved(case, people, to="closed").state == "closed"


def test_an_appeal_reopens_what_was_not_filed(people):
    case = opened()
    do(case, "refuse", people["duty"], text="已在处理")
    assert case.closed_at == LATER
    do(case, "appeal", people["inspector"], text="不是同一件事")
    assert (case.state, case.closed_at) == ("reported", None)


def test_a_machine_may_be_wrong_and_a_person_says_why(people):
    case = opened()
    do(case, "false_alarm", people["duty"], text="校准", details={"reason_code": "instrument"})
    assert case.state == "false_alarm"
    assert case.steps.last().details == {"reason_code": "instrument"}


def test_the_enterprise_handles_its_own_case(people):
    case = moved(opened(), people, to="filed")
    do(case, "dispatch", people["duty"], details={"handler": people["enterprise"].pk})
    do(case, "sign", people["enterprise"])
    do(case, "submit", people["enterprise"], text="布袋已换", files=[city.photo()])
    assert case.state == "verifying"


# --- refusals ----------------------------------------------------------------------------------------------

REFUSALS = [
    # state, action, who, with what, why
    ("reported", "accept", "inspector", {}, {"permission"}),
    ("reported", "accept", "leader", {}, {"permission"}),
    ("reported", "accept", "system", {}, {"permission"}),
    ("reported", "dispatch", "duty", {}, {"state"}),
    ("reported", "explode", "duty", {}, {"unknown_action"}),
    ("reported", "refuse", "duty", {"text": "  "}, {"text_required"}),
    ("reported", "false_alarm", "duty", {"text": "x", "details": {"reason_code": "mood"}}, {"reason_code"}),
    ("reported", "accept", "duty", {"seen": 7}, {"stale"}),
    ("filed", "dispatch", "duty", {}, {"handler_required"}),
    ("filed", "dispatch", "duty", {"details": {"handler": "rival"}}, {"handler_unfit"}),
    ("filed", "dispatch", "duty", {"details": {"handler": "colleague"}}, {"handler_unfit"}),
    ("filed", "dispatch", "duty", {"details": {"handler": "verifier"}}, {"handler_unfit"}),
    ("dispatched", "sign", "department", {}, {"is_handler"}),
    ("dispatched", "sign", "rival", {}, {"permission"}),
    ("dispatched", "return", "inspector", {}, {"text_required"}),
    ("handling", "submit", "inspector", {"text": "好了"}, {"has_photo"}),
    ("handling", "submit", "inspector", {}, {"has_photo", "text_required"}),
    ("handling", "submit", "inspector", {"text": "好了", "files": "pdf"}, {"has_photo"}),
    ("handling", "submit", "inspector", {"text": "好了", "files": "script"}, {"evidence_unknown_type"}),
    ("verifying", "pass", "inspector", {}, {"permission"}),
    ("verifying", "pass", "duty", {}, {"permission"}),
    ("verifying", "rework", "verifier", {}, {"text_required"}),
    ("closed", "pass", "verifier", {}, {"state"}),
]  # fmt: skip


@pytest.mark.parametrize(("state", "action", "who", "given", "reasons"), REFUSALS)
def test_every_refusal_leaves_nothing_changed(people, state, action, who, given, reasons):
    case = moved(opened(), people, to=state)
    given = dict(given)
    if isinstance(handler := given.get("details", {}).get("handler"), str):
        given["details"] = {"handler": people[handler].pk}
    if given.get("files") == "pdf":
        given["files"] = [city.SimpleUploadedFile("photo.jpg", b"%PDF-1.7 ...")]
    elif given.get("files") == "script":
        given["files"] = [city.photo(), city.SimpleUploadedFile("photo.jpg", b"<script>alert(1)</script>")]
    before = everything()
    with pytest.raises(services.Refused) as refused:
        do(case, action, people[who], **given)
    assert set(refused.value.reasons) == reasons
    assert everything() == before


def test_who_handled_may_not_verify_even_with_both_roles(people):
    case = moved(opened(), people, to="handling")
    both = people["inspector"]
    access.assign_role(user=both, role="verifier", on=ON, at=AT)
    do(case, "submit", both, text="好了", files=[city.photo()])
    with pytest.raises(services.Refused) as refused:
        do(case, "pass", both)
    assert refused.value.reasons == ("other_person",)
    assert "pass" not in [item.code for item in services.available_actions(case=case, user=both, on=ON)]


def test_details_nobody_asked_for_do_nothing(people):
    case = moved(opened(), people, to="verifying")
    step = do(case, "pass", people["verifier"], details={"handler": people["rival"].pk})
    assert case.handler == people["inspector"]
    assert step.details == {}


def test_a_person_may_not_call_another_person_a_false_alarm(people):
    case = services.report_in_person(
        reporter=people["inspector"], text="河边堆有秸秆\n约两吨", longitude=126.2, latitude=43.2, now=AT
    )
    assert (case.grid_cell.code, case.title_zh) == ("220202-01", "河边堆有秸秆")
    with pytest.raises(services.Refused) as refused:
        do(case, "false_alarm", people["duty"], text="x", details={"reason_code": "other"})
    assert refused.value.reasons == ("found_by_machine",)


@pytest.mark.parametrize(
    ("who", "given", "reason"),
    [
        ("enterprise", {}, "permission"),
        ("inspector", {"text": " "}, "text_required"),
        ("inspector", {"longitude": None}, "position_required"),
        ("inspector", {"longitude": 10.0}, "outside"),
    ],
)
def test_a_report_that_cannot_be_taken_leaves_nothing(people, who, given, reason):
    before = everything()
    report = {"text": "冒黑烟", "longitude": 126.2, "latitude": 43.2, "now": AT, **given}
    with pytest.raises(services.Refused) as refused:
        services.report_in_person(reporter=people[who], **report)
    assert refused.value.reasons == (reason,)
    assert everything() == before


# --- who sees what -----------------------------------------------------------------------------------------


def test_scope_decides_what_is_seen(people):
    own, other = opened(), opened(station="P2", key="other")
    seen = {
        name: set(queries.visible(user=user, on=ON).values_list("pk", flat=True))
        for name, user in people.items()
    }
    assert seen["duty"] == seen["leader"] == seen["department"] == {own.pk, other.pk}
    assert seen["inspector"] == seen["enterprise"] == {own.pk}
    assert seen["colleague"] == seen["rival"] == {other.pk}
    assert seen["system"] == seen["auditor"] == set()


def test_the_inspector_of_the_cell_is_proposed(people):
    case = opened()
    assert services.propose_handler(case=case, on=ON) == people["inspector"]
    assert services.propose_handler(case=opened(station="P2", key="other"), on=ON) is None
    assert services.propose_handler(case=case, on=dt.date(2025, 1, 1)) is None


def test_each_person_is_offered_what_they_may_do(people):
    case = moved(opened(), people, to="filed")
    offers = {
        name: [item.code for item in services.available_actions(case=case, user=user, on=ON)]
        for name, user in people.items()
    }
    assert offers["duty"] == ["dispatch", "false_alarm", "merge", "convert"]
    assert offers["leader"] == ["supervise_filed"]
    assert not any(offers[name] for name in people if name not in ("duty", "leader"))


# --- the chain ---------------------------------------------------------------------------------------------

ATTACKS = [
    ("UPDATE cases_casestep SET text = 'x' WHERE sequence = 2", "/2", "changed"),
    ("UPDATE cases_casestep SET previous_hash = hash WHERE sequence = 3", "/3", "relinked"),
    ("DELETE FROM cases_casestep_evidence", "/5", "changed"),
    ("UPDATE registry_evidence SET sha256 = 'f'", "/5", "changed"),
    ("UPDATE cases_case SET state = 'handling'", "", "cut"),
]


@pytest.mark.parametrize(("attack", "where", "problem"), ATTACKS)
def test_tampering_with_a_case_is_found(people, attack, where, problem):
    case = moved(opened(), people, to="closed")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER append_only ON cases_casestep")
        else:
            cursor.execute("DROP TRIGGER cases_casestep_append_only")
        cursor.execute(attack)
    report = services.verify_steps()
    assert (report.broken_at, report.problem) == (case.number + where, problem)


def test_a_step_is_never_changed_by_the_application(people):
    step = moved(opened(), people, to="filed").steps.last()
    step.text = "x"
    with pytest.raises(AppendOnlyError):
        step.save()
    with pytest.raises(AppendOnlyError):
        CaseStep.objects.update(text="x")


# --- the table ---------------------------------------------------------------------------------------------

GRID_EVENT = rules.workflows()[0]


def test_an_edited_workflow_needs_a_new_version():
    services.load_workflows()
    row = WorkflowDefinition.objects.get(code="grid_event", version=1)
    row.definition["relapse_days"] = 1
    row.save()
    with pytest.raises(ValueError, match="new version"):
        services.load_workflows()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda d: d["actions"].append({"code": "x", "from": ["closed"], "to": "nowhere", "guards": []}),
            "nowhere",
        ),
        (lambda d: d["actions"][0]["guards"].append("full_moon"), "full_moon"),
        (lambda d: d["states"].append({"code": "limbo"}), "limbo"),
        (lambda d: d.update(actions=[a for a in d["actions"] if a["code"] != "pass"]), "closed"),
        (lambda d: d["states"].append({"code": "filed"}), "twice"),
    ],
)
def test_a_broken_workflow_is_named(change, problem):
    import copy

    broken = copy.deepcopy(GRID_EVENT)
    change(broken)
    assert problem in "; ".join(rules.problems(broken))


def test_the_diagram_shows_every_transition():
    text = rules.diagram(GRID_EVENT)
    assert text.startswith("stateDiagram-v2")
    assert text.count(" --> ") == 1 + sum(len(a["from"]) for a in GRID_EVENT["actions"]) + 3
    assert "    handling --> verifying: 反馈\n" in text


CALENDAR = rules.working_calendar()
BEIJING = rules.BEIJING


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-02 09:00", 4, "2026-11-02 13:00"),
        ("2026-11-02 15:30", 4, "2026-11-03 11:30"),
        ("2026-11-06 16:30", 1, "2026-11-09 09:30"),  # Friday evening to Monday
        ("2026-09-30 16:00", 1, "2026-10-08 09:00"),  # over the National Day holidays
        ("2026-10-10 08:30", 8, "2026-10-10 16:30"),  # a Saturday that is worked
        ("2026-11-02 03:00", 0, "2026-11-02 08:30"),
    ],
)
def test_working_hours_pass_only_in_office_hours(start, hours, end):
    began, ended = (dt.datetime.fromisoformat(text).replace(tzinfo=BEIJING) for text in (start, end))
    assert CALENDAR.after(began, hours) == ended


@given(
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 1)), st.floats(0.1, 80), st.floats(0.1, 80)
)
def test_working_hours_add_up(start, first, second):
    start = start.replace(tzinfo=BEIJING)
    through = CALENDAR.after(CALENDAR.after(start, first), second)
    assert abs(through - CALENDAR.after(start, first + second)) < dt.timedelta(milliseconds=1)


def test_a_clock_turns_amber_and_red():
    due = AT + dt.timedelta(hours=10)
    hours = {0: "ok", 7: "ok", 8: "warn", 9: "warn", 10: "bad", 20: "bad"}
    assert {h: rules.clock(AT, due, AT + dt.timedelta(hours=h)) for h in hours} == hours
    assert rules.clock(AT, None, AT) == ""


actions = st.sampled_from([item["code"] for item in GRID_EVENT["actions"]])
tries = st.tuples(
    actions,
    st.sampled_from(["duty", "inspector", "department", "verifier", "enterprise", "leader"]),
    st.booleans(),
    st.sampled_from(["inspector", "department", "enterprise"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.lists(tries, min_size=5, max_size=25))
def test_any_walk_stays_inside_the_workflow(people, walk):
    case = services.report(finding=over_limit(key=str(Case.objects.count())), now=AT).case
    known = {item["code"] for item in GRID_EVENT["states"]}
    for number, (action, who, full_handed, handler) in enumerate(walk):
        before = case.state, case.steps.count()
        details = {"handler": people[handler].pk, "reason_code": "other"} if full_handed else {}
        hands = {"text": "是", "files": [city.photo()], "details": details} if full_handed else {}
        now = AT + dt.timedelta(minutes=number)
        try:
            services.act(case=case, action=action, actor=people[who], now=now, **hands)
        except services.Refused:
            case.refresh_from_db()
            assert (case.state, case.steps.count()) == before
            continue
        assert case.state == rules.next_states(GRID_EVENT, before[0])[action]
        assert case.state in known
        assert case.steps.count() == before[1] + 1
        assert (case.closed_at is None) != rules.is_final(GRID_EVENT, case.state)
        if case.state == "closed":
            passed = case.steps.last()
            assert passed.actor_id != case.steps.filter(action="submit").last().actor_id
    assert services.verify_steps().ok
