"""Streams cut anywhere, damaged anywhere: the same events, and no good frame lost."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jiangcheng import hj212

A = hj212.frame(
    b"QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP=&&a-Rtd=1&&"
)
B = hj212.frame(b"ST=32;CN=2011;PW=123456;MN=88888880000001;CP=&&DataTime=20160801085857;011-Rtd=1.0&&")
C = hj212.frame(b"ST=91;CN=9014;PW=1;MN=88;CP=&&&&")
MODBUS = b"##0091QN=20170516010101001;ST=22;CN=1062;PW=123456;MN=ABCDEFG1234567;Flag=3;CP=&&RtdInterval=30&&EF98\r\n"


def relength(frame: bytes, field: bytes) -> bytes:
    return b"##" + field + frame[6:]


def events(pieces, *, tolerant=False, finish=True):
    """Feed the pieces one after the other, draining after each, and return all events."""
    framer, found = hj212.Framer(tolerant=tolerant), []
    for piece in pieces:
        framer.receive_data(piece)
        found += iter(framer.next_event, hj212.NEED_DATA)
    if finish:
        framer.finish()
        found += iter(framer.next_event, hj212.NEED_DATA)
    return found


def tokens(found):
    """Name the events: the raw bytes of a frame, the code of an error."""
    return [event.raw if isinstance(event, hj212.Frame) else event.code for event in found]


def bytewise(stream: bytes):
    return [bytes([byte]) for byte in stream]


CASES = [
    # stream, strict, tolerant
    ("one frame", A, [A], [A]),
    ("two frames", A + B, [A, B], [A, B]),
    ("lower-case check", A[:-6] + A[-6:].lower(), [A[:-6] + A[-6:].lower()], [A[:-6] + A[-6:].lower()]),
    ("garbage before", b"GET / HTTP/1.1\r\n\r\n" + A, ["garbage", A], ["garbage", A]),
    ("garbage between", A + b"\0\0\xff" + B, [A, "garbage", B], [A, "garbage", B]),
    ("one # too many", b"#" + A, ["garbage", A], ["garbage", A]),
    ("many # too many", b"#" * 9 + A, ["garbage", A], ["garbage", A]),
    ("length not digits", relength(A, b"00x7") + B, ["length_not_digits", B], ["length_not_digits", B]),
    ("three digits", relength(A, b"%d" % (len(A) - 12)) + B, ["length_not_digits", B], [b"##" + A[4:], B]),
    ("no length", b"##" + A[6:] + B, ["length_not_digits", B], [b"##" + A[6:], B]),
    ("length too long", relength(A, b"0299") + B, ["length_mismatch", B], [relength(A, b"0299"), B]),
    ("length too short", relength(A, b"0050") + B, ["length_mismatch", B], [relength(A, b"0050"), B]),
    ("length 0", relength(A, b"0000") + B, ["length_mismatch", B], [relength(A, b"0000"), B]),
    (
        "length far too long",
        relength(A, b"9999") + B + C,
        ["length_mismatch", B, C],
        [relength(A, b"9999"), B, C],
    ),
    ("wrong check", A[:-6] + b"0000\r\n" + B, ["crc_mismatch", B], ["crc_mismatch", B]),
    (
        "wrong check, length too long",
        relength(A[:-6], b"0400") + b"0000\r\n" + B,
        ["length_mismatch", B],
        ["length_mismatch", B],
    ),
    ("no check", A[:-6] + b"\r\n" + B, ["crc_missing", B], ["crc_missing", B]),
    ("foreign check", MODBUS + B, ["crc_mismatch", B], [MODBUS, B]),
    ("LF only", A[:-2] + b"\n" + B, ["tail_missing", B], [A[:-2] + b"\n", B]),
    ("CR only", A[:-1] + B, ["tail_missing", B], [A[:-1], B]),
    ("written \\r\\n", A[:-2] + rb"\r\n" + B, ["tail_missing", B], [A[:-2] + rb"\r\n", B]),
    ("glued", A[:-2] + B, ["tail_missing", B], [A[:-2], B]),
    ("cut off by another", A[:60] + B, ["truncated", B], ["truncated", B]),
    ("cut off in the length", A[:4] + B, ["length_not_digits", B], ["length_not_digits", B]),
    ("cut off by the end", B + A[:60], [B, "truncated"], [B, "truncated"]),
    ("no line end at the end", B + A[:-2], [B, "tail_missing"], [B, A[:-2]]),
    ("only ##", b"##", ["length_not_digits"], ["length_not_digits"]),
]


@pytest.mark.parametrize("tolerant", [False, True], ids=["strict", "tolerant"])
@pytest.mark.parametrize(("name", "stream", "strict", "lenient"), CASES, ids=[case[0] for case in CASES])
def test_cases(name, stream, strict, lenient, tolerant):
    wanted = lenient if tolerant else strict
    assert tokens(events([stream], tolerant=tolerant)) == wanted
    assert tokens(events(bytewise(stream), tolerant=tolerant)) == wanted
    if stream.endswith(b"\r\n"):
        assert tokens(events([stream + b"~~~"], tolerant=tolerant)) == [*wanted, "garbage"]
        assert tokens(events([stream + C], tolerant=tolerant)) == [*wanted, C]


@pytest.mark.parametrize("tolerant", [False, True], ids=["strict", "tolerant"])
def test_events_cover_the_stream_without_gap(tolerant):
    stream = b"".join(case[1] for case in CASES)
    position = 0
    for event in events([stream], tolerant=tolerant):
        assert event.offset == position
        length = len(event.raw) if isinstance(event, hj212.Frame) else event.length
        assert event.raw == stream[position : position + length]
        position += length
    assert position == len(stream)


SCRAPS = st.sampled_from(
    [case[1] for case in CASES] + [A, B, C, b"##", b"#", b"\r\n", b"&&", b"##0099", A[:40], A[30:]]
)
STREAMS = st.lists(SCRAPS | st.binary(max_size=30), max_size=8).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 2_000), max_size=12), st.booleans())
@example(A[:-4] + b"##", [len(A) - 3], False)
def test_any_cutting_gives_the_same_events(stream, places, tolerant):
    cuts = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    pieces = [stream[begin:end] for begin, end in itertools.pairwise(cuts)]
    whole = events([stream], tolerant=tolerant)
    assert events(pieces, tolerant=tolerant) == whole
    assert events(bytewise(stream), tolerant=tolerant) == whole


@given(st.integers(6, len(A) - 7), st.integers(0, 255))
def test_a_wrong_byte_in_the_segment_is_found_and_the_next_frame_kept(place, byte):
    damaged = A[:place] + bytes([byte]) + A[place + 1 :]
    found = events([damaged + B])
    assert found[-1].raw == B
    if byte != A[place]:
        assert not any(isinstance(event, hj212.Frame) for event in found[:-1])


@given(st.binary(max_size=3_000), st.booleans())
def test_garbage_never_hides_the_next_good_frame(garbage, tolerant):
    assert tokens(events([garbage + A], tolerant=tolerant))[-1] == A


@given(STREAMS, st.booleans())
def test_damaged_frames_never_hide_the_next_good_frame(damage, tolerant):
    assert tokens(events([damage + B], tolerant=tolerant))[-1] == B


@given(st.integers(0, 9_999))
def test_no_length_field_swallows_the_frames_behind_it(length):
    """They are given out as soon as they are whole, not when the declared length has come."""
    liar = relength(A, b"%04d" % length)
    wanted = [A] if liar == A else ["length_mismatch"]
    assert tokens(events([liar + B + C], finish=False)) == [*wanted, B, C]


def test_a_torso_with_a_long_length_does_not_wait_for_it():
    assert tokens(events([b"##9000QN=2016", A, B], finish=False)) == ["truncated", A, B]


@pytest.mark.parametrize(
    "hostile",
    [
        b"#" * 60_000,
        b"##" + b"x#" * 30_000,
        b"##9999" * 10_000,
        b"".join(b"##%04d" % max(9_990 - i % 1_660 * 6, 0) for i in range(8_000)) + b"ABCD\r\n" * 2_000,
        b"##0400" + b"//" * 30_000,
        b"\r\n" * 30_000,
        b"##9999" + b"1" * 50_000,
    ],
    ids=["hashes", "hashes apart", "openings", "openings with one end", "slashes", "line ends", "no end"],
)
def test_hostile_streams_are_held_only_up_to_one_frame(hostile):
    framer, received = hj212.Framer(tolerant=True), 0
    for begin in range(0, len(hostile), 500):
        framer.receive_data(hostile[begin : begin + 500])
        received += len(hostile[begin : begin + 500])
        for _ in iter(framer.next_event, hj212.NEED_DATA):
            pass
        assert received - framer.offset <= 2 * hj212.MAX_FRAME
    framer.receive_data(A)
    assert tokens(iter(framer.next_event, hj212.NEED_DATA))[-1:] == [A]


def test_a_frame_over_the_limit_is_refused():
    framer = hj212.Framer(max_frame=len(A) - 1)
    framer.receive_data(A + C)
    found = tokens(iter(framer.next_event, hj212.NEED_DATA))
    assert (found[0], found[-1]) == ("oversize", C)
    assert A not in found


def test_deviations_and_dialects_are_named():
    long = hj212.frame(b"CP=&&" + b"x" * 1_025 + b"&&")
    lower, modbus, length, line, long_event = events(
        [A[:-6] + A[-6:].lower(), MODBUS, relength(A, b"0299"), A[:-2] + b"\n", long], tolerant=True
    )
    assert lower.deviations == ("crc_lowercase",)
    assert (modbus.deviations, modbus.crc_dialect) == (("crc_dialect",), "modbus")
    assert (length.deviations, length.declared_length) == (("length_mismatch",), 299)
    assert line.deviations == ("tail_missing",)
    assert long_event.deviations == ("segment_long",)


def test_a_foreign_check_is_named_in_the_error():
    (error,) = events([MODBUS])
    assert (error.code, error.crc_dialect, error.raw) == ("crc_mismatch", "modbus", MODBUS)


def test_after_finish_the_stream_may_go_on():
    framer = hj212.Framer(tolerant=True)
    framer.receive_data(A[:-2])
    assert framer.next_event() is hj212.NEED_DATA
    framer.finish()
    assert framer.next_event().deviations == ("tail_missing",)
    framer.receive_data(B)
    assert framer.next_event().raw == B
