"""Time to take in a day of fire points, and server time of the straw pages after it.

Builds a small city of 400 grid cells in a scratch folder, brings 351 pixels of one pass (as many as Aqua saw over the
north-east on 23 November 2025, at random places with a fixed seed), once as an old day, which opens no cases, and once
as a fresh one, and asks the pages through Django's test client.

    python benchmarks/straw.py [--pixels 351] [--rounds 7]
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import sys
import tempfile
import time

TARGET = 0.3
"""Seconds a page may take."""
HEAD = "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,daynight"
SIDE, WEST, SOUTH, STEP = 20, 125.7, 42.7, 0.1
PAGES = (
    "straw:desk",
    "straw:watch",
    "straw:window",
    "straw:accounts",
    "straw:season",
    "straw:progress",
    "straw:scars",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pixels", type=int, default=351)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JIANGCHENG_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "jiangcheng.config.settings"
        import django

        django.setup()
        now = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0)
        build(now)
        bring("old day", now - datetime.timedelta(days=20), now, options.pixels)
        bring("fresh day", now - datetime.timedelta(hours=1), now, options.pixels)
        return report(options.rounds)


def build(now: datetime.datetime) -> None:
    """Migrate, enter the register and a limit zone, and make an officer on duty."""
    from django.core.management import call_command

    from jiangcheng.config import wiring
    from jiangcheng.core.access import services as access
    from jiangcheng.core.cases import services as cases
    from jiangcheng.core.registry import services as registry
    from jiangcheng.modules.straw import services as straw

    call_command("migrate", verbosity=0)
    wiring.load_manifests()
    cases.load_workflows()
    area = square(WEST, SOUTH, SIDE * STEP)
    regions = [named("220200", level="city"), named("220202", level="county", parent="220200", boundary=area)]
    cells = [
        named(
            f"220202-{row:02d}{column:02d}", region="220202", valid_from_date="2020-01-01",
            boundary=square(WEST + column * STEP, SOUTH + row * STEP, STEP),
        )
        for row in range(SIDE)
        for column in range(SIDE)
    ]  # fmt: skip
    for kind, rows in (("regions", regions), ("grid_cells", cells)):
        errors = registry.import_register(kind, rows, actor=None, at=now).errors
        assert not errors, errors[:3]
    zone = {"type": "Feature", "properties": {"code": "L", "kind": "limit", "name_zh": "L"}, "geometry": area}
    straw.import_zones(
        document={"type": "FeatureCollection", "features": [zone]}, source="benchmark",
        valid_from=datetime.date(2020, 1, 1), actor=None, now=now,
    )  # fmt: skip
    user = access.create_user(username="benchmark", password="Songhua-river-1", display_name="b", at=now)
    access.assign_role(user=user, role="duty_officer", on=datetime.date(2020, 1, 1), at=now)


def named(code: str, **more: object) -> dict[str, object]:
    return {"code": code, "name_zh": code, "name_en": code, **more}


def square(west: float, south: float, side: float) -> dict[str, object]:
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def bring(name: str, at: datetime.datetime, now: datetime.datetime, pixels: int) -> None:
    """Import the pixels of a pass and print seconds, queries and incidents."""
    import numpy as np
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from jiangcheng.modules.straw import services

    rng = np.random.default_rng(7)
    places = rng.uniform((SOUTH, WEST), (SOUTH + SIDE * STEP, WEST + SIDE * STEP), (pixels, 2))
    powers = rng.lognormal(2.4, 0.8, pixels)
    rows = [
        f"{lat:.4f},{lon:.4f},320,1.1,1.0,{at:%Y-%m-%d},{at:%H%M},A,80,6.1NRT,280,{power:.1f},D"
        for (lat, lon), power in zip(places, powers, strict=True)
    ]
    begin, used = time.perf_counter(), time.process_time()
    with CaptureQueriesContext(connection) as queries:
        told = services.import_firms(text="\n".join([HEAD, *rows]), name=name, actor=None, now=now)
    took, cpu = time.perf_counter() - begin, time.process_time() - used
    print(
        f"{name:<16}{took:8.1f} s {cpu:8.1f} s CPU {len(queries):8d} queries {told.added:6d} pixels"
        f" {len(told.incidents):6d} incidents"
    )


def report(rounds: int) -> int:
    """Ask each page some times and print the fastest and the median; 1 if a fastest one misses the target."""
    from django.test import Client
    from django.urls import reverse

    from jiangcheng.core.access.models import User

    client = Client()
    client.force_login(User.objects.get(username="benchmark"))
    slow = 0
    for name in PAGES:
        took = []
        for _ in range(rounds):
            begin = time.perf_counter()
            answer = client.get(reverse(name))
            took.append(time.perf_counter() - begin)
            assert answer.status_code == 200, (name, answer.status_code)
        slow += min(took) > TARGET
        print(f"{name:<16}{1000 * min(took):8.0f} ms {1000 * statistics.median(took):8.0f} ms median")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
