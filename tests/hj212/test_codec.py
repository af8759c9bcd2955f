"""Segments to messages and back: nothing lost, everything odd named."""

import dataclasses
import datetime
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng import hj212

HEAD = "QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"
# The only valid vectors that strict reading refuses: their meaning has to be guessed.
REFUSED_VALID = {
    "cp_missing": 1,  # a registration frame without CP
    "data_time_form": 1,  # 17 digits
    "cp_unclosed": 1,  # `CP=&&&`, annex C
    "header_separator": 3,  # `QN=…,ST` twice and `Flag=5CP`, annex C
}


def read(text, *, tolerant=True, encoding="utf-8"):
    return hj212.decode(hj212.frame(text.encode(encoding)), tolerant=tolerant)


def codes(message):
    return [deviation.code for deviation in message.deviations]


def test_every_valid_vector_is_read_and_written_back(valid_frames):
    for raw in valid_frames:
        message = hj212.decode(raw, tolerant=True)
        assert hj212.encode(message) == raw
        # Not from the stored bytes but from the fields:
        assert hj212.encode(dataclasses.replace(message, segment=b"")) == raw


def test_strict_reading_refuses_only_what_must_be_guessed(valid_frames):
    refused = {}
    for raw in valid_frames:
        try:
            hj212.decode(raw)
        except hj212.RemoteProtocolError as error:
            refused[error.code] = refused.get(error.code, 0) + 1
    assert refused == REFUSED_VALID


def test_every_invalid_vector_gives_a_coded_error_and_the_stream_goes_on(public_vectors):
    good = hj212.frame(b"ST=91;CN=9014;PW=1;MN=88;CP=&&&&")
    invalid = [vector for vector in public_vectors if not vector.valid]
    assert len(invalid) == 24
    for vector in invalid:
        framer = hj212.Framer()
        framer.receive_data(good + vector.raw + good)
        first, error, last = (framer.next_event() for _ in range(3))
        assert isinstance(error, hj212.FrameError)
        assert (error.offset, error.raw) == (len(good), vector.raw)
        assert error.code == ("crc_mismatch" if vector.length == "ok" else "length_mismatch")
        assert error.crc_dialect == (vector.crc if vector.crc not in ("bad", "missing") else "")
        assert first.raw == last.raw == good


def test_tolerant_reading_takes_foreign_checks_and_says_so(public_vectors):
    foreign = [
        vector for vector in public_vectors if vector.crc not in ("ok", "ok_lowercase", "bad", "missing")
    ]
    assert len(foreign) == 17
    for vector in foreign:
        found = hj212.decode(vector.raw, tolerant=True).deviations
        assert hj212.Deviation("crc_dialect", "frame", vector.crc) in found


def test_hourly_data_of_annex_c(annex_c):
    raw = next(raw for raw in annex_c if b"CN=2061" in raw and b"QN=20160801090000001" in raw)
    message = hj212.decode(raw)
    assert (message.qn, message.st, message.cn, message.pw) == ("20160801090000001", "32", "2061", "123456")
    assert (message.mn, message.flag, message.version) == ("010000A8900016F000169DC0", 5, "2017")
    assert (message.answer_wanted, message.has_parts, message.rf) == (True, False, False)
    assert message.data_time == datetime.datetime(2016, 8, 1, 8)
    assert message.factors["w00000"] == {
        "Cou": "63.0",
        "Min": "16.4",
        "Avg": "17.5",
        "Max": "20.1",
        "Flag": "N",
    }
    assert list(message.factors) == ["w00000", "w01001", "w01018"]
    assert message.params == {"DataTime": "20160801080000"}
    assert message.encoding == "utf-8"  # the ellipsis of the print


def test_parts_of_annex_c(annex_c):
    first, second = (hj212.decode(raw) for raw in annex_c if b"Flag=6;PNUM=2" in raw)
    assert [(part.pnum, part.pno, part.has_parts) for part in (first, second)] == [(2, 1, True), (2, 2, True)]


@pytest.mark.parametrize(
    ("flag", "version", "answer"),
    [
        ("", "2005", False), ("Flag=0;", "2005", False), ("Flag=3;", "2005", True), ("Flag=4;", "2017", False),
        ("Flag=5;", "2017", True), ("Flag=8;", "2025", False), ("Flag=9;", "2025", True), ("Flag=13;", "2025", True),
    ],
)  # fmt: skip
def test_edition_and_answer_by_the_bits_of_flag(flag, version, answer):
    message = read(f"QN=20160801085857223;ST=32;CN=2011;PW=1;MN=8;{flag}CP=&&&&")
    assert (message.version, message.answer_wanted) == (version, answer)
    assert ("version_unknown" in codes(message)) == (flag == "Flag=13;")


DEVIATIONS = [
    # text, expected codes, refused by strict reading
    (HEAD + "CP=&&a-Rtd=1;&&", ["item_empty"], False),
    (HEAD + "CP=&&a-Rtd = 1&&", ["blanks"], False),
    (HEAD + "CP=&& a-Rtd=1&&", ["blanks"], False),
    (HEAD + "CP=&DataTime=20160801085857&", ["cp_unclosed"], True),
    (HEAD + "CP=&&a-Rtd=1&", ["cp_unclosed"], True),
    (HEAD.replace(";Flag=5;", ";Flag=5") + "CP=&&&&", ["header_separator"], True),
    (HEAD.replace(";ST", ",ST") + "CP=&&&&", ["header_separator"], True),
    (HEAD.replace("Flag=5", "Flag=A") + "CP=&&&&", ["flag_form"], True),
    (HEAD.replace("Flag=5", "Flag=256") + "CP=&&&&", ["flag_form"], True),
    (HEAD.replace("CN=2011", "CN=20A1") + "CP=&&&&", ["cn_form"], True),
    (HEAD.replace("CN=2011", "CN=2000") + "CP=&&&&", ["cn_unknown"], False),
    (HEAD.replace("CN=2011;", "") + "CP=&&&&", ["header_missing"], True),
    (HEAD.replace("QN=20160801085857223;", "") + "CP=&&&&", ["header_missing"], True),
    (HEAD.replace("QN=20160801085857223", "QN=1617937160672") + "CP=&&&&", ["qn_form"], False),
    (HEAD.replace("ST=32", "ST=101") + "CP=&&&&", ["st_form"], False),
    (HEAD.replace("PW=123456", "PW=") + "CP=&&&&", ["pw_form"], False),
    (HEAD.replace("MN=010000A8900016F000169DC0", "MN=") + "CP=&&&&", ["mn_form"], False),
    (HEAD.replace("ST=32;", "ST=32;ST=32;") + "CP=&&&&", ["header_repeated"], True),
    (HEAD + "XX=1;CP=&&&&", ["header_unknown"], False),
    (HEAD + "RF=1;CP=&&&&", [], False),
    (HEAD + "RF=0;CP=&&&&", ["rf_form"], False),
    (HEAD + "PNUM=2;PNO=1;CP=&&&&", ["parts_unannounced"], False),
    (HEAD.replace("Flag=5", "Flag=7") + "CP=&&&&", ["parts_missing"], False),
    (HEAD.replace("Flag=5", "Flag=7") + "PNUM=2;PNO=3;CP=&&&&", ["parts_form"], True),
    (HEAD.replace("Flag=5", "Flag=7") + "PNO=0002;PNUM=0002;CP=&&&&", [], False),
    ("ST=32;CN=1000;PW=123456;MN=88888880000001;Flag=3;CP=&&&&", [], False),
    (HEAD + "CP=&&DataTime=2016080108585700&&", ["data_time_form"], True),
    (HEAD + "CP=&&DataTime=20160230085857&&", ["data_time_form"], True),
    (HEAD + "CP=&&DataTime=20160801085857,a-Rtd=1&&", [], False),
    (HEAD + "CP=&&a-Rtd=1&&", ["data_time_missing"], False),
    (HEAD + "CP=&&w-Flag=Nx-Rtd=1&&", ["separator_missing", "data_time_missing"], True),
    (HEAD + "CP=&&DataTime=20160801085857;w-Avg=1;w-Avg=2&&", ["field_repeated"], False),
    (HEAD + "CP=&&DataTime=20160801085857;w-Avg=1;Flag=N&&", ["item_without_factor"], False),
    (HEAD + "CP=&&DataTime=20160801085857;w-Avg=1;end&&", ["item_without_value"], False),
    *((HEAD + f"CP=&&DataTime=20160801085857;w-Avg={text}&&", ["value_form"], False)
      for text in ("-", "--", "", "NaN", "null", "1.2mg", "1.2.3", "1_0", "0x1")),
    *((HEAD + f"CP=&&DataTime=20160801085857;w-Avg={text}&&", [], False)
      for text in ("+1.2", "1.2E-3", "-0.041", "999.99", "235.453540873133", ".5", "5.")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected", "refused"), DEVIATIONS, ids=[text[-60:] for text, _, _ in DEVIATIONS]
)
def test_documented_deviations(text, expected, refused):
    message = read(text)
    found = [code for code in codes(message) if code != "data_time_missing" or code in expected]
    assert found == expected
    assert hj212.encode(message) == hj212.frame(text.encode())
    if refused:
        with pytest.raises(hj212.RemoteProtocolError) as caught:
            read(text, tolerant=False)
        assert caught.value.code == next(code for code in expected if hj212.FAULTS[code].refused)
        assert caught.value.error.raw == hj212.frame(text.encode())
    else:
        assert read(text, tolerant=False) == message


def test_no_data_area_at_all():
    text = "QN=20180904160638000;ST=39;CN=2011;PW=123456;USCC=91440101MA59F70720;IMEI=867732039951777&&"
    assert "cp_missing" in codes(read(text))


def test_names_are_split_at_the_last_dash():
    message = read(HEAD + "CP=&&DataTime=20160801085857;LA-Rtd-Rtd=71.0;w00000-Avg=1,w00000-Avg=2&&")
    assert message.factors == {"LA-Rtd": {"Rtd": "71.0"}, "w00000": {"Avg": "2"}}
    assert [item.text for item in message.items if item.code == "w00000"] == ["1", "2"]


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_chinese_text_may_hold_separators_between_slashes(encoding):
    text = (
        HEAD.replace("2011", "3020")
        + "CP=&&DataTime=20160801085857;i11001-Info=//清洗管路;校准,完成//;i12001-Info=1&&"
    )
    message = read(text, encoding=encoding)
    assert message.encoding == encoding
    assert message.factors == {"i11001": {"Info": "//清洗管路;校准,完成//"}, "i12001": {"Info": "1"}}
    assert hj212.encode(message) == hj212.frame(text.encode(encoding))
    assert codes(message) == (["encoding_gbk"] if encoding == "gbk" else [])


def test_text_in_no_known_encoding_is_kept_byte_for_byte():
    raw = hj212.frame(HEAD.encode() + b"CP=&&DataTime=20160801085857;i11001-Info=//\xff\xfe\x80//&&")
    message = hj212.decode(raw, tolerant=True)
    assert (message.encoding, codes(message)) == ("latin-1", ["encoding_unknown"])
    assert hj212.encode(message) == raw


@pytest.mark.parametrize("printed", [False, True], ids=["raw bytes", "printed {0x..}"])
def test_encrypted_frames_of_2025_are_kept_and_named(shared_data, printed):
    """HJ 212-2025 annex A.2; the check is that of the plain text."""
    import json

    good = hj212.frame(b"ST=91;CN=9014;PW=1;MN=88;CP=&&&&")
    for vector in json.loads((shared_data / "hj212" / "sm4_vectors_2025.json").read_text()):
        plain = vector["plain_frame"].encode()
        area = plain.index(b"CP=&&") + 5
        cipher = bytes.fromhex(vector["cipher_region_hex"])
        clear = plain[area + len(cipher) :]
        written = b"{%b}" % b",".join(b"0x%02X" % byte for byte in cipher) if printed else cipher
        frame = plain[:area] + written + clear + b"\r\n"
        for tolerant in (False, True):
            framer = hj212.Framer(tolerant=tolerant)
            framer.receive_data(frame + good)
            error, last = framer.next_event(), framer.next_event()
            assert (error.code, error.raw, last.raw) == ("encrypted", frame, good)


def test_decode_wants_exactly_one_frame():
    good = hj212.frame(b"ST=91;CN=9014;PW=1;MN=88;CP=&&&&")
    for raw, code in (
        (b"", "truncated"),
        (good[:-9], "truncated"),
        (good + b"x", "garbage"),
        (b"x" + good, "garbage"),
    ):
        with pytest.raises(hj212.RemoteProtocolError) as caught:
            hj212.decode(raw)
        assert caught.value.code == code


def test_the_quick_header_is_that_of_the_message(valid_frames):
    for raw in valid_frames:
        assert hj212.header(raw[6:-6]) == hj212.decode(raw, tolerant=True).header


@given(st.binary(max_size=300))
def test_no_bytes_make_the_readers_fail_otherwise(segment):
    hj212.header(segment)
    if segment:
        try:
            message = hj212.decode(hj212.frame(segment), tolerant=True)
        except hj212.RemoteProtocolError as error:
            assert error.code in hj212.FAULTS
        else:
            assert hj212.encode(message) == hj212.frame(segment)


NAMES = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
TEXTS = st.text(string.ascii_letters + string.digits + ".+-", max_size=12)
ITEMS = st.lists(st.builds(hj212.item, st.builds("{}-{}".format, NAMES, NAMES) | NAMES, TEXTS), max_size=12)


@given(ITEMS, st.sampled_from([None, 0, 1, 4, 5, 8, 9]), st.booleans())
def test_what_is_composed_is_read_back(items, flag, rf):
    message = hj212.compose(
        cn="2011", mn="88888880000001", st="32", qn="20160801085857223", flag=flag, rf=rf, items=items
    )
    again = hj212.decode(hj212.encode(message), tolerant=True)
    assert (again.header, again.items, again.segment) == (message.header, message.items, message.segment)


@given(st.text(max_size=20))
def test_log_text_survives_every_encoding(text):
    prose = text.replace("/", "").replace("&", "").strip()
    log = hj212.item("i11001-Info", f"//{prose}//")
    message = hj212.compose(cn="3020", mn="88", st="32", qn="20160801085857223", items=[log])
    assert hj212.decode(hj212.encode(message), tolerant=True).factors == {"i11001": {"Info": f"//{prose}//"}}


@pytest.mark.parametrize("value", ["1;2", "1,2", "a&&b", " 1", "//a//b//;//"])
def test_a_value_that_would_read_back_differently_is_not_sent(value):
    with pytest.raises(hj212.LocalProtocolError):
        hj212.item("w01018-Rtd", value)


def test_a_segment_that_no_length_field_can_declare_is_not_sent():
    with pytest.raises(hj212.LocalProtocolError):
        hj212.frame(b"x" * 10_000)
