"""How many HJ 212 frames one core reads in a second, each way this project has, beside plain splitting.

Run on a quiet machine, on one core: ``taskset -c 0 python benchmarks/hj212_decode.py``. The corpus is generated:
10,000 valid frames, 8,000 of real-time data (CN 2011, eight factors, about 420 bytes) and 2,000 of hourly data
(CN 2061, about 880 bytes), of 1,000 loggers. Every line is the best of several rounds of the same process, so the
ratios to the lower bound hold on other machines too.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence

from jiangcheng import hj212
from jiangcheng.hj212 import bulk

FACTORS = ("w00000", "w01001", "w01018", "w21003", "w21011", "w21001", "w01010", "w01014")


def corpus(frames: int) -> list[bytes]:
    """Return valid frames, always the same."""
    chance = random.Random(212)

    def value() -> str:
        return f"{chance.uniform(0, 500):.6f}"

    def message(number: int) -> hj212.Message:
        hourly = number % 5 == 4
        moment = f"202608{1 + number % 28:02d}{number % 24:02d}{0 if hourly else number % 60:02d}00"
        items = [hj212.item("DataTime", moment)]
        for code in FACTORS:
            fields = (
                {"Cou": value(), "Min": value(), "Avg": value(), "Max": value()}
                if hourly
                else {"Rtd": value()}
            )
            items += hj212.factor(code, **fields, Flag="N")
        return hj212.compose(
            cn="2061" if hourly else "2011",
            mn=f"010000A8900016F0{number % 1_000:08X}",
            st="32",
            qn=f"{moment}{number % 1_000:03d}",
            flag=5,
            items=items,
        )

    return [hj212.encode(message(number)) for number in range(frames)]


def frame_stream(stream: bytes) -> list[hj212.Frame]:
    """Cut a stream as a server does, in pieces of 64 KiB."""
    framer, found = hj212.Framer(), []
    for begin in range(0, len(stream), 65_536):
        framer.receive_data(stream[begin : begin + 65_536])
        found += iter(framer.next_event, hj212.NEED_DATA)
    return found


def ways(frames: Sequence[bytes]) -> dict[str, Callable[[], object]]:
    """Return what is measured, the lower bound first."""
    stream, segments = b"".join(frames), [frame[6:-6] for frame in frames]
    return {
        "split(;) only, nothing checked": lambda: [segment.split(b";") for segment in segments],
        "bulk.decode_stream: frames, check, typed columns": lambda: bulk.decode_stream(stream),
        "columns(framed): frames, check, typed columns": lambda: hj212.columns(frames, framed=True),
        "columns: typed columns": lambda: hj212.columns(segments),
        "Framer: frames, check": lambda: frame_stream(stream),
        "header": lambda: [hj212.header(segment) for segment in segments],
        "crc16": lambda: [hj212.crc16(segment) for segment in segments],
        "decode: one lossless message each": lambda: [hj212.decode(frame) for frame in frames],
    }


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the time of the best round [s]."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    frames = corpus(options.frames)
    size = sum(map(len, frames))
    print(f"{len(frames):,} frames, {size / 1e6:.2f} MB, {size / len(frames):.0f} bytes each")
    bound = 0.0
    for name, work in ways(frames).items():
        work()
        best = seconds(work, options.rounds)
        bound = bound or best
        print(f"{name:50s} {len(frames) / best:12,.0f} frames/s   {best / bound:6.2f} x split")


if __name__ == "__main__":
    main()
