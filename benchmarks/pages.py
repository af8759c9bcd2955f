"""Server time of the home page's fragments, the map's layers and the station pages with a year of data.

Builds the demo city in a scratch folder with a year of history, evaluates it, and asks each page through
Django's test client. The baseline is the smallest page behind the same middleware, ``/healthz``.

    python benchmarks/pages.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

TARGET = 0.2
"""Seconds a page may take."""
YEAR = datetime.timedelta(days=365)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JIANGCHENG_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "jiangcheng.config.settings"
        import django

        django.setup()
        now = datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0)
        timed("city and history", lambda: build(now))
        timed("tasks of all rooms", run_tasks)
        return report(options.rounds)


def timed(name: str, work: Callable[[], object]) -> None:
    begin = time.perf_counter()
    work()
    print(f"{name:<32}{time.perf_counter() - begin:8.1f} s")


def build(now: datetime.datetime) -> None:
    """Build the city from January on, then add what is missing of a whole year."""
    from django.core.management import call_command

    from jiangcheng.config import wiring
    from jiangcheng.demo import history, setup

    call_command("migrate", verbosity=0)
    wiring.load_manifests()
    state = setup.prepare(now=now, progress=lambda share, text: None)
    january = now.astimezone(datetime.timezone(datetime.timedelta(hours=8))).replace(month=1, day=1, hour=0)
    if january - (now - YEAR) > datetime.timedelta():
        history.load(
            start=int((now - YEAR).timestamp()) // 86400 * 86400,
            end=int(january.timestamp()),
            opened=state.opened,
            received_at=now,
            progress=lambda share, text: None,
        )


def run_tasks() -> None:
    from jiangcheng.config import jobs
    from jiangcheng.core import manifest

    jobs.Jobs(manifest.manifests.tasks()).run_all_once()


def addresses() -> Iterator[str]:
    from django.urls import reverse

    from jiangcheng.core.registry.models import Station

    for name in ("plan:card_targets", "air:card_lines", "air:card_counties"):
        yield reverse(name)
    yield reverse("air:lines", args=["index"])
    for name in ("air:layer", "water:layer", "emissions:layer", "air:overview", "water:overview",
                 "emissions:overview", "plan:targets", "observations:stations"):  # fmt: skip
        yield reverse(name)
    for kind, charts in (
        ("air", ("series", "calendar")),
        ("water", ("series", "classes")),
        ("gas_outlet", ("series",)),
    ):
        code = Station.objects.filter(kind=kind).order_by("pk").values_list("code", flat=True)[0]
        yield reverse("observations:station", args=[code])
        for chart in charts:
            yield reverse(f"observations:{chart}", args=[code])
        yield f"{reverse('observations:series', args=[code])}?granularity=hour&from={year_ago()}"


def year_ago() -> str:
    from django.utils import timezone

    return str(timezone.localdate() - datetime.timedelta(days=364))


def report(rounds: int) -> int:
    from django.test import Client

    from jiangcheng.core.access.models import User

    client = Client()
    client.force_login(User.objects.get(username="leader"))
    baseline = median(client, "/healthz", rounds)
    print(f"\n{'page':<64}{'ms':>8}{'ratio':>8}")
    print(f"{'/healthz (baseline)':<64}{baseline * 1000:8.1f}{1:8.1f}")
    slowest = 0.0
    for address in addresses():
        seconds = median(client, address, rounds)
        slowest = max(slowest, seconds)
        print(f"{address:<64}{seconds * 1000:8.1f}{seconds / baseline:8.1f}")
    print(f"\nslowest {slowest * 1000:.0f} ms, aim {TARGET * 1000:.0f} ms")
    return 0 if slowest < TARGET else 1


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
