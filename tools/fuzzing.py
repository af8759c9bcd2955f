"""What the fuzzers share: damage to bytes, the note of a finding, the memory held, and the watch over a worker.

A worker is the fuzzer's own file in a process of its own, called with ``--worker FD --seed --first --inputs``. It
writes the number it has reached into the file FD and prints its report as JSON; `supervised` starts the next one
where it dies or hangs.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# A worker that grows by more between the middle and the end of its work does not merely fill its caches.
GROWTH_BYTES = 48 * 1_024 * 1_024
# A worker that holds more is ended: the machine belongs to others too.
MOST_BYTES = 1_536 * 1_024 * 1_024
KINDS = ("crash", "hang", "disagreement", "growth", "memory")
SHOWN = 600
START_FACTOR = WAIT_FACTOR = 10
MOST_ENDS = 20
"""Workers that die or hang before the run is given up: it is the fuzzer then, not an input."""
POLL_SECONDS = 0.05
_INDEX = struct.Struct("<q")

Damage = Callable[[bytes, random.Random], bytes]


class Finding(Exception):  # noqa: N818
    """Something that must not be."""


def check(holds: bool, what: str) -> None:
    if not holds:
        raise Finding(what)


def mutated(data: bytes, chance: random.Random, tokens: Sequence[bytes], *more: Damage) -> bytes:
    """Return the bytes with one small damage, or with one of `more`."""
    place, size = chance.randrange(len(data) + 1), chance.randrange(1, 9)
    match kind := chance.randrange(8 + len(more)):
        case 0:
            return data[:place] + data[place + size :]
        case 1:
            return data[:place] + chance.randbytes(size) + data[place:]
        case 2:
            return data[:place] + chance.choice(tokens) + data[place:]
        case 3:
            return data[:place] + chance.choice(tokens) + data[place + size :]
        case 4:
            return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
        case 5:
            return data[:place] + data[max(place - 8 * size, 0) : place] + data[place:]
        case 6:
            return data[:place]
        case 7:
            digits = b"%d" % chance.randrange(10 ** chance.randrange(1, 20))
            return data[:place] + digits + data[place + size :]
        case _:
            return more[kind - 8](data, chance)


def note(
    findings: list[dict[str, Any]], seed: int, number: int, data: bytes, reader: str, error: Exception
) -> None:
    """Add what a check raised to the findings."""
    findings.append(
        {
            "kind": "disagreement" if isinstance(error, Finding) else "crash",
            "reader": reader,
            "seed": seed,
            "number": number,
            "error": f"{type(error).__name__}: {error}"[:SHOWN],
            "input": repr(data[:SHOWN]),
        }
    )


def resident() -> int:
    """Return the memory that the process holds now [bytes]; 0 where the system does not tell."""
    try:
        pages = pathlib.Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def held(process: int) -> int:
    """Return the memory that another process holds [bytes]; 0 where the system does not tell."""
    try:
        text = pathlib.Path(f"/proc/{process}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def spent(process: int) -> float | None:
    """Return the processor time that another process has used [s]; None where the system does not tell."""
    try:
        # The name in brackets may hold anything; the figures come after it.
        fields = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return None


def reached(progress: int | None, number: int) -> None:
    """Tell the watch which input comes next."""
    if progress is not None:
        os.pwrite(progress, _INDEX.pack(number), 0)


def supervised(
    program: str,
    options: Sequence[str],
    *,
    inputs: int,
    seed: int,
    first: int,
    batch: int,
    hang: float,
    tell: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Run inputs in a process of its own, a new one where it dies or hangs; return the report.

    Parameters
    ----------
    program, options
        File of the fuzzer, and what a worker is told beside seed and numbers.
    batch
        Inputs between two notes of the worker; so many are passed over where it dies or hangs.
    hang
        Seconds of its own work without progress after which it hangs; before the first note `START_FACTOR` times more.
    """
    findings: list[dict[str, Any]] = []
    rss: list[int] = []
    begin, end, growth = time.perf_counter(), first + inputs, 0
    while first < end:
        command = [sys.executable, program, "--seed", str(seed), "--first", str(first)]
        done, at = _watched([*command, "--inputs", str(end - first), *options], first, end, hang, tell)
        if isinstance(done, str):
            findings.append({"kind": done, "seed": seed, "number": at, "of": batch, "reader": "?"})
            if len(findings) >= MOST_ENDS:
                break
            first = at + batch
            continue
        findings += done["findings"]
        rss += done["rss"]
        growth = max(growth, done["rss"][-1] - done["rss"][len(done["rss"]) // 2])
        break
    if growth > GROWTH_BYTES:
        findings.append({"kind": "growth", "bytes": growth})
    seconds = time.perf_counter() - begin
    return {
        "inputs": inputs,
        "seed": seed,
        "seconds": round(seconds, 1),
        "per_second": round(inputs / seconds),
        **{kind: sum(found["kind"] == kind for found in findings) for kind in KINDS},
        "rss_start": rss[0] if rss else 0,
        "rss_most": max(rss, default=0),
        "rss_end": rss[-1] if rss else 0,
        "rss_growth_second_half": growth,
        "findings": findings,
    }


def _watched(
    command: Sequence[str], first: int, end: int, hang: float, tell: Callable[[int], None] | None
) -> tuple[dict[str, Any] | str, int]:
    """Return a worker's report, or how it ended without one, and how far it came."""
    with tempfile.TemporaryFile() as progress, tempfile.TemporaryFile() as output:
        os.pwrite(progress.fileno(), _INDEX.pack(first), 0)
        worker = subprocess.Popen(
            [*command, "--worker", str(progress.fileno())], pass_fds=[progress.fileno()], stdout=output
        )
        at, since, used = first, time.monotonic(), 0.0
        ended = ""
        while worker.poll() is None:
            time.sleep(POLL_SECONDS)
            now_at = _INDEX.unpack(os.pread(progress.fileno(), 8, 0))[0]
            if now_at != at:
                at, since, used = now_at, time.monotonic(), spent(worker.pid) or 0.0
                if tell:
                    tell(at)
            # Starting includes compiling or migrating, which may take long.
            elif _stands_still(worker.pid, since, used, hang if at > first else START_FACTOR * hang):
                ended = "hang"
            elif held(worker.pid) > MOST_BYTES:
                ended = "memory"
            if ended:
                worker.kill()
                worker.wait()
                break
        output.seek(0)
        text = output.read()
        if not ended and worker.returncode == 0 and text:
            return json.loads(text), end
        return ended or "crash", at


def _stands_still(process: int, since: float, used: float, hang: float) -> bool:
    """Tell whether a worker has worked for too long without getting on.

    What counts is its own time: on a busy machine a process of low priority may wait for minutes. One that neither
    works nor gets on is given `WAIT_FACTOR` times as long.
    """
    own, waited = spent(process), time.monotonic() - since
    if own is None:
        return waited > hang
    return own - used > hang or waited > WAIT_FACTOR * max(hang, 1.0)


def campaign_options(parser: argparse.ArgumentParser) -> None:
    """Add what a long run is told."""
    parser.add_argument(
        "--log", type=pathlib.Path, help="one line a stretch; a stretch that is in it is not run again"
    )
    parser.add_argument("--processes", type=int, default=1, help="stretches run at once; with --log")
    parser.add_argument("--stretch", type=int, default=100_000, help="inputs of one worker; with --log")


def campaign(
    run: Callable[[int, int], dict[str, Any]], what: Mapping[str, Any], options: argparse.Namespace
) -> dict[str, Any]:
    """Run many stretches, each in a fresh process, and keep each report in a file as soon as it is there.

    Parameters
    ----------
    run
        Runs ``(first, inputs)`` and returns the report of `supervised`.
    what
        ``seed``, ``first``, ``inputs``, and whatever else must be the same for a run to be taken up again.
    options
        ``log``, ``processes``, ``stretch``.

    Returns
    -------
    dict
        Sums over all stretches in the file, those of earlier calls included; ``rss_most`` is the greatest.

    Raises
    ------
    SystemExit
        If the file is that of another run.
    """
    told = {"of": json.loads(json.dumps(dict(what) | {"stretch": options.stretch}, default=str))}
    lines = options.log.read_text(encoding="utf-8").splitlines() if options.log.exists() else []
    if lines and json.loads(lines[0])["of"] != {**told["of"], "inputs": json.loads(lines[0])["of"]["inputs"]}:
        raise SystemExit(f"{options.log} is the file of another run: {lines[0]}")
    done = {report["first"]: report for report in map(json.loads, lines[1:])}
    end = what["first"] + what["inputs"]
    stretches = [
        (first, min(options.stretch, end - first)) for first in range(what["first"], end, options.stretch)
    ]
    with options.log.open("a", encoding="utf-8") as log:
        if not lines:
            log.write(json.dumps(told) + "\n")
        waiting = [stretch for stretch in stretches if done.get(stretch[0], {}).get("inputs") != stretch[1]]
        with concurrent.futures.ThreadPoolExecutor(options.processes) as pool:
            running = {pool.submit(run, *stretch): stretch[0] for stretch in waiting}
            for ended in concurrent.futures.as_completed(running):
                first = running[ended]
                done[first] = {"first": first, **ended.result()}
                log.write(json.dumps(done[first]) + "\n")
                log.flush()
    return _summed([done[first] for first, _ in stretches], what)


def _summed(reports: Sequence[Mapping[str, Any]], what: Mapping[str, Any]) -> dict[str, Any]:
    seconds = sum(report["seconds"] for report in reports)
    inputs = sum(report["inputs"] for report in reports)
    return {
        "inputs": inputs,
        "seed": what["seed"],
        "stretches": len(reports),
        "seconds": round(seconds, 1),
        "per_second": round(inputs / max(seconds, 1e-9)),
        **{kind: sum(report[kind] for report in reports) for kind in KINDS},
        "rss_most": max((report["rss_most"] for report in reports), default=0),
        "rss_growth_second_half": max((report["rss_growth_second_half"] for report in reports), default=0),
        "findings": [found for report in reports for found in report["findings"]],
    }


def printed(report: dict[str, Any], *, whole: bool) -> int:
    """Print a report; 0 when nothing was found."""
    found = report.pop("findings")
    print(json.dumps({**report, "findings": found} if whole else report, indent=1))
    for finding in found[:20]:
        print(json.dumps(finding, ensure_ascii=False), file=sys.stderr)
    return 1 if found else 0
