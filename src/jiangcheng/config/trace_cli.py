"""``jiangcheng trace``: run, run again and list traces."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from typing import Any

from django.utils import timezone

from jiangcheng.core.registry.models import Station
from jiangcheng.modules.source_tracing import services
from jiangcheng.modules.source_tracing.models import TraceRun
from jiangcheng.modules.source_tracing.rules.refusals import Refusal
from jiangcheng.standards import periods

OPTIONS = argparse.ArgumentParser(add_help=False)
OPTIONS.add_argument("--json", action="store_true", help="answer as JSON")


def register(subparsers: Any) -> None:
    """Add the command and its sub-commands."""
    parser = subparsers.add_parser("trace", help="trace where a value came from: run, rerun, list")
    commands = parser.add_subparsers(required=True, metavar="ACTION")
    run = commands.add_parser(
        "run", parents=[OPTIONS], help="run a trace now",
        description="Exit code 0: there is a result. 1: the question cannot be answered, told with the reason."
        " 2: the question is incomplete.",
    )  # fmt: skip
    run.add_argument("kind", choices=TraceRun.Kind.values)
    run.add_argument("--station", default="", help="code of the station or section")
    run.add_argument("--observed", default="", help="code of the property, e.g. a21026")
    run.add_argument("--start", required=True, help="2026-11-20T08:00, Beijing time where no offset is named")
    run.add_argument("--end", required=True)
    run.add_argument(
        "--place", nargs=2, type=float, metavar=("LON", "LAT"), help="centre of complaints, for odour"
    )
    run.add_argument("--park", default="", help="number of the park whose units are the candidates")
    run.set_defaults(run=_run)
    again = commands.add_parser(
        "rerun", parents=[OPTIONS], help="compute a run again from its frozen inputs",
        description="Exit code 0: the same bits. 1: different, or the inputs are altered. 2: no such run.",
    )  # fmt: skip
    again.add_argument("number")
    again.set_defaults(run=_again)
    listed = commands.add_parser("list", parents=[OPTIONS], help="list the runs, latest first")
    listed.add_argument("--most", type=int, default=20)
    listed.set_defaults(run=_list)


def _run(options: argparse.Namespace) -> int:
    station = Station.objects.select_related("region").filter(code=options.station).first()
    if options.station and station is None:
        print(f"no station {options.station}", file=sys.stderr)
        return 2
    try:
        run = services.ask(
            kind=options.kind, start=_instant(options.start), end=_instant(options.end), now=timezone.now(),
            station=station, observed=options.observed, place=tuple(options.place) if options.place else None,
            park=options.park,
        )  # fmt: skip
    except (services.NotAsked, ValueError) as refused:
        print(f"incomplete: {refused}", file=sys.stderr)
        return 2
    run = services.work(run=run, clock=timezone.now)
    _print(_told(run), options.json)
    return 0 if run.state == TraceRun.State.DONE else 1


def _again(options: argparse.Namespace) -> int:
    run = TraceRun.objects.filter(number=options.number).select_related("inputs").first()
    if run is None:
        print(f"no run {options.number}", file=sys.stderr)
        return 2
    try:
        told = services.run_again(run=run, actor=None, now=timezone.now())
    except Refusal as refused:
        print(refused.code, file=sys.stderr)
        return 1
    answer = {
        "number": run.number, "identical": told.identical, "result_sha256": told.result_sha256,
        "first_difference": told.first_difference, "engine": told.engine,
    }  # fmt: skip
    _print(answer, options.json)
    return 0 if told.identical else 1


def _list(options: argparse.Namespace) -> int:
    rows = [
        _told(run) for run in TraceRun.objects.select_related("station", "inputs")[: max(1, options.most)]
    ]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for row in rows:
        print(
            f"{row['number']}  {row['kind']:6}  {row['state']:9}  {row['target']:16}  {row['start']}  {row['unknown']}"
        )
    return 0


def _told(run: TraceRun) -> dict[str, Any]:
    return {
        "number": run.number, "kind": run.kind, "state": run.state, "engine": run.engine,
        "target": run.station.code if run.station else f"{run.longitude:.4f},{run.latitude:.4f}",
        "observed": run.observed, "start": run.starts_at.isoformat(), "end": run.ends_at.isoformat(),
        "unknown": run.unknown, "error": run.error, "result_sha256": run.result_sha256,
        "inputs_sha256": run.inputs.sha256 if run.inputs else "",
        "candidates": [
            {"rank": row.rank, "code": row.code, "name": row.name_zh, "probability": row.probability,
             "outcome": row.outcome}
            for row in run.candidates.all()
        ],
    }  # fmt: skip


def _print(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    for name, value in answer.items():
        if name == "candidates":
            for row in value:
                print(f"  candidate {row['rank']}: {row['name']} {100 * row['probability']:.0f}%")
        else:
            print(f"{name}: {value}")


def _instant(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    return at.replace(tzinfo=periods.BEIJING) if at.tzinfo is None else at
