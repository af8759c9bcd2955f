"""The filters of the command line: CSV in, CSV out, honest about what they refuse."""

from __future__ import annotations

import csv
import gzip
import io
import pathlib
from typing import Any

import pytest

from jiangcheng.config import filters


def run(
    function: Any, text: str | bytes, **options: Any
) -> tuple[list[dict[str, str]], list[list[str]], Any]:
    source = io.BytesIO(text.encode() if isinstance(text, str) else text)
    sink, rejects = io.BytesIO(), io.StringIO()
    report = function(source, sink, rejects, **options)
    rows = list(csv.DictReader(io.StringIO(sink.getvalue().decode())))
    refused = list(csv.reader(io.StringIO(rejects.getvalue())))
    assert refused[0] == ["row", "field", "rule", "value"]
    assert len(refused) - 1 == report.rejected
    assert len(rows) + report.rejected == report.rows or options.get("report") == "day"
    return rows, refused[1:], report


HOURS = """station,time,PM25,PM10,SO2,NO2,CO,O3,remark
东局子,2026-03-01 00:00,75,40,5,10,0.4,60,"label of ""28"" February, 2012"
东局子,2026-03-01 01:00,75,40,5,10,0.4,60,label of 1 March
东局子,2026-02-28T17:00:00Z,75,40,5,10,0.4,60,the same hour in UTC
东局子,2026-03-01T01:00:00+08:00,-,40,5,10,0.4,60,withheld
"""


def test_the_edition_follows_the_end_of_hour_label_and_columns_are_kept() -> None:
    rows, refused, _ = run(filters.air_aqi, HOURS)
    assert not refused
    assert [row["aqi"] for row in rows] == ["100", "114", "114", ""]
    assert [row["edition"] for row in rows] == ["2012", "2026", "2026", "2026"]
    assert [row["reason"] for row in rows] == ["complete", "complete", "complete", "withheld"]
    assert [row["level_name_zh"] for row in rows] == ["良", "轻度污染", "轻度污染", ""]
    assert rows[0]["remark"] == 'label of "28" February, 2012'
    assert rows[0]["primary"] == "PM25"
    assert (rows[0]["iaqi_pm25"], rows[3]["iaqi_pm25"]) == ("100", "")
    both = [run(filters.air_aqi, HOURS, edition=edition)[0][0]["aqi"] for edition in ("2012", "2026")]
    assert both == ["100", "114"]
    starts = run(filters.air_aqi, HOURS, label="start")[0]
    assert starts[0]["edition"] == "2026"


def test_bad_rows_are_refused_with_row_field_and_rule() -> None:
    text = (
        "time,PM25,CO\n"
        "2026-03-02 01:00,20,0.4\n"
        "yesterday,20,0.4\n"
        "2026-03-02 02:00,20\n"
        "2026-03-02 03:00,twenty,0.4\n"
        "2026-03-02 04:00,-3,0.4\n"
        "2010-01-01 01:00,20,0.4\n"
        "2026-03-02 05:00,20,inf\n"
        "2026-03-02 06:00,120,0.4\n"
    )
    rows, refused, report = run(filters.air_aqi, text)
    assert [row["time"] for row in rows] == ["2026-03-02 01:00", "2026-03-02 06:00"]
    assert rows[1]["aqi"] == "158"
    assert (report.rows, report.rejected) == (8, 6)
    assert {(int(row), field, rule) for row, field, rule, _ in refused} == {
        (2, "time", "not a time"),
        (3, "", "2 columns, not 3"),
        (4, "PM25", "not a number"),
        (5, "PM25", "negative"),
        (6, "time", "no edition in force"),
        (7, "CO", "not a number"),
    }


def test_columns_may_be_mapped_and_ours_never_overwrite_theirs() -> None:
    text = "when,fine,aqi\n2020-04-02 08:00,61,published\n"
    rows, _, _ = run(filters.air_aqi, text, mapping={"PM25": "fine", "time": "when"})
    assert rows[0]["aqi"] == "published"
    assert rows[0]["computed_aqi"] == "83"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("time,x\n", {}, "none of the columns"),
        ("time,PM25\n", {"mapping": {"PM25": "fine"}}, "no column 'fine'"),
        ("PM25\n1\n", {}, "no column 'time'"),
        ("time,PM25\n", {"input": "day", "report": "hour"}, "hourly report"),
        ("", {}, "no header"),
        ("PM25,PM25\n", {}, "twice"),
    ],
)
def test_misuse_is_explained(text: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        filters.air_aqi(io.BytesIO(text.encode()), io.BytesIO(), **options)


def test_a_file_without_rows_gives_a_header() -> None:
    sink = io.BytesIO()
    report = filters.air_aqi(io.BytesIO("﻿time,PM25\n".encode()), sink)
    assert (report.rows, report.rejected) == (0, 0)
    assert (
        sink.getvalue()
        .decode()
        .startswith("time,PM25,aqi,level,level_name_zh,primary,reason,edition,iaqi_so2")
    )


def test_days_from_hours_use_natural_days_and_twenty_hours() -> None:
    lines = ["station,time,PM25,O3"]
    lines += [f"a,2026-03-02 {hour:02}:00,40,{100 if hour < 16 else 140}" for hour in range(1, 24)]
    lines += ["a,2026-03-03 00:00,40,140"]
    lines += [f"b,2026-03-02 {hour:02}:00,40,100" for hour in range(1, 20)]
    rows, _, _ = run(filters.air_aqi, "\n".join(lines) + "\n", report="day", edition="2012")
    assert [(row["station"], row["date"]) for row in rows] == [("a", "2026-03-02"), ("b", "2026-03-02")]
    assert (rows[0]["PM25"], rows[0]["O3_8h"], rows[0]["O3_1h"]) == ("40", "140", "140")
    assert (rows[1]["PM25"], rows[1]["O3_8h"]) == ("", "100")  # 19 hours make 14 windows
    assert rows[0]["aqi"] == "84"


def test_day_values_have_a_daily_report() -> None:
    text = "time,SO2,NO2,PM10,CO,O3_8h,PM25\n2026-05-01,5,10,40,2.2,90,20\n"
    rows, _, _ = run(filters.air_aqi, text, input="day", report="day")
    assert (rows[0]["aqi"], rows[0]["primary"], rows[0]["edition"]) == ("55", "CO", "2026")


def test_the_published_file_through_the_filter(shared_data: pathlib.Path) -> None:
    packed = (shared_data / "air" / "cnemc_realtime_2020-04_golden.csv.gz").read_bytes()
    rows, refused, report = run(filters.air_aqi, gzip.decompress(packed))
    assert (report.rows, len(refused)) == (148_746, 0)
    known = [row for row in rows if row["aqi_official"]]
    assert len(known) == 145_503
    assert all(float(row["aqi_official"]) == int(row["aqi"]) for row in known)
    complete = [row for row in known if row["reason"] == "complete"]
    assert all(row["primary"] == row["computed_primary"] for row in complete)


WATER = """section,water_type,ph,do,codmn,nh3n,tp,tn
a,river,7.5,9,1.5,0.05,0.009,9
b,lake,7.5,9,1.5,0.05,0.1,9
c,湖库,7.5,9,7.5,1.52,0.03,9
d,river,7.5,9,1.5,--,0.03,9
e,river,7.5,9,x,1,0.03,9
"""


def test_water_rows_get_class_words_and_multiples() -> None:
    rows, refused, _ = run(filters.water_classify, WATER)
    assert [row["class"] for row in rows] == ["1", "4", "5", ""]
    assert [row["class_name"] for row in rows] == ["Ⅰ", "Ⅳ", "Ⅴ", ""]
    assert [row["limiting"] for row in rows] == ["", "tp", "nh3n", ""]
    assert [row["multiples"] for row in rows] == ["", "tp:1", "codmn:0.25|nh3n:0.52", ""]
    assert refused == [["5", "codmn", "not a number", "x"]]
    renamed = WATER.replace("nh3n", "ammonia").replace("water_type", "kind")
    again, _, _ = run(filters.water_classify, renamed, mapping={"nh3n": "ammonia"}, lake_column="kind")
    assert [row["class"] for row in again] == ["1", "4", "5", ""]


def test_raw_values_win_over_displayed_ones() -> None:
    text = "ph,do,codmn,nh3n,ph_raw,do_raw,codmn_raw,nh3n_raw\n7,9,4.0,0.1,7,9,4.0004,0.1\n7,9,4.0,0.1,,,,\n"
    rows, _, _ = run(filters.water_classify, text)
    assert [row["class"] for row in rows] == ["3", "2"]


def test_the_published_sections_through_the_filter(shared_data: pathlib.Path) -> None:
    packed = (shared_data / "water" / "sw_sample_2020-05_2020-11.csv.gz").read_bytes()
    rows, refused, _ = run(filters.water_classify, gzip.decompress(packed))
    assert not refused
    known = [row for row in rows if row["class"] and row["status"] == "正常"]
    same = sum(row["class"] == row["class_name"] for row in known)
    assert same / len(known) >= 0.9995


def test_noise_days_of_a_real_station(shared_data: pathlib.Path) -> None:
    packed = shared_data / "noise" / "laeq_1min.csv.gz"
    if not packed.is_file():
        pytest.skip("the noise file is not among the shared data")
    sink = io.BytesIO()
    mapping = {"time": "datetime", "leq": "LEQ dB -A"}
    with gzip.open(packed) as source:
        report = filters.noise_evaluate(source, sink, mapping=mapping, zone="1")
    rows = list(csv.DictReader(io.StringIO(sink.getvalue().decode())))
    assert (report.rows, report.rejected, len(rows)) == (16470, 0, 13)
    assert (rows[0]["day"], rows[0]["ld"], rows[0]["hours_night"]) == ("2025-03-20", "", "6")
    whole = rows[1:12]
    assert all(row["hours_day"] == "16" and row["hours_night"] == "8" for row in whole)
    assert {row["night_limit"] for row in rows} == {"45"}
    assert all((float(row["ln"]) > 45.05) == (row["night_passes"] == "no") for row in whole)


def test_noise_needs_its_columns_and_refuses_what_is_no_level() -> None:
    sink, rejects = io.BytesIO(), io.StringIO()
    text = b"time,leq\n2026-06-01 06:00:00,50\n2026-06-01 06:01:00,999\n2026-06-01 06:02:00,-3\nx,50\n"
    report = filters.noise_evaluate(io.BytesIO(text), sink, rejects)
    assert (report.rows, report.rejected) == (4, 3)
    assert len(sink.getvalue().splitlines()) == 2
    with pytest.raises(ValueError, match="no column leq"):
        filters.noise_evaluate(io.BytesIO(b"time\n2026-06-01\n"), io.BytesIO())
    with pytest.raises(ValueError, match="no functional class"):
        filters.noise_evaluate(io.BytesIO(b"time,leq\n"), io.BytesIO(), zone="5")


def test_a_header_that_cannot_be_read_is_told() -> None:
    with pytest.raises(ValueError, match="header"):
        filters.air_aqi(io.BytesIO(b"time\rPM25,O3\n1,2,3\n"), io.BytesIO())


def test_carriage_returns_in_names_and_refused_cells_stay_inside_their_quotes() -> None:
    sink, rejects = io.BytesIO(), io.StringIO()
    filters.air_aqi(io.BytesIO(b'"a\r",PM25\n1,"x\r"\n2,35\n'), sink, rejects, edition="2026")
    written = list(csv.reader(io.StringIO(sink.getvalue().decode(), newline="")))
    refused = list(csv.reader(io.StringIO(rejects.getvalue(), newline="")))
    assert (len(written), written[0][0], len(refused)) == (2, "a\r", 2)


def test_days_without_an_edition_are_refused_one_by_one() -> None:
    times = ("0001-01-01 08:00:00", "9999-12-31 20:00:00", "2026-06-01 08:00:00")
    sink, rejects = io.BytesIO(), io.StringIO()
    levels = "time,leq\n" + "".join(f"{time},50\n" for time in times)
    assert filters.noise_evaluate(io.BytesIO(levels.encode()), sink, rejects).rejected == 2
    assert sink.getvalue().decode().splitlines()[1].startswith("2026-06-01")
    hours = "time,PM25\n" + "".join(f"{time},50\n" for time in times)
    assert filters.air_aqi(io.BytesIO(hours.encode()), io.BytesIO(), rejects).rejected == 2
    assert rejects.getvalue().count("no edition in force") == 4
