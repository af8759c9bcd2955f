"""Registers: what a person may do with rows, what stays of it, files in and out, and the pages."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import queries, rules, services
from jiangcheng.core.records.models import ImportRun, ImportTrial, RecordStep
from jiangcheng.core.registry.models import Facility

EVENTS, DISCLOSURES = "credit-events", "disclosures"
HEADING = "number,facility,key,on_date,document,text_zh"


@pytest.fixture
def people(db):
    city.build()
    found = city.people()
    second = access.create_user(username="second", password=city.PASSWORD, display_name="second", at=city.AT)
    access.assign_role(
        user=second, role="department", on=dt.date(2026, 1, 1), at=city.AT, region_code="220200"
    )
    limited = access.create_user(
        username="limited", password=city.PASSWORD, display_name="limited", at=city.AT
    )
    access.assign_role(
        user=limited, role="department", on=dt.date(2026, 1, 1), at=city.AT, region_code="220203"
    )
    return found | {"second": second, "limited": limited}


def plant(code=city.PLANT):
    return Facility.objects.get(code=code)


def event(people, number="", at=city.AT, facility=city.PLANT, **more):
    values = {"facility": plant(facility), "key": "late_report", "on_date": city.ON, "document": "D-1"}
    return services.create(
        register=EVENTS, values=values | more, number=number, actor=people["department"], at=at
    )


def disclosure(people, due_at):
    values = {
        "facility": plant(), "kind": "annual", "year": 2026, "title": "年度报告", "due_at": due_at,
    }  # fmt: skip
    return services.create(register=DISCLOSURES, values=values, actor=people["department"], at=city.AT)


def test_numbers_follow_each_other_within_the_year_and_start_anew(people):
    numbers = [event(people).number, event(people).number]
    numbers.append(event(people, at=dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC)).number)
    assert numbers == ["XY-2026-0001", "XY-2026-0002", "XY-2027-0001"]


def test_a_row_lies_where_its_plant_lies_and_starts_its_clock(people):
    row = event(people)
    assert (row.region.code, row.longitude, row.state) == ("220202", 126.7, "proposed")
    assert row.due_at > city.AT
    assert [step.action for step in queries.steps(register=EVENTS, number=row.number)] == ["create"]


def test_a_change_keeps_before_who_when_and_why(people):
    row = event(people)
    later = city.AT + dt.timedelta(hours=1)
    services.change(record=row, values={"document": "D-2"}, actor=people["second"], at=later, reason="typo")
    latest, first = row.past.order_by("-history_id")
    assert (first.document, latest.document) == ("D-1", "D-2")
    assert (latest.history_user, latest.history_date, latest.history_change_reason) == (
        people["second"], later, "typo",
    )  # fmt: skip
    entry = AuditEntry.objects.filter(action="records.change").latest("pk")
    assert (entry.before, entry.after) == ({"document": "D-1"}, {"document": "D-2"})


def test_writing_what_is_there_already_leaves_no_trace(people):
    row = event(people)
    services.change(record=row, values={"document": "D-1"}, actor=people["second"], at=city.AT)
    assert row.past.count() == 1


def test_a_form_opened_before_somebody_elses_change_is_refused(people):
    row = event(people)
    seen = queries.last_change(row)
    services.change(record=row, values={"document": "D-2"}, actor=people["second"], at=city.AT)
    with pytest.raises(Refused, match="stale"):
        services.change(
            record=row, values={"document": "D-3"}, actor=people["department"], at=city.AT, seen=seen
        )
    row.refresh_from_db()
    assert row.document == "D-2"


def test_who_entered_a_row_does_not_confirm_it_and_another_person_does(people):
    row = event(people)
    with pytest.raises(Refused, match="other_person"):
        services.act(record=row, action="confirm", actor=people["department"], now=city.AT, text="ok")
    assert row.state == "proposed"
    services.act(record=row, action="confirm", actor=people["second"], now=city.AT, text="ok")
    assert row.state == "in_force"


def test_a_stale_action_and_one_of_another_area_are_refused(people):
    row = event(people)
    with pytest.raises(Refused, match="permission"):
        services.act(record=row, action="confirm", actor=people["limited"], now=city.AT, text="ok")
    services.act(record=row, action="confirm", actor=people["second"], now=city.AT, text="ok", seen=1)
    with pytest.raises(Refused, match="stale"):
        services.act(record=row, action="annul", actor=people["second"], now=city.AT, text="x", seen=1)


def test_a_withdrawn_row_stays_readable_and_still(people):
    row = event(people)
    with pytest.raises(Refused, match="text_required"):
        services.withdraw(record=row, actor=people["second"], at=city.AT, reason=" ")
    services.withdraw(record=row, actor=people["second"], at=city.AT, reason="twice")
    assert not queries.available_actions(record=row, user=people["second"], on=city.ON)
    with pytest.raises(Refused, match="withdrawn"):
        services.change(record=row, values={"document": "x"}, actor=people["second"], at=city.AT)
    assert queries.visible(register=EVENTS, user=people["second"], on=city.ON).get() == row


def test_the_chain_of_steps_is_whole_and_a_gap_is_found(people):
    row = event(people)
    services.act(record=row, action="confirm", actor=people["second"], now=city.AT, text="ok")
    assert services.verify_steps().problem == ""
    last = RecordStep.objects.get(sequence=2)
    copy = RecordStep(
        **{
            field.attname: getattr(last, field.attname)
            for field in RecordStep._meta.concrete_fields
            if field.name != "id"
        }
    )
    copy.sequence = 4
    RecordStep.objects.bulk_create([copy])
    assert services.verify_steps().problem == "missing"


def test_a_passed_term_is_one_finding_until_the_row_moves_on(people):
    row = disclosure(people, city.AT + dt.timedelta(days=1))
    assert services.watch_due(now=city.AT) == 0
    late = city.AT + dt.timedelta(days=2)
    assert services.watch_due(now=late) == services.watch_due(now=late + dt.timedelta(minutes=5)) == 1
    finding = Finding.objects.get(kind="credit.disclosure_overdue")
    assert finding.facility == plant() and finding.occurrences == 1 and finding.ended_at is None
    services.withdraw(record=row, actor=people["department"], at=late, reason="wrong year")
    assert services.watch_due(now=late + dt.timedelta(minutes=10)) == 0
    finding.refresh_from_db()
    assert finding.ended_at is not None


def csv_file(*lines, heading=HEADING, encoding="utf-8-sig"):
    return SimpleUploadedFile("events.csv", "\n".join([heading, *lines]).encode(encoding))


def bring(people, file, who="department", dry_run=False):
    return services.import_file(
        register=EVENTS, file=file, name=file.name, actor=people[who], at=city.AT, dry_run=dry_run
    )


def outcomes(result):
    return [row.outcome for row in result.rows]


LINES = (
    f"E-1,{city.PLANT},late_report,2026-10-01,文书一,迟报",
    f"E-2,{city.OTHER_PLANT},late_report,2026-10-02,,",
)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_dry_run_tells_and_writes_nothing_and_the_file_may_come_twice(people, encoding):
    assert outcomes(bring(people, csv_file(*LINES, encoding=encoding), dry_run=True)) == ["added", "added"]
    assert not queries.rows(register=EVENTS).exists() and not ImportRun.objects.exists()
    assert outcomes(bring(people, csv_file(*LINES, encoding=encoding))) == ["added", "added"]
    assert outcomes(bring(people, csv_file(*LINES, encoding=encoding))) == ["unchanged", "unchanged"]
    assert queries.rows(register=EVENTS).get(number="E-1").text_zh == "迟报"


def test_a_bad_row_is_named_and_hurts_no_other(people):
    wrong = ("E-3,NOBODY,late_report,2026-10-01,,", f"E-4,{city.PLANT},late_report,yesterday,,")
    result = bring(people, csv_file(LINES[0], *wrong))
    assert outcomes(result) == ["added", "refused", "refused"]
    assert [(row.line, row.errors[0][0]) for row in result.rows[1:]] == [(3, "facility"), (4, "on_date")]


def test_an_import_reaches_no_further_than_the_persons_area(people):
    assert outcomes(bring(people, csv_file(*LINES), who="limited")) == ["refused", "added"]
    changed = csv_file(f"E-2,{city.PLANT},late_report,2026-10-02,,")
    assert outcomes(bring(people, changed, who="limited")) == ["refused"]


def test_undoing_withdraws_what_was_added_and_restores_what_was_changed(people):
    before = event(people, number="E-1", document="alt")
    run = bring(people, csv_file(*LINES)).run
    services.undo_import(run=run, actor=people["department"], at=city.AT)
    before.refresh_from_db()
    assert before.document == "alt" and before.withdrawn_at is None and before.past.count() == 3
    assert queries.rows(register=EVENTS).get(number="E-2").withdrawn_at == city.AT
    with pytest.raises(services.NotUndone):
        services.undo_import(run=run, actor=people["department"], at=city.AT)


def test_undoing_is_refused_where_somebody_built_on_it_and_nothing_is_undone(people):
    run = bring(people, csv_file(*LINES)).run
    row = queries.rows(register=EVENTS).get(number="E-1")
    services.act(record=row, action="confirm", actor=people["second"], now=city.AT, text="ok")
    with pytest.raises(services.NotUndone) as refused:
        services.undo_import(run=run, actor=people["department"], at=city.AT)
    assert refused.value.numbers == ("E-1",)
    assert queries.rows(register=EVENTS).get(number="E-2").withdrawn_at is None


@pytest.mark.parametrize("content", [b"PK\x03\x04broken", b"\xff\xfe\x00\x81\xff", b"a,b\n1,2\n", b""])
def test_what_is_no_register_is_refused_whole(people, content):
    with pytest.raises(services.FileRefused):
        bring(people, SimpleUploadedFile("x.xlsx", content))


def test_a_workbook_whose_content_types_are_damaged_is_refused_whole(people):
    whole = services.as_xlsx("x", [HEADING.split(","), LINES[0].split(",")])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"ContentType=", b"ContentTe="))
    with pytest.raises(services.FileRefused):
        bring(people, SimpleUploadedFile("x.xlsx", out.getvalue()))


def test_cells_that_cannot_be_stored_refuse_their_row_only(people):
    result = bring(people, csv_file(f"E-1,{city.PLANT},late_report,2026-10-01,a\0b,", LINES[1]))
    assert outcomes(result) == ["refused", "added"]
    assert result.rows[0].errors[0][0] == "document"


@pytest.mark.parametrize(
    ("register", "text"),
    [
        ("compensations", f"number,facility,damage,assessed\nX-1,{city.PLANT},x,twelve\n"),
        ("air-warnings", "number,starts_date,ends_date\nX-1,2026-11-20,2026-11-20\n"),
    ],
)
def test_what_the_database_or_arithmetic_refuses_is_a_refused_row(people, register, text):
    file = SimpleUploadedFile("x.csv", text.encode())
    result = services.import_file(
        register=register, file=file, name="x.csv", actor=people["department"], at=city.AT, dry_run=False
    )
    assert outcomes(result) == ["refused"] and result.rows[0].errors


def test_a_formula_is_a_text_in_every_file_a_spreadsheet_opens_and_comes_back_the_same(people):
    event(people, number="E-1", document="=1+1")
    declared, rows = queries.register(EVENTS), list(queries.rows(register=EVENTS))
    text = services.export(declared=declared, records=rows, form="csv", masked=frozenset()).decode(
        "utf-8-sig"
    )
    assert "'=1+1" in text and ",=1+1" not in text
    book = openpyxl.load_workbook(
        io.BytesIO(services.export(declared=declared, records=rows, form="xlsx", masked=frozenset()))
    )
    assert "'=1+1" in [cell.value for cell in book.worksheets[0][2]]
    assert rules.plain_cell(rules.safe_cell("=1+1")) == "=1+1" and rules.safe_cell("-3.5") == "-3.5"
    geo = json.loads(services.export(declared=declared, records=rows, form="geojson", masked=frozenset()))
    assert geo["features"][0]["geometry"]["coordinates"] == [126.7, 43.5]


def test_a_wrong_value_is_refused_by_field(people):
    with pytest.raises(ValidationError) as refused:
        event(people, document="x" * 81)
    assert set(refused.value.message_dict) == {"document"}
    assert not RecordStep.objects.exists()


def page(person, path, method="get", **data):
    client = Client()
    client.force_login(person)
    return getattr(client, method)(f"/records/{path}", data)


@pytest.mark.parametrize("path", ["", "new", "import", "E-1/", "E-1/edit", "E-1/history", "layer.geojson", "template",
                                  *(f"export?format={form}" for form in services.FORMATS)])  # fmt: skip
def test_every_page_of_a_register_answers(people, path):
    event(people, number="E-1")
    assert page(people["department"], f"{EVENTS}/{path}").status_code == 200


def test_a_foreign_row_is_not_there(people):
    event(people, number="E-1")
    event(people, number="E-2", facility=city.OTHER_PLANT)
    seen = page(people["limited"], f"{EVENTS}/").content.decode()
    assert "E-2" in seen and "E-1" not in seen
    for path in ("E-1/", "E-1/edit", "E-1/history"):
        assert page(people["limited"], f"{EVENTS}/{path}").status_code == 404
    answer = page(people["limited"], f"{EVENTS}/E-1/act", "post", action="confirm", text="x")
    assert answer.status_code == 404


def test_a_list_is_narrowed_and_sorted_by_its_address(people):
    event(people, number="E-1", document="alpha")
    event(people, number="E-2", document="beta")
    found = page(people["department"], f"{EVENTS}/?q=beta").content.decode()
    assert "E-2" in found and "E-1" not in found
    sorted_up = page(people["department"], f"{EVENTS}/?sort=number").content.decode()
    assert sorted_up.index("E-1") < sorted_up.index("E-2")
    assert page(people["department"], f"{EVENTS}/?state=in_force").content.decode().count("/E-") == 0


def test_a_person_adds_and_changes_a_row_in_the_form(people):
    written = {"facility": city.PLANT, "key": "late_report", "on_date": "2026-11-01", "document": "D"}
    assert page(people["department"], f"{EVENTS}/new", "post", **written).status_code == 302
    row = queries.rows(register=EVENTS).get()
    answer = page(
        people["department"],
        f"{EVENTS}/{row.number}/edit",
        "post",
        **(written | {"document": "N", "reason": "why"}),
    )
    row.refresh_from_db()
    assert (answer.status_code, row.document) == (302, "N")
    refused = page(people["limited"], f"{EVENTS}/new", "post", **written)
    assert refused.status_code == 422 and queries.rows(register=EVENTS).count() == 1


def test_the_file_of_a_plant_shows_its_rows(people):
    disclosure(people, None)
    assert "PL-2026-0001" in page(people["department"], f"facilities/{city.PLANT}/card").content.decode()
    assert page(people["limited"], f"facilities/{city.PLANT}/card").status_code == 404


def uploaded(text, name="rows.csv"):
    return SimpleUploadedFile(name, text.encode(), "text/csv")


def test_a_tried_file_is_imported_without_being_sent_again_and_by_nobody_else(people):
    keeper, other = Client(), Client()
    keeper.force_login(people["department"])
    other.force_login(people["second"])
    address = f"/records/{EVENTS}/import"
    sent = f"{HEADING}\nE-1,{city.PLANT},late_report,2026-11-02,D-9,迟报\n"
    page = keeper.post(address, {"file": uploaded(sent)}).content.decode()
    trial = ImportTrial.objects.get()
    assert f'name="trial" value="{trial.pk}"' in page and "试导入结果（未写入）" in page
    assert not queries.rows(register=EVENTS).exists()
    assert other.post(address, {"trial": trial.pk, "really": "on"}).status_code == 422
    assert keeper.post(address, {"trial": trial.pk, "really": "on"}).status_code == 200
    assert queries.rows(register=EVENTS).get().number == "E-1"
    services.sweep_trials(now=trial.at + dt.timedelta(hours=23))
    assert ImportTrial.objects.exists()
    services.sweep_trials(now=trial.at + dt.timedelta(hours=25))
    assert not ImportTrial.objects.exists()


def test_the_template_tells_every_code_and_what_is_needed(people):
    client = Client()
    client.force_login(people["department"])
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/records/{DISCLOSURES}/template").content))
    rows = list(book["codes"].iter_rows(values_only=True))
    assert ("kind", "annual") in {(row[0], row[3]) for row in rows}
    assert any(row[0] == "facility" and row[4] == "企业编码" for row in rows)


def test_what_leaves_the_house_is_on_the_trail(people):
    event(people)
    client = Client()
    client.force_login(people["department"])
    client.get(f"/records/{EVENTS}/export?format=csv&state=pending")
    entry = AuditEntry.objects.get(action="records.export")
    assert entry.after["asked"] == "format=csv&state=pending" and entry.actor_name == "department"


@pytest.mark.parametrize("number", ["new", "import", "a/b", "..", "a b", "x" * 41, "<i>"])
def test_a_number_that_could_not_be_an_address_is_refused(people, number):
    with pytest.raises(ValidationError) as refused:
        event(people, number=number)
    assert "number" in refused.value.message_dict


@pytest.mark.parametrize("number", ["吉市环罚〔2026〕1号", "E-1", "DEMO-D001", "(2026)7"])
def test_numbers_as_offices_write_them_are_taken_and_found_again(people, number):
    event(people, number=number)
    client = Client()
    client.force_login(people["department"])
    assert client.get(f"/records/{EVENTS}/{number}/").status_code == 200
