"""Server time of the pages of the plan with five years of records.

Fills a scratch database with what five years leave behind: every target has a value a year, the measured ones are
recorded anew each day under two editions, and each year has its duties. The baseline is ``/healthz``, the smallest
page behind the same middleware.

    python benchmarks/plan_page.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import tempfile
import time
from collections.abc import Iterator

TARGET = 0.3
"""Seconds a page may take."""
YEARS = 5
DAILY = ("city_good_air_days_ratio_2027", "city_heavy_pollution_days_ratio_2027", "city_pm25_annual_2027")
EDITIONS = ("HJ 633-2012", "HJ 633-2026")
DUTIES = 300


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JIANGCHENG_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "jiangcheng.config.settings"
        import django

        django.setup()
        fill()
        return report(options.rounds)


def fill() -> None:
    from django.core.management import call_command

    from jiangcheng.config import wiring
    from jiangcheng.core.access import services as access
    from jiangcheng.core.indicators.models import IndicatorValue
    from jiangcheng.core.registry.models import Region
    from jiangcheng.modules.plan.models import Duty

    call_command("migrate", verbosity=0)
    wiring.load_manifests()
    now = dt.datetime.now(dt.UTC)
    Region.objects.create(code="220200", name_zh="吉林市", name_en="Jilin", level="city")
    user = access.create_user(username="reader", password="Songhua-river-1", display_name="reader", at=now)
    access.assign_role(user=user, role="leader", on=now.date(), at=now)
    IndicatorValue.objects.bulk_create(list(values(now)), batch_size=2000)
    Duty.objects.bulk_create(duties(now))
    print(f"{IndicatorValue.objects.count()} values, {Duty.objects.count()} duties")


def values(now: dt.datetime) -> Iterator[object]:
    from jiangcheng.core.indicators.models import IndicatorValue
    from jiangcheng.modules.plan import rules

    for year in range(now.year - YEARS + 1, now.year + 1):
        for target in rules.targets(now.date()):
            daily = target.id in DAILY
            for edition in EDITIONS if daily else ("reported",):
                days = 365 if daily else 1
                for day in range(days):
                    yield IndicatorValue(
                        indicator=target.id, period_start_date=dt.date(year, 1, 1),
                        period_end_date=dt.date(year + 1, 1, 1), edition=edition, value=80 + (day + year) % 19,
                        unit=target.unit, formula_zh="甲", formula_en="a", computed_at=now, current=day == days - 1,
                        lineage={"rows": day, "intermediates": {
                            "good_days": day, "heavy_days": 3, "mean": 30.0, "deviation": 15.0,
                            "valid_days": day + 1, "days_left": 364 - day}},
                    )  # fmt: skip


def duties(now: dt.datetime) -> list[object]:
    from jiangcheng.modules.plan import rules
    from jiangcheng.modules.plan.models import Duty

    tasks = [task for task in rules.tasks() if task.document == "city"][:DUTIES]
    return [
        Duty(
            number=f"RW-{year}-{place:04d}", year=year, task=task.id, title_zh=task.name_zh, state="working",
            unit_code=task.department, created_at=now, state_at=now,
            milestones=[{"month": month, "text": "季度"} for month in (3, 6, 9, 12)],
        )
        for year in range(now.year - YEARS + 1, now.year + 1)
        for place, task in enumerate(tasks)
    ]  # fmt: skip


def report(rounds: int) -> int:
    from django.test import Client
    from django.urls import reverse

    from jiangcheng.core.access.models import User

    client = Client()
    client.force_login(User.objects.get(username="reader"))
    pages = {
        "baseline /healthz": reverse("portal:health"),
        "all targets": reverse("plan:targets"),
        "one target": reverse("plan:target", args=[DAILY[0]]),
        "targets, filtered": f"{reverse('plan:targets')}?state=at_risk",
        "target, one value": reverse("plan:target", args=["city_carbon_decline_2035"]),
        "programme": reverse("plan:programme"),
        "lead units": reverse("plan:leads"),
        "scores": reverse("plan:scores"),
        "matrix": reverse("plan:matrix"),
        "province": reverse("plan:province"),
        "systems": reverse("plan:systems"),
    }
    slow = 0
    for name, address in pages.items():
        times, worked = [], []
        for _round in range(rounds):
            begin, cpu = time.perf_counter(), time.process_time()
            answer = client.get(address)
            times.append(time.perf_counter() - begin)
            worked.append(time.process_time() - cpu)
            assert answer.status_code == 200, (name, answer.status_code)
        middle, work = statistics.median(times), statistics.median(worked)
        slow += middle > TARGET
        size = len(answer.content)
        print(f"{name:<20}{1000 * middle:8.1f} ms {1000 * work:8.1f} ms of work {size:>9} bytes")
    return int(slow > 0)


if __name__ == "__main__":
    raise SystemExit(main())
