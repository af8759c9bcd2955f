"""Server time of the desk, its search, a case and an enterprise's file with many cases and enterprises.

The same pages are asked at one, ten and a hundred per cent of the full size; the baseline is ``/healthz`` behind
the same middleware.

    python benchmarks/desk.py [--cases 100000] [--facilities 20000] [--rounds 7]
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator

TARGET = 0.3
"""Seconds a page may take."""
SHARES = (0.01, 0.1, 1.0)
BATCH = 2000
DAY = datetime.timedelta(days=1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--facilities", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JIANGCHENG_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "jiangcheng.config.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        now = datetime.datetime.now(datetime.UTC)
        prepare(now)
        slowest = 0.0
        for share in SHARES:
            fill(int(options.facilities * share), int(options.cases * share), now)
            slowest = max(slowest, report(share, options.rounds))
        print(f"\nslowest {slowest * 1000:.0f} ms, aim {TARGET * 1000:.0f} ms")
        return 0 if slowest < TARGET else 1


def prepare(now: datetime.datetime) -> None:
    """Build the area, its grid cell and the person who looks."""
    from jiangcheng.core.access import services
    from jiangcheng.core.registry.models import GridCell, Region

    city = Region.objects.create(code="220200", name_zh="吉林市", name_en="Jilin", level="city")
    county = Region.objects.create(
        code="220202", name_zh="昌邑区", name_en="Changyi", level="county", parent=city
    )
    ring = [[126, 43], [127, 43], [127, 44], [126, 44], [126, 43]]
    GridCell.objects.create(
        code="220202-01", name_zh="一格", name_en="Cell 1", region=county,
        boundary={"type": "Polygon", "coordinates": [ring]}, valid_from_date=datetime.date(2020, 1, 1),
    )  # fmt: skip
    user = services.create_user(username="leader", password="Songhua-river-1", display_name="leader", at=now)
    services.assign_role(user=user, role="duty_officer", on=now.date() - DAY, at=now)


def fill(facilities: int, cases: int, now: datetime.datetime) -> None:
    """Add facilities and cases until there are so many; one case in twenty is open."""
    from jiangcheng.core.cases.models import Case, WorkflowDefinition
    from jiangcheng.core.registry.models import Facility, GridCell, Region

    region, cell = Region.objects.get(code="220202"), GridCell.objects.get()
    begun = Facility.objects.count()
    Facility.objects.bulk_create(
        [
            Facility(
                code=f"9122{number:014d}", name_zh=f"第{number}企业", name_en=f"Works {number}", region=region,
                grid_cell=cell, longitude=126 + number % 1000 / 1000, latitude=43 + number % 997 / 1000,
            )
            for number in range(begun, facilities)
        ],
        batch_size=BATCH,
    )  # fmt: skip
    keys = list(Facility.objects.values_list("pk", flat=True))
    workflow = WorkflowDefinition.objects.filter(code="grid_event").order_by("-version")[0]
    begun = Case.objects.count()
    Case.objects.bulk_create(
        (_case(number, workflow, region, cell, keys, now) for number in range(begun, cases)), batch_size=BATCH
    )


def _case(
    number: int, workflow: object, region: object, cell: object, keys: list[int], now: datetime.datetime
) -> object:
    from jiangcheng.core.cases.models import Case

    at = now - DAY * (number % 700)
    is_open = number % 20 == 0
    return Case(
        number=f"B{number:08d}", workflow=workflow, case_type="EMIT", state="handling" if is_open else "closed",
        title_zh=f"第{number}号排口超限", title_en=f"Outlet {number} over limit", severity=1 + number % 4,
        longitude=126 + number % 1000 / 1000, latitude=43 + number % 997 / 1000, region=region, grid_cell=cell,
        facility_id=keys[number % len(keys)], opened_at=at, state_at=at, due_at=at + DAY if is_open else None,
        closed_at=None if is_open else at + DAY,
    )  # fmt: skip


def addresses() -> Iterator[str]:
    from jiangcheng.core.cases.models import Case
    from jiangcheng.core.registry.models import Facility

    facility = Facility.objects.order_by("pk")[0]
    yield "/cases/"
    yield "/cases/?view=list"
    yield "/cases/?view=list&q=第77号"
    yield f"/cases/?view=list&facility={facility.code}"
    yield f"/cases/{Case.objects.order_by('pk')[0].number}"
    yield "/cases/cards/open"
    yield "/todo/"
    yield "/facilities"
    yield "/facilities?q=第77企业"
    yield f"/facilities/{facility.code}"
    yield f"/enterprises/facilities/{facility.code}/matrix"


def report(share: float, rounds: int) -> float:
    from django.test import Client

    from jiangcheng.core.access.models import User

    client = Client()
    client.force_login(User.objects.get(username="leader"))
    baseline = median(client, "/healthz", rounds)
    print(f"\n{f'at {share:.0%}':<64}{'ms':>8}{'ratio':>8}")
    print(f"{'/healthz (baseline)':<64}{baseline * 1000:8.1f}{1:8.1f}")
    slowest = 0.0
    for address in addresses():
        seconds = median(client, address, rounds)
        slowest = max(slowest, seconds)
        print(f"{address:<64}{seconds * 1000:8.1f}{seconds / baseline:8.1f}")
    return slowest


def median(client: object, address: str, rounds: int) -> float:
    """Return the middle of the times; the first call, which fills caches, is left out."""
    times = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        response = client.get(address)  # type: ignore[attr-defined]
        times.append(time.perf_counter() - begin)
        assert response.status_code == 200, (address, response.status_code)
    return statistics.median(times[1:])


if __name__ == "__main__":
    sys.exit(main())
