"""The outbox under a killed sender and under many senders, on a SQLite file and on PostgreSQL."""

from __future__ import annotations

import collections
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from core import messaging
from postgres import postgres_url  # noqa: F401

PREPARE = """
import datetime as dt, os, signal, sys, threading
import django
from django.apps import apps
from django.conf import settings
django.setup()
from django.core.management import call_command
from django.db import connection
from jiangcheng.core import manifest
from core import messaging
from jiangcheng.core.access import services as access
from jiangcheng.core.portal import services
from jiangcheng.core.portal.models import Delivery
from jiangcheng.core.portal.services import channels

manifest.manifests.add(messaging.SAMPLE)
URL = sys.argv[1]
settings.NOTIFICATIONS = {"webhook_allowed": [URL]}
AT = dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC)
"""

WRITE = """
# Tables as the models have them: migrations are tested elsewhere, and take longer than the test.
settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
call_command("migrate", run_syncdb=True, verbosity=0)
user = access.create_user(username="duty", password="Songhua-river-1", display_name="duty", at=AT)
services.add_contact(user=user, channel="webhook", address=f"{URL}/one", at=AT)
for n in range(40):
    services.notify(kind="sample.due", to=[user], text_zh="甲", text_en="a", url="", at=AT)
print("written")
"""

KILLED = """
class Deadly:
    def send(self, outgoing):
        channels.CHANNELS["webhook"].send(outgoing)
        os.kill(os.getpid(), signal.SIGKILL)

services.deliver_due(clock=lambda: AT, by_name={"webhook": Deadly()})
"""

TOGETHER = """
later = AT + dt.timedelta(hours=1)
def work():
    while services.deliver_due(clock=lambda: later):
        pass
    connection.close()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
print("together")
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request, tmp_path):
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "jiangcheng.config.settings",
        "JIANGCHENG_DATA": str(tmp_path),
        "JIANGCHENG_DATABASE_URL": url,
        "PYTHONPATH": str(pathlib.Path(__file__).parent.parent),
    }


def test_a_killed_sender_loses_nothing_and_many_senders_repeat_nothing(environment):
    with messaging.Server() as server:

        def run(script):
            command = [sys.executable, "-c", PREPARE + script, server.url]
            return subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=180, check=False
            )

        written = run(WRITE)
        assert written.stdout.strip() == "written", written.stderr[-3000:]
        assert run(KILLED).returncode == -signal.SIGKILL
        before = collections.Counter(request.headers["Idempotency-Key"] for request in server.received)
        assert before
        after_kill = len(server.received)
        together = run(TOGETHER)
        assert together.stdout.strip() == "together", together.stderr[-3000:]
        after = collections.Counter(
            request.headers["Idempotency-Key"] for request in server.received[after_kill:]
        )
    assert len(after) == 40
    assert set(after.values()) == {1}
    assert set(before) <= set(after)
