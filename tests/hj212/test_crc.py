"""The check of the standard against its printed examples and its definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.hj212 import crc


def by_definition(segment: bytes) -> int:
    """HJ 212-2017 annex A, bit by bit."""
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return register


@pytest.mark.parametrize(
    ("segment", "check"),
    [
        (b"", 0xFFFF),
        (b"123456789", 0x2F80),
        # HJ 212-2017 annex A
        (
            b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
            b"CP=&&RtdInterval=30&&",
            0x1C80,
        ),
        # HJ 212-2025 annex A.1
        (b"QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&", 0x2200),
    ],
)
def test_printed_examples(segment, check):
    assert crc.crc16(segment) == check


@given(st.binary(max_size=200) | st.binary(min_size=1_000, max_size=1_100))
def test_folding_equals_the_definition(segment):
    assert crc.crc16(segment) == by_definition(segment)


@pytest.mark.parametrize("length", [511, 512, 513, 4_096, 9_999, 10_000, 70_001])
def test_long_segments(length):
    segment = bytes(i * 37 % 251 for i in range(length))
    assert crc.crc16(segment) == by_definition(segment)


@given(st.lists(st.binary(min_size=1, max_size=70), max_size=20))
def test_many_at_once_equal_one_by_one(segments):
    assert crc.states(segments).tolist() == [crc.state(segment) for segment in segments]


@given(st.binary(min_size=1, max_size=300), st.data())
def test_every_single_wrong_byte_is_found(segment, data):
    place = data.draw(st.integers(0, len(segment) - 1))
    wrong = data.draw(st.integers(0, 255).filter(lambda byte: byte != segment[place]))
    assert crc.crc16(segment[:place] + bytes([wrong]) + segment[place + 1 :]) != crc.crc16(segment)


@pytest.mark.parametrize(
    ("given_check", "name"),
    [(0x4B37, "modbus"), (0x374B, "modbus-swapped"), (0xBB3D, "arc"), (0x29B1, "ccitt-no&&")],
)
def test_foreign_checks_are_named(given_check, name):
    """Check values of the catalogue of parametrised CRC algorithms for ``123456789``."""
    assert crc.dialect(b"123456789", given_check) == name
    assert crc.dialect(b"123456788", given_check) is None
