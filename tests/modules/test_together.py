"""What many do at once, on a SQLite file and on PostgreSQL: one case of one key, nothing given away twice."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from postgres import postgres_url  # noqa: F401

SCRIPT = """
import datetime as dt, threading, uuid
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from jiangcheng.config import wiring
from core import city
from jiangcheng.core.access.services import verify_audit
from jiangcheng.core.cases.models import Case
from jiangcheng.modules.fieldwork import rules, services
from jiangcheng.modules.fieldwork.models import Submission
from jiangcheng.core.records import services as records
from jiangcheng.modules.participation import services as participation
from jiangcheng.modules.participation.models import Booking
from jiangcheng.modules.safety import services as safety
from jiangcheng.modules.safety.models import StockItem, StockMove

call_command("migrate", verbosity=0)
wiring.load_manifests()
city.build()
inspector = city.people()["inspector"]
body = {"text": "河边有黑水", "longitude": 126.7, "latitude": 43.5}

def together(bodies, now):
    key, outcomes, barrier = uuid.uuid4(), [], threading.Barrier(len(bodies))
    def work(mine):
        try:
            barrier.wait()
            answer = services.submit(
                key=key, user=inspector, kind="reports", body=mine, clock=rules.Clock(), now=now
            )
            outcomes.append(answer["number"])
        except services.Rejected as error:
            outcomes.append(error.rules[0])
        except Exception as error:
            outcomes.append(repr(error))
        finally:
            connection.close()
    threads = [threading.Thread(target=work, args=(mine,)) for mine in bodies]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return sorted(outcomes)

answers = together([body] * 8, city.AT)
assert len(answers) == 8 and len(set(answers)) == 1, answers
assert [case.number for case in Case.objects.all()] == answers[:1]

mixed = together([body, {**body, "text": "别的"}], city.AT + dt.timedelta(seconds=1))
assert "key_used" in mixed and len(set(mixed)) == 2, mixed
assert Case.objects.count() == Submission.objects.count() == 2
assert verify_audit().ok

opening = records.create(
    register="openings",
    values={"title_zh": "污水厂开放日", "starts_at": city.AT + dt.timedelta(days=9), "places": 5},
    actor=None, at=city.AT,
)
booked, barrier = [], threading.Barrier(12)

def book(number):
    try:
        barrier.wait()
        participation.book(opening=opening, people=1, contact="", address=f"203.0.113.{number}", at=city.AT)
        booked.append("yes")
    except participation.Refused as error:
        booked.append(str(error))
    except Exception as error:
        booked.append(repr(error))
    finally:
        connection.close()

threads = [threading.Thread(target=book, args=(number,)) for number in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert sorted(booked) == ["full"] * 7 + ["yes"] * 5, booked
assert Booking.objects.count() == 5

lot = records.create(
    register="stock-items", values={"warehouse_number": "WK", "item": "soda", "unit": "t"}, actor=None, at=city.AT
)
safety.move(item=lot, kind="in", quantity=10, actor=None, at=city.AT)
taken, barrier = [], threading.Barrier(8)

def take():
    try:
        barrier.wait()
        safety.move(item=StockItem.objects.get(), kind="issue", quantity=2, actor=None, at=city.AT)
        taken.append("yes")
    except safety.NotEnough as error:
        taken.append(str(error))
    except Exception as error:
        taken.append(repr(error))
    finally:
        connection.close()

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert sorted(taken) == ["balance"] * 3 + ["yes"] * 5, taken
assert StockItem.objects.get().quantity == 0 and StockMove.objects.count() == 6
"""


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_many_at_once_make_one_case_and_overbook_nothing(database, request, tmp_path):
    environment = {name: text for name, text in os.environ.items() if not name.startswith("JIANGCHENG_")}
    environment["DJANGO_SETTINGS_MODULE"] = "jiangcheng.config.settings"
    environment["JIANGCHENG_DATA"] = str(tmp_path)
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    if database == "postgres":
        environment["JIANGCHENG_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
