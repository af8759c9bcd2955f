"""Graded deviations, text in unknown encodings, and the check that each logger computes."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng import hj212
from jiangcheng.hj212 import crc

MN = "010000A8900016F000169DC0"
HEAD = f"QN=20160801085857223;ST=32;CN=2011;PW=123456;MN={MN};Flag=5;"
AREA = "DataTime=20160801085857;a-Rtd=1"

GRADES = [
    (f"{HEAD}CP=&&{AREA}&&", "A", []),
    (f"{HEAD}CP=&&{AREA};&&", "B", [("item_empty", "end", "B")]),
    (f"{HEAD}CP=&&{AREA},a-Max=--&&", "B", [("value_form", "a-Max", "B")]),
    (f"{HEAD}CP=&{AREA}&&", "C", [("cp_unclosed", "CP", "C")]),
    (f"{HEAD}CP=&&DataTime=20160230085857;a-Rtd=--&&", "C",
     [("value_form", "a-Rtd", "B"), ("data_time_form", "DataTime", "C")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "grade", "expected"), GRADES)
def test_deviations_are_listed_with_place_and_grade(text, grade, expected):
    message = hj212.decode(hj212.frame(text.encode()), tolerant=True)
    found = hj212.findings(message)
    assert [(one.code, one.where, one.grade.value) for one in found] == expected
    assert hj212.grade(message).value == grade
    for one in found:
        assert json.loads(json.dumps(one.as_dict()))["text"] == hj212.FAULTS[one.code].en


def test_strict_reading_takes_grades_a_and_b_and_refuses_c():
    for text, grade, expected in GRADES:
        raw = hj212.frame(text.encode())
        if grade in "AB":
            assert hj212.grade(hj212.decode(raw)).value == grade
            continue
        with pytest.raises(hj212.RemoteProtocolError) as caught:
            hj212.decode(raw)
        (finding,) = hj212.findings(caught.value.error)
        assert (finding.code, finding.where) == next(
            (code, where) for code, where, one in expected if one == "C"
        )
        assert finding.grade is hj212.Grade.UNUSABLE


def test_a_damaged_frame_has_the_lowest_grade():
    framer = hj212.Framer()
    framer.receive_data(hj212.frame(HEAD.encode() + b"CP=&&&&")[:-6] + b"0000\r\n")
    error = framer.next_event()
    assert hj212.grade(error) is hj212.grade(hj212.ErrorEvent(error)) is hj212.Grade.UNUSABLE
    assert hj212.findings(error)[0].where == "frame"


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [("清洗管路", "utf-8", "utf-8"), ("清洗管路", "gbk", "gbk"), ("㐀清洗𠀀", "gb18030", "gb18030")],
)
def test_chinese_text_is_read_in_each_encoding(text, encoding, expected):
    segment = f"{HEAD}CP=&&DataTime=20160801085857;i11001-Info=//{text}//&&".encode(encoding)
    message = hj212.decode(hj212.frame(segment))
    assert (message.encoding, message.factors["i11001"]["Info"]) == (expected, f"//{text}//")
    assert [found.code for found in hj212.findings(message)] == (
        [] if expected == "utf-8" else ["encoding_gbk"]
    )
    assert hj212.encode(message) == hj212.frame(segment)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_length_counted_in_characters_is_survived_and_said(encoding):
    text = f"{HEAD}CP=&&DataTime=20160801085857;i11001-Info=//清洗管路//&&"
    raw = b"##%04d" % len(text) + hj212.frame(text.encode(encoding))[6:]
    message = hj212.decode(raw, tolerant=True)
    assert message.factors["i11001"]["Info"] == "//清洗管路//"
    assert hj212.findings(message)[0].code == "length_mismatch"


# --- the check of each logger


def segment(number, mn=MN):
    return f"QN=20160801{number:09d};ST=32;CN=2011;PW=123456;MN={mn};Flag=5;CP=&&a-Rtd={number}&&".encode()


def check_of(name, body):
    return crc.crc16(body) if name == "hj212" else crc.DIALECTS[name](body)


NAMES = ["hj212", *crc.DIALECTS]


@pytest.mark.parametrize("name", NAMES)
def test_a_logger_is_settled_after_three_frames(name):
    ledger = hj212.DialectLedger()
    bodies = [segment(number) for number in range(6)]
    standings = [ledger.observe(MN, body, check_of(name, body)) for body in bodies]
    assert [standing.trust for standing in standings] == ["learning"] * 2 + ["usual"] * 4
    assert ledger.usual(MN) == name
    assert ledger.usual("other") is None


def test_a_frame_of_another_check_is_unusual_and_a_new_firmware_is_not():
    ledger = hj212.DialectLedger()
    for number in range(5):
        ledger.observe(MN, segment(number), check_of("modbus", segment(number)))
    trusts = []
    for number in range(5, 9):
        trusts.append(ledger.observe(MN, segment(number), check_of("hj212", segment(number))).trust)
    assert trusts == ["unusual", "unusual", "changed", "usual"]
    assert ledger.usual(MN) == "hj212"


def test_a_damaged_frame_changes_nothing():
    ledger = hj212.DialectLedger()
    for number in range(4):
        ledger.observe(MN, segment(number), check_of("arc", segment(number)))
    damaged = ledger.observe(MN, segment(9), 0x1234)
    assert (damaged.fits, damaged.trust, damaged.usual) == ((), "unfit", "arc")


@given(st.permutations([(mn, n) for mn in range(5) for n in range(4)]))
def test_loggers_do_not_mix(order):
    ledger = hj212.DialectLedger()
    for mn, number in order:
        body = segment(number, str(mn))
        ledger.observe(str(mn), body, check_of(NAMES[mn], body))
    assert [ledger.usual(str(mn)) for mn in range(5)] == NAMES


def test_memory_is_bounded_by_the_number_of_loggers():
    ledger = hj212.DialectLedger(max_loggers=10)
    for number in range(1_000):
        body = segment(number, f"X{number}")
        ledger.observe(f"X{number}", body, crc.crc16(body))
    assert len(ledger) == 10


@pytest.mark.parametrize("tolerant", [False, True])
def test_the_public_frames_of_foreign_checks_are_recognised_through_the_framer(public_vectors, tolerant):
    ledger = hj212.DialectLedger(needed=1)
    foreign = [vector for vector in public_vectors if vector.crc in crc.DIALECTS]
    for vector in random.Random(1).sample(foreign, len(foreign)):
        framer = hj212.Framer(tolerant=tolerant)
        framer.receive_data(vector.raw)
        standing = ledger.hear(framer.next_event())
        assert (standing.fits, standing.usual) == ((vector.crc,), vector.crc)


def test_what_holds_no_check_tells_nothing():
    framer = hj212.Framer()
    framer.receive_data(b"GET / HTTP/1.1\r\n" * 100)
    assert hj212.DialectLedger().hear(framer.next_event()) is None
