"""The register: import, the grid cell of a point, limits by date, evidence, what each person sees."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import importlib.resources
import io
import random
import struct
import zlib

import PIL.Image
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.config import registers
from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.registry import models, queries, rules, services

AT, ON = city.AT, city.ON
EVERYWHERE = access.Scope(everything=True)


@pytest.fixture(autouse=True)
def _city(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    city.build()


def load(kind, rows, **more):
    return services.import_register(kind, rows, actor=None, at=AT, **more)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", b"[5]"),
        ("x.json", b'[{"code": NaN}]'),
        ("x.json", b"[" * 9_999),
        ("x.csv", b"code\n[[[[\n"),
    ],
)
def test_a_file_of_another_form_is_told_as_unreadable(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError):
        list(registers.read(path))


def test_a_station_of_another_outlet_refuses_its_row_only():
    row = {"facility": city.PLANT, "name_zh": "x", "name_en": "x"}
    report = load(
        "outlets", [{**row, "number": "DA002", "station": "P1"}, {**row, "number": "DA003", "station": "A1"}]
    )
    assert (report.inserted, report.errors[0].column) == (1, "station")


def test_a_text_with_nul_refuses_its_row_only():
    rows = [city.named("X\0", "x", level="county"), city.named("220299", "x", level="county")]
    report = load("regions", rows)
    assert (report.inserted, report.errors[0].column) == (1, "code")


# --- import ------------------------------------------------------------------------------------------------


def test_the_same_rows_again_change_nothing():
    entries = AuditEntry.objects.count()
    tokens = dict(models.RegisterVersion.objects.values_list("kind", "token"))
    for kind, rows in city.ROWS.items():
        report = load(kind, rows)
        assert (report.inserted, report.updated, report.unchanged) == (0, 0, len(rows)), kind
    assert AuditEntry.objects.count() == entries
    assert dict(models.RegisterVersion.objects.values_list("kind", "token")) == tokens


def test_a_changed_row_is_updated_and_on_the_trail():
    user = city.people()["duty"]
    row = {**city.ROWS["facilities"][0], "name_zh": "新甲厂"}
    report = services.import_register("facilities", [row], actor=user, at=AT)
    assert (report.inserted, report.updated, report.unchanged) == (0, 1, 0)
    entry = AuditEntry.objects.order_by("-sequence").first()
    change = entry.after["changes"][0]
    assert (entry.actor_name, entry.object_type) == ("duty", "facilities")
    assert (change["before"], change["after"]) == ({"name_zh": "甲厂"}, {"name_zh": "新甲厂"})


def test_a_dry_run_says_what_would_happen_and_does_nothing():
    before = list(models.Facility.objects.values())
    entries = AuditEntry.objects.count()
    rows = [
        {**city.ROWS["facilities"][0], "name_zh": "新甲厂"},
        city.named("91220200PLANT00003", "丙厂", longitude=126.1, latitude=43.1),
    ]
    report = load("facilities", rows, dry_run=True)
    assert (report.inserted, report.updated) == (1, 1)
    assert list(models.Facility.objects.values()) == before
    assert AuditEntry.objects.count() == entries


BAD_ROWS = [
    ("facilities", city.named("X1", "丁厂", longitude=126.1, latitude=43.1, region="999999"), "region"),
    ("facilities", city.named("X1", "丁厂", longitude="east", latitude=43.1, region="220202"), "longitude"),
    ("facilities", city.named("X1", "丁厂", longitude=10.0, latitude=43.1), "region"),
    ("facilities", city.named("X1", "", longitude=126.1, latitude=43.1), "name_zh"),
    ("facilities", city.named("X1", "丁厂", longitude=126.1, latitude=43.1, colour="red"), "colour"),
    ("facilities", city.named(city.PLANT * 3, "丁厂", longitude=126.1, latitude=43.1), "code"),
    ("stations", city.named("S9", "站", kind="moon", longitude=126.1, latitude=43.1, valid_from_date=ON), "kind"),
    ("stations", city.named("S9", "站", kind="air", longitude=126.1, latitude=43.1, valid_from_date="soon"),
     "valid_from_date"),
    ("grid_cells", city.named("G9", "格", region="220202", boundary={"type": "Point", "coordinates": [1, 2]},
                              valid_from_date=ON), "boundary"),
    ("grid_cells", city.named("G9", "格", region="220202", valid_from_date=ON, boundary={
        "type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}), "boundary"),
    ("devices", {"mn": "M2", "station": "nowhere"}, "station"),
    ("permit_limits", {"permit": "P-1", "permit_version": 9, "outlet": "P1", "property": "a21026",
                       "statistic": "zs_avg", "upper": 1, "basis": "x"}, "permit"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "row", "column"), BAD_ROWS)
def test_a_bad_row_is_named_and_the_good_ones_are_taken(kind, row, column):
    good = dict(city.ROWS[kind][0]) if kind in city.ROWS else None
    report = load(kind, [row, *([good] if good else [])])
    assert [(error.row, error.column) for error in report.errors] == [(1, column)]
    assert report.inserted == 0
    assert report.unchanged == (1 if good else 0)


def test_an_unknown_register_is_refused():
    with pytest.raises(LookupError, match="facilities"):
        load("unicorns", [])


def test_a_row_twice_in_one_file_is_an_error():
    row = {"mn": "M2", "station": "P1"}
    assert [(e.row, e.column) for e in load("devices", [row, row]).errors] == [(2, "mn")]


def test_text_from_a_csv_is_understood():
    row = city.named("T1", "站", kind="air", longitude="126.1", latitude=" 43.1", synthetic="true",
                     attributes='{"class": "国控"}', valid_from_date="2026-01-01", valid_to_date="")  # fmt: skip
    assert load("stations", [row]).errors == ()
    station = city.station("T1")
    assert (station.synthetic, station.attributes, station.valid_to_date) == (True, {"class": "国控"}, None)
    assert load("stations", [row]).unchanged == 1


# --- places ------------------------------------------------------------------------------------------------


def test_every_point_of_the_city_lies_in_exactly_one_cell():
    chance = random.Random(20261101)
    for _ in range(300):
        lon, lat = chance.uniform(126, 128), chance.uniform(43, 44)
        cell = queries.leaf_grid(lon, lat, ON)
        assert cell.code == ("220203-01" if lon > 127 else "220202-02" if lon > 126.5 else "220202-01")


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (126.5, 43.5, "220202-01"),  # on a border: the lower code
        (127.0, 43.0, "220202-02"),  # a corner of two
        (126.0, 43.0, "220202-01"),  # a corner of the city
        (126.0 - 5e-7, 43.5, "220202-01"),  # a rounding error outside
        (125.9, 43.5, None),
    ],
)
def test_points_on_borders_belong_to_one_cell_for_ever(lon, lat, code):
    cell = queries.leaf_grid(lon, lat, ON)
    assert (cell.code if cell else None) == code


def test_a_cell_counts_only_while_it_is_valid():
    old = {**city.ROWS["grid_cells"][0], "valid_to_date": "2026-11-01"}
    new = city.named("220202-03", "新格", region="220202", boundary=city.square(126, 43, 126.5, 44),
                     valid_from_date="2026-11-01")  # fmt: skip
    queries.leaf_grid(126.2, 43.5, ON)
    load("grid_cells", [old, new])
    assert queries.leaf_grid(126.2, 43.5, dt.date(2026, 10, 31)).code == "220202-01"
    assert queries.leaf_grid(126.2, 43.5, dt.date(2026, 11, 1)).code == "220202-03"


def test_a_moved_border_is_seen_at_once():
    assert queries.leaf_grid(126.55, 43.5, ON).code == "220202-02"
    load("grid_cells", [
        {**city.ROWS["grid_cells"][0], "boundary": city.square(126, 43, 126.6, 44)},
        {**city.ROWS["grid_cells"][1], "boundary": city.square(126.6, 43, 127, 44)},
    ])  # fmt: skip
    assert queries.leaf_grid(126.55, 43.5, ON).code == "220202-01"


def test_stations_and_facilities_get_cell_and_region_of_their_position():
    plant = models.Facility.objects.get(code=city.PLANT)
    assert (plant.grid_cell.code, plant.region.code) == ("220202-02", "220202")
    assert city.station("A1").grid_cell.code == "220202-01"


def test_who_answers_for_a_cell_changes_with_the_date():
    people = city.people()
    cell = models.GridCell.objects.get(code="220202-01")
    assert queries.responsible(grid_cell=cell, on=ON).inspector == people["inspector"]
    assert queries.responsible(grid_cell=cell, on=dt.date(2025, 12, 31)).inspector is None
    people["inspector"].is_active = False
    people["inspector"].save()
    assert queries.responsible(grid_cell=cell, on=ON).inspector is None


# --- limits, devices, properties ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "upper"),
    [
        ("2023-12-31", []),
        ("2024-01-01", [100]),
        ("2026-06-30", [100]),
        ("2026-07-01", [35]),
        ("2030-01-01", [35]),
    ],
)
def test_the_permit_version_of_the_day_gives_the_limit(day, upper):
    outlet = models.Outlet.objects.get(station__code="P1")
    found = queries.limits(outlet=outlet, on=dt.date.fromisoformat(day), observed_property__code="a21026")
    assert [limit.upper for limit in found] == upper


def test_the_snapshot_of_devices_changes_its_version_with_the_register():
    before = queries.register_snapshot()
    assert before.stations == {"MN0000000000000000000001": city.station("P1").pk}
    assert queries.register_version() == before.version
    load("devices", [{"mn": "MN0000000000000000000001", "station": "P1", "enabled": "false"}])
    after = queries.register_snapshot()
    assert after.stations == {}
    assert after.version != before.version


def test_every_code_of_hj_212_becomes_a_property_and_twice_is_once():
    services.load_properties()
    assert services.load_properties() == 0
    table = importlib.resources.files("jiangcheng.standards").joinpath("tables", "HJ212_codes.csv")
    with table.open(encoding="utf-8") as file:
        codes = {row["code"] for row in csv.DictReader(file)}
    assert codes <= set(models.ObservedProperty.objects.values_list("code", flat=True))
    sulphur = models.ObservedProperty.objects.filter(code="a21026")
    assert dict(sulphur.values_list("statistic", "unit"))["cou"] == "kg"
    # What was there before stays as the site had it.
    assert sulphur.get(statistic="zs_avg").unit == "mg/m3"


# --- who sees what -----------------------------------------------------------------------------------------


def test_an_enterprise_sees_its_own_stations_and_facility():
    user = city.people()["enterprise"]
    scope = access.scope(user, "registry.view", ON)
    assert [station.code for station in queries.stations(scope=scope)] == ["P1"]
    assert [facility.code for facility in queries.facilities(scope=scope)] == [city.PLANT]
    assert queries.stations(scope=EVERYWHERE).count() == 3
    assert not queries.stations(scope=access.NOWHERE).exists()


def test_pages_and_layers_follow_the_scope(client):
    people = city.people()
    client.force_login(people["enterprise"])
    assert client.get(f"/facilities/{city.PLANT}").status_code == 200
    assert client.get(f"/facilities/{city.OTHER_PLANT}").status_code == 404
    features = client.get("/layers/facilities.geojson").json()["features"]
    assert [feature["properties"]["id"] for feature in features] == [f"facility:{city.PLANT}"]
    client.force_login(people["auditor"])
    assert client.get("/layers/areas.geojson").status_code == 403


def test_the_areas_layer_is_complete_and_not_sent_twice(client):
    client.force_login(city.people()["leader"])
    answer = client.get("/layers/areas.geojson")
    kinds = [feature["properties"]["kind"] for feature in answer.json()["features"]]
    assert (kinds.count("grid"), kinds.count("county")) == (3, 2)
    assert client.get("/layers/areas.geojson", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert len(client.get("/layers/areas.geojson?level=county").json()["features"]) == 2


def test_the_facility_page_shows_the_limits_of_today(client):
    client.force_login(city.people()["leader"])
    card = f"/enterprises/facilities/{city.PLANT}/permit"
    assert card in client.get(f"/facilities/{city.PLANT}").content.decode()
    page = client.get(card).content.decode()
    assert "超低排放" in page
    assert "GB 13223" not in page


# --- evidence ----------------------------------------------------------------------------------------------


def _exif(taken="2026:11:01 08:30:00", offset="", west=False):
    exif = PIL.Image.Exif()
    details = exif.get_ifd(0x8769)
    details[0x9003] = taken
    if offset:
        details[0x9011] = offset
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (43.0, 30.0, 36.0), "W" if west else "E", (126.0, 12.0, 0.0)
    return exif.tobytes()


@pytest.mark.parametrize(
    ("offset", "taken"),
    [("", dt.datetime(2026, 11, 1, 0, 30)), ("+09:00", dt.datetime(2026, 10, 31, 23, 30))],
)
def test_a_photograph_tells_time_and_place_and_is_kept_byte_for_byte(offset, taken):
    upload = city.photo(exif=_exif(offset=offset))
    original = upload.read()
    kept = services.store_evidence(file=upload, actor=None, at=AT)
    assert kept.taken_at == taken.replace(tzinfo=dt.UTC)
    assert (kept.longitude, kept.latitude) == pytest.approx((126.2, 43.51))
    assert (kept.kind, kept.content_type, kept.size) == ("photo", "image/jpeg", len(original))
    assert kept.file.open("rb").read() == original
    assert kept.sha256 == hashlib.sha256(original).hexdigest()


def test_a_place_given_by_the_person_goes_before_that_of_the_photograph():
    kept = services.store_evidence(
        file=city.photo(exif=_exif(west=True)),
        actor=None,
        at=AT,
        longitude=126.7,
        latitude=43.9,
        accuracy=8.0,
    )
    assert (kept.longitude, kept.latitude, kept.accuracy) == (126.7, 43.9, 8.0)


def test_the_same_file_twice_is_two_records_of_one_file():
    one, two = (services.store_evidence(file=city.photo(), actor=None, at=AT) for _ in range(2))
    assert one.pk != two.pk
    assert one.file.name == two.file.name


def _png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("photo.jpg", b"", "empty"),
        ("photo.jpg", b"<html><script>alert(1)</script>", "unknown_type"),
        ("photo.jpg", b"GIF89a" + bytes(20), "unknown_type"),
        ("photo.jpg", b"\xff\xd8\xff" + bytes(64), "damaged"),
        ("big.png", _png(60_000, 60_000), "too_large"),
        ("report.pdf", b"%PDF-1.7" + bytes(rules.MAX_EVIDENCE_BYTES), "too_large"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_and_leaves_nothing(name, content, code):
    entries = AuditEntry.objects.count()
    with pytest.raises(services.EvidenceRefused) as refused:
        services.store_evidence(file=SimpleUploadedFile(name, content), actor=None, at=AT)
    assert refused.value.code == code
    assert not models.Evidence.objects.exists()
    assert AuditEntry.objects.count() == entries


@given(st.binary(max_size=64))
def test_any_bytes_have_a_type_or_none(head):
    assert rules.sniff(head) in {"", *rules.SUFFIXES}


@given(st.text(max_size=25), st.text(max_size=8))
def test_any_text_is_an_instant_or_none(stamp, offset):
    assert rules.exif_instant(stamp, offset) is None or rules.exif_instant(stamp, offset).tzinfo is not None


def test_a_photo_without_exif_has_no_time_and_no_place():
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (4, 4)).save(buffer, "PNG")
    kept = services.store_evidence(file=SimpleUploadedFile("x", buffer.getvalue()), actor=None, at=AT)
    assert (kept.taken_at, kept.longitude, kept.content_type) == (None, None, "image/png")
