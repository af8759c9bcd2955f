"""Himawari and FY fire tables through the same reader: by header, with the traps told and nothing guessed."""

from __future__ import annotations

import datetime as dt

import pytest

from core import city
from jiangcheng.modules.straw import services
from jiangcheng.modules.straw.models import FireIncident, FireSignal
from jiangcheng.modules.straw.rules import coverage, fires, firms, points
from modules.test_straw_services import NOW, SEEN, zone

WLF = """# 2026 11  1 22  0 UTC  2026 11  1 22 30 UTC
# ID,Year,Month,Day,Time(UTC),Lat,Lon,Area(km^2),Volcano,Level,Reliability,FRP(Wm^-2),QF,Hot(ID)
1,2026,11,1,2202,43.50,126.20,3.6,0,2,1,3.75,0,1
2,2026,11,1,2202,43.52,126.20,3.6,0,3,5,2.00,2,1
3,2026,11,1,2,43.52,126.22,3.6,1,3,3,.50,0,1
4,2026,13,1,2202,43.52,126.22,3.6,0,3,3,.50,0,1
"""
NAME = "H09_20261101_2200_L2WLF010_FLDK.06001_06001.csv"


def quoted(text):
    return "\n".join(
        line if line.startswith("# 2") else ",".join(f"'{part}'" for part in line.split(","))
        for line in text.splitlines()
    )  # fmt: skip


@pytest.mark.parametrize("text", [WLF, quoted(WLF), "\ufeff" + WLF.replace("\n", "\r\n")])
def test_a_wlf_file_is_known_by_its_header_and_read_with_its_units(text):
    reading = points.read(text, NAME)
    low, high, small = reading.detections
    assert (low.satellite, low.sensor, low.confidence, low.power) == ("Himawari-9", "AHI", "low", 13.5)
    assert low.at == dt.datetime(2026, 11, 1, 22, 2, tzinfo=dt.UTC)
    assert low.track == pytest.approx(2.224, abs=0.001) and low.scan == pytest.approx(1.613, abs=0.001)
    assert (high.confidence, high.power) == ("high", None)
    assert (small.at.hour, small.at.minute, small.kind) == (0, 2, 1)
    assert [(error.line, error.field) for error in reading.errors] == [(6, "time")]
    megawatts = points.read(WLF.replace("FRP(Wm^-2)", "FRP(MW)"), NAME.replace("H09", "H08"))
    assert megawatts.detections[0].power == 3.75 and megawatts.detections[0].satellite == "Himawari-8"


@pytest.mark.parametrize(
    "text",
    [
        "卫星,观测时间（北京时）,经度,纬度,火点辐射功率(MW),可信度\nFY-4B,2026-11-02 06:02,126.2,43.5,22.5,高\n",
        "sat,date,time(UTC),lon,lat,frp,confidence\nFY4B_AGRI,2026-11-01,22:02,126.2,43.5,22.5,95\n",
    ],
)
def test_an_fy_table_is_read_where_it_names_its_clock(text):
    (point,) = points.read(text).detections
    assert (point.satellite, point.sensor, point.power, point.confidence) == ("FY-4B", "AGRI", 22.5, "high")
    assert point.at == dt.datetime(2026, 11, 1, 22, 2, tzinfo=dt.UTC) and point.scan == 4.0


def test_a_time_without_its_clock_and_an_unknown_satellite_are_refused_not_guessed():
    with pytest.raises(firms.NotFirms) as refused:
        points.read("卫星,观测时间,经度,纬度\nFY-3D,2026-11-02 06:02,126.2,43.5\n")
    assert refused.value.told.startswith("zone: ")
    rows = "NOAA,2026-11-02 06:02,126.2,43.5\nFY-3D,6:02,126.2,43.5\nFY-3D,2026-11-02 06:02,x,43.5"
    reading = points.read(f"卫星,时间(UTC),经度,纬度\n{rows}\nFY-3D,2026-11-02 06:02,126.2,43.5\n\n")
    assert [error.field for error in reading.errors] == ["satellite", "time", "longitude"]
    assert (reading.detections[0].sensor, reading.detections[0].confidence) == ("MERSI", "nominal")
    for text in ("", "Invalid MAP_KEY.", "a,b\n1,2"):
        with pytest.raises(firms.NotFirms):
            points.read(text)


def test_a_satellite_that_stands_still_does_not_support_itself():
    def seen(minutes, source="AHI"):
        at = SEEN + dt.timedelta(minutes=minutes)
        return fires.Seen(f"{source}{minutes}", at, 126.2, 43.5, source, 2.0, 2.0, "low")

    assert fires.doubtful([seen(0), seen(10), seen(20)]).all()
    assert not fires.doubtful([seen(0), seen(10), seen(20, "VIIRS")]).any()
    hour = NOW.replace(minute=0)
    found = coverage.coverage(
        hour, hour + dt.timedelta(hours=1), looks=[(hour, "Himawari-9")], cloud={hour: 0.9}
    )
    assert found.count("cloud") == 1


def test_ten_minutes_of_himawari_are_one_incident_and_the_same_file_again_nothing(db):
    city.build()
    assert zone().added == 1
    later = WLF.replace("2202", "2212").replace("Nov", "")
    first = services.import_firms(text=WLF, name=NAME, actor=None, now=NOW)
    assert (first.added, len(first.errors)) == (3, 1)
    services.import_firms(text=later, name=NAME, actor=None, now=NOW)
    again = services.import_firms(text=later, name=NAME, actor=None, now=NOW)
    assert again.added == 0 and again.known == 3
    assert FireSignal.objects.filter(source="AHI", satellite="Himawari-9").count() == 5
    fire = FireIncident.objects.filter(merged_into=None).latest("first_at")
    assert fire.signals == 4 and fire.power == 13.5 and fire.verdict == "illegal"
