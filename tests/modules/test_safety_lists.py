"""The lists of chemicals: complete, sound, compared by version, and held against what units declared."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.safety import queries, services
from jiangcheng.modules.safety.rules import lists, tables

FIRST, SECOND = (row for row in tables.table("chemicals") if row["list"] == "toxic")
(NEW,) = (row for row in tables.table("chemicals") if row["list"] == "new")


def sound(number):
    """Tell whether the check digit of a CAS number is right."""
    digits = number.replace("-", "")
    weighted = sum(int(digit) * place for place, digit in enumerate(reversed(digits[:-1]), start=1))
    return number.count("-") == 2 and weighted % 10 == int(digits[-1])


def numbers(row):
    return [*row["cas"], *(cas for member in row.get("members", ()) for cas in member["cas"])]


def test_the_lists_are_whole_and_their_numbers_sound():
    assert [row["number"] for row in FIRST["rows"]] == [f"PC{i:03d}" for i in range(1, 23)]
    assert [row["number"] for row in SECOND["rows"]] == [f"PC{i:03d}" for i in range(1, 41)]
    assert [row["number"] for row in NEW["rows"]] == [str(i) for i in range(1, 15)]
    for version in (FIRST, SECOND, NEW):
        codes = [row["code"] for row in version["rows"]]
        assert len(set(codes)) == len(codes)
        wrong = [cas for row in version["rows"] for cas in numbers(row) if not sound(cas)]
        assert wrong == []
    assert not sound("71-43-3")
    assert all(row["measures_zh"] and row["measures_en"] for row in NEW["rows"])
    assert len(NEW["rows"][13]["members"]) == 10
    # What no page with the printed text confirmed does not call itself verified.
    assert not any(version["verified"] for version in (FIRST, SECOND, NEW))
    assert [row["number"] for row in FIRST["rows"] if not row["verified"]] == ["PC021", "PC022"]


def test_versions_are_told_apart():
    change = lists.difference(FIRST, SECOND)
    assert len(change.added) == 18 and not change.removed and not change.changed
    back = lists.difference(SECOND, FIRST)
    assert len(back.removed) == 18 and not back.added
    renamed = {**FIRST, "rows": [{**FIRST["rows"][0], "cas": ["71-43-2"]}, *FIRST["rows"][1:]]}
    assert [row["code"] for row in lists.difference(FIRST, renamed).changed] == ["trichlorobenzene"]


def test_what_is_forbidden_is_so_from_its_day():
    by_code = {row["code"]: row for row in NEW["rows"]}
    assert lists.forbidden(by_code["dicofol"], "use", 2023)
    assert not lists.forbidden(by_code["dechlorane"], "use", 2023)
    assert lists.forbidden(by_code["dechlorane"], "use", 2024)
    assert not lists.forbidden(by_code["hcbd"], "emit", 2026) and not lists.forbidden(
        by_code["dcm"], "use", 2026
    )


@pytest.mark.django_db
def test_inventories_follow_the_list_and_the_matrix_shows_what_is_forbidden(town):
    services.load()
    people = city.people()
    duty, plant = people["duty"], Facility.objects.get(code=city.PLANT)

    def row(register, **values):
        return records.create(register=register, values={"facility": plant, **values}, actor=duty, at=city.AT)

    row("toxic-chemicals", substance="benzene", year=2026, activity="use", tons=3)
    row("toxic-chemicals", substance="benzene", year=2026, activity="store", tons=1.5)
    row("toxic-chemicals", substance="formaldehyde", year=2019, activity="use", tons=7)
    now = queries.inventory(user=duty, on=city.ON, year=2026)
    line = {line.row["code"]: line for line in now.lines}["benzene"]
    assert (line.units, line.tons, line.first_version) == (1, 4.5, "第二批") and now.against is FIRST
    then = queries.inventory(user=duty, on=city.ON, year=2019)
    assert then.version is FIRST and then.difference is None and not then.outside
    assert [item.units for item in then.lines if item.row["code"] == "formaldehyde"] == [1]
    older = queries.inventory(user=duty, on=city.ON, year=2026, version="第一批", against="第二批")
    assert len(older.outside) == 2 and len(older.difference.removed) == 18
    reader = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")
    reader.force_login(duty)
    page = reader.get(reverse("safety:chemicals")).content.decode()
    assert page.count("PC0") == 40 and "71-43-2" in page and "4.5" in page and "邻甲苯胺" in page
    older_page = reader.get(reverse("safety:chemicals"), {"version": "第一批"}).content.decode()
    assert "已登记但不在本版名录内" in older_page and "最早的一版" in older_page
    assert reader.get(reverse("safety:chemicals"), {"version": "第九批"}).status_code == 404
    assert "年度写作" in reader.get(reverse("safety:chemicals"), {"year": "x"}).content.decode()
    row("pollutant-uses", substance="sccp", year=2026, activity="use", kilograms=600)
    row("pollutant-uses", substance="pfoa", year=2026, activity="use", kilograms=8)
    found = queries.matrix(user=duty, on=city.ON, year=2026)
    cells = {item["code"]: uses for item, uses, _total in found.rows}
    assert [unit.pk for unit in found.units] == [plant.pk] and len(found.rows) == 14
    assert cells["sccp"][0][0].forbidden and not cells["pfoa"][0][0].forbidden and cells["hcbd"] == [[]]
    page = reader.get(reverse("safety:pollutants")).content.decode()
    assert "有 1 条登记的活动是清单禁止的" in page and "短链氯化石蜡" in page and "85535-84-8" in page
    assert "六溴环十二烷" in page and "摘要" in page
    with pytest.raises(LookupError):
        queries.matrix(user=duty, on=dt.date(2022, 6, 1), year=2022)
