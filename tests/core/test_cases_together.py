"""Many people act at once, on a SQLite file and on PostgreSQL: no step twice, no chain forked."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from postgres import postgres_url  # noqa: F401

SCRIPT = """
import datetime as dt, threading
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from jiangcheng.config import wiring
from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.cases import services
from jiangcheng.core.cases.models import Case, CaseStep, Finding

call_command("migrate", verbosity=0)
wiring.load_manifests()
city.build()
people = city.people()
station = city.station("P1").pk

def finding(hour, key="k"):
    start = city.AT + dt.timedelta(hours=hour)
    return services.FindingReport(
        kind="cases.patrol", dedup_key=key, rule_version="", title_zh="甲", title_en="a", severity=2,
        station_id=station, first_at=start, last_at=start, evidence={"start": start.isoformat()},
    )

def together(jobs):
    outcomes = []
    barrier = threading.Barrier(len(jobs))
    def work(job):
        try:
            barrier.wait()
            job()
            outcomes.append("done")
        except services.Refused as error:
            outcomes.append(error.reasons[0])
        except Exception as error:
            outcomes.append(repr(error))
        finally:
            connection.close()
    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return sorted(outcomes)

# Eight processes' worth of reports of one key: one finding, one case, eight occurrences.
assert together([lambda n=n: services.report(finding=finding(n), now=city.AT) for n in range(8)]) == ["done"] * 8
found = Finding.objects.get()
assert found.occurrences == len(found.evidence) == 8, found.occurrences
case = Case.objects.get()

# Eight people press the same button: one step.
def accept():
    services.act(case=Case.objects.get(), action="accept", actor=people["duty"], now=city.AT)
assert together([accept] * 8) == ["done"] + ["state"] * 7
assert CaseStep.objects.filter(action="accept").count() == 1

# Cases of different keys on one day: eight numbers.
others = [lambda n=n: services.report(finding=finding(0, f"k{n}"), now=city.AT) for n in range(8)]
assert together(others) == ["done"] * 8
numbers = sorted(Case.objects.values_list("number", flat=True))
assert numbers == [f"20261102-PATROL-{n:04d}" for n in range(1, 10)], numbers

assert services.verify_steps().ok, services.verify_steps()
assert access.verify_audit().ok, access.verify_audit()
print("together")
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_many_at_once_never_double_a_step(database_url, tmp_path):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "jiangcheng.config.settings",
        "JIANGCHENG_DATA": str(tmp_path),
        "JIANGCHENG_DATABASE_URL": database_url,
        "PYTHONPATH": os.path.dirname(os.path.dirname(__file__)),  # noqa: PTH120
    }
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.stdout.strip() == "together", run.stderr[-3000:]
