"""The blacklist: in by a ground of the law, out by repair, and the platform of public credit told of both."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import threading

import pytest
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases.services import Refused, load_workflows
from jiangcheng.core.portal import rules as delivery
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.credit import rules, services
from jiangcheng.modules.credit.models import PlatformAttempt, PlatformPush, Repair

SECRET = "a key of two houses"


class Platform(http.server.BaseHTTPRequestHandler):
    """Answers with what the test has laid out, and keeps what it was told."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((dict(self.headers), body))
        status, answer = self.server.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def platform(settings):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    server.told, server.answers = [], []
    settings.CREDIT_PLATFORM = {"url": f"http://127.0.0.1:{server.server_port}/credit", "secret": SECRET}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def people(town):
    load_workflows(rules.DATA / "workflows")
    return city.people()


def test_a_listing_needs_a_ground_is_pushed_until_it_has_its_receipt_and_ends_by_repair(people, platform):
    plant = Facility.objects.get(code=city.PLANT)
    row = records.create(
        register="blacklist",
        values={"facility": plant, "ground": "私设暗管"},
        actor=people["department"],
        at=city.AT,
    )
    second = city.access.create_user(username="second", password=city.PASSWORD, display_name="二", at=city.AT)
    city.access.assign_role(user=second, role="department", region_code="220200", on=city.ON, at=city.AT)

    def do(action, who, now=city.AT):
        return records.act(record=row, action=action, actor=who, now=now, text="处理")

    do("notice", people["department"])
    with pytest.raises(Refused, match="法定情形"):
        do("list", second)
    assert not PlatformPush.objects.exists(), "what is refused is told to nobody"
    records.change(record=row, values={"basis": "evasion", "document": "吉环罚〔2026〕1号"}, actor=people["department"],
                   at=city.AT)  # fmt: skip
    do("list", second)
    assert registry_label(plant)
    push = PlatformPush.objects.get()

    platform.answers += [(503, b""), (200, b"{}"), (200, b'{"receipt": "HZ-77"}')]
    now = city.AT
    for state in ("waiting", "waiting", "received"):
        assert services.push_due(now=now) == {state: 1}
        push.refresh_from_db()
        assert services.push_due(now=now) == {}, "not before its time"
        now = push.next_at
    assert (push.receipt, push.attempts) == ("HZ-77", 3)
    assert [one.outcome for one in PlatformAttempt.objects.order_by("pk")] == ["later", "later", "received"]
    assert AuditEntry.objects.filter(action="credit.pushed", object_id=row.number).count() == 1
    assert len({headers["Idempotency-Key"] for headers, _body in platform.told}) == 1
    headers, body = platform.told[-1]
    told = json.loads(body)
    assert (told["uscc"], told["action"], told["basis"]) == (city.PLANT, "list", "evasion")
    stamp = int(headers["Jiangcheng-Timestamp"])
    given = {"timestamp": stamp, "body": body, "now": stamp}
    assert delivery.signature_holds(SECRET.encode(), given=headers["Jiangcheng-Signature"], **given)
    assert not delivery.signature_holds(b"another key", given=headers["Jiangcheng-Signature"], **given)

    with pytest.raises(Refused, match="信用修复"):
        do("remove", people["department"])
    repair = records.create(
        register="credit-repairs", values={"facility": plant, "event_number": "XY-1", "measures": "整改完成"},
        actor=people["enterprise"], at=city.AT,
    )  # fmt: skip
    Repair.objects.filter(pk=repair.pk).update(state="accepted", state_at=city.AT + dt.timedelta(days=1))
    do("remove", people["department"], city.AT + dt.timedelta(days=2))
    assert row.state == "removed" and not registry_label(plant, days=3)
    platform.answers += [(403, b"")]
    later = city.AT + dt.timedelta(days=2)
    assert services.push_due(now=later) == {"failed": 1}

    client = Client()
    client.force_login(people["leader"])
    page = client.get(reverse("credit:pushes")).content.decode()
    assert "HZ-77" in page and "失败 1 条" in page and "重新推送" not in page
    failed = PlatformPush.objects.get(action="remove")
    assert client.post(reverse("credit:retry", args=[failed.pk])).status_code == 403
    client.force_login(people["department"])
    assert "重新推送" in client.get(reverse("credit:pushes")).content.decode()
    client.post(reverse("credit:retry", args=[failed.pk]))
    with pytest.raises(services.NotRetriable):
        services.retry_push(push=failed, actor=people["department"], now=later)
    failed.refresh_from_db()
    platform.answers += [(200, b'{"receipt": "HZ-78"}')]
    assert services.push_due(now=failed.next_at) == {"received": 1}
    assert AuditEntry.objects.filter(action="credit.push_retried").count() == 1


def registry_label(plant, days=0):
    held = registry.valid_labels(on=city.ON + dt.timedelta(days=days))
    return held.filter(facility=plant, scheme="blacklist").exists()


def test_without_an_address_pushes_wait_and_use_up_nothing(people, settings):
    settings.CREDIT_PLATFORM = {}
    row = records.create(
        register="blacklist", actor=people["department"], at=city.AT,
        values={"facility": Facility.objects.get(code=city.PLANT), "ground": "事实", "basis": "crime"},
    )  # fmt: skip
    push = services.queue_push(listing=row, action="list", now=city.AT, text="")
    assert services.push_due(now=city.AT) == {"waiting": 1}
    push.refresh_from_db()
    assert push.attempts == 0 and push.next_at > city.AT and not PlatformAttempt.objects.exists()
    client = Client()
    client.force_login(people["department"])
    assert "还没有配置信用平台" in client.get(reverse("credit:pushes")).content.decode()
