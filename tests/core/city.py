"""A small city for the tests of the desks: two counties, three grid cells, a plant with a stack, people."""

from __future__ import annotations

import datetime as dt
import io

import PIL.Image
from django.core.files.uploadedfile import SimpleUploadedFile

from jiangcheng.core.access import services as access
from jiangcheng.core.registry import models as registry
from jiangcheng.core.registry import services

AT = dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC)
"""Monday, 09:00 in Jilin."""
ON = dt.date(2026, 11, 2)
PASSWORD = "Songhua-river-1"
DEVICE = "MN0000000000000000000001"
PLANT, OTHER_PLANT = "91220200PLANT00001", "91220200PLANT00002"


def square(west, south, east, north):
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def named(code, name, **more):
    return {"code": code, "name_zh": name, "name_en": name, **more}


ROWS = {
    "regions": [
        named("220200", "吉林市", level="city"),
        named("220202", "昌邑区", level="county", parent="220200", boundary=square(126, 43, 127, 44)),
        named("220203", "龙潭区", level="county", parent="220200", boundary=square(127, 43, 128, 44)),
    ],
    "grid_cells": [
        named("220202-01", "一格", region="220202", boundary=square(126, 43, 126.5, 44), valid_from_date="2026-01-01"),
        named("220202-02", "二格", region="220202", boundary=square(126.5, 43, 127, 44), valid_from_date="2026-01-01"),
        named("220203-01", "三格", region="220203", boundary=square(127, 43, 128, 44), valid_from_date="2026-01-01"),
    ],
    "facilities": [
        named(PLANT, "甲厂", longitude=126.7, latitude=43.5),
        named(OTHER_PLANT, "乙厂", longitude=127.5, latitude=43.5),
    ],
    "stations": [
        named("P1", "甲厂排口", kind="gas_outlet", longitude=126.7, latitude=43.5, valid_from_date="2026-01-01"),
        named("P2", "乙厂排口", kind="gas_outlet", longitude=127.5, latitude=43.5, valid_from_date="2026-01-01"),
        named("A1", "空气站", kind="air", longitude=126.2, latitude=43.5, valid_from_date="2026-01-01"),
    ],
    "outlets": [
        {"facility": PLANT, "number": "DA001", "name_zh": "烟囱", "name_en": "Stack", "station": "P1"},
        {"facility": OTHER_PLANT, "number": "DA001", "name_zh": "烟囱", "name_en": "Stack", "station": "P2"},
    ],
    "devices": [{"mn": DEVICE, "station": "P1"}],
    "properties": [
        named("a21026", "二氧化硫", statistic="zs_avg", unit="mg/m3", medium="gas"),
    ],
    "permits": [
        {
            "facility": PLANT, "number": "P-1", "version": 1,
            "valid_from_date": "2024-01-01", "valid_to_date": "2026-07-01",
            "limits": [{"outlet": "P1", "property": "a21026", "statistic": "zs_avg", "upper": "100",
                        "basis": "GB 13223-2011 表1"}],
        },
        {
            "facility": PLANT, "number": "P-1", "version": 2, "valid_from_date": "2026-07-01",
            "limits": [{"outlet": "P1", "property": "a21026", "statistic": "zs_avg", "upper": "35",
                        "basis": "超低排放"}],
        },
    ],
}  # fmt: skip


def build():
    """Import the register; every row has to be taken."""
    for kind, rows in ROWS.items():
        report = services.import_register(kind, rows, actor=None, at=AT)
        assert report.errors == (), (kind, report.errors)


def people():
    """Create one person per role, and the inspector's duty in every cell; return them by name."""
    found = {}
    for name, role, where in (
        ("duty", "duty_officer", {}),
        ("inspector", "grid_inspector", {"region_code": "220202"}),
        ("colleague", "grid_inspector", {"region_code": "220203"}),
        ("department", "department", {"region_code": "220200"}),
        ("verifier", "verifier", {}),
        ("enterprise", "enterprise", {"facility_code": PLANT}),
        ("rival", "enterprise", {"facility_code": OTHER_PLANT}),
        ("leader", "leader", {}),
        ("system", "system_admin", {}),
        ("auditor", "audit_admin", {}),
    ):
        user = access.create_user(username=name, password=PASSWORD, display_name=name, at=AT)
        access.assign_role(user=user, role=role, on=dt.date(2026, 1, 1), at=AT, **where)
        found[name] = user
    duties = [
        {"grid_cell": code, "user": "inspector", "duty": "inspector", "valid_from_date": "2026-01-01"}
        for code in ("220202-01", "220202-02")
    ]
    assert services.import_register("grid_duties", duties, actor=None, at=AT).errors == ()
    return found


def photo(name="photo.jpg", exif=None):
    """Return an uploaded JPEG, with EXIF data if given."""
    buffer = io.BytesIO()
    image = PIL.Image.new("RGB", (8, 6), "green")
    image.save(buffer, "JPEG", **({"exif": exif} if exif else {}))
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def station(code):
    return registry.Station.objects.get(code=code)
