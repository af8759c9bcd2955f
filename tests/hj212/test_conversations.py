"""Whatever comes late, twice or not at all, every exchange ends once: done, refused or timed out."""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from jiangcheng import hj212
from jiangcheng.hj212 import requests

SITE = hj212.Site("010000A8900016F000169DC0", "32")
QN = "20160801085857223"
LIMITS = hj212.Limits(over_time=10.0, re_count=2, execution=30.0, longest=200.0)
PERIOD = [hj212.item("BeginTime", "20160801000000"), hj212.item("EndTime", "20160801020000")]


def history(time, qn="20160801090000001", cn="2061"):
    return hj212.compose(
        cn=cn, mn=SITE.mn, st="32", qn=qn, items=[hj212.item("DataTime", time), hj212.item("w01018-Avg", "1")]
    )


MEASURED = [hj212.item("DataTime", "20160801085857"), hj212.item("w01018-Rtd", "1")]
BEGUN = {
    "request": (hj212.request("2061", SITE, QN, *PERIOD), "host"),
    "command": (requests.set_real_time_interval(SITE, QN, seconds=30), "host"),
    "stop": (requests.stop_real_time(SITE, QN), "host"),
    "upload": (hj212.report("2011", SITE, QN, *MEASURED), "site"),
    "heartbeat": (requests.heartbeat(SITE._replace(edition="2025"), QN), "site"),
}  # fmt: skip


def step(message):
    """Everything that can come for an exchange: right, wrong, doubled, foreign, or time alone."""
    return st.sampled_from(
        [
            *(("heard", hj212.reply_request(message, result=result)) for result in (1, 2, 100)),
            *(("heard", hj212.reply_result(message, result=result)) for result in (1, 3, 100)),
            ("heard", hj212.reply_notice(message)),
            ("heard", hj212.reply_data(message)),
            ("heard", hj212.reply_request(message.header._replace(qn="20160801085857999"))),
            ("heard", hj212.encode(history("20160801010000"))),
            ("heard", hj212.encode(history("20160901010000"))),
            ("heard", hj212.encode(history("20160801010000", qn=QN))),
            ("heard", b"##0007garbage"),
            *(("time", seconds) for seconds in (0.0, 1.0, 9.9, 10.0, 31.0)),
        ]
    )


def drain(connection):
    while not isinstance(connection.next_message(), hj212.NeedData):
        pass


class Watch:
    """Follows one connection and counts what must happen at most once."""

    def __init__(self, kind):
        self.message, role = BEGUN[kind]
        self.line = hj212.Connection(role, limits=LIMITS, tolerant=True)
        self.now, self.resends, self.lost, self.settled = 0.0, [], [], []
        self.line.send(self.message, now=0.0)

    def do(self, what, value):
        if what == "heard":
            self.line.receive_data(value, now=self.now)
            drain(self.line)
        else:
            self.now += value
        for happened in self.line.elapse(self.now):
            if isinstance(happened, hj212.Resend):
                assert happened.exchange.outcome is None
                self.resends.append((self.now, happened.exchange.state, happened.frame))
            elif isinstance(happened, hj212.Unanswered):
                self.lost.append(happened.exchange)
        self.settled += self.line.settled()


@settings(max_examples=120)
@given(st.sampled_from(sorted(BEGUN)), st.data())
def test_any_interleaving_ends_in_exactly_one_way(kind, data):
    watch = Watch(kind)
    steps = data.draw(st.lists(step(watch.message), max_size=14))
    for what, value in steps:
        watch.do(what, value)
        assert len(watch.settled) + len(watch.line.open_exchanges) == 1
    # Silence from here on: the end comes by itself, in bounded time.
    while watch.line.open_exchanges:
        due = min(exchange.due for exchange in watch.line.open_exchanges)
        assert due <= LIMITS.longest
        watch.do("time", max(due - watch.now, 0.0))
    (ended,) = watch.settled
    event(f"{kind}: {ended.outcome.name}")
    assert ended.outcome in set(hj212.Outcome)
    assert (ended.outcome is hj212.Outcome.TIMED_OUT) == (watch.lost == [ended])
    assert len(watch.resends) <= LIMITS.re_count
    assert all(frame == ended.frame for _, _, frame in watch.resends)
    assert all(state is not hj212.State.EXECUTING for _, state, _ in watch.resends)
    # What comes afterwards changes nothing.
    before = (ended.state, ended.reply, ended.result, ended.data)
    for answer in (hj212.reply_request(watch.message, result=2), hj212.reply_result(watch.message)):
        watch.do("heard", answer)
    watch.do("time", 1_000.0)
    assert (ended.state, ended.reply, ended.result, ended.data) == before
    assert watch.settled == [ended]


@given(st.sampled_from(["request", "command"]), st.permutations([1, 1, 2, 2]), st.data())
def test_the_first_settling_answer_decides(kind, order, data):
    """9011 says yes, 9012 ends: doubled and in any order, the outcome is what the first final answer says."""
    watch = Watch(kind)
    result = data.draw(st.sampled_from([1, 2, 5, 100]))
    frames = {1: hj212.reply_request(watch.message), 2: hj212.reply_result(watch.message, result=result)}
    for number in order:
        watch.do("heard", frames[number])
    (ended,) = watch.settled
    assert (ended.outcome, ended.result) == (hj212.Outcome.DONE, result)
    assert ended.succeeded == (result == 1)


def test_history_under_its_own_number_keeps_the_request_waiting_and_other_reports_do_not():
    watch = Watch("request")
    watch.do("heard", hj212.reply_request(watch.message))
    for _ in range(3):
        watch.do("time", 29.0)
        watch.do("heard", hj212.encode(history("20160801010000")))
    (exchange,) = watch.line.open_exchanges
    assert (exchange.data, exchange.due) == (3, 117.0)
    watch.do("heard", hj212.encode(history("20170801010000")))
    assert (exchange.data, exchange.due) == (3, 117.0)
    watch.do("time", 10.0)
    watch.do("heard", hj212.reply_result(watch.message))
    assert [ended.outcome for ended in watch.settled] == [hj212.Outcome.DONE]


def test_no_amount_of_data_makes_an_exchange_endless():
    watch = Watch("request")
    watch.do("heard", hj212.reply_request(watch.message))
    while not watch.settled:
        watch.do("time", 9.0)
        watch.do("heard", hj212.encode(history("20160801010000")))
        assert watch.now < 2 * LIMITS.longest
    assert watch.settled[0].outcome is hj212.Outcome.TIMED_OUT


def test_limits_are_those_that_command_1000_tells():
    told = hj212.Limits().told(requests.set_timeouts(SITE, QN, over_time=20, re_count=5))
    assert (told.over_time, told.re_count, told.idle) == (20.0, 5, 3_900.0)
    for over_time, re_count in (("0", "100"), ("x", ""), ("9" * 5_000, "-1")):
        odd = hj212.compose(
            cn="1000",
            mn="8",
            st="32",
            items=[hj212.item("OverTime", over_time), hj212.item("ReCount", re_count)],
        )
        assert hj212.Limits().told(odd) == hj212.Limits()


# --- both sides over a line that loses, doubles and delays


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.floats(0.1, 25.0)), max_size=40),
    st.booleans(),
    st.sampled_from([None, 2, 3]),
)
def test_a_command_is_executed_at_most_once_over_a_bad_line(fates, lazy, refuse):
    """Each frame in turn is lost (0 copies), kept or doubled, and comes after a delay of its own."""
    host = hj212.Connection("host", limits=LIMITS)
    responder = hj212.Responder("site")
    request = requests.set_real_time_interval(SITE, QN, seconds=30)
    fate = iter(fates)
    on_the_way: list[tuple[float, str, bytes]] = []

    def post(now, to, frame):
        _, copies, delay = next(fate, (True, 1, 0.1))
        on_the_way.extend((now + delay * (copy + 1), to, frame) for copy in range(copies))

    now, executed, settled = 0.0, 0, []
    post(now, "site", host.send(request, now=now))
    while host.open_exchanges or on_the_way:
        arrivals = [when for when, _, _ in on_the_way]
        now = max(now, min([*arrivals, *([host.deadline()] if host.open_exchanges else [])]))
        for entry in sorted(entry for entry in on_the_way if entry[0] <= now):
            on_the_way.remove(entry)
            if entry[1] == "host":
                host.receive_data(entry[2], now=now)
                drain(host)
                continue
            heard = hj212.decode(entry[2])
            answer = responder.hear(heard, refuse=refuse)
            for frame in answer.frames:
                post(now, "host", frame)
            if answer.todo is hj212.Todo.EXECUTE:
                executed += 1
                for frame in responder.finish(heard):
                    post(now + (20.0 if lazy else 0.0), "host", frame)
        for happened in host.elapse(now):
            if isinstance(happened, hj212.Resend):
                post(now, "site", happened.frame)
        settled += host.settled()
    (ended,) = settled
    assert executed <= 1
    assert refuse is None or executed == 0
    if ended.outcome is hj212.Outcome.DONE:
        assert executed == 1
    if ended.outcome is hj212.Outcome.REFUSED:
        assert ended.reply == refuse


@pytest.mark.parametrize("kind", ["upload", "heartbeat"])
def test_a_repeated_upload_is_answered_again_and_not_taken_again(kind):
    responder = hj212.Responder("host")
    message = BEGUN[kind][0]
    first, second = responder.hear(message), responder.hear(message)
    assert (first.todo, second.todo) == (hj212.Todo.TAKE, hj212.Todo.REPEATED)
    assert first.frames == second.frames
    assert len(first.frames) == 1


def test_answers_and_unknown_commands_are_not_answered():
    responder = hj212.Responder("host")
    for frame in (hj212.reply_data(BEGUN["upload"][0]), hj212.encode(history("20160801010000", cn="2999"))):
        assert responder.hear(hj212.decode(frame)) == (hj212.Todo.NOTHING, ())


def test_what_wants_no_answer_gets_none_and_is_still_known_again():
    responder = hj212.Responder("site")
    quiet = hj212.request("1061", SITE, QN, answer=False)
    assert responder.hear(quiet) == (hj212.Todo.EXECUTE, ())
    assert responder.finish(quiet) == ()
    assert responder.hear(quiet) == (hj212.Todo.REPEATED, ())


def test_a_responder_s_memory_is_bounded():
    responder = hj212.Responder("host", remember=10)
    for number in range(100):
        responder.hear(hj212.report("2081", SITE, f"{number:017d}", hj212.item("DataTime", "20160801085857"),
                                    hj212.item("RestartTime", "20160801085857")))  # fmt: skip
    assert len(responder._given) == 10
