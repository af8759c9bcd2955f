"""Messages to people: who is told, once; and the outbox that takes messages out of the house, at least once."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import hashlib
import hmac
import types

import pytest
from aiosmtpd.controller import Controller
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from core import city, messaging
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.portal import queries, rules, services, tasks
from jiangcheng.core.portal.models import (
    Delivery,
    DeliveryAttempt,
    LiveEvent,
    Message,
    Preference,
    QuietHours,
)
from jiangcheng.core.portal.services import addresses, channels, contacts, sending

AT = city.AT
DAY = AT.date()
POLICY = rules.policy(DAY)


@pytest.fixture(autouse=True)
def _sample(monkeypatch):
    messaging.declare(monkeypatch, messaging.SAMPLE)


@pytest.fixture
def people(db):
    city.build()
    return city.people()


@pytest.fixture
def duty(people):
    return people["duty"]


@pytest.fixture
def server(settings):
    with messaging.Server() as server:
        settings.NOTIFICATIONS = {
            "site": "https://portal.example",
            "email_from": "江城 <noreply@portal.example>",
            "webhook_allowed": [f"{server.url}/hooks"],
            "sms_gateway": {"url": f"{server.url}/sms", "secret": "gateway-key"},
            "chat_robots": {
                "duty-room": {
                    "style": "dingtalk",
                    "url": f"{server.url}/robot?access_token=t",
                    "secret": "k",
                },
                "office": {"style": "wecom", "url": f"{server.url}/wecom?key=t"},
            },
        }
        yield server


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now=AT):
        self.now = now

    def __call__(self):
        return self.now

    def forward(self, **by):
        self.now += dt.timedelta(**by)


def tell(*people, **more):
    values = {
        "kind": "sample.due",
        "text_zh": "报告明天到期",
        "text_en": "Report due tomorrow",
        "url": "/cases/",
        "at": AT,
    }
    return services.notify(to=people, **values | more)


def hook(user, server, path="/hooks/one"):
    return services.add_contact(user=user, channel="webhook", address=f"{server.url}{path}", at=AT)


# Who is told


def test_each_person_gets_one_message_and_an_unknown_kind_is_an_error(people):
    disabled = people["rival"]
    disabled.is_active = False
    disabled.save()
    written = tell(people["duty"], people["duty"], people["leader"], disabled)
    assert sorted(message.user.username for message in written) == ["duty", "leader"]
    assert queries.unread_count(user=people["duty"]) == 1
    with pytest.raises(LookupError):
        tell(people["duty"], kind="sample.unknown")


@pytest.mark.parametrize(
    "wrong",
    [
        {"text_en": ""},
        {"at": dt.datetime(2026, 1, 1)},
        {"url": "//evil.example"},
        {"url": "https://evil.example"},
    ],
)
def test_a_message_in_one_language_a_naive_instant_or_a_foreign_address_is_refused(duty, wrong):
    with pytest.raises(ValueError):
        tell(duty, **wrong)


def test_what_has_a_key_is_told_once(people):
    assert len(tell(people["duty"], key="report-7")) == 1
    assert [message.user.username for message in tell(people["duty"], people["leader"], key="report-7")] == [
        "leader"
    ]
    assert len(tell(people["duty"], key="report-8")) == 1


def test_what_is_rolled_back_was_never_said(duty, server):
    hook(duty, server)
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(duty)
        raise RuntimeError
    assert Message.objects.count() == Delivery.objects.count() == LiveEvent.objects.count() == 0


def test_all_who_hold_a_permission_there_are_told_but_the_one_who_acted(people):
    written = services.notify_permission(
        "cases.handle", "220202", "", kind="sample.note", text_zh="甲", text_en="a", url="", at=AT,
        but=[people["department"]],
    )  # fmt: skip
    assert [message.user.username for message in written] == ["inspector"]


def test_only_the_addressee_sees_the_message_in_the_live_stream(people):
    tell(people["duty"])
    event = LiveEvent.objects.get()
    scopes = {name: queries.scopes(user=people[name], on=DAY) for name in ("duty", "leader")}
    assert queries.may_see(event, scopes["duty"], people["duty"].pk)
    assert not queries.may_see(event, scopes["leader"], people["leader"].pk)
    assert not queries.may_see(event, scopes["duty"])
    seen = queries.latest_events(scopes=scopes["leader"], count=5, reader=people["leader"].pk)
    assert seen == []


# What leaves the house


def test_the_kind_decides_until_the_person_does(duty, server):
    hook(duty, server)
    tell(duty, kind="sample.note")
    assert not Delivery.objects.exists()
    services.set_wishes(
        user=duty,
        wanted={
            ("sample.note", "webhook"): True,
            ("sample.due", "webhook"): False,
            ("sample.note", "sms"): True,
        },
        quiet=None,
        at=AT,
    )
    tell(duty, kind="sample.due")
    tell(duty, kind="sample.note")
    states = sorted(Delivery.objects.values_list("channel", "state"))
    assert states == [("sms", "no_address"), ("webhook", "waiting")]
    services.set_wishes(user=duty, wanted={("sample.due", "webhook"): None}, quiet=None, at=AT)
    assert not Preference.objects.filter(kind="sample.due").exists()
    assert AuditEntry.objects.filter(action="portal.wishes_changed").count() == 2


def test_quiet_hours_hold_what_is_not_urgent(duty, server):
    hook(duty, server)
    QuietHours.objects.create(user=duty, start=dt.time(8), end=dt.time(10))
    tell(duty)
    tell(duty, severity=4)
    held, urgent = Delivery.objects.order_by("-next_at")
    assert held.next_at == dt.datetime(2026, 11, 2, 2, tzinfo=dt.UTC)
    assert urgent.next_at == AT
    assert services.deliver_due(clock=Clock()) == 1
    assert services.deliver_due(clock=Clock(held.next_at)) == 1


def test_a_web_hook_gets_a_signed_request_and_the_receipt_is_kept(duty, server):
    contact = hook(duty, server)
    tell(duty, number="CASE-1", due_at=AT + dt.timedelta(hours=5))
    services.deliver_due(clock=Clock())
    (request,) = server.received
    delivery = Delivery.objects.get()
    assert request.headers["Idempotency-Key"] == str(delivery.pk) == request.json["id"]
    assert request.json["number"] == "CASE-1"
    assert request.json["url"] == "https://portal.example/cases/"
    assert request.json["due_at"] == "2026-11-02T06:00:00+00:00"
    secret = channels.webhook_secret(contact.pk, contact.address).encode()
    timestamp = request.headers["Jiangcheng-Timestamp"]
    expected = hmac.new(secret, timestamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["Jiangcheng-Signature"] == f"sha256={expected}"
    assert (delivery.state, delivery.finished_at) == ("sent", AT)
    assert DeliveryAttempt.objects.get().receipt == "HTTP 200"


@pytest.fixture
def smtp(settings, server):
    letters = []

    class Keep:
        async def handle_DATA(self, _server, _session, envelope):
            letters.append(envelope)
            return "250 kept"

    controller = Controller(Keep(), hostname="127.0.0.1", port=messaging.free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    yield letters
    controller.stop()


def parsed(envelope):
    return email.message_from_bytes(envelope.content, policy=email.policy.default)


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [("zh-hans", "报告明天到期", "编号：C-1"), ("en", "Report due tomorrow", "Number: C-1")],
)
def test_a_mail_speaks_the_language_of_the_person(duty, smtp, language, subject, said):
    duty.language = language
    duty.save()
    contact = services.add_contact(user=duty, channel="email", address="duty@portal.example", at=AT)
    services.verify_contact(contact=contact, code=contacts.code_of(contact), at=AT)
    services.deliver_due(clock=Clock())
    tell(duty, number="C-1")
    services.deliver_due(clock=Clock())
    letter = parsed(smtp[1])
    assert smtp[1].rcpt_tos == ["duty@portal.example"]
    assert letter["Subject"] == subject
    assert letter["Message-ID"] == f"<{Delivery.objects.exclude(message=None).get().pk}@portal.example>"
    assert said in letter.get_body(["plain"]).get_content()
    assert 'href="https://portal.example/cases/"' in letter.get_body(["html"]).get_content()


def test_a_mail_address_counts_after_its_code_came_back(duty, smtp):
    contact = services.add_contact(user=duty, channel="email", address="duty@portal.example", at=AT)
    tell(duty)
    assert not Delivery.objects.exclude(message=None).exists()
    services.deliver_due(clock=Clock())
    said = parsed(smtp[0]).get_body(["plain"]).get_content()
    assert contacts.code_of(contact) in said
    with pytest.raises(services.ContactRefused, match="code"):
        services.verify_contact(contact=contact, code="00000000x", at=AT)
    with pytest.raises(services.ContactRefused, match="expired"):
        services.verify_contact(
            contact=contact, code=contacts.code_of(contact), at=AT + dt.timedelta(seconds=POLICY.code_valid_s)
        )
    services.verify_contact(contact=contact, code=f" {contacts.code_of(contact)} ", at=AT)
    contact.refresh_from_db()
    assert contact.verified_at == AT


def test_codes_cannot_be_guessed_or_asked_for_without_end(duty, server):
    contact = services.add_contact(user=duty, channel="email", address="duty@portal.example", at=AT)
    for _ in range(POLICY.code_tries):
        with pytest.raises(services.ContactRefused, match="code"):
            services.verify_contact(contact=contact, code="wrong", at=AT)
    with pytest.raises(services.ContactRefused, match="expired"):
        services.verify_contact(contact=contact, code=contacts.code_of(contact), at=AT)
    with pytest.raises(services.ContactRefused, match="early"):
        services.send_code(contact=contact, at=AT + dt.timedelta(seconds=1))
    first = contacts.code_of(contact)
    services.send_code(contact=contact, at=AT + dt.timedelta(seconds=POLICY.code_pause_s))
    contact.refresh_from_db()
    assert contacts.code_of(contact) != first


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("email", "nobody"),
        ("sms", "12ab"),
        ("chat", "unknown"),
        ("webhook", "http://169.254.169.254/latest"),
        ("fax", "1"),
    ],
)
def test_an_address_the_channel_cannot_use_is_refused(duty, server, channel, address):
    with pytest.raises(services.ContactRefused, match="address"):
        services.add_contact(user=duty, channel=channel, address=address, at=AT)


def test_chat_robots_and_the_sms_gateway_get_what_they_expect(duty, server):
    for robot in ("duty-room", "office"):
        services.add_contact(user=duty, channel="chat", address=robot, at=AT)
    phone = services.add_contact(user=duty, channel="sms", address="13800001234", at=AT)
    services.verify_contact(contact=phone, code=contacts.code_of(phone), at=AT)
    Delivery.objects.all().delete()
    tell(duty)
    server.answers = [(200, {}, b'{"errcode":0}')] * 3
    services.deliver_due(clock=Clock())
    by_path = {request.path.split("?")[0]: request for request in server.received}
    assert by_path["/sms"].json["to"] == "13800001234"
    assert by_path["/wecom"].json["text"]["content"].startswith("报告明天到期")
    assert "&timestamp=1793" in by_path["/robot"].path and "&sign=" in by_path["/robot"].path
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_a_robot_that_complains_in_its_body_has_not_taken_the_message(duty, server):
    services.add_contact(user=duty, channel="chat", address="office", at=AT)
    tell(duty)
    server.answers = [(200, {}, b'{"errcode":45009,"errmsg":"freq out of limit"}')]
    services.deliver_due(clock=Clock())
    assert Delivery.objects.get().state == "waiting"
    assert DeliveryAttempt.objects.get().detail == "errcode 45009"


def test_a_channel_that_is_not_configured_is_seen_and_can_be_tried_again(people, server, settings):
    hook(people["duty"], server)
    tell(people["duty"])
    configured, settings.NOTIFICATIONS = settings.NOTIFICATIONS, {}
    services.deliver_due(clock=Clock())
    delivery = Delivery.objects.get()
    assert delivery.state == "not_configured"
    settings.NOTIFICATIONS = configured
    services.retry(delivery=delivery, actor=people["system"], at=AT)
    services.deliver_due(clock=Clock())
    assert Delivery.objects.get().state == "sent"
    with pytest.raises(services.NotRetriable):
        services.retry(delivery=delivery, actor=people["system"], at=AT)
    assert AuditEntry.objects.get(action="portal.delivery_retried").actor_name == "system"


@pytest.mark.parametrize(
    ("status", "state"), [(503, "waiting"), (429, "waiting"), (404, "failed"), (302, "failed")]
)
def test_a_redirect_is_not_followed_and_only_passing_troubles_are_tried_again(duty, server, status, state):
    hook(duty, server)
    tell(duty)
    server.answers = [(status, {"Location": f"{server.url}/hooks/two"}, b"x" * 10)]
    services.deliver_due(clock=Clock())
    assert len(server.received) == 1
    assert Delivery.objects.get().state == state


def test_pauses_grow_and_at_the_end_the_delivery_is_given_up(duty, server):
    hook(duty, server)
    tell(duty)
    server.answers = [(500, {}, b"")] * POLICY.most_attempts
    clock, pauses = Clock(), []
    for _ in range(POLICY.most_attempts):
        assert services.deliver_due(clock=clock) == 1
        assert services.deliver_due(clock=clock) == 0
        delivery = Delivery.objects.get()
        pauses.append(delivery.next_at - clock.now)
        clock.now = delivery.next_at
    assert delivery.state == "failed"
    assert delivery.tries.count() == len(server.received) == POLICY.most_attempts
    assert pauses[:4] == sorted(pauses[:4])
    assert queries.failed_deliveries() == 1


def test_a_crash_between_sending_and_the_receipt_sends_again_under_the_same_key(duty, server):
    hook(duty, server)
    tell(duty)
    clock = Clock()
    (claimed,) = sending.claim(now=clock.now)
    channels.CHANNELS["webhook"].send(sending.compose(claimed, now=clock.now))
    assert services.deliver_due(clock=clock) == 0
    clock.forward(seconds=POLICY.lease_s)
    assert services.deliver_due(clock=clock) == 1
    first, second = server.received
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("sent", 2)
    sending.settle(claimed, channels.Receipt(channels.Outcome.RETRY), at=clock.now)
    assert Delivery.objects.get().state == "sent"


def test_a_delivery_that_crashes_its_sender_every_time_ends_as_failed(duty, server):
    hook(duty, server)
    tell(duty)
    clock = Clock()
    for _ in range(POLICY.most_attempts):
        assert len(sending.claim(now=clock.now)) == 1
        clock.forward(seconds=POLICY.lease_s)
    assert sending.claim(now=clock.now) == []
    assert Delivery.objects.get().state == "failed"


def test_an_error_no_channel_foresaw_does_not_stop_the_others(people, server):
    def broken(outgoing):
        if outgoing.address.endswith("/one"):
            raise KeyError("unforeseen")
        return channels.CHANNELS["webhook"].send(outgoing)

    hook(people["duty"], server, "/hooks/one")
    hook(people["leader"], server, "/hooks/two")
    tell(people["duty"], people["leader"])
    services.deliver_due(clock=Clock(), by_name={"webhook": types.SimpleNamespace(send=broken)})
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["sent", "waiting"]
    assert DeliveryAttempt.objects.get(outcome="retry").detail == "KeyError"


def test_an_ended_address_gets_nothing_more(duty, server):
    contact = hook(duty, server)
    tell(duty)
    services.end_contact(contact=contact, at=AT)
    tell(duty)
    assert tasks.deliver() == 0
    assert list(Delivery.objects.values_list("state", flat=True)) == ["no_address"]
    assert server.received == []


def test_nobody_hears_of_a_message_twice_from_one_turn_and_the_next(people, server):
    for name in ("duty", "leader", "verifier"):
        hook(people[name], server, f"/hooks/{name}")
    tell(people["duty"], people["leader"], people["verifier"])
    assert tasks.deliver() == 0 or len(server.received) == 3
    services.deliver_due(clock=Clock(AT + dt.timedelta(days=1)))
    assert len(server.received) == 3


# The rules


@given(attempts=st.integers(1, 500), jitter=st.floats(0, 1, exclude_max=True))
def test_a_pause_lies_between_the_plain_one_and_its_jitter(attempts, jitter):
    pause = rules.retry_pause(attempts, jitter=jitter, policy=POLICY).total_seconds()
    plain = rules.retry_pause(attempts, jitter=0, policy=POLICY).total_seconds()
    assert plain <= pause <= plain * (1 + POLICY.jitter_share) + 1e-6
    assert POLICY.first_pause_s <= plain <= POLICY.longest_pause_s
    assert 0 <= rules.spread("key", attempts) < 1


@given(
    at=st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)),
    start=st.times(),
    end=st.times(),
)
def test_after_quiet_hours_is_never_within_them_nor_more_than_a_day_later(at, start, end):
    at = at.replace(tzinfo=dt.UTC)
    later = rules.after_quiet_hours(at, start=start, end=end)
    assert at <= later <= at + dt.timedelta(days=1)
    assert rules.after_quiet_hours(later, start=start, end=end) == later
    assert later == at or later.time() == end


def test_quiet_hours_over_midnight():
    def after(hour, minute=0):
        at = dt.datetime(2026, 11, 2, hour, minute, tzinfo=dt.UTC)
        return rules.after_quiet_hours(at, start=dt.time(22), end=dt.time(7))

    assert after(23) == dt.datetime(2026, 11, 3, 7, tzinfo=dt.UTC)
    assert after(6, 59) == dt.datetime(2026, 11, 2, 7, tzinfo=dt.UTC)
    assert after(7) == dt.datetime(2026, 11, 2, 7, tzinfo=dt.UTC)
    assert after(12).hour == 12


@given(body=st.binary(max_size=200), late=st.integers(-1000, 1000), other=st.binary(max_size=10))
def test_a_signature_holds_for_its_body_within_the_replay_window_only(body, late, other):
    given_signature = rules.signature(b"key", timestamp=10_000, body=body)

    def holds(secret=b"key", body=body, timestamp=10_000):
        return rules.signature_holds(
            secret, given=given_signature, timestamp=timestamp, body=body, now=10_000 + late
        )

    assert holds() == (abs(late) <= rules.REPLAY_WINDOW_S)
    assert not holds(secret=b"other")
    assert not holds(timestamp=10_001)
    assert holds(body=body + other) == (holds() and not other)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hooks.example/in", True),
        ("https://hooks.example/in/a?b=c", True),
        ("https://hooks.example:443/in/a", True),
        ("https://hooks.example/inside", False),
        ("https://hooks.example/in/../admin", False),
        ("https://hooks.example/in/%2e%2e/admin", False),
        ("https://hooks.example/in%2fa", False),
        ("https://user@hooks.example/in/a", False),
        ("https://hooks.example.evil.example/in", False),
        ("https://hooks.example:8443/in", False),
        ("http://hooks.example/in", False),
        ("https://hooks.example\\@evil.example/in", False),
        ("https://hooks.example:port/in", False),
        ("file:///in", False),
    ],
)
def test_web_hooks_go_below_allowed_addresses_only(url, allowed):
    assert addresses.is_allowed(url, ["https://hooks.example/in/"]) is allowed


# The pages


@pytest.fixture
def browser(client, duty):
    client.force_login(duty)
    return client


def test_the_bell_counts_and_reading_lowers_it(browser, people):
    first, _second = *tell(people["duty"]), *tell(people["duty"])
    foreign = tell(people["leader"])[0]
    assert (
        '<span class="bell-count num" aria-hidden="true">2</span>'
        in browser.get("/messages/bell/").content.decode()
    )
    answer = browser.post(f"/messages/{first.pk}/", {"action": "open"})
    assert answer.url == "/cases/"
    assert queries.unread_count(user=people["duty"]) == 1
    assert browser.post(f"/messages/{foreign.pk}/", {"action": "read"}).status_code == 404
    assert browser.post(f"/messages/{first.pk}/", {"action": "burn"}).status_code == 400
    browser.post("/messages/")
    assert queries.unread_count(user=people["duty"]) == 0
    assert queries.unread_count(user=people["leader"]) == 1


def test_unread_messages_come_first_and_the_page_can_be_narrowed(browser, duty):
    tell(duty, text_zh="旧而未读", at=AT - dt.timedelta(days=2))
    services.mark_read(user=duty, at=AT, ids=[tell(duty, text_zh="新而已读", kind="sample.note")[0].pk])
    page = browser.get("/messages/").content.decode()
    assert page.index("旧而未读") < page.index("新而已读")
    assert "新而已读" not in browser.get("/messages/?unread=1").content.decode()
    assert "旧而未读" not in browser.get("/messages/?kind=sample.note").content.decode()
    assert "没有消息" in browser.get("/messages/?kind=sample.none").content.decode()


def test_an_acknowledgement_is_kept_with_the_person_and_the_instant(browser, duty):
    message = tell(duty)[0]
    for _ in range(2):
        browser.post(f"/messages/{message.pk}/", {"action": "acknowledge"})
    message.refresh_from_db()
    assert message.acknowledged_at and message.read_at
    assert AuditEntry.objects.filter(action="portal.message_acknowledged").count() == 1


def test_the_settings_page_adds_verifies_and_keeps(browser, duty, server):
    browser.post(
        "/messages/settings/", {"action": "add", "channel": "email", "address": "duty@portal.example"}
    )
    contact = duty.contact_points.get()
    page = browser.get("/messages/settings/").content.decode()
    assert "duty@portal.example" in page and "待验证" in page and "到期提醒" in page
    code = contacts.code_of(contact)
    browser.post(f"/messages/settings/{contact.pk}/", {"action": "verify", "code": code})
    contact.refresh_from_db()
    assert contact.verified_at
    form = {"sample.note email": "on", "sample.due sms": "off", "quiet_start": "22:00", "quiet_end": "07:00"}
    browser.post("/messages/settings/", form)
    assert queries.preferences(user=duty) == {("sample.note", "email"): True, ("sample.due", "sms"): False}
    assert duty.quiet_hours.end == dt.time(7)
    browser.post("/messages/settings/", {"quiet_start": "22:00"})
    assert queries.preferences(user=duty)
    browser.post(f"/messages/settings/{contact.pk}/", {"action": "end"})
    assert not queries.contact_points(user=duty).exists()


def test_addresses_of_others_are_out_of_reach(browser, people, server):
    foreign = hook(people["leader"], server)
    assert browser.post(f"/messages/settings/{foreign.pk}/", {"action": "end"}).status_code == 404


def test_the_outbox_shows_what_was_given_up_but_no_text_and_no_address(client, people, server):
    hook(people["duty"], server)
    tell(people["duty"], text_zh="机密正文")
    server.answers = [(404, {}, b"")]
    services.deliver_due(clock=Clock())
    client.force_login(people["leader"])
    assert client.get("/deliveries/").status_code == 403
    access.load_roles()
    from jiangcheng.core.access.models import Role

    role = Role.objects.get(code="system_admin")
    role.permissions = [*{*role.permissions, "portal.deliveries"}]
    role.save()
    client.force_login(people["system"])
    page = client.get("/deliveries/?state=failed").content.decode()
    assert "HTTP 404" in page and "到期提醒" in page
    assert "机密正文" not in page and server.url not in page
    client.post(f"/deliveries/{Delivery.objects.get().pk}/")
    assert Delivery.objects.get().state == "waiting"
