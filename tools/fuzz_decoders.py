"""Feed the readers of HJ 212 with damaged and random bytes; report crashes, hangs, disagreement and memory growth.

``python tools/fuzz_decoders.py --inputs 1000000 [--seed 1] [--vectors FILE…] [--json]``
``python tools/fuzz_decoders.py --inputs 10000000 --log RUN.jsonl [--processes 2]``: a long run, which the same call
takes up again where it was broken off.

An input is a mutated vector, or random bytes; half of the mutated ones get a right length and check again, since
otherwise hardly any would pass them. Every input depends only on the seed and its number, so a finding is repeated
by ``--seed S --first N --inputs 1``. The readers run in processes of their own, because compiled code that goes wrong
takes its process with it, and because one that hangs cannot be interrupted otherwise.

What is held to be true of every input:

* nothing is raised but the errors that the package documents;
* the framer's events cover the stream without a gap, whole or cut in two;
* what is decoded is written back byte for byte;
* ``columns`` gives the error, or the lack of one, that ``decode`` gives;
* a frame that the compiled reader takes is taken by ``columns``, with the same values.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import math
import pathlib
import random
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import fuzzing
from fuzzing import check as _check
from fuzzing import resident

ROOT = pathlib.Path(__file__).resolve().parent.parent
BATCH = 64
# A few milliseconds are enough for any input; a process that stands still for so long hangs.
HANG_SECONDS = 30.0
ALONE = 4
"""One input in so many is given to the compiled reader by itself too; all are, batch by batch, as one stream."""
KEY = b"0123456789abcdef"
HEAD = "QN=20160801085857223;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=%d;"
TOKENS = (
    *(
        b"##",
        b"&&",
        b"\r\n",
        b";",
        b",",
        b"=",
        b"-",
        b"//",
        b"CP=&&",
        b"QN=",
        b"Flag=255",
        b"PNUM=9999;PNO=0;",
    ),
    *(
        b"\0",
        b"\xff",
        b"\xe6\xb8",
        b"\xce\xc2",
        b" ",
        b"9" * 20,
        b"1e308",
        b"-0",
        b".",
        b"+",
        b"_",
        b"{0xE4,0x3E}",
    ),
    *(
        b"DataTime=20240229235959",
        b"DataTime=99999999999999",
        b"-Flag=N",
        b"-Rtd=",
        b"-Flag=Nw2-Rtd=1",
        b"RF=1;",
    ),
)


# --- inputs


def vectors(files: Sequence[pathlib.Path]) -> list[bytes]:
    """Return the frames to start from: those of files, and some of every kind that the package writes."""
    from jiangcheng import hj212

    found = [
        line.rstrip(b"\r") + b"\r\n"
        for file in files
        for line in file.read_bytes().split(b"\n")
        if line.startswith(b"##")
    ]
    area = "DataTime=20160801085857;w01018-Rtd=12.5,w01018-Flag=N;w21003-Rtd=1.25,w21003-Flag=D"
    texts = [HEAD % flag + f"CP=&&{area}&&" for flag in (0, 5, 9)]
    texts += [
        HEAD % 5 + "CP=&&&&",
        HEAD % 7 + f"PNUM=2;PNO=1;CP=&&{area}&&",
        HEAD % 9 + f"RF=1;CP=&&{area}&&",
    ]
    texts += [HEAD % 4 + "CP=&&DataTime=20160801085857;i11001-Info=//清洗;管路,完成//&&"]
    found += [hj212.frame(text.encode()) for text in texts]
    found.append(hj212.frame(texts[-1].encode("gbk")))
    found.append(hj212.encode(hj212.decode(found[-4]), key=KEY))
    return found


def default_vectors() -> list[pathlib.Path]:
    """Return the files of vectors beside the project, if there are any."""
    folder = ROOT.parent / "shared" / "data" / "hj212"
    return sorted(folder.glob("*vectors*.txt")) + sorted(folder.glob("*segments*.txt"))


def make(seed: int, number: int, frames: Sequence[bytes]) -> bytes:
    """Return one input, always the same for the same seed and number."""
    chance = random.Random(seed << 40 | number)
    kind = chance.random()
    if kind < 0.08:
        return chance.randbytes(chance.randrange(400))
    if kind < 0.12:
        return b"".join(chance.choice(TOKENS) for _ in range(chance.randrange(40)))
    data = chance.choice(frames)
    if kind < 0.22:
        other = chance.choice(frames)
        data = data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]
    for _ in range(1 if chance.random() < 0.6 else chance.randrange(2, 9)):
        data = mutated(data, chance)
    return reframed(data, chance) if chance.random() < 0.5 else data


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one small damage."""
    return fuzzing.mutated(data, chance, TOKENS, _other_length)


def _other_length(data: bytes, chance: random.Random) -> bytes:
    return b"##%04d" % chance.randrange(10_000) + data[6:]


def reframed(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with a length field and a check that are right, as far as they can be."""
    from jiangcheng import hj212

    segment = data[6:-6] if data.startswith(b"##") else data
    if not 0 < len(segment) <= 9_999:
        return data
    return hj212.frame(segment) * (2 if chance.random() < 0.05 else 1)


# --- what is held to be true


def check_decoder(data: bytes, *, tolerant: bool, keys: Any) -> None:
    """Read an input as a line would, and as one frame."""
    from jiangcheng import hj212
    from jiangcheng.hj212 import codec

    whole = list(_events(data, [len(data)], tolerant, keys))
    _check(sum(_size(event) for event in whole) == len(data), "the events do not cover the stream")
    _check(whole == list(_events(data, [len(data) // 2], tolerant, keys)), "cutting changes the events")
    for event in whole:
        if not isinstance(event, hj212.Frame):
            _check(event.code in hj212.FAULTS, f"unknown code {event.code}")
            hj212.grade(event)
            continue
        codec.header(event.segment)
        with contextlib.suppress(hj212.RemoteProtocolError):
            message = hj212.decode(event, tolerant=tolerant, keys=keys)
            _check(codec.segment_of(message) == message.segment, "written back differently")
            _check(message.encrypted or message.segment == event.segment, "another segment")
            hj212.grade(message)


def _events(data: bytes, cuts: Sequence[int], tolerant: bool, keys: Any) -> Iterator[Any]:
    from jiangcheng import hj212

    framer = hj212.Framer(tolerant=tolerant, keys=keys)
    for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        framer.receive_data(data[begin:end])
        yield from iter(framer.next_event, hj212.NEED_DATA)
    framer.finish()
    yield from iter(framer.next_event, hj212.NEED_DATA)


def _size(event: Any) -> int:
    from jiangcheng import hj212

    return len(event.raw) if isinstance(event, hj212.Frame) else event.length


def check_columns(batch: Sequence[bytes], *, tolerant: bool) -> None:
    """Read a batch of inputs as columns, and compare the verdicts with those of the decoder."""
    from jiangcheng import hj212

    columns = hj212.columns(batch, framed=True, tolerant=tolerant)
    for index, data in enumerate(batch):
        try:
            hj212.decode(data, tolerant=tolerant)
            code = ""
        except hj212.RemoteProtocolError as error:
            code = error.code
        given = hj212.ERRORS[columns.frames.error[index]]
        _check(given == code, f"columns say {given or 'right'}, decode says {code or 'right'}: {data!r}")


def check_kernel(stream: bytes) -> None:
    """Read a stream by the compiled reader; what it takes, `columns` must take with the same values."""
    import numpy as np

    from jiangcheng import hj212
    from jiangcheng.hj212 import bulk

    read = bulk.decode_stream(stream)
    frames = read.frames
    _check(int(frames.length.sum()) == len(stream), "the rows do not cover the stream")
    taken = np.flatnonzero(frames.error == 0)
    if not len(taken):
        return
    rows = {int(row): place for place, row in enumerate(taken)}
    slices = [stream[int(frames.offset[row]) :][: int(frames.length[row])] for row in taken]
    again = hj212.columns(slices, framed=True)
    _check(not again.frames.error.any(), "the compiled reader takes what columns refuse")
    for name in ("qn", "cn", "flag", "pno", "data_time"):
        same = np.array_equal(getattr(frames, name)[taken], getattr(again.frames, name))
        _check(same, f"{name} differs")
    _check([read.mns[i] for i in frames.mn[taken]] == [again.mns[i] for i in again.frames.mn], "mn differs")
    _check(_values(read, rows) == _values(again, None), "values differ")


def _values(columns: Any, rows: dict[int, int] | None) -> list[tuple[int, str, int, float | None, bytes]]:
    values = columns.values
    table = zip(
        *(getattr(values, name).tolist() for name in ("frame", "code", "field", "value", "flag")), strict=True
    )
    return sorted(
        (
            (rows[frame] if rows else frame),
            columns.codes[code],
            field,
            None if math.isnan(value) else value,
            flag,
        )
        for frame, code, field, value, flag in table
    )


# --- a worker


def work(
    *, seed: int, first: int, inputs: int, files: Sequence[pathlib.Path], progress: int | None = None
) -> dict[str, Any]:
    """Run a stretch of inputs in this process; return findings and the growth of memory."""
    from jiangcheng import hj212

    frames = vectors(files)
    ring = hj212.KeyRing(default=(KEY,))
    check_kernel(frames[0])  # compiled before the clock and the memory count
    findings: list[dict[str, Any]] = []
    memory = [resident()]
    begin = time.perf_counter()
    for start in range(first, first + inputs, BATCH):
        fuzzing.reached(progress, start)
        numbers = range(start, min(start + BATCH, first + inputs))
        batch = [make(seed, number, frames) for number in numbers]
        for number, data in zip(numbers, batch, strict=True):
            keys = ring if number % 3 == 0 else None
            _try(
                findings,
                seed,
                number,
                data,
                "decoder",
                check_decoder,
                data,
                tolerant=number % 2 == 0,
                keys=keys,
            )
            if number % ALONE == 0:
                # By itself, so that the input ends where the memory ends.
                _try(findings, seed, number, data, "kernel", check_kernel, data)
        _try(findings, seed, start, b"", "columns", check_columns, batch, tolerant=start // BATCH % 2 == 0)
        _try(findings, seed, start, b"", "kernel", check_kernel, b"".join(batch))
        if (start - first) // BATCH % 64 == 63:
            memory.append(resident())
    seconds = time.perf_counter() - begin
    gc.collect()
    memory.append(resident())
    return {"inputs": inputs, "seconds": seconds, "findings": findings, "rss": memory}


def _try(
    findings: list[dict[str, Any]],
    seed: int,
    number: int,
    data: bytes,
    reader: str,
    check: Any,
    *given: Any,
    **how: Any,
) -> None:
    try:
        check(*given, **how)
    except Exception as error:
        fuzzing.note(findings, seed, number, data, reader, error)


# --- the watch over the workers


def run(
    *,
    inputs: int,
    seed: int = 1,
    first: int = 0,
    files: Sequence[pathlib.Path] = (),
    hang: float = HANG_SECONDS,
    tell: Any = None,
) -> dict[str, Any]:
    """Run inputs in a process of its own, a new one where it dies or hangs; return the report."""
    options = ["--vectors", *map(str, files)]
    return fuzzing.supervised(
        __file__, options, inputs=inputs, seed=seed, first=first, batch=BATCH, hang=hang, tell=tell
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; 0 when nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument(
        "--vectors", type=pathlib.Path, nargs="*", default=None, help="files of frames, one per line"
    )
    parser.add_argument("--json", action="store_true", help="print the whole report")
    fuzzing.campaign_options(parser)
    parser.add_argument("--worker", type=int, default=None, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    files = default_vectors() if chosen.vectors is None else chosen.vectors
    what = {"inputs": chosen.inputs, "seed": chosen.seed, "first": chosen.first, "files": files}
    if chosen.worker is not None:
        print(json.dumps(work(**what, progress=chosen.worker)))
        return 0
    if chosen.log is not None:
        return fuzzing.printed(
            fuzzing.campaign(
                lambda begin, count: run(**{**what, "first": begin, "inputs": count}), what, chosen
            ),
            whole=chosen.json,
        )
    tell = (lambda at: print(f"\r{at}", end="", file=sys.stderr)) if sys.stderr.isatty() else None
    return fuzzing.printed(run(**what, tell=tell), whole=chosen.json)


if __name__ == "__main__":
    raise SystemExit(main())
