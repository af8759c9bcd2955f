"""Reports: periods, frozen bytes, who may read, who was told and who took them; lists in every form."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import json
import re
import zlib

import docx
import openpyxl
import pyarrow.parquet
import pytest
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.access.models import AppendOnlyError
from jiangcheng.core.cases import services as cases
from jiangcheng.core.manifest import manifests
from jiangcheng.core.portal.models import Message
from jiangcheng.core.registry.models import Region
from jiangcheng.core.reports import queries, rules, services
from jiangcheng.core.reports.models import ReportReceipt, ReportVersion
from jiangcheng.core.reports.services import documents

BEIJING = dt.timezone(dt.timedelta(hours=8))


@pytest.mark.parametrize(
    ("period", "now", "first", "last"),
    [
        ("day", "2026-11-02T07:59", "2026-10-31", "2026-11-01"),
        ("day", "2026-11-02T08:00", "2026-11-01", "2026-11-02"),
        ("week", "2026-11-02T08:00", "2026-10-26", "2026-11-02"),
        ("week", "2026-11-02T07:00", "2026-10-19", "2026-10-26"),
        ("month", "2026-03-01T09:00", "2026-02-01", "2026-03-01"),
        ("year", "2027-01-01T09:00", "2026-01-01", "2027-01-01"),
    ],
)
def test_a_report_is_due_at_its_hour_after_the_period(period, now, first, last):
    found = rules.last_closed(period, dt.datetime.fromisoformat(now), 8)
    assert found == (dt.date.fromisoformat(first), dt.date.fromisoformat(last))


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)), st.sampled_from(["day", "week", "month", "year"]))
def test_periods_follow_one_another_without_gap(day, period):
    first = rules.start(period, day)
    last = rules.end(period, first)
    assert first <= day < last
    assert rules.start(period, last) == last
    assert rules.start(period, last - dt.timedelta(days=1)) == first


PAPER = rules.Paper(
    "日报",
    "2026-11-01",
    (
        rules.ReportSection(
            "一/节", ("甲 <b>乙",), rules.ReportTable(("名", "值"), (("=1+1", 2.5), ("丙", None)))
        ),
        rules.ReportSection("二", ("丁",)),
    ),
    "2026-11-02",
)


def test_a_paper_gives_the_same_bytes_in_every_form_and_no_formula():
    for write, _type in documents.FORMS.values():
        assert write(PAPER) == write(PAPER)
    text = docx.Document(io.BytesIO(documents.as_docx(PAPER)))
    assert [cell.text for cell in text.tables[0].rows[2].cells] == ["丙", "—"]
    assert "甲 <b>乙" in [line.text for line in text.paragraphs]
    book = openpyxl.load_workbook(io.BytesIO(documents.as_xlsx(PAPER)))
    sheet = book[book.sheetnames[1]]
    assert [cell.value for cell in sheet[2]] == ["'=1+1", 2.5]
    assert documents.as_pdf(PAPER).startswith(b"%PDF")
    assert rules.restored(rules.canonical(PAPER.sections)) == PAPER.sections


@pytest.fixture
def people(db):
    city.build()
    cases.load_workflows()
    return city.people()


def seen(client, name, *args, **query):
    answer = client.get(reverse(name, args=args), query)
    return answer.status_code, answer.content.decode() if answer.status_code == 200 else ""


def test_a_report_is_frozen_told_and_receipted(people):
    client = Client()
    client.force_login(people["leader"])
    assert "还没有生成" in seen(client, "reports:report", "cases-week")[1]
    client.post(reverse("reports:subscribe", args=("cases-week",)), {"wanted": "1"})
    report = manifests.reports()["cases-week"]
    monday = dt.date(2026, 10, 26)
    with pytest.raises(ValueError, match="no period"):
        services.produce(report=report, first=city.ON, now=city.AT)
    with pytest.raises(ValueError, match="no period"):
        services.produce(report=report, first=monday + dt.timedelta(days=1), now=city.AT)
    version = services.produce(report=report, first=monday, now=city.AT)
    assert services.produce(report=report, first=monday, now=city.AT).pk == version.pk
    assert "本周没有立案" in version.content
    message = Message.objects.get(kind="reports.produced")
    assert message.user == people["leader"]
    assert "送达" in seen(client, "reports:version", version.pk, check="1")[1]
    page = seen(client, "reports:version", version.pk, check="1")[1]
    assert "与本版逐字节相同" in page
    assert "leader" in page
    for form in documents.FORMS:
        answer = client.get(reverse("reports:file", args=(version.pk, form)))
        assert rules.digest(answer.content) == version.files.get(form=form).sha256
        assert documents.FORMS[form][0](queries.paper(version)) == answer.content
    assert {row.what for row in ReportReceipt.objects.all()} == {"read", "pdf", "docx", "xlsx"}
    cases.report_in_person(
        reporter=people["inspector"], text="垃圾", longitude=126.2, latitude=43.5,
        now=dt.datetime(2026, 10, 28, 2, tzinfo=dt.UTC),
    )  # fmt: skip
    assert "数据已更新" in seen(client, "reports:version", version.pk, check="1")[1]
    answer = client.post(
        reverse("reports:produce", args=("cases-week",)), {"first": "2026-10-29"}, follow=True
    )
    assert "昌邑区" in answer.content.decode()
    assert ReportVersion.objects.get(version=2).sha256 != version.sha256
    with pytest.raises(AppendOnlyError):
        version.save()
    assert client.post(
        reverse("reports:produce", args=("cases-week",)), {"first": "9999-12-31"}, follow=True
    ).status_code == 200  # fmt: skip
    client.force_login(people["inspector"])
    assert seen(client, "reports:version", version.pk)[0] == 403
    client.force_login(people["duty"])
    assert seen(client, "reports:index")[0] == 200


def test_the_clock_produces_every_report_once_and_one_that_fails_keeps_no_other_back(people, monkeypatch):
    def broken(*, first, last):
        raise RuntimeError("no data")

    monkeypatch.setattr("jiangcheng.modules.water.queries.bulletins.month", broken)
    # Air and water have no rows yet: the clock waits for the day, and says so when the next has begun.
    made = services.produce_due(now=city.AT)
    assert {row.report for row in ReportVersion.objects.all()} >= {"cases-week", "targets-year"}
    later = city.AT + dt.timedelta(hours=13)
    total = len(manifests.reports())
    assert made + services.produce_due(now=later) == total - 1
    assert services.produce_due(now=later) == 0
    monkeypatch.undo()
    assert services.produce_due(now=later) == 1
    air = ReportVersion.objects.get(report="air-day")
    assert air.first_date == dt.date(2026, 11, 1)
    assert "没有有效数据" in air.content


def test_numbers_and_days_are_written_in_the_language_of_the_paper():
    day = dt.date(2026, 11, 2)
    assert rules.date_text(day, "zh") == "2026年11月2日"
    assert rules.date_text(day, "en") == "2 November 2026"
    table = rules.ReportTable(("a", "b", "c"), (("x", 1234.5, 12345), ("y", None, 7)), (0, 2, 0))
    assert rules.printed(table, "en") == [["x", "1,234.50", "12,345"], ["y", "—", "7"]]
    assert rules.printed(table, "zh") == [["x", "1234.50", "12345"], ["y", "—", "7"]]
    section = rules.ReportSection("a", (), table)
    assert rules.restored(rules.canonical([section])) == (section,)
    assert '"digits"' not in rules.canonical(PAPER.sections)


CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


def test_every_report_is_produced_in_english_too_and_the_language_is_frozen(people):
    client = Client()
    client.force_login(people["leader"])
    cases.report_in_person(
        reporter=people["inspector"], text="垃圾", longitude=126.2, latitude=43.5,
        now=dt.datetime(2026, 10, 28, 2, tzinfo=dt.UTC),
    )  # fmt: skip
    Region.objects.update(name_en=Concat(Value("Changyi "), "code"))
    client.post(reverse("reports:subscribe", args=("cases-week",)), {"wanted": "1", "language": "en"})
    now = city.AT + dt.timedelta(hours=13)
    services.produce_due(now=now)
    assert set(ReportVersion.objects.values_list("report", "language")) == {
        *((code, "zh") for code in manifests.reports()),
        ("cases-week", "en"),
    }
    assert Message.objects.get(kind="reports.produced").url.endswith(
        str(ReportVersion.objects.get(language="en").pk)
    )
    for report in manifests.reports().values():
        first, _last = rules.last_closed(report.period, now.astimezone(BEIJING), report.hour)
        made = services.produce(report=report, first=first, now=now, language="en")
        assert services.same_again(version=made, report=report)
        paper = queries.paper(made)
        assert (made.language, made.version, paper.language) == ("en", 1, "en")
        said = json.dumps(dataclasses.asdict(paper), ensure_ascii=False)
        assert not CHINESE.search(said), said
        assert "Version 1" in paper.subtitle and str(first.year) in paper.subtitle
    made = ReportVersion.objects.get(report="cases-week", language="en")
    assert "Changyi" in made.content and "Cases opened" in made.content
    document = docx.Document(io.BytesIO(bytes(made.files.get(form="docx").content)))
    assert document.paragraphs[0].text == "Weekly report on cases"
    book = openpyxl.load_workbook(io.BytesIO(bytes(made.files.get(form="xlsx").content)))
    assert book.sheetnames[:2] == ["Report", "1 By county"]
    answer = client.get(reverse("reports:file", args=(made.pk, "pdf")))
    assert "-en.pdf" in answer["Content-Disposition"] and b"NotoSerifCJK" in fonts_of(answer.content)
    with pytest.raises(ValueError, match="language"):
        services.produce(
            report=manifests.reports()["cases-week"], first=made.first_date, now=city.AT, language="fr"
        )


def fonts_of(content):
    """Return a PDF with what is packed in it, so that the names of its fonts can be found."""
    found = b""
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.S):
        with contextlib.suppress(zlib.error):
            found += zlib.decompress(stream.rstrip(b"\r\n"))
    return (content + found).replace(b"-", b"")


def test_cases_and_series_leave_in_every_form(people):
    client = Client()
    client.force_login(people["department"])
    answer = client.get(reverse("cases:export"), {"format": "parquet"})
    assert "number" in pyarrow.parquet.read_table(io.BytesIO(answer.content)).column_names
    for form in ("xlsx", "geojson", "csv", "parquet"):
        answer = client.get(reverse("observations:export", args=("P1", form)))
        assert answer.status_code == 200, form
        if form == "geojson":
            assert json.loads(answer.content)["features"][0]["geometry"]["coordinates"] == [126.7, 43.5]
        if form == "xlsx":
            assert openpyxl.load_workbook(io.BytesIO(answer.content)).active["A1"].value == "station"
