"""Values from files and to files."""

from __future__ import annotations

import datetime
import gzip
import io
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jiangcheng.config import main
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.observations import models, queries, services, store
from jiangcheng.core.registry.models import ObservedProperty, Region, Station

pytestmark = pytest.mark.django_db
RECEIVED = datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
JANUARY = datetime.datetime(2025, 12, 31, 16, tzinfo=datetime.UTC)
FEBRUARY = datetime.datetime(2026, 1, 31, 16, tzinfo=datetime.UTC)
HOUR = store.Granularity.HOUR
LONG = """station,property,time,value,flag
S1,a34004,2026-01-01 00:00,35.5,N
S1,a34004,2026-01-01 01:00,,D
S1,a05024-max,2026-01-01 00:00,120,
S2,a34004,2025-12-31T17:00:00Z,12,M
"""


@pytest.fixture
def city() -> dict[str, int]:
    region = Region.objects.create(code="2202", name_zh="吉林市", name_en="Jilin", level="city")
    for code in ("S1", "S2"):
        Station.objects.create(
            code=code,
            name_zh=code,
            name_en=code,
            kind="air",
            region=region,
            longitude=126.5,
            latitude=43.8,
            valid_from_date=datetime.date(2013, 1, 1),
        )
    for code, statistic, decimals in (("a34004", "avg", 3), ("a05024", "avg", 3), ("a05024", "max", 3)):
        ObservedProperty.objects.create(
            code=code,
            statistic=statistic,
            name_zh=code,
            name_en=code,
            unit="μg/m³",
            decimals=decimals,
            medium="air",
        )
    return dict(Station.objects.values_list("code", "pk"))


def write(tmp_path: pathlib.Path, text: str | bytes, name: str = "values.csv") -> pathlib.Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def load(path: pathlib.Path, **options) -> services.ImportReport:
    return services.import_file(path, **{"dry_run": False, "actor": None, "received_at": RECEIVED, **options})


def stored() -> list[tuple]:
    table = store.read(
        stations=None, properties=None, granularity=HOUR, start=JANUARY, end=FEBRUARY
    ).to_pydict()
    stations = dict(Station.objects.values_list("pk", "code"))
    return [
        (stations[station], start - int(JANUARY.timestamp()), value, chr(flag))
        for station, start, value, flag in zip(
            table["station"], table["start"], table["value"], table["flag"], strict=True
        )
    ]


def test_the_long_form(city, tmp_path):
    report = load(write(tmp_path, LONG))
    assert (report.rows, report.inserted, report.rejected) == (4, 4, 0)
    found = stored()
    assert found[0] == ("S1", 0, 35.5, "N")
    assert found[1][1:2] + found[1][3:] == (3600, "D")
    assert found[2] == ("S1", 0, 120, "N")
    assert found[3] == ("S2", 3600, 12, "M")
    entry = AuditEntry.objects.get(action="observations.import")
    assert entry.after["inserted"] == 4


def test_again_nothing_changes_and_corrections_are_revisions(city, tmp_path):
    load(write(tmp_path, LONG))
    assert load(write(tmp_path, LONG)).unchanged == 4
    report = load(write(tmp_path, LONG.replace("35.5", "36.5")))
    assert (report.unchanged, report.revised) == (3, 1)


def test_a_dry_run_tells_all_and_stores_nothing(city, tmp_path):
    path = write(tmp_path, LONG + "S9,a34004,2026-01-01 00:00,1,N\n")
    dry = load(path, dry_run=True)
    assert (dry.inserted, dry.rejected) == (4, 1)
    assert not models.Observation.objects.exists()
    assert not models.Change.objects.exists()
    assert not AuditEntry.objects.exists()
    assert load(path) == dry


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        ("S9,a34004,2026-01-01 00:00,1,N", "station", "no such station"),
        ("S1,a99999,2026-01-01 00:00,1,N", "property", "no such property"),
        ("S1,a34004-med,2026-01-01 00:00,1,N", "property", "no such property"),
        ("S1,a34004,01/02/2026,1,N", "time", "not a time"),
        ("S1,a34004,2026-01-01 00:30,1,N", "time", "not at the edge of its interval"),
        ("S1,a34004,0001-01-01,1,N", "time", "before 1970"),
        ("S1,a34004,2027-01-01 00:00,1,N", "time", "begins after it was received"),
        ("S1,a34004,2026-01-01 00:00,abc,N", "value", "not a number"),
        ("S1,a34004,2026-01-01 00:00,nan,N", "value", "not a number"),
        ("S1,a34004,2026-01-01 00:00,1e999,N", "value", "too large"),
        ("S1,a34004,2026-01-01 00:00,1e17,N", "value", "too large"),
        ("S1,a34004,2026-01-01 00:00,,N", "value", "no value, yet flagged as normal"),
        ("S1,a34004,2026-01-01 00:00,1,NN", "flag", "not one letter"),
    ],
)
def test_a_bad_row_is_told_with_field_and_rule_and_the_others_are_stored(city, tmp_path, row, field, rule):
    refused = io.StringIO()
    report = load(write(tmp_path, f"{LONG}{row}\n"), rejects=refused)
    assert (report.inserted, report.rejected) == (4, 1)
    assert report.errors[0][:2] == (6, field)
    assert report.errors[0][2].startswith(rule)
    lines = refused.getvalue().splitlines()
    assert lines[0] == "row,field,rule,value"
    assert lines[1].startswith(f"6,{field},")


WIDE = """点位,时间,PM25,O3,note
S1,2026-01-01 01:00,35.5,60,x
S1,2026-01-01 02:00,,61,y
"""
WIDE_NAMES = {"station": "点位", "time": "时间", "a34004": "PM25", "a05024": "O3"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_wide_form_with_other_names_and_end_labels(city, tmp_path, encoding):
    report = load(write(tmp_path, WIDE.encode(encoding)), mapping=WIDE_NAMES, label="end")
    assert (report.rows, report.inserted, report.unused) == (2, 3, ("note",))
    assert stored() == [("S1", 0, 35.5, "N"), ("S1", 0, 60, "N"), ("S1", 3600, 61, "N")]


def test_compressed_csv_and_parquet(city, tmp_path):
    load(write(tmp_path, gzip.compress(LONG.encode()), "values.csv.gz"))
    table = pa.table(
        {
            "station": ["S1", "S2"],
            "property": ["a34004", "a34004"],
            "time": pa.array([JANUARY, JANUARY + datetime.timedelta(hours=1)], pa.timestamp("us", "UTC")),
            "value": [35.5, 99.0],
        }
    )
    pq.write_table(table, tmp_path / "values.parquet")
    report = load(tmp_path / "values.parquet")
    assert (report.unchanged, report.revised) == (1, 1)


@pytest.mark.parametrize(
    ("text", "mapping", "message"),
    [
        ("a,b\n1,2\n", {}, "no column station, time"),
        ("station,time,x\nS1,2026-01-01,1\n", {}, "no column property"),
        ("station,time,property\nS1,2026-01-01,a34004\n", {}, "no column value"),
        (LONG, {"station": "site"}, "no column site"),
        ("station,time\nS1\n", {}, "columns"),
        ("", {}, "[Ee]mpty"),
    ],
)
def test_what_is_no_table_of_values_is_refused_as_a_whole(city, tmp_path, text, mapping, message):
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path, text), mapping=mapping)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_export_can_be_imported_again(city, tmp_path, suffix):
    load(write(tmp_path, LONG))
    path = tmp_path / f"out{suffix}"
    written = services.export_file(
        path, stations=None, properties=None, granularity=HOUR, start=JANUARY, end=FEBRUARY
    )
    assert written == 4
    assert load(path).unchanged == 4


def test_a_year_of_real_hours(city, shared_data, tmp_path):
    path = shared_data / "air" / "beijing12_hourly_2015.csv.gz"
    content = gzip.decompress(path.read_bytes()).decode()
    lines = content.splitlines(keepends=True)
    chosen = [lines[0], *(line for line in lines if line.startswith(("Aotizhongxin,", "Changping,")))]
    copy = write(tmp_path, "".join(chosen).replace("Aotizhongxin", "S1").replace("Changping", "S2"))
    names = {"a34004": "PM25", "a05024": "O3"}
    report = load(copy, mapping=names)
    cells = [line.split(",") for line in chosen[1:]]
    assert report.rows == len(cells) == 2 * 8760
    assert report.inserted == sum((row[2] != "") + (row[7] != "") for row in cells)
    assert load(copy, mapping=names).unchanged == report.inserted
    year = store.aggregate(
        stations=[city["S1"]],
        properties=[ObservedProperty.objects.get(code="a34004").pk],
        granularity=HOUR,
        start=datetime.datetime(2014, 12, 31, 16, tzinfo=datetime.UTC),
        end=datetime.datetime(2015, 12, 31, 16, tzinfo=datetime.UTC),
    ).to_pydict()
    values = [round(float(row[2]) * 1000) for row in cells if row[0] == "Aotizhongxin" and row[2]]
    assert (sum(year["sum"]), sum(year["n_valid"]), max(filter(None, year["max"]))) == (
        sum(values),
        len(values),
        max(values),
    )


def test_series_and_gaps_for_a_page(city, tmp_path):
    load(write(tmp_path, LONG))
    pm25 = ObservedProperty.objects.get(code="a34004").pk
    end = JANUARY + datetime.timedelta(hours=3)
    found = queries.series(station=city["S1"], properties=[pm25], granularity=HOUR, start=JANUARY, end=end)
    assert found[pm25]["value"][0] == 35.5
    gaps = queries.gaps(station=city["S1"], granularity=HOUR, start=JANUARY, end=end)
    assert [(gap.reason.value, len(gap.properties)) for gap in gaps] == [
        ("flagged", 1),
        ("silent", 1),
        ("silent", 1),
    ]


def test_the_command_line(city, tmp_path, capsys):
    path = write(tmp_path, LONG + "S9,a34004,2026-01-01 00:00,1,N\n")
    assert main.main(["import", "observations", str(path), "--dry-run"]) == 1
    assert "4 values inserted" in capsys.readouterr().out
    assert stored() == []
    assert main.main(["import", "observations", str(path)]) == 1
    assert "row 6: station: no such station" in capsys.readouterr().err
    assert (tmp_path / "values.csv.rejects.csv").read_text().splitlines()[1] == "6,station,no such station,S9"
    period = ["--from", "2026-01-01", "--to", "2026-02-01"]
    assert main.main(["export", "observations", str(tmp_path / "o.csv"), "--station", "S2", *period]) == 0
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 2
    assert main.main(["export", "observations", str(tmp_path / "o.csv"), "--station", "S7", *period]) == 2
    assert main.main(["import", "observations", str(tmp_path / "none.csv")]) == 2


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.csv.gz"])
def test_a_damaged_file_is_told_as_unreadable(city, tmp_path, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        pq.write_table(pa.table({"station": ["S1"], "time": ["2026-01-01"], "a34004": ["1"]}), path)
        whole = path.read_bytes()
        path.write_bytes(whole[:4] + b"\xff" * 20 + whole[24:])
    elif name.endswith("gz"):
        path.write_bytes(gzip.compress(LONG.encode())[:-12] + b"damaged end!")
    else:
        path.write_bytes(b"station,property\rtime,value\nS1,a34004\n")
    with pytest.raises(ValueError):
        services.import_file(path, dry_run=True, actor=None, received_at=RECEIVED)


def test_a_file_that_is_not_there_stays_an_error_of_the_system(city, tmp_path):
    with pytest.raises(FileNotFoundError):
        services.import_file(tmp_path / "none.csv", dry_run=True, actor=None, received_at=RECEIVED)
