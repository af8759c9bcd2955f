"""Remote control: two people, one line, and every step written down."""

# ruff: noqa: F811
# Fixtures are imported from the files beside this one.

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import queue
import threading

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from gateway.test_intake import MN, device, station  # noqa: F401
from gateway.test_server import FixedRegister, eventually, journal, play, running  # noqa: F401
from jiangcheng import hj212
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import AppendOnlyError, AuditEntry
from jiangcheng.gateway import catalogue, client, control, orders, queries
from jiangcheng.gateway.models import ControlOrder, ControlStep

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 1, 4, 0, tzinfo=dt.UTC)
HELD = catalogue.catalogue(NOW.date())
PASSWORD = "Songhua-river-1"


@pytest.fixture
def person(db):
    def make(username, role, **where):
        user = access.create_user(username=username, password=PASSWORD, display_name=username, at=NOW)
        access.assign_role(user=user, role=role, on=dt.date(2020, 1, 1), at=NOW, **where)
        return user

    return make


@pytest.fixture
def officer(person):
    return person("officer", "duty_officer")


@pytest.fixture
def chief(person):
    return person("chief", "leader")


@pytest.fixture
def approved(device, officer, chief):
    def make(command, **values):
        order = orders.ask(
            device=device, command=command, values=values, reason="核对", actor=officer, now=NOW
        )
        orders.decide(order=order, approve=True, actor=chief, now=NOW)
        return order

    return make


# --- what may be ordered ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "values", "wrong"),
    [
        ("interval_set", {"RtdInterval": "29"}, [("RtdInterval", "range")]),
        ("interval_set", {"RtdInterval": "3600"}, []),
        ("interval_set", {"RtdInterval": "30;MN=1"}, [("RtdInterval", "integer")]),
        ("interval_set", {}, [("RtdInterval", "required")]),
        ("minutes_set", {"MinInterval": "7"}, [("MinInterval", "choices")]),
        ("calibrate", {"PolId": "w01018"}, []),
        ("calibrate", {"PolId": "w01018&&"}, [("PolId", "form")]),
        ("clock_set", {"SystemTime": "yesterday"}, [("SystemTime", "time")]),
        ("hours_history", {"BeginTime": "2026-02-02T00:00", "EndTime": "2026-02-01T00:00"}, [("EndTime", "order")]),
        ("hours_history", {"BeginTime": "2026-03-05T00:00", "EndTime": "2026-03-06T00:00"}, [("BeginTime", "future")]),
        ("hours_history", {"BeginTime": "2025-01-01T00:00", "EndTime": "2026-03-01T00:00"}, [("EndTime", "span")]),
        ("parameter_set", {"PolId": "w01018", "InfoId": "x1", "Info": "1"}, [("InfoId", "form")]),
    ],
)  # fmt: skip
def test_every_parameter_is_refused_by_field_and_rule(command, values, wrong):
    assert catalogue.validate(HELD.commands[command], values, now=NOW)[1] == wrong


def test_parameters_go_out_in_the_words_of_the_standard():
    def area(command, **values):
        found, wrong = catalogue.validate(HELD.commands[command], values, now=NOW)
        assert not wrong
        return catalogue.wire(HELD.commands[command], found, now=NOW)

    assert area("clock_set") == [("SystemTime", "20260301120000")]
    assert area("clock_set", SystemTime="2026-03-01T04:00:00+00:00") == [("SystemTime", "20260301120000")]
    assert area("hours_history", BeginTime="2026-02-01T00:00", EndTime="2026-02-02T23:00") == [
        ("BeginTime", "20260201000000"),
        ("EndTime", "20260202230000"),
    ]
    assert area("parameter_set", PolId="w01018", InfoId="i13001", Info="5") == [
        ("PolId", "w01018"),
        ("InfoId", "i13001"),
        ("i13001-Info", "5"),
    ]


FIELDS = ["PolId", "SystemTime", "RtdInterval", "BeginTime", "EndTime", "InfoId", "Info"]


@given(st.sampled_from(sorted(HELD.commands)), st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=20)))
def test_no_text_breaks_out_of_its_field(code, values):
    command = HELD.commands[code]
    found, wrong = catalogue.validate(command, values, now=NOW)
    if wrong:
        return
    items = [hj212.item(name, text) for name, text in catalogue.wire(command, found, now=NOW)]
    message = hj212.compose(cn=command.cn, mn=MN, st="32", qn="20260301120000000", flag=5, items=items)
    read = hj212.decode(hj212.encode(message), tolerant=True)
    assert [item.name for item in read.items] == [item.name for item in items]


def test_every_command_of_the_table_exists_in_the_standard():
    known = {row.code for row in hj212.COMMANDS if row.direction == "down"}
    assert {command.cn for command in HELD.commands.values()} <= known


# --- two people ---------------------------------------------------------------------------------------------


def test_nobody_approves_what_he_asked_for(device, person):
    both = person("both", "department")
    asked = {"device": device, "command": "sample", "values": {"PolId": "w01018"}, "reason": "", "now": NOW}
    order = orders.ask(actor=both, **asked)
    with pytest.raises(orders.OrderRefused, match="same_person"):
        orders.decide(order=order, approve=True, actor=both, now=NOW)
    other = person("elsewhere", "department", region_code="220203")
    with pytest.raises(orders.OrderRefused, match="permission"):
        orders.decide(order=order, approve=True, actor=other, now=NOW)
    with pytest.raises(orders.OrderRefused, match="permission"):
        orders.ask(actor=other, **asked)
    second = person("second", "leader")
    assert [item.number for item in queries.to_do(user=second, now=NOW)] == [str(order.pk)]
    assert not queries.to_do(user=both, now=NOW)
    orders.decide(order=order, approve=False, actor=second, now=NOW, reason="不必")
    with pytest.raises(orders.OrderRefused, match="state"):
        orders.decide(order=order, approve=True, actor=second, now=NOW)
    assert not orders.waiting(now=NOW)
    states = list(ControlStep.objects.filter(order=order).values_list("state", "actor__username"))
    assert states == [("asked", "both"), ("refused", "second")]
    actions = AuditEntry.objects.filter(object_type="control_order").values_list("action", "actor_name")
    assert list(actions) == [("gateway.order_asked", "both"), ("gateway.order_refused", "second")]
    assert access.verify_audit().ok


def test_steps_are_written_once(approved):
    approved("clock_read")
    with pytest.raises(AppendOnlyError):
        ControlStep.objects.all().delete()
    with pytest.raises(AppendOnlyError):
        ControlStep.objects.update(state="executed")


def test_one_gateway_claims_an_order_and_the_dead_are_swept(approved):
    order = approved("clock_read")
    due = NOW + dt.timedelta(seconds=90)
    claim = {"pk": order.pk, "qn": "1", "frame": "", "due_at": due, "now": NOW}
    assert orders.claim(gateway="one", **claim)
    assert not orders.claim(gateway="two", **claim)
    assert orders.sweep(now=NOW) == 0
    assert orders.sweep(now=due) == 1
    order.refresh_from_db()
    assert (order.state, order.result, order.gateway) == ("timed_out", "unanswered", "one")
    assert not orders.advance(pk=order.pk, state="executed", details={}, result="", now=due)


# --- on the line --------------------------------------------------------------------------------------------


class Logger:
    """A data logger on a real socket that does as it is told."""

    def __init__(self, *, flag=5, deaf=0, qn_rtn=1, exe_rtn=1, data=(), stay_silent=False):
        self.flag, self.deaf, self.qn_rtn, self.exe_rtn = flag, deaf, qn_rtn, exe_rtn
        self.data, self.stay_silent = data, stay_silent
        self.heard = []

    async def run(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(self.hello())
        framer = hj212.Framer()
        while data := await self.reader.read(65_536):
            framer.receive_data(data)
            while isinstance(event := framer.next_event(), hj212.Frame):
                message = hj212.decode(event)
                if message.cn not in ("9013", "9014"):
                    self.obey(message)

    def hello(self):
        return client.report(
            mn=MN, st="32", cn="2011", qn="20260301110000000", data_time=NOW, factors={"w01018": {"Rtd": "1"}},
            password="777777", flag=self.flag,
        )  # fmt: skip

    def obey(self, message):
        self.heard.append(message)
        if len(self.heard) <= self.deaf or self.stay_silent:
            return
        if message.cn == "2012":
            self.writer.write(hj212.reply_notice(message))
            return
        self.writer.write(hj212.reply_request(message, result=self.qn_rtn))
        if self.qn_rtn != 1:
            return
        for frame in self.data:
            self.writer.write(frame(message) if callable(frame) else frame)
        self.writer.write(hj212.reply_result(message, result=self.exe_rtn))


class Hands:
    """Does the work on the database in the test's own thread, whose transaction the loop cannot see."""

    def __init__(self):
        self._work = queue.SimpleQueue()

    async def run(self, work, **arguments):
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._work.put((work, arguments, loop, future))
        return await future

    async def until(self, condition):
        for _ in range(1_500):
            if await self.run(condition):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("it never came to this")

    def serve(self, scene):
        failures = []

        def loop():
            try:
                play(scene)
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=loop)
        thread.start()
        while thread.is_alive():
            with contextlib.suppress(queue.Empty):
                work, arguments, asking, future = self._work.get(timeout=0.05)
                result = work(**arguments)
                with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                    asking.call_soon_threadsafe(_settle, future, result)
        if failures:
            raise failures[0]


def _settle(future, result):
    if not future.done():
        future.set_result(result)


@pytest.fixture
def meet(journal):
    """Let a logger and a gateway meet until an order has ended."""
    hands = Hands()

    def run(logger, *, ends=1, over_time=10.0):
        controller = control.Controller(
            name="test:1", clock=lambda: NOW, run=hands.run, poll=0.02, over_time=over_time
        )
        ended = ControlOrder.objects.exclude(state__in=orders.STEPS)

        async def scene():
            async with running(journal, register=FixedRegister(MN), controller=controller) as gateway:
                site = asyncio.create_task(logger.run(gateway.port))
                await hands.until(lambda: ended.count() >= ends)
                assert controller.is_online(MN)
                logger.writer.close()
                with contextlib.suppress(OSError):
                    await site
                await eventually(lambda: not controller.is_online(MN))

        hands.serve(scene())

    return run


def test_an_order_is_sent_and_its_answers_are_kept(meet, approved, journal):
    order = approved("interval_set", RtdInterval="60")
    logger = Logger()
    meet(logger)
    (asked,) = logger.heard
    assert (asked.cn, asked.st, asked.pw, asked.mn, asked.flag) == ("1062", "32", "777777", MN, 5)
    assert asked.params == {"RtdInterval": "60"}
    assert asked.qn == "20260301120000000"
    order.refresh_from_db()
    assert (order.state, order.result, order.qn) == ("executed", "ExeRtn=1", asked.qn)
    steps = list(order.steps.values_list("state", flat=True))
    assert steps == ["asked", "approved", "sent", "answered", "executed"]
    assert "777777" not in order.steps.get(state="sent").details["frame"]
    assert [entry.cn for entry in journal.tail(0, 10)] == ["2011", "9011", "9012"]
    assert AuditEntry.objects.filter(object_type="control_order").count() == 5


def test_a_reading_comes_back_with_the_order(meet, approved):
    order = approved("clock_read")

    def clock(message):
        items = [hj212.item("SystemTime", "20260301115959")]
        return hj212.encode(hj212.compose(cn="1011", mn=MN, st="32", qn=message.qn, flag=4, items=items))

    meet(Logger(data=[clock]))
    order.refresh_from_db()
    assert order.state == "executed"
    assert order.answer["fields"] == {"SystemTime": "20260301115959"}


def test_history_comes_under_its_own_numbers_and_is_journalled(meet, approved, journal):
    order = approved("hours_history", BeginTime="2026-02-28T00:00", EndTime="2026-02-28T02:00")
    frames = [
        client.report(mn=MN, st="32", cn="2061", qn=f"2026030112000000{number}", data_time=NOW,
                      factors={"w01018": {"Avg": str(number)}}, flag=4)
        for number in range(3)
    ]  # fmt: skip
    logger = Logger(data=frames)
    meet(logger)
    assert logger.heard[0].params == {"BeginTime": "20260228000000", "EndTime": "20260228020000"}
    order.refresh_from_db()
    assert order.state == "executed"
    assert order.steps.get(state="executed").details["frames"] == 3
    assert sum(entry.cn == "2061" for entry in journal.tail(0, 10)) == 3


@pytest.mark.parametrize(
    ("command", "values", "logger", "state", "result", "heard"),
    [
        ("realtime_stop", {}, Logger(), "executed", "9013", 1),
        ("sample", {"PolId": "w01018"}, Logger(qn_rtn=3), "failed", "QnRtn=3", 1),
        ("sample", {"PolId": "w01018"}, Logger(exe_rtn=5), "failed", "ExeRtn=5", 1),
        ("sample", {"PolId": "w01018"}, Logger(deaf=2), "executed", "ExeRtn=1", 3),
        ("sample", {"PolId": "w01018"}, Logger(stay_silent=True), "timed_out", "unanswered", 4),
        ("interval_read", {}, Logger(flag=1), "executed", "ExeRtn=1", 1),
        ("identity_read", {"PolId": "011"}, Logger(flag=1), "failed", "edition", 0),
        ("interval_read", {}, Logger(flag=9), "executed", "ExeRtn=1", 1),
    ],
)
def test_whatever_the_site_does_the_order_ends(meet, approved, command, values, logger, state, result, heard):
    order = approved(command, **values)
    logger.heard.clear()
    meet(logger, over_time=0.1)
    order.refresh_from_db()
    assert (order.state, order.result, len(logger.heard)) == (state, result, heard)
    assert len({message.qn for message in logger.heard}) <= 1
    assert {message.flag for message in logger.heard} <= {logger.flag}


def test_two_orders_for_one_site_go_one_after_the_other(meet, approved):
    first, second = approved("clock_read"), approved("interval_read")
    logger = Logger()
    meet(logger, ends=2)
    assert [message.cn for message in logger.heard] == ["1011", "1061"]
    assert set(ControlOrder.objects.values_list("state", flat=True)) == {"executed"}
    assert first.pk < second.pk


def test_a_site_that_asks_for_the_time_gets_it_without_anybody(meet, device):
    class Asking(Logger):
        def hello(self):
            asked = [
                hj212.encode(hj212.compose(cn="1013", mn=MN, st="32", qn=f"2026030111000000{n}", flag=5))
                for n in range(3)
            ]
            return super().hello() + b"".join(asked)

    logger = Asking()
    meet(logger)
    (asked,) = logger.heard
    assert (asked.cn, asked.params) == ("1012", {"SystemTime": "20260301120000"})
    order = ControlOrder.objects.get()
    assert (order.state, order.asked_by, order.reason) == ("executed", None, "CN=1013")
    assert list(order.steps.values_list("state", flat=True)) == ["approved", "sent", "answered", "executed"]


# --- the pages ----------------------------------------------------------------------------------------------


def logged_in(user):
    browser = Client()
    browser.force_login(user)
    return browser


def test_the_pages_carry_an_order_from_the_form_to_the_approval(device, officer, chief, person):
    asking, approving = logged_in(officer), logged_in(chief)
    page = asking.get(reverse("gateway:device", args=[MN]))
    form = reverse("gateway:new_order", args=[MN, "interval_set"])
    assert form in page.content.decode()
    assert asking.get(form).status_code == 200
    wrong = asking.post(form, {"RtdInterval": "5"})
    assert wrong.status_code == 422
    assert "超出允许范围" in wrong.content.decode()
    sent = asking.post(form, {"RtdInterval": "60", "reason": "核对"})
    order = ControlOrder.objects.get()
    assert sent["Location"] == reverse("gateway:order", args=[order.pk])
    assert "由另一人办理" in asking.get(sent["Location"]).content.decode()
    asking.post(reverse("gateway:decide", args=[order.pk]), {"act": "approve"})
    order.refresh_from_db()
    assert order.state == "asked"
    assert "批准并下发" in approving.get(sent["Location"]).content.decode()
    assert "RtdInterval" in approving.get(sent["Location"], headers={"HX-Request": "true"}).content.decode()
    approving.post(reverse("gateway:decide", args=[order.pk]), {"act": "approve", "reason": "同意"})
    order.refresh_from_db()
    assert (order.state, order.approved_by) == ("approved", chief)
    part = asking.get(sent["Location"], headers={"HX-Request": "true"}).content.decode()
    assert "撤回" in part
    assert "批准并下发" not in part
    assert "设置实时数据间隔" in approving.get(reverse("gateway:orders") + "?state=approved").content.decode()
    approving.cookies["django_language"] = "en"
    assert "Set the real-time interval" in approving.get(reverse("gateway:orders")).content.decode()
    asking.post(reverse("gateway:decide", args=[order.pk]), {"act": "cancel"})
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert "撤回</button>" not in asking.get(sent["Location"]).content.decode()
    assert approving.get(form).status_code == 403
    card = approving.get(reverse("gateway:facility_card", args=["nobody"]))
    assert card.status_code == 200
    away = logged_in(person("away", "department", region_code="220203"))
    for name, args in (("gateway:device", [MN]), ("gateway:order", [order.pk])):
        assert away.get(reverse(name, args=args)).status_code == 404


def test_the_administrator_sets_password_and_policy(device, person, officer):
    admin = logged_in(person("admin", "system_admin"))
    address = reverse("gateway:access", args=[MN])
    assert "访问密码" in admin.get(reverse("gateway:device", args=[MN])).content.decode()
    admin.post(address, {"policy": "refuse", "password": "a;b"})
    device.refresh_from_db()
    assert not device.password_hash
    admin.post(address, {"policy": "refuse", "password": "654321"})
    device.refresh_from_db()
    assert device.password_hash
    assert device.access.policy == "refuse"
    entry = AuditEntry.objects.get(action="gateway.set_access")
    assert "654321" not in str(entry.after)
    assert logged_in(officer).post(address, {"policy": "ignore"}).status_code == 403
