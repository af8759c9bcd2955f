"""The two fast paths give what the codec gives, row for row."""

import datetime
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng import hj212
from jiangcheng.hj212 import bulk

HEAD = "QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"
BEIJING = datetime.timezone(datetime.timedelta(hours=8))


def frames_of(columns):
    """Rows of the frame columns as plain values, texts in the place of their numbers."""
    frames = columns.frames
    return [
        (
            hj212.ERRORS[frames.error[row]],
            int(frames.qn[row]),
            columns.sts[frames.st[row]] if frames.st[row] >= 0 else None,
            columns.mns[frames.mn[row]] if frames.mn[row] >= 0 else None,
            int(frames.cn[row]),
            int(frames.flag[row]),
            int(frames.pno[row]),
            int(frames.data_time[row]),
        )
        for row in range(len(frames.error))
    ]


def values_of(columns):
    """Value rows as plain values, sorted; NaN as None."""
    values = columns.values
    rows = zip(values.frame, values.code, values.field, values.value, values.flag, strict=True)
    return sorted(
        (
            int(frame),
            columns.codes[code],
            hj212.FIELDS[field],
            None if math.isnan(value) else float(value),
            flag,
        )
        for frame, code, field, value, flag in rows
    )


def by_the_codec(raws, *, tolerant):
    """The same rows, one message at a time."""
    frames, values = [], []
    for index, raw in enumerate(raws):
        try:
            message = hj212.decode(raw, tolerant=tolerant)
        except hj212.RemoteProtocolError as error:
            frames.append((error.code, -1, None, None, -1, -1, -1, int(hj212.NO_TIME)))
            continue
        qn = int(message.qn) if message.qn.isdigit() and len(message.qn) <= 18 else -1
        time = message.data_time
        seconds = int(hj212.NO_TIME) if time is None else int(time.replace(tzinfo=BEIJING).timestamp())
        cn = int(message.cn) if message.cn.isdigit() else -1
        flag, pno = (-1 if number is None else number for number in (message.flag, message.pno))
        frames.append(("", qn, message.st, message.mn, cn, flag, pno, seconds))
        for code, fields in message.factors.items():
            text = fields.get("Flag", "")
            mark = text.encode() if len(text) <= 1 else b"?"
            for field in fields.keys() & set(hj212.FIELDS):
                values.append((index, code, field, hj212.number(fields[field]), mark))
    return frames, sorted(values)


AREAS = [
    "", "DataTime=20160801085857",
    "DataTime=20160801085857;w01018-Rtd=12.5,w01018-Flag=N;w21003-Rtd=1,w21003-Flag=D",
    "DataTime=20240229235959;w01018-Flag=T,w01018-Rtd=12.5",
    "DataTime=20160801085857;w01018-Rtd=12.5,w01018-Flag=",
    "DataTime=20160801085857;w01018-Rtd=12.5,w01018-Flag=St", "DataTime=20160801085857;w01018-Rtd=-",
    "DataTime=20160801085857;w01018-Rtd=,w01018-Avg=--;a-Min=+1.5;a-Max=-0.041",
    "DataTime=20160801085857;SB1-RS=1",
    "DataTime=20160801085857;a-Rtd=1E3", "DataTime=20160801085857;a-Rtd=NaN", "DataTime=20160801085857;a-Rtd=1_0",
    "DataTime=20160801085857;a-Rtd=235.453540873133", "DataTime=20160801085857;a-Rtd=0.12345678901234567890",
    "DataTime=20160801085857;a-Rtd=123456789012345678901234567890", "DataTime=20160801085857;a-Rtd=1.2.3",
    "DataTime=20160801085857;w00000-Avg=1;w00000-Avg=2", "DataTime=20160801085857;a-Rtd=1;",
    "DataTime=2016080108585",
    "DataTime=20160801245857;a-Rtd=1", "DataTime=20160801085857;LA-Rtd-Rtd=71.0",
    "PolId=w01018;SystemTime=20160801085857",
    "DataTime=20160801085857;i11001-Info=//清洗;管路//", "DataTime=20160801085857; a-Rtd=1",
    "DataTime=20160801085857;end",
    "a-Rtd=1;b;c=2=3", "DataTime=20160801085857;w-SampleTime=20160801070000,w-Rtd=2.2,w-EFlag=A01", "-Rtd=1",
    "a-=1", "=1",
    # As many signs as items, in the wrong places.
    "DataTime=20160801085857;w-Flag=01-Flag=N;w2", "a-Rtd;b-Rtd=1=2", "a-Rtd=1=2;b-Rtd", "a=1;;b==2",
]  # fmt: skip
HEADS = [
    HEAD, HEAD.replace("Flag=5", "Flag=7") + "PNUM=2;PNO=1;", HEAD + "RF=1;",
    HEAD.replace("QN=20160801085857223;", ""),
    "ST=32;CN=2011;PW=123456;MN=88888880000001;", HEAD.replace("=20160801085857223", "=1617937160672"),
    HEAD.replace("Flag=5;", ""), HEAD.replace("MN=010000A8900016F000169DC0", "MN="), HEAD.replace(";ST", ",ST"),
    HEAD.replace("ST=32", "ST=101"), HEAD.replace("Flag=5", "Flag=300"), HEAD.replace("CN=2011",
    "CN=20X1"), HEAD + "X=1;",
]  # fmt: skip
ODD = [f"{head}CP=&&{area}&&" for head in HEADS for area in AREAS] + [HEAD + "CP=&&a-Rtd=1&", HEAD + "a=1&&"]


@pytest.fixture(scope="module")
def raws(valid_frames):
    return valid_frames + [hj212.frame(text.encode()) for text in ODD]


@pytest.mark.parametrize("tolerant", [False, True], ids=["strict", "tolerant"])
def test_columns_hold_what_the_codec_reads(raws, tolerant):
    frames, values = by_the_codec(raws, tolerant=tolerant)
    framed = hj212.columns(raws, framed=True, tolerant=tolerant)
    assert frames_of(framed) == frames
    assert values_of(framed) == values
    bare = hj212.columns([raw[6:-6] for raw in raws], tolerant=tolerant)
    assert frames_of(bare) == frames
    assert values_of(bare) == values


def test_framed_columns_check_every_frame():
    good = hj212.frame(f"{HEAD}CP=&&DataTime=20160801085857;a-Rtd=1&&".encode())
    bad = [
        good[:60] + b"x" + good[61:],
        good[:-2],
        b"##0001" + good[6:],
        good + b"x",
        b"",
        b"#",
        good[:-6] + b"\r\n",
    ]
    columns = hj212.columns([good, *bad, good], framed=True)
    assert (columns.frames.error == 0).tolist() == [True] + [False] * len(bad) + [True]
    assert columns.values.frame.tolist() == [0, len(bad) + 1]


def test_no_segments_give_empty_columns():
    assert len(hj212.columns([]).frames.qn) == len(hj212.columns([], framed=True).values.value) == 0


def expected_of_bulk(raws, columns):
    """What the codec reads of the frames that the compiled path took."""
    taken = [raw if columns.frames.error[row] == 0 else b"" for row, raw in enumerate(raws)]
    frames, values = by_the_codec(taken, tolerant=False)
    return [row for row in frames if row[0] == ""], values


def test_the_compiled_path_reads_the_same_or_leaves_the_frame(raws):
    stream = b"".join(raws)
    columns = bulk.decode_stream(stream)
    assert columns.frames.length.tolist() == [len(raw) for raw in raws]
    frames, values = expected_of_bulk(raws, columns)
    assert [
        row for row, error in zip(rows_of_bulk(columns), columns.frames.error, strict=True) if error == 0
    ] == frames
    assert values_of(columns) == values
    left = list(bulk.left_over(stream, columns))
    assert [raws[row] for row, _ in left] == [raw for _, raw in left]
    assert 0.3 * len(raws) < len(raws) - len(left)  # most of the odd ones are odd on purpose


def rows_of_bulk(columns):
    frames = columns.frames
    return [
        row if frames.error[index] == 0 else None
        for index, row in enumerate(frames_of(_without_left(columns)))
    ]


def _without_left(columns):
    error = np.where(columns.frames.error == hj212.LEFT, 0, columns.frames.error)
    frames = {name: getattr(columns.frames, name) for name in columns.frames.__slots__} | {"error": error}
    return hj212.Columns(
        type(columns.frames)(**frames), columns.values, columns.sts, columns.mns, columns.codes
    )


def test_ordinary_frames_are_not_left(annex_c):
    ordinary = [hj212.frame(f"{HEAD}CP=&&{area}&&".encode()) for area in AREAS[:5]]
    assert bulk.decode_stream(b"".join(ordinary)).frames.error.tolist() == [0] * 5


PIECES = st.sampled_from(
    [hj212.frame(text.encode()) for text in ODD[:30]] + [b"##", b"#", b"##0040QN=", b"\r\n", b"x" * 9]
)


@given(st.lists(PIECES | st.binary(max_size=20), max_size=10))
def test_the_compiled_path_covers_any_stream_and_loses_no_frame(pieces):
    """The good frames of the stream, as the framer finds them, are those of the rows and of what is left."""
    stream = b"".join(pieces)
    columns = bulk.decode_stream(stream)
    ends = np.cumsum(columns.frames.length)
    assert columns.frames.offset.tolist() == [0, *ends[:-1].tolist()][: len(ends)]
    assert int(ends[-1] if len(ends) else 0) == len(stream)
    offsets = {int(offset) for offset in columns.frames.offset[columns.frames.error == 0]}
    for row, raw in bulk.left_over(stream, columns):
        offsets |= {int(columns.frames.offset[row]) + offset for offset in good_offsets(raw)}
    assert offsets == good_offsets(stream)


def good_offsets(stream):
    framer = hj212.Framer()
    framer.receive_data(stream)
    framer.finish()
    events = iter(framer.next_event, hj212.NEED_DATA)
    return {event.offset for event in events if isinstance(event, hj212.Frame) and not event.deviations}
