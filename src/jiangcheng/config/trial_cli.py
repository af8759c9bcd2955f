"""``jiangcheng trial``: incidents whose truth is known, found and traced as in a city."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

import rich.console
import rich.progress

from jiangcheng.demo.trial import calibration, outcome, run, scores, tables


def register(subparsers: Any) -> None:
    """Add the command and its one trial."""
    parser = subparsers.add_parser("trial", help="prove tracing on incidents whose truth is known")
    trials = parser.add_subparsers(required=True, metavar="TRIAL")
    incidents = trials.add_parser(
        "incidents",
        help="leaks, discharges, odours, fires and spills in the demo city",
        description="Draws incidents, computes what stations, people and satellites would have seen of them with"
        " models that tracing does not use, looks with the rules of the rooms and traces. Needs no database. The"
        " same seed gives the same incidents; Ctrl-C reports what was run.",
    )
    incidents.add_argument(
        "--count", type=_count, default=240, help="of all five kinds together (default 240)"
    )
    incidents.add_argument("--seed", type=int, default=1)
    incidents.add_argument(
        "--fit", action="store_true", help="print weights of the evidence fitted on these incidents, as JSON"
    )
    incidents.add_argument("--json", action="store_true", help="the report as JSON instead of tables")
    incidents.set_defaults(run=_incidents)


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 100_000:
        raise argparse.ArgumentTypeError("between 1 and 100000")
    return count


def _incidents(options: argparse.Namespace) -> int:
    done: list[outcome.Outcome] = []
    interrupted = False
    try:
        for item in _watched(run.outcomes(seed=options.seed, count=options.count), options.count):
            done.append(item)
    except KeyboardInterrupt:
        interrupted = True
        sys.stderr.write(f"interrupted after {len(done)} of {options.count}\n")
    if options.fit:
        print(json.dumps(calibration.fit(done), ensure_ascii=False, indent=2))
        return 130 if interrupted else 0
    found = scores.report(done, options.seed)
    if options.json:
        print(json.dumps(scores.as_dict(found), ensure_ascii=False, indent=2))
    elif done:
        print(tables.markdown(found, done))
    return 130 if interrupted else 0


def _watched(incidents: Iterator[outcome.Outcome], count: int) -> Iterator[outcome.Outcome]:
    console = rich.console.Console(stderr=True)
    if not console.is_terminal:
        yield from incidents
        return
    with rich.progress.Progress(console=console, transient=True) as bar:
        yield from bar.track(incidents, total=count, description="事件 incidents")
