"""The tables of standards: what they say, and what the loader refuses."""

from __future__ import annotations

import datetime
import pathlib

import pytest

from jiangcheng.standards import _tables, codes, lookup

TABLES = sorted(path.stem for path in _tables.FOLDER.glob("*.toml") if path.stem != "HJ212_codes")

HEADER = "parameter,averaging,zone,limit,unit,effective_from,effective_to,edition,clause,verified,note\n"
DOCUMENT = """
kind = "limits"
title_zh = "表"
title_en = "Table"
[transcription]
checked_against = "page"
checked_by = "person"
checked_on = "2026-01-01"
[[editions]]
code = "1"
title_zh = "一"
title_en = "One"
issued_by_zh = "部"
issued_by_en = "Ministry"
issued = "2019-01-01"
effective_from = "2020-01-01"
effective_to = "2025-01-01"
replaces = ""
"""


@pytest.mark.parametrize("standard", TABLES)
def test_every_table_is_sound_and_every_row_has_unit_clause_and_source(standard: str) -> None:
    table = lookup.table(standard)
    assert table.rows
    assert table.checked_against
    assert table.title_zh
    assert table.title_en
    for row in table.rows:
        assert row.unit
        assert row.clause
        assert row.verified in _tables.VERIFIED


LIMITS = [  # standard, parameter, averaging, zone, day, value; GB 3095-2026 table 1, facts of both editions
    ("GB3095", "PM25", "year", "class2", "2026-02-28", 35),
    ("GB3095", "PM25", "year", "class2", "2026-03-01", 30),
    ("GB3095", "PM25", "year", "class2", "2030-12-31", 30),
    ("GB3095", "PM25", "year", "class2", "2031-01-01", 25),
    ("GB3095", "PM10", "day", "class2", "2026-02-28", 150),
    ("GB3095", "PM10", "day", "class2", "2030-12-31", 120),
    ("GB3095", "PM10", "day", "class2", "2031-01-01", 100),
    ("GB3095", "SO2", "hour", "class2", "2031-01-01", 150),
    ("GB3095", "NO2", "year", "class1", "2031-01-01", 30),
    ("GB3095", "O3", "mda8", "class1", "2031-01-01", 100),
    ("GB3095", "NOx", "day", "class2", "2030-12-31", 100),
    ("GB3095", "NOx", "day", "class2", "2031-01-01", 70),
    ("GB3095", "reference_temperature", "", "gas", "2018-08-31", 273.15),
    ("GB3095", "reference_temperature", "", "gas", "2018-09-01", 298.15),
    ("GB3838", "nh3n", "not_above", "class3", "2026-01-01", 1.0),
    ("GB3838", "tp", "not_above", "lake_class3", "2026-01-01", 0.05),
    ("GB3838", "do", "not_below", "class1", "2026-01-01", 7.5),
    ("HJ663", "O3", "mda8", "percentile", "2026-06-01", 90),
]


@pytest.mark.parametrize(("standard", "parameter", "averaging", "zone", "day", "value"), LIMITS)
def test_limit_of_the_day(
    standard: str, parameter: str, averaging: str, zone: str, day: str, value: float
) -> None:
    limit = lookup.limit(standard, parameter, averaging, zone, datetime.date.fromisoformat(day))
    assert limit.value == value


def test_an_edition_may_be_asked_for_whatever_the_date() -> None:
    day = datetime.date(2026, 6, 1)
    assert lookup.value("GB3095", "PM25", "year", "class2", day, edition="2026-final") == 25
    assert lookup.edition_on("HJ633", day).code == "2026"
    assert lookup.edition_on("HJ633", datetime.date(2026, 2, 28)).code == "2012"


@pytest.mark.parametrize(
    ("standard", "parameter", "day"),
    [("GB3095", "PM25", "2012-12-31"), ("GB3095", "PM1", "2026-06-01"), ("GB9999", "PM25", "2026-06-01")],
)
def test_nothing_is_guessed(standard: str, parameter: str, day: str) -> None:
    with pytest.raises(lookup.NotInForce):
        lookup.limit(standard, parameter, "year", "class2", datetime.date.fromisoformat(day))


REFUSED = {
    "unknown column": (HEADER.replace("note", "remark"), "x,day,,1,mg/L,2020-01-01,2025-01-01,1,c,text,\n"),
    "overlap": (
        HEADER,
        "x,day,,1,mg/L,2020-01-01,2023-01-01,1,c,text,\nx,day,,2,mg/L,2022-12-31,2025-01-01,1,c,text,\n",
    ),
    "gap": (
        HEADER,
        "x,day,,1,mg/L,2020-01-01,2022-01-01,1,c,text,\nx,day,,2,mg/L,2022-01-02,2025-01-01,1,c,text,\n",
    ),
    "undeclared edition": (HEADER, "x,day,,1,mg/L,2020-01-01,2025-01-01,2,c,text,\n"),
    "outside the edition": (HEADER, "x,day,,1,mg/L,2019-12-31,2025-01-01,1,c,text,\n"),
    "no clause": (HEADER, "x,day,,1,mg/L,2020-01-01,2025-01-01,1,,text,\n"),
    "no unit": (HEADER, "x,day,,1,,2020-01-01,2025-01-01,1,c,text,\n"),
    "unknown way of checking": (HEADER, "x,day,,1,mg/L,2020-01-01,2025-01-01,1,c,true,\n"),
    "malformed date": (HEADER, "x,day,,1,mg/L,2020-1-1,2025-01-01,1,c,text,\n"),
    "malformed number": (HEADER, "x,day,,one,mg/L,2020-01-01,2025-01-01,1,c,text,\n"),
    "missing cell": (HEADER, "x,day,,1,mg/L,2020-01-01,2025-01-01,1,c\n"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_loader_refuses(name: str, tmp_path: pathlib.Path) -> None:
    header, rows = REFUSED[name]
    (tmp_path / "T.toml").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "T.csv").write_text(header + rows, encoding="utf-8")
    with pytest.raises(lookup.TableError):
        _tables.read(tmp_path / "T.toml")


def test_the_loader_accepts_what_is_sound(tmp_path: pathlib.Path) -> None:
    (tmp_path / "T.toml").write_text(DOCUMENT, encoding="utf-8")
    row = "x,day,,1,mg/L,2020-01-01,2025-01-01,1,c,text,\n"
    (tmp_path / "T.csv").write_text(HEADER + row, encoding="utf-8")
    table = _tables.read(tmp_path / "T.toml")
    assert table.on(datetime.date(2024, 12, 31))[0].value == 1
    with pytest.raises(lookup.NotInForce):
        table.on(datetime.date(2025, 1, 1))


def test_2005_codes_are_told_apart_by_the_system() -> None:
    assert codes.translate_2005("101", "32") == "w21011"
    assert codes.translate_2005("02", "31") == "a21026"
    assert codes.translate_2005("101", "31") is None
    assert codes.translate_2005("011", "21") == "w01018"


def test_properties_bring_the_unit_of_the_limits() -> None:
    for item in codes.properties().values():
        assert bool(item.parameter) == (item.factor == item.factor), item.code
    mercury = codes.of_parameter("hg")
    assert (mercury.unit, mercury.factor) == ("µg/L", 0.001)
    assert lookup.value("GB3838", "hg", "not_above", "class3", datetime.date(2026, 1, 1)) == 0.0001


def test_only_measured_normal_values_count() -> None:
    assert ord("N") in codes.valid_flags()
    assert not {ord(letter) for letter in "FMSDCTBX"} & codes.valid_flags()
