"""Encrypted data areas of HJ 212-2025, against the printed examples of annex A.2 and against themselves."""

import json
import time
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng import hj212
from jiangcheng.hj212 import sm4

MN = "010000A8900016F000169DC0"
KEY = b"0123456789abcdef"
OTHER = b"fedcba9876543210"
RING = hj212.KeyRing({MN: (KEY,)})
QN = "20260801085857223"


class Example(NamedTuple):
    plain: bytes
    cipher: bytes
    key: bytes
    region: bytes
    printed: bytes


@pytest.fixture(scope="session")
def examples(shared_data):
    """Frames of annex A.2, in clear and encrypted, whole with CR LF."""
    found = []
    for vector in json.loads((shared_data / "hj212" / "sm4_vectors_2025.json").read_text(encoding="utf-8")):
        plain = vector["plain_frame"].encode() + b"\r\n"
        region = bytes.fromhex(vector["cipher_region_hex"])
        start = plain.index(b"CP=&&") + 5
        rest = plain[start + len(region) :]
        text = b"{%b}" % b",".join(b"0x%02X" % byte for byte in region)
        key = bytes.fromhex(vector["key_hex"])
        found.append(Example(plain, plain[:start] + region + rest, key, region, plain[:start] + text + rest))
    assert len(found) == 2
    return found


def said(area_items, *, cn="2011", flag=9, **more):
    return hj212.compose(cn=cn, mn=MN, st="31", qn=QN, flag=flag, items=area_items, **more)


def data(value=1.5):
    return said([hj212.item("DataTime", "20260801085800"), *hj212.factor("a21026", Rtd=value, Flag="N")])


def codes(message):
    return [deviation.code for deviation in message.deviations]


def test_the_printed_examples_encrypt_and_decrypt(examples):
    """HJ 212-2025 annex A.2: 13 whole groups; 9 whole groups and three characters in clear."""
    for example in examples:
        start = example.plain.index(b"CP=&&") + 5
        area = example.plain[start : example.plain.rindex(b"&&")]
        whole = len(area) - len(area) % 16
        assert sm4.encrypt_area(area, example.key) == example.region[:whole] + area[whole:]
        assert sm4.decrypt_area(example.region, example.key) == area[: len(example.region)]


def test_an_encrypted_example_is_read_as_its_plain_twin_and_written_back(examples):
    for example in examples:
        ring = hj212.KeyRing(default=(example.key,))
        plain, message = hj212.decode(example.plain), hj212.decode(example.cipher, keys=ring)
        assert message.encrypted
        assert not plain.encrypted
        assert (message.segment, message.items, message.deviations) == (plain.segment, plain.items, ())
        assert hj212.encode(message, key=example.key) == example.cipher
        assert hj212.encode(message) == example.plain
        assert hj212.encode(plain, key=example.key) == example.cipher


def test_the_printed_form_is_taken_only_tolerantly(examples):
    """Two public projects send the text ``{0xE4,…}`` with the length of the plain text, or with its own."""
    for example in examples:
        ring = hj212.KeyRing(default=(example.key,))
        own = b"##%04d" % (len(example.printed) - 12) + example.printed[6:]
        for frame in (example.printed, own):
            message = hj212.decode(frame, keys=ring, tolerant=True)
            assert codes(message) == ["cipher_printed"]
            assert message.segment == hj212.decode(example.plain).segment
            with pytest.raises(hj212.RemoteProtocolError) as caught:
                hj212.decode(frame, keys=ring)
            assert caught.value.code == "cipher_printed"
        wrong_length = b"##0500" + example.printed[6:]
        message = hj212.decode(wrong_length, keys=ring, tolerant=True)
        assert codes(message) == ["length_mismatch", "cipher_printed"]


@pytest.mark.parametrize("tolerant", [False, True])
def test_what_cannot_be_opened_has_a_code(examples, tolerant):
    example = examples[0]
    for keys, code in (
        (None, "encrypted"),
        (hj212.KeyRing(), "key_wrong"),
        (hj212.KeyRing(default=(OTHER,)), "key_wrong"),
    ):
        for frame in (example.cipher, example.printed):
            with pytest.raises(hj212.RemoteProtocolError) as caught:
                hj212.decode(frame, keys=keys, tolerant=tolerant)
            assert caught.value.code == code
            assert caught.value.error.raw == frame
    damaged = example.cipher[:120] + bytes([example.cipher[120] ^ 1]) + example.cipher[121:]
    with pytest.raises(hj212.RemoteProtocolError) as caught:
        hj212.decode(damaged, keys=hj212.KeyRing(default=(example.key,)), tolerant=tolerant)
    assert caught.value.code == "key_wrong"


def test_without_line_end_only_tolerantly():
    frame = hj212.encode(data(), key=KEY)[:-2]
    assert codes(hj212.decode(frame, keys=RING, tolerant=True)) == ["tail_missing"]
    with pytest.raises(hj212.RemoteProtocolError) as caught:
        hj212.decode(frame, keys=RING)
    assert caught.value.code == "tail_missing"


@pytest.mark.parametrize("size", [0, 1, 15, 24])
def test_keys_have_sixteen_bytes(size):
    for use in (
        lambda: hj212.KeyRing({MN: (bytes(size),)}),
        lambda: hj212.encode(data(), key=bytes(size)),
        lambda: sm4.decrypt_area(b"x", bytes(size)),
    ):
        with pytest.raises(hj212.LocalProtocolError):
            use()


def test_a_key_ring_shows_no_key():
    assert KEY.decode() not in repr(RING)


def test_the_old_key_is_good_while_both_are_known():
    """CN 1014 changes the key; what was encrypted before is still under way."""
    ring = hj212.KeyRing({MN: (OTHER, KEY)})
    for key in (KEY, OTHER):
        assert hj212.decode(hj212.encode(data(), key=key), keys=ring).factors["a21026"]["Rtd"] == "1.5"


def test_short_and_empty_areas_stay_in_clear():
    for message in (said([]), said([hj212.item("RtdInterval", "30")])):
        short = hj212.encode(message, key=KEY)
        assert short == hj212.encode(message)
        assert not hj212.decode(short, keys=RING).encrypted


def test_a_message_without_area_cannot_be_encrypted():
    open_end = hj212.decode(hj212.frame(f"ST=31;CN=2011;PW=1;MN={MN};CP=&a-Rtd=1&".encode()), tolerant=True)
    with pytest.raises(hj212.LocalProtocolError):
        hj212.encode(open_end, key=KEY)


def stream(count):
    """Frames whose ciphers have some 300 bytes that differ from frame to frame."""
    items = [
        [hj212.item("a21026-EFlag", f"{value * 7_919 + step:016d}") for step in range(12)]
        for value in range(count)
    ]
    return [hj212.encode(said(area), key=KEY) for area in items]


def events(framer, pieces):
    found = []
    for piece in pieces:
        framer.receive_data(piece)
        found += iter(framer.next_event, hj212.NEED_DATA)
    framer.finish()
    return found + list(iter(framer.next_event, hj212.NEED_DATA))


def test_framing_is_by_length_whatever_the_cipher_holds():
    """Among so many ciphers some hold a line end, ``##`` or ``&&``, and some pass the check as they are."""
    frames = stream(1_500)
    inner = b"".join(frame[120:-8] for frame in frames)
    assert all(mark in inner for mark in (b"\r\n", b"##", b"&&"))
    framer = hj212.Framer(keys=RING)
    found = events(framer, [b"".join(frames)])
    assert [event.raw for event in found] == frames
    assert all(event.encrypted for event in found)
    assert all(b"a21026-EFlag=" in event.segment for event in found)


def test_cutting_the_stream_changes_nothing():
    frames = stream(12)
    whole = b"".join(frames)
    once = events(hj212.Framer(keys=RING), [whole])
    bytewise = events(hj212.Framer(keys=RING), [whole[i : i + 1] for i in range(len(whole))])
    assert once == bytewise


def test_columns_read_encrypted_frames_beside_plain_ones():
    plain, cipher = hj212.encode(data(1)), hj212.encode(data(2), key=KEY)
    columns = hj212.columns([plain, cipher, plain], framed=True, keys=RING)
    assert columns.frames.error.tolist() == [0, 0, 0]
    assert sorted(zip(columns.values.frame.tolist(), columns.values.value.tolist(), strict=True)) == [
        (0, 1.0), (1, 2.0), (2, 1.0),
    ]  # fmt: skip
    unread = hj212.columns([plain, cipher], framed=True)
    assert [hj212.ERRORS[error] for error in unread.frames.error] == ["", "encrypted"]


def test_a_line_encrypts_what_the_standard_names_and_only_for_2025():
    site = hj212.Connection("site", keys=RING)
    host = hj212.Connection("host", keys=RING)
    sent = {
        ("2011", 8): True, ("3020", 8): True, ("1014", 8): True, ("1061", 8): False, ("2011", 4): False,
    }  # fmt: skip
    for (cn, flag), encrypted in sent.items():
        frame = site.send(said([hj212.item("DataTime", "20260801085800")], cn=cn, flag=flag))
        host.receive_data(frame)
        message = host.next_message()
        assert (message.cn, message.encrypted) == (cn, encrypted)
        assert message.params == {"DataTime": "20260801085800"}


def test_re_transmission_is_marked_before_the_area_and_never_encrypted():
    late = said([hj212.item("DataTime", "20260801085800")], rf=True)
    frame = hj212.encode(late, key=KEY)
    assert b";RF=1;CP=&&" in frame
    assert hj212.decode(frame, keys=RING).rf


@given(
    st.text(
        st.characters(min_codepoint=0x21, exclude_characters=";,&/", exclude_categories=["Cs"]), max_size=60
    )
)
def test_any_text_survives_encryption(text):
    message = said([hj212.item("i11001-Info", text.strip() or "x")], cn="3020")
    again = hj212.decode(hj212.encode(message, key=KEY), keys=RING, tolerant=True)
    assert (again.items, again.segment) == (message.items, message.segment)


@given(st.binary(max_size=400), st.binary(min_size=16, max_size=16))
def test_encryption_keeps_the_length_and_is_undone(area, key):
    cipher = sm4.encrypt_area(area, key)
    assert len(cipher) == len(area)
    assert sm4.decrypt_area(cipher, key) == area


@given(st.binary(max_size=300))
def test_no_cipher_makes_the_reader_fail_otherwise(cipher):
    segment = f"QN={QN};ST=31;CN=2011;PW=1;MN={MN};Flag=9;CP=&&".encode() + cipher + b"&&"
    try:
        hj212.decode(hj212.frame(segment), keys=RING, tolerant=True)
    except hj212.RemoteProtocolError as error:
        assert error.code in hj212.FAULTS


@pytest.mark.parametrize(
    ("begin", "again"), [(b"{0x00", b"      "), (b"{0x00", b" , , ,"), (b"{", b"0x00, "), (b"", b"      ")]
)
def test_the_work_for_a_printed_cipher_grows_with_its_length_and_not_faster(begin, again):
    """Ten times the blanks used to be a hundred times the work."""

    def work(count, rounds):
        segment = f"QN={QN};ST=31;CN=2011;PW=1;MN={MN};Flag=9;CP=&&".encode() + begin + again * count + b"&&"
        start = time.process_time()
        for _ in range(rounds):
            assert sm4.open_segment(segment, 0, RING) is None
        return (time.process_time() - start) / rounds

    assert min(work(1_500, 5) for _ in range(3)) < 40 * max(work(150, 50) for _ in range(3))


FIELDS_2025 = [
    ("RF=1;", "", []),
    ("RF=0;", "", ["rf_form"]),
    ("PNUM=12;PNO=10;", "", ["parts_unannounced", "parts_many"]),
    ("", "a24088-SampleTime=20260801070000,a24088-CompleteTime=20260801071500,a24088-SampleType=1,a24088-Avg=1.2", []),
    ("", "a24088-CompleteTime=202608010715", ["field_form"]),
    ("", "a21026-SampleRd=50.1,a21026-StandardValue=50.0,a21026-ResultType=1", []),
    ("", "a21026-ResultType=2", ["field_form"]),
    ("", "RtdInterval=29", ["field_form"]),
    ("", "MinInterval=7", ["field_form"]),
    ("", "SystemTime=20260230000000", ["field_form"]),
    ("", "CstartTime=240000", ["field_form"]),
    ("", "CstartTime=080000;CTime=2", []),
]  # fmt: skip


@pytest.mark.parametrize(("head", "area", "expected"), FIELDS_2025)
def test_fields_of_2025(head, area, expected):
    text = f"QN={QN};ST=31;CN=2013;PW=123456;MN={MN};Flag=9;{head}CP=&&{area}&&"
    message = hj212.decode(hj212.frame(text.encode()))
    assert sorted(codes(message)) == sorted(expected)
    assert hj212.encode(message) == hj212.frame(text.encode())


def test_every_field_is_named_in_both_languages_and_knows_its_editions():
    assert len({row.name for row in hj212.AREA_FIELDS}) == len(hj212.AREA_FIELDS)
    for row in hj212.AREA_FIELDS:
        assert row.zh
        assert row.en
        assert set(row.editions) <= {"2005", "2017", "2025"}
