"""Zones, plans, fire points, weather and ledgers of straw of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely.geometry
from PIL import Image, TiffImagePlugin

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import GridCell, Region
from jiangcheng.modules.straw import services
from jiangcheng.modules.straw.models import BurnZone
from jiangcheng.standards import periods

COUNTIES = ("220283", "220221", "220284")
"""Where most maize and rice grows."""
TOWN = "220202"
HALF = 0.01
"""Half the side of a field [°]."""
HEAD = "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,confidence,version,bright_ti5,frp,daynight"


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the room; does nothing where zones have been entered."""
    people = {user.username: user for user in User.objects.filter(username__in=("department", "leader"))}
    places = {code: _middle(code) for code in (*COUNTIES, TOWN)}
    if len(people) < 2 or None in places.values() or BurnZone.objects.exists():
        return
    known = {code: place for code, place in places.items() if place is not None}
    _zones(known, now)
    progress(0.3, "straw zones")
    _settled(people["department"], now)
    _plans(known, people, now)
    _weather(people["department"], now)
    _cameras(known, people["department"], now)
    _fires(known, people, now)
    progress(0.6, "straw fires")
    _ledgers(people["department"], now)
    progress(0.8, "straw ledgers")
    _disposal(known, people["department"], now)
    _duty(known, people["department"], now)
    _scene(known, now)
    progress(1.0, "straw disposal")


def _middle(code: str) -> tuple[float, float] | None:
    cells = GridCell.objects.filter(region__code__startswith=code).order_by("code")
    cell = cells[len(cells) // 2] if cells else None
    if cell is None:
        return None
    point = shapely.geometry.shape(cell.boundary).representative_point()
    return round(point.x, 4), round(point.y, 4)


def _square(place: tuple[float, float], half: float) -> dict[str, Any]:
    box = shapely.geometry.box(place[0] - half, place[1] - half, place[0] + half, place[1] + half)
    coordinates = [[list(pair) for pair in box.exterior.coords]]
    return {"type": "Polygon", "coordinates": coordinates}


def _zones(places: dict[str, tuple[float, float]], now: dt.datetime) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {
                "code": f"{'BAN' if code == TOWN else 'LIMIT'}-{code}",
                "kind": "ban" if code == TOWN else "limit",
                "name_zh": f"{Region.objects.get(code=code).name_zh}{'禁烧区' if code == TOWN else '限烧区'}（演示）",
                "name_en": f"{'Ban' if code == TOWN else 'Limit'} zone {code} (demo)",
            },
            "geometry": _square(place, 0.05 if code == TOWN else 0.2),
        }
        for code, place in places.items()
    ]
    on = now.astimezone(periods.BEIJING).date().replace(month=1, day=1)
    services.import_zones(
        document={"type": "FeatureCollection", "features": features}, source="演示划定", valid_from=on,
        actor=None, now=now,
    )  # fmt: skip


def _settled(actor: User, now: dt.datetime) -> None:
    """Enter the middle of every county as a place with round numbers of people, so that something lies downwind."""
    year = now.astimezone(periods.BEIJING).year
    for number, region in enumerate(Region.objects.filter(level="county").order_by("code")):
        place = _middle(region.code)
        if place is not None:
            values = {
                "name": f"{region.name_zh}城区（演示）", "region": region, "longitude": place[0], "latitude": place[1],
                "people": 300_000 - 25_000 * number, "as_of": dt.date(year - 1, 12, 31), "origin": "演示",
            }  # fmt: skip
            records.create(register="settled-places", values=values, actor=actor, at=now)


def _plans(places: dict[str, tuple[float, float]], people: dict[str, User], now: dt.datetime) -> None:
    before = now - dt.timedelta(days=1)
    for number, code in enumerate(COUNTIES):
        values = {
            "village": f"演示村{number + 1}", "region": Region.objects.get(code=code), "crop": "maize",
            "area_mu": 120.0 + 400 * number, "off_field": number < 2, "outline": _square(places[code], HALF),
            "starts_at": now - dt.timedelta(hours=6), "ends_at": now + dt.timedelta(hours=6 + 24 * number),
            "crew": 12, "equipment": "水车 2 台、灭火弹 20 具（演示）",
        }  # fmt: skip
        row = records.create(register="residue-plans", values=values, actor=people["department"], at=before)
        if number < 2:
            records.act(record=row, action="approve", actor=people["leader"], now=before, text="同意（演示）")
        plot = {
            "village": values["village"], "region": values["region"], "crop": "maize", "area_mu": values["area_mu"],
            "stage": "residue" if number < 2 else "harvested", "outline": values["outline"],
        }  # fmt: skip
        place = dict(zip(("longitude", "latitude"), places[code], strict=True))
        records.create(
            register="straw-plots", values={**plot, **place}, actor=people["department"], at=before
        )


def _fires(places: dict[str, tuple[float, float]], people: dict[str, User], now: dt.datetime) -> None:
    """Three pixels of one pass: in an approved plan, in a limit zone without one, in the ban zone."""
    at = now - dt.timedelta(hours=2)
    east, north = places["220284"]
    spots = (places["220283"], (east + 0.01, north), places[TOWN])
    rows = [
        f"{lat:.4f},{lon:.4f},335.1,0.45,0.4,{at:%Y-%m-%d},{at:%H%M},N20,nominal,2.0NRT,288.0,{6 + 5 * place}.2,D"
        for place, (lon, lat) in enumerate(spots)
    ]
    report = services.import_firms(text="\n".join([HEAD, *rows]), name="demo", actor=None, now=now)
    for incident in report.incidents:
        if (
            incident.verdict == "illegal"
            and incident.grid_cell
            and incident.grid_cell.region.code.startswith(TOWN)
        ):
            services.conclude(
                incident=incident, outcome="straw", text="到场见玉米秸秆焚烧，已扑灭（演示）",
                actor=people["department"], now=now, mu="2.5",
            )  # fmt: skip


def _weather(actor: User, now: dt.datetime) -> None:
    day = now.astimezone(periods.BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    for number, code in enumerate(COUNTIES):
        region = Region.objects.get(code=code)
        for hour in range(8, 18):
            values = {
                "region": region, "hour_at": day + dt.timedelta(hours=hour), "wind": 2.5 + 0.4 * (hour - 8) + number,
                "direction": (200.0 + 60 * number + 4 * hour) % 360,
                "mixing": 500.0 + 140 * min(hour - 8, 6), "rain": 0.0, "fire_danger": 2 + (number == 2),
                "aqi": 58 + 9 * number, "pm25": 34.0 + 4 * number, "cloud": 0.2, "origin": "演示预报",
            }  # fmt: skip
            records.create(register="burn-weather", values=values, actor=actor, at=now)


def _ledgers(actor: User, now: dt.datetime) -> None:
    year = now.astimezone(periods.BEIJING).year
    for number, code in enumerate(COUNTIES):
        region = Region.objects.get(code=code)
        for crop, grain, sown in (("maize", 900_000.0, 1_600_000.0), ("rice", 400_000.0, 700_000.0)):
            values = {
                "region": region, "year": year, "crop": crop, "grain": grain - 50_000 * number, "sown": sown,
                "returned": 0.45 * sown, "fertiliser": 60_000.0, "feed": 150_000.0 if crop == "maize" else 10_000.0,
                "fuel": 120_000.0 if crop == "maize" else 30_000.0, "origin": "演示",
            }  # fmt: skip
            records.create(register="straw-harvests", values=values, actor=actor, at=now)


def _disposal(places: dict[str, tuple[float, float]], actor: User, now: dt.datetime) -> None:
    """Three weeks of reports of three villages, one fast, one slow, one that stands still."""
    today = now.astimezone(periods.BEIJING).date()
    start = dt.date(today.year, 3 if 3 <= today.month < 9 else 9, 1)
    for number, code in enumerate(COUNTIES):
        area, pace = 2400.0 + 800 * number, (150.0, 70.0, 30.0)[number]
        for back in range(20, -1, -2):
            day = today - dt.timedelta(days=back)
            if day < start:
                continue
            done = min(area, 200 + pace * (20 - back)) if number < 2 or back > 8 else 200 + pace * 12
            values = {
                "village": f"演示村{number + 1}", "region": Region.objects.get(code=code), "crop": "maize", "day": day,
                "area_mu": area, "harvested": area, "baled": 0.6 * done, "shredded": 0.25 * done,
                "ploughed": 0.15 * done,
            }  # fmt: skip
            records.create(register="straw-progress", values=values, actor=actor, at=now)
        ticket = {
            "village": f"演示村{number + 1}", "region": Region.objects.get(code=code), "crop": "maize",
            "weighed_at": now - dt.timedelta(days=1), "gross": 31.4, "tare": 12.2, "buyer": "演示收储站",
        }  # fmt: skip
        records.create(register="bale-tickets", values=ticket, actor=actor, at=now)


def _duty(places: dict[str, tuple[float, float]], actor: User, now: dt.datetime) -> None:
    first = now.astimezone(periods.BEIJING).date().replace(month=1, day=1)
    city = Region.objects.filter(level="city").first()
    if city is None:
        return
    top = _contract("city", city, "", "", actor, now, first)
    for number, code in enumerate(COUNTIES):
        region = Region.objects.get(code=code)
        county = _contract("county", region, top, "", actor, now, first)
        if number == 0:
            town = Region.objects.filter(level="township", code__startswith=code).order_by("code").first()
            upper = _contract("township", town, county, "", actor, now, first) if town else county
            _contract("village", region if town is None else town, upper, "演示村1", actor, now, first)


def _contract(
    level: str, region: Region, upper: str, village: str, actor: User, now: dt.datetime, first: dt.date
) -> str:
    values = {
        "level": level, "region": region, "upper": upper, "village": village,
        "holder": f"{region.name_zh}责任人（演示）", "starts_on": first,
    }  # fmt: skip
    return records.create(register="duty-contracts", values=values, actor=actor, at=now).number


def _cameras(places: dict[str, tuple[float, float]], actor: User, now: dt.datetime) -> None:
    for number, code in enumerate(COUNTIES):
        east, north = places[code]
        values = {
            "name": f"演示铁塔{number + 1}", "region": Region.objects.get(code=code), "longitude": east,
            "latitude": north, "kilometres": 5.0 + number, "last_degrees": 360.0 if number else 200.0,
            "thermal": number == 1, "working": number < 2, "steerable": number < 2,
            "mast_metres": 45.0,
        }  # fmt: skip
        records.create(register="watch-cameras", values=values, actor=actor, at=now)


def _scene(places: dict[str, tuple[float, float]], now: dt.datetime) -> None:
    """Make and read an image of three villages: half straw, nearly bare and dark, well covered. Synthetic."""
    villages, side = [], 0.02
    west = min(place[0] for place in places.values()) - side
    north = max(place[1] for place in places.values()) + side
    columns = int((max(place[0] for place in places.values()) + side - west) / STEP) + 1
    rows = int((north - min(place[1] for place in places.values()) + side) / STEP) + 1
    rng = np.random.default_rng(7)
    swir1 = np.full((rows, columns), 2500, np.float32) + rng.normal(0, 60, (rows, columns)).astype(np.float32)
    swir2, nir = swir1 * 0.85, np.full((rows, columns), 2600, np.float32)
    for number, code in enumerate(COUNTIES):
        east, up = places[code]
        row, column = int((north - up) / STEP), int((east - west) / STEP)
        part = np.s_[max(0, row - 9) : row + 9, max(0, column - 9) : column + 9]
        swir2[part] = swir1[part] * (0.78, 0.98, 0.7)[number]
        nir[part] = (2600, 900, 2700)[number]
        area = shapely.geometry.shape(_square((east, up), HALF))
        villages.append(services.Village(f"演示村{number + 1}", Region.objects.get(code=code), area))
    on = now.astimezone(periods.BEIJING).date()
    services.read_scene(
        code=f"DEMO-{on:%Y%m%d}", sensed_on=on, source="合成影像（演示）",
        files={
            name: _tif(band, west, north)
            for name, band in (("swir1", swir1), ("swir2", swir2), ("nir", nir))
        },
        villages=villages, actor=None, now=now,
    )  # fmt: skip


STEP = 0.001
"""Side of a pixel of the synthetic image [°]."""


def _tif(band: np.ndarray[Any, Any], west: float, north: float) -> io.BytesIO:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[33550], tags[33922] = (STEP, STEP, 0.0), (0.0, 0.0, 0.0, west, north, 0.0)
    tags.tagtype[33550] = tags.tagtype[33922] = 12
    tags[34735] = (1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4490)
    tags.tagtype[34735] = 3
    written = io.BytesIO()
    Image.fromarray(np.clip(band, 1, 65535).astype(np.uint16)).save(written, "TIFF", tiffinfo=tags)
    written.seek(0)
    return written
