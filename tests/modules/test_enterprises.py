"""The room 企业监管 through its services and pages: permits, duties, colours, lists, self-service."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core import city
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.portal.models import Message
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility, Permit, PermitLimit
from jiangcheng.modules.enterprises import queries, services
from jiangcheng.modules.enterprises.models import ColourOverride, Duty, ListEntry, Statement

DAY = dt.timedelta(days=1)


def document(**changed):
    """Return version 3 of the permit of the first plant."""
    return {
        "facility": city.PLANT, "number": "P-1", "version": 3, "valid_from_date": "2026-10-01",
        "valid_to_date": "2031-10-01",
        "limits": [{"outlet": "P1", "property": "a21026", "statistic": "zs_avg", "upper": "20", "basis": "地标"}],
        "units": [{"code": "MF0001", "name_zh": "一号锅炉", "name_en": "Boiler 1", "capacity": "75 t/h"}],
        "treatments": [{"code": "TA001", "name_zh": "脱硫塔", "name_en": "Scrubber", "outlet": "DA001"}],
        "reports": [{"frequency": "quarter"}, {"frequency": "month", "merges": True}],
        "monitoring": [
            {"outlet": "DA001", "property": "a21026", "statistic": "zs_avg", "frequency": "continuous",
             "automatic": True},
        ],
        **changed,
    }  # fmt: skip


@pytest.fixture
def people(town):
    return city.people()


@pytest.fixture
def plant(people):
    result = services.import_permit(document=document(), actor=people["department"], at=city.AT)
    assert result.errors == ()
    return Facility.objects.get(code=city.PLANT)


def upper(plant, on):
    return [
        int(limit.upper)
        for _, limits in registry.outlets_with_limits(facility=plant, on=on)
        for limit in limits
    ]


def test_a_new_permit_version_changes_the_limit_from_its_date_only(plant):
    assert upper(plant, dt.date(2026, 6, 30)) == [100]
    assert upper(plant, dt.date(2026, 9, 30)) == [35]
    assert upper(plant, dt.date(2026, 10, 1)) == [20]
    old, new = Permit.objects.get(number="P-1", version=2), Permit.objects.get(number="P-1", version=3)
    (change,) = queries.limit_changes(before=old, after=new)
    assert (change.outlet, change.before, change.after) == ("DA001", "≤ 35 mg/m³", "≤ 20 mg/m³")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"treatments": [{"code": "T", "name_zh": "", "name_en": "", "outlet": "DA9"}]}, "treatments[1]"),
        ({"reports": [{"frequency": "week"}]}, "reports[1]"),
        ({"monitoring": [{"outlet": "DA001", "property": "x", "frequency": "day"}]}, "monitoring[1]"),
        ({"units": [{"code": "MF1"}]}, "units[1]"),
        ({"version": 2}, "version"),
        ({"valid_from_date": "2026-07-01"}, "valid_from_date"),
        ({"facility": "nobody"}, "facility"),
        ({"version": "two"}, "version"),
        ({"valid_to_date": {"year": 2031}}, "valid_to_date"),
        ({"monitoring": 1.5}, "monitoring"),
        ({"limits": {"outlet": "P1"}}, "limits"),
        ({"reports": ["month"]}, "reports[1]"),
        ({"reports": [{"frequency": "month", "after_days": "soon"}]}, "reports[1]"),
        ({"units": [{"code": ["MF1"], "name_zh": "", "name_en": ""}]}, "units[1]"),
        ({"units": [{"code": "M" * 200, "name_zh": "x", "name_en": "x"}]}, "units[1]"),
    ],
)
def test_a_wrong_permit_document_names_the_place_and_writes_nothing(people, changed, place):
    before = Permit.objects.count(), PermitLimit.objects.count()
    result = services.import_permit(document=document(**changed), actor=None, at=city.AT)
    assert any(error.startswith(place) for error in result.errors), result.errors
    assert (Permit.objects.count(), PermitLimit.objects.count()) == before
    assert Permit.objects.get(number="P-1", version=2).valid_to_date is None


def test_a_trial_import_says_what_it_would_do_and_leaves_everything(people):
    result = services.import_permit(document=document(), actor=None, at=city.AT, dry_run=True)
    assert result.errors == () and result.written["units"] == 1
    assert not Permit.objects.filter(number="P-1", version=3).exists()
    assert Permit.objects.get(number="P-1", version=2).valid_to_date is None


def test_the_check_list_asks_what_this_permit_says(plant):
    items = {item.code: item for item in queries.check_list(facility_code=plant.code, on=city.ON)}
    assert items["limit:DA001:a21026-zs_avg"].expected == "≤ 20 mg/m³"
    assert items["limit:DA001:a21026-zs_avg"].answer == "number"
    assert {"unit:MF0001", "treatment:TA001", "outlet:DA001", "report:quarter"} <= items.keys()
    assert queries.check_list(facility_code=city.OTHER_PLANT, on=city.ON) == []


def missed_duty(plant):
    services.load()
    services.plan_duties(on=city.ON)
    return Duty.objects.get(facility=plant, subject="month", period_from_date=dt.date(2026, 10, 1))


def test_a_missed_duty_becomes_one_case_that_ends_when_it_is_handed_in(plant, people):
    duty = missed_duty(plant)
    assert duty.due_date == dt.date(2026, 11, 16), "15 November 2026 is a Sunday"
    late = dt.datetime(2026, 11, 17, 1, tzinfo=dt.UTC)
    services.watch_duties(now=late)
    services.watch_duties(now=late + DAY)
    finding = Finding.objects.get(kind="enterprises.duty_overdue")
    assert finding.case and finding.case.facility == plant and finding.occurrences == 1
    with pytest.raises(services.DutyRefused, match="permission"):
        services.submit(duty=duty, actor=people["rival"], now=late, text="月报")
    with pytest.raises(services.DutyRefused, match="text_or_file_required"):
        services.submit(duty=duty, actor=people["enterprise"], now=late, text=" ")
    duty = services.submit(duty=duty, actor=people["enterprise"], now=late, text="月报", files=[city.photo()])
    assert queries.state_of(duty, on=late.date()) == "late" and duty.evidence.count() == 1
    finding.refresh_from_db()
    assert finding.ended_at is not None
    services.accept(duty=duty, actor=people["department"], now=late)
    with pytest.raises(services.DutyRefused, match="accepted"):
        services.submit(duty=duty, actor=people["enterprise"], now=late, text="改")


def test_planning_twice_adds_nothing(plant):
    assert services.plan_duties(on=city.ON) > 0
    assert services.plan_duties(on=city.ON) == 0


def test_automatic_monitoring_without_data_is_insufficient(plant, town):
    (line,) = queries.monitoring_lines(facility=plant, on=city.ON)
    assert (line.expected, line.done, line.sufficient) == (32 * 24, 0, False)
    town.put("P1", "a21026", "zs_avg", [town.hour("2026-10-01", n) for n in range(24)], [10.0] * 24)
    (line,) = queries.monitoring_lines(facility=plant, on=city.ON)
    assert line.done == 24


def test_the_colour_follows_the_facts_and_tells_the_enterprise(plant, people):
    services.evaluate_colours(now=city.AT)
    label = registry.labels(facility=plant, on=city.ON)["colour"]
    assert (label.code, label.rule_version) == ("green", "colours-1")
    missed_duty(plant)
    later = dt.datetime(2026, 11, 17, 1, tzinfo=dt.UTC)
    services.evaluate_colours(now=later)
    label = registry.labels(facility=plant, on=later.date())["colour"]
    assert label.code == "yellow" and label.reasons[0]["code"] == "duty_overdue" and label.reasons[0]["rows"]
    told = Message.objects.filter(kind="enterprises.colour", user=people["enterprise"])
    assert told.count() == 2
    services.evaluate_colours(now=later)
    assert told.count() == 2


def test_an_override_needs_a_second_person_and_expires(plant, people):
    services.evaluate_colours(now=city.AT)
    until = city.ON + 10 * DAY
    proposal = services.propose_override(
        facility=plant, colour="red", reason="偷排", until=until, actor=people["department"], now=city.AT
    )
    assert registry.labels(facility=plant, on=city.ON)["colour"].code == "green"
    with pytest.raises(services.OverrideRefused, match="same_person"):
        services.confirm_override(proposal=proposal, actor=people["department"], now=city.AT)
    services.confirm_override(proposal=proposal, actor=people["leader"], now=city.AT)
    services.evaluate_colours(now=city.AT + DAY)
    assert registry.labels(facility=plant, on=city.ON + DAY)["colour"].code == "red"
    services.evaluate_colours(now=city.AT + 10 * DAY)
    assert registry.labels(facility=plant, on=until)["colour"].code == "green"


def test_an_upheld_appeal_proposes_a_better_colour(plant, people):
    missed_duty(plant)
    now = dt.datetime(2026, 11, 17, 1, tzinfo=dt.UTC)
    services.evaluate_colours(now=now)
    row = services.hand_in_appeal(facility=plant, actor=people["enterprise"], text="已交", now=now)
    records.act(record=row, action="uphold", actor=people["department"], now=now, text="属实")
    proposal = ColourOverride.objects.get(facility=plant)
    assert proposal.colour == "blue" and proposal.confirmed_at is None
    with pytest.raises(services.OverrideRefused, match="term"):
        services.hand_in_appeal(facility=plant, actor=people["enterprise"], text="x", now=now + 8 * DAY)


def test_lists_have_entry_policies_and_an_exit_by_colour(plant, people):
    services.evaluate_colours(now=city.AT)
    entry = services.enter_list(
        facility=plant, list_code="positive", reason="绩效A级", actor=people["department"], now=city.AT
    )
    assert registry.labels(facility=plant, on=city.ON)["list-positive"].code == "listed"
    assert queries.policies(list_code="positive", on=city.ON)
    missed_duty(plant)
    later = dt.datetime(2026, 11, 17, 1, tzinfo=dt.UTC)
    services.evaluate_colours(now=later)
    assert services.review_lists(now=later) == 1
    entry = ListEntry.objects.get(pk=entry.pk)
    assert entry.valid_to_date == later.date() and "yellow" in entry.exit_reason
    assert "list-positive" not in registry.labels(facility=plant, on=later.date())
    with pytest.raises(services.ListRefused, match="colour"):
        services.enter_list(facility=plant, list_code="positive", reason="再列", actor=None, now=later)


def test_the_matrix_marks_the_quarter_of_a_missed_report_and_claims_nothing_without_data(plant, town):
    missed_duty(plant)
    town.put("P1", "a21026", "zs_avg", [town.hour("2026-10-01")], [10.0])
    quarters, rows = queries.matrix(facility=plant, on=dt.date(2026, 11, 20))
    assert len(quarters) == 12 and quarters[-1] == dt.date(2026, 10, 1)
    cells = {row.code: [cell.state for cell in row.cells] for row in rows}
    assert cells["report"][-1] == "bad" and cells["report"][0] == "none"
    assert cells["emission"] == ["none"] * 11 + ["ok"] and set(cells["inspection"]) == {"none"}


def test_what_waits_for_the_enterprise_and_nobody_else(plant, people):
    missed_duty(plant)
    waiting = queries.to_do(user=people["enterprise"], now=city.AT)
    assert {item.kind for item in waiting} == {"enterprises.duty"} and waiting
    assert queries.to_do(user=people["rival"], now=city.AT) == []
    assert queries.to_do(user=people["duty"], now=city.AT) == []


CARDS = ("permit", "duties", "monitoring", "matrix", "matrix_csv", "colour", "lists_card")


def test_the_file_and_its_cards_open_for_officials_and_the_own_enterprise_only(plant, people, client):
    missed_duty(plant)
    services.evaluate_colours(now=city.AT)
    addresses = [reverse("registry:facility", args=[plant.code])]
    addresses += [reverse(f"enterprises:{name}", args=[plant.code]) for name in CARDS]
    for name, status in (("department", 200), ("inspector", 200), ("enterprise", 200), ("rival", 404)):
        client.force_login(people[name])
        assert [client.get(address).status_code for address in addresses] == [status] * len(addresses), name
    client.force_login(people["department"])
    shell = client.get(addresses[0]).content.decode()
    assert "四色标识 绿色" in shell and addresses[1] in shell
    past = client.get(addresses[1], {"on": "2026-06-30"}).content.decode()
    assert "v1" in past and "100" in past
    assert client.get(addresses[1], {"on": "yesterday"}).status_code == 400


def test_the_enterprise_hands_in_and_explains_its_data_on_its_page(plant, people, client):
    services.plan_duties(on=city.ON)
    duty = Duty.objects.filter(facility=plant).first()
    client.force_login(people["enterprise"])
    page = client.get(reverse("enterprises:own"))
    assert page.status_code == 200 and f"duty-{duty.pk}" in page.content.decode()
    file = SimpleUploadedFile("r.pdf", b"%PDF-1.4\n%%EOF", "application/pdf")
    client.post(reverse("enterprises:submit_duty", args=[duty.pk]), {"text": "季报", "files": file})
    duty.refresh_from_db()
    assert duty.submitted_by == people["enterprise"]
    values = {"from_at": "2026-10-01T08:00", "to_at": "2026-10-01T10:00", "text": "校准", "outlet": "DA001"}
    client.post(reverse("enterprises:statement", args=[plant.code]), values)
    assert Statement.objects.get().outlet.number == "DA001"
    client.force_login(people["rival"])
    assert client.post(reverse("enterprises:submit_duty", args=[duty.pk]), {"text": "x"}).status_code == 404
    assert client.post(reverse("enterprises:statement", args=[plant.code]), values).status_code == 404
    assert Statement.objects.count() == 1


def test_management_pages_and_refusals(plant, people, client):
    client.force_login(people["department"])
    assert client.get(reverse("enterprises:overview"), {"colour": "green"}).status_code == 200
    assert client.get(reverse("enterprises:checklist", args=[plant.code])).status_code == 200
    assert client.get(reverse("enterprises:import_permit")).status_code == 200
    bad = SimpleUploadedFile("p.json", b"[1", "application/json")
    assert "JSON" in client.post(reverse("enterprises:import_permit"), {"file": bad}).content.decode()
    client.post(reverse("enterprises:enter_list", args=[plant.code]), {"list": "key", "reason": "超标"})
    client.logout()
    page = client.get(reverse("enterprises:lists"), {"list": "key"})
    assert page.status_code == 200 and "甲厂" in page.content.decode()
    client.force_login(people["inspector"])
    assert client.post(reverse("enterprises:issue_plate", args=[plant.code])).status_code == 403
