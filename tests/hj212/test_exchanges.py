"""Answers, the course of exchanges, re-sending, and messages in parts."""

import pytest

from jiangcheng import hj212
from jiangcheng.hj212 import commands, states

MN = "010000A8900016F000169DC0"
QN = "20160801085857223"


def said(cn, *, qn=QN, flag=5, **more):
    return hj212.compose(cn=cn, mn=MN, st="32", qn=qn, flag=flag, **more)


@pytest.mark.parametrize(
    ("answer", "printed"),
    [
        (hj212.reply_request, "Flag=4;CP=&&QnRtn=1&&"),
        (hj212.reply_result, "Flag=4;CP=&&ExeRtn=1&&"),
        (hj212.reply_notice, "Flag=4;CP=&&&&"),
        (hj212.reply_data, "Flag=4;CP=&&&&"),
    ],
)
def test_answers_are_those_of_annex_c(annex_c, answer, printed):
    cn = {"reply_request": "9011", "reply_result": "9012", "reply_notice": "9013", "reply_data": "9014"}[
        answer.__name__
    ]
    wanted = f"QN={QN};ST=91;CN={cn};PW=123456;MN={MN};{printed}".encode()
    assert answer(said("1000")) == answer(said("1000").header) == hj212.frame(wanted)
    if cn != "9013":  # annex C prints this one with blanks or with one & too few
        assert (
            hj212.frame(wanted) in annex_c
            or hj212.frame(wanted.replace(b"&&ExeRtn", b"&& ExeRtn")) in annex_c
        )


def test_answers_of_2005_carry_the_qn_in_the_data_area():
    """As a real logger of 2005 does: ST=91;CN=9013;PW=…;MN=…;Flag=0;CP=&&QN=20170516010101001&&."""
    old = said("2011", flag=1, qn="20170516010101001").header
    assert (
        hj212.reply_notice(old)[6:-6]
        == f"ST=91;CN=9013;PW=123456;MN={MN};Flag=0;CP=&&QN=20170516010101001&&".encode()
    )
    assert b";CP=&&QN=20170516010101001;QnRtn=3&&" in hj212.reply_request(old, result=3)
    assert hj212.reply_data(said("2011", flag=None, qn="").header).endswith(b"CP=&&&&" + b"%04X\r\n" % hj212.crc16(
        f"ST=91;CN=9014;PW=123456;MN={MN};Flag=0;CP=&&&&".encode()
    ))  # fmt: skip


def test_an_answer_to_2025_keeps_the_edition():
    assert b";Flag=8;" in hj212.reply_data(said("2011", flag=9))


@pytest.mark.parametrize("mn", [b"\xff\xfe", b"a b", b"&&", "长春".encode("gbk")])
def test_strange_identities_are_echoed_byte_for_byte(mn):
    header = hj212.header(b"QN=1;ST=32;CN=2011;PW=1;MN=" + mn + b";Flag=5;CP=&&&&")
    assert b";MN=" + mn + b";Flag=4;" in hj212.reply_data(header)


def test_every_command_is_listed_once_for_each_use():
    uses = [(row.code, row.direction, edition) for row in hj212.COMMANDS for edition in row.editions]
    assert len(uses) == len(set(uses))
    assert commands.find("1001", direction="up", edition="2025").kind == "notice"
    assert commands.find("3014", direction="down", edition="2005").en == "set sampling times"
    assert commands.find("3014", direction="down", edition="2017").en == "take a comparison sample"
    assert commands.find("2072", direction="up", edition="2017").editions == ("2005",)
    assert commands.find("9021", direction="up", edition="2017") is None


def test_every_state_can_be_reached_and_final_states_cannot_be_left():
    reached = set(states.FIRST.values()) | set(states.TRANSITIONS.values())
    assert reached == set(states.State)
    assert not {state for state, _ in states.TRANSITIONS} & states.FINAL
    for state in set(states.State) - states.FINAL:
        assert (state, states.Trigger.UNANSWERED) in states.TRANSITIONS


def heard(connection, *frames, now):
    connection.receive_data(b"".join(frames), now=now)
    return list(iter(connection.next_message, hj212.NEED_DATA))


def test_a_request_runs_through_its_answers():
    host = hj212.Connection("host")
    request = said(
        "2061", items=[hj212.item("BeginTime", "20160801080000"), hj212.item("EndTime", "20160801080000")]
    )
    assert host.send(request, now=0.0) == hj212.encode(request)
    assert [exchange.state for exchange in host.open_exchanges] == [hj212.State.ASKED]
    heard(host, hj212.reply_request(request), now=1.0)
    assert [exchange.state for exchange in host.open_exchanges] == [hj212.State.EXECUTING]
    data = said("2061", qn="20160801085857534", flag=4, items=[hj212.item("DataTime", "20160801080000")])
    heard(host, hj212.encode(data), hj212.reply_result(request), now=2.0)
    assert host.open_exchanges == ()


def test_a_refused_request_is_closed():
    host = hj212.Connection("host")
    host.send(said("1072"), now=0.0)
    heard(host, hj212.reply_request(said("1072"), result=3), now=1.0)
    assert host.open_exchanges == ()


@pytest.mark.parametrize("flag", [1, 5, 9])
def test_an_upload_waits_for_its_receipt_in_every_edition(flag):
    site = hj212.Connection("site")
    upload = said("2011", flag=flag)
    site.send(upload, now=0.0)
    heard(site, hj212.reply_notice(upload), now=1.0)
    assert len(site.open_exchanges) == 1  # 9013 is no receipt for data
    heard(site, hj212.reply_data(upload), now=1.0)
    assert site.open_exchanges == ()


def test_silence_brings_three_re_sends_and_then_the_end():
    site = hj212.Connection("site", limits=hj212.Limits(over_time=10.0, re_count=3))
    frame = site.send(said("2011"), now=0.0)
    for attempt in range(1, 4):
        assert site.deadline() == 10.0 * attempt
        assert site.elapse(10.0 * attempt - 0.1) == ()
        (again,) = site.elapse(10.0 * attempt)
        assert isinstance(again, hj212.Resend)
        assert again.frame == frame
    (lost,) = site.elapse(40.0)
    assert isinstance(lost, hj212.Unanswered)
    assert lost.exchange.state is hj212.State.LOST
    assert site.deadline() is None


def test_what_the_site_has_begun_is_not_asked_again():
    host = hj212.Connection("host")
    host.send(said("3011"), now=0.0)
    heard(host, hj212.reply_request(said("3011")), now=5.0)
    assert host.deadline() == 15.0
    (lost,) = host.elapse(15.0)
    assert isinstance(lost, hj212.Unanswered)


def test_a_silent_line_is_reported_once():
    host = hj212.Connection("host", limits=hj212.Limits(idle=60.0))
    heard(host, hj212.encode(said("2011")), now=100.0)
    assert host.deadline() == 160.0
    assert host.elapse(160.0) == (hj212.Idle(100.0),)
    assert host.elapse(170.0) == ()


def test_only_sensible_exchanges_are_begun():
    host = hj212.Connection("host", limits=hj212.Limits(max_open=1))
    with pytest.raises(hj212.LocalProtocolError):
        host.send(said("2011"))
    with pytest.raises(hj212.LocalProtocolError):
        host.send(said("2011", qn=""), now=0.0)
    host.send(said("2011"), now=0.0)
    with pytest.raises(hj212.LocalProtocolError):
        host.send(said("2011"), now=0.0)
    with pytest.raises(hj212.LocalProtocolError):
        host.send(said("2011", qn="20160801085857224"), now=0.0)
    host.send(said("9014", flag=4))
    assert len(host.open_exchanges) == 1


def test_a_connection_hands_out_errors_with_the_frame_it_could_not_read():
    host = hj212.Connection("host")
    bad = hj212.frame(b"ST=32;CN=2011;PW=1;MN=8;CP=&a-Rtd=1&")
    torso, refused, message = heard(host, b"##0100QN=2016", bad, hj212.encode(said("2011")), now=0.0)
    assert (torso.error.code, torso.frame) == ("truncated", None)
    assert (refused.error.code, refused.frame.raw) == ("cp_unclosed", bad)
    assert message.cn == "2011"
    host.receive_data(b"##0100")
    host.receive_data(b"")
    assert host.next_message().error.code == "truncated"


def part(number, *, total=2, factor="w01018", qn=QN):
    items = [hj212.item("DataTime", "20160801080000"), *hj212.factor(factor, Avg=number)]
    return said("2061", qn=qn, flag=7, pnum=total, pno=number, items=items)


def test_parts_are_joined_whatever_their_order_and_qn():
    store = hj212.Reassembler()
    second, first = part(2, factor="w21003", qn="20160801085857535"), part(1, qn="20160801085857534")
    assert store.add(second, now=0.0) == []
    assert store.add(second, now=1.0) == []  # sent again
    (report,) = store.add(first, now=2.0)
    assert report.parts == (first, second)
    assert report.factors == {"w01018": {"Avg": "1"}, "w21003": {"Avg": "2"}}
    assert report.params == {"DataTime": "20160801080000"}
    assert store.expire(now=1e9) == []


def test_incomplete_reports_are_given_up_with_what_is_missing():
    store = hj212.Reassembler(patience=40.0, max_open=1)
    store.add(part(2, total=3), now=0.0)
    assert store.expire(now=39.0) == []
    (late,) = store.expire(now=40.0)
    assert (late.missing, len(late.parts)) == ((1, 3), 1)
    store.add(part(1, total=3), now=50.0)
    (pushed_out,) = store.add(part(1, total=4), now=51.0)
    assert pushed_out.missing == (2, 3)


def test_a_message_without_parts_is_complete():
    (report,) = hj212.Reassembler().add(said("2011"), now=0.0)
    assert report.missing == ()
