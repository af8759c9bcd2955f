"""``jiangcheng emergency``: zones and river forecasts without a database, the pack of an event."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from typing import Any

from django.utils import timezone

from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.safety import services
from jiangcheng.modules.safety.models import EmergencyEvent
from jiangcheng.modules.safety.rules import plume, spill

TERM = {
    "rate": "rate into the air [kg/s]",
    "mass": "released in all [kg], within --minutes",
    "area": "hole [m²]",
    "pressure": "absolute pressure in the vessel [Pa]",
    "vessel-temperature": "of the gas [°C]",
    "head": "liquid above the hole [m]",
    "radius": "of the pool [m]",
}


def register(subparsers: Any) -> None:
    """Add the command and its sub-commands."""
    parser = subparsers.add_parser("emergency", help="emergencies: zones, river forecast, offline pack")
    commands = parser.add_subparsers(required=True, metavar="ACTION")
    _add_plume(commands)
    _add_river(commands)
    pack = commands.add_parser(
        "pack",
        help="write an event as one HTML file that opens without a network",
        description="Exit code 0: written. 1: there is no such event. 2: the folder cannot be written.",
    )
    pack.add_argument("event", metavar="EVENT", help="number of the event")
    pack.add_argument("--out", type=pathlib.Path, default=pathlib.Path(), metavar="DIR")
    pack.set_defaults(run=_pack)


def _add_plume(commands: Any) -> None:
    parser = commands.add_parser(
        "plume",
        help="reach of the toxic endpoints of a release, computed without a database",
        description="For screening within minutes. Exit code 0: answered. 2: the question cannot be answered.",
    )
    parser.add_argument("--substance", required=True, help="code, e.g. chlorine")
    parser.add_argument("--term", choices=tuple(plume.TERMS), default="rate", help="source term")
    for name, told in TERM.items():
        parser.add_argument(f"--{name}", type=float, help=told)
    parser.add_argument("--minutes", type=float, default=30.0, help="duration (30)")
    parser.add_argument("--height", type=float, default=0.0, help="of the release [m] (0)")
    parser.add_argument("--wind", type=float, required=True, help="at 10 m [m/s]")
    parser.add_argument("--direction", type=float, default=0.0, help="the wind comes from [°] (0)")
    parser.add_argument("--stability", choices=tuple(plume.LETTERS), required=True)
    parser.add_argument("--temperature", type=float, default=20.0, help="of the air [°C] (20)")
    parser.add_argument("--sigma-theta", type=float, help="deviation of the direction [°]")
    parser.add_argument("--at", nargs=2, type=float, metavar=("LON", "LAT"), help="outlines in degrees there")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_plume)


def _add_river(commands: Any) -> None:
    parser = commands.add_parser(
        "river",
        help="arrival and peak of a spill downstream, computed without a database",
        description="Exit code 0: answered. 2: the question cannot be answered.",
    )
    parser.add_argument("--substance", required=True, help="code, e.g. nitrobenzene")
    parser.add_argument("--mass", type=float, required=True, help="into the river [kg]")
    parser.add_argument("--minutes", type=float, default=60.0, help="duration (60)")
    for name, told in (("speed", "m/s"), ("width", "m"), ("depth", "m"), ("slope", "1")):
        parser.add_argument(f"--{name}", type=float, required=True, help=f"of the river [{told}]")
    parser.add_argument("--dispersion", type=float, help="where it is known [m²/s]")
    parser.add_argument(
        "--point",
        action="append",
        required=True,
        metavar="NAME=KM",
        help="a place and its way below the spill; may be repeated",
    )
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_river)


def _plume(options: argparse.Namespace) -> int:
    names = ("minutes", "height", "wind", "direction", "stability", "temperature", "sigma_theta")
    term = {name.replace("-", "_"): getattr(options, name.replace("-", "_")) for name in TERM}
    question = {
        "on": timezone.localdate().isoformat(), "substance": options.substance,
        "term": {"kind": options.term, **{name: value for name, value in term.items() if value is not None}},
        **{name: getattr(options, name) for name in names},
    }  # fmt: skip
    try:
        answer = plume.screen(question)
    except (TracingError, LookupError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.at:
        for zone in answer["zones"]:
            zone["outline"] = plume.place(zone["outline"], *options.at)
            zone["envelope"] = plume.place(zone["envelope"], *options.at)
    if options.json:
        print(json.dumps({"question": question, "answer": answer}, ensure_ascii=False))
        return 0
    print(f"{answer['model']}, {answer['rate']} kg/s; screening only; tables verified: {answer['verified']}")
    for zone in answer["zones"]:
        more = ">" if zone["beyond"] else ""
        print(
            f"endpoint-{zone['endpoint']} {zone['limit']:g} mg/m3: {more}{zone['distance']:.0f} m,"
            f" half width {zone['half_width']:.0f} m, arrival {zone['arrival_minutes']} min"
        )
    return 0


def _river(options: argparse.Namespace) -> int:
    names = ("substance", "mass", "minutes", "speed", "width", "depth", "slope", "dispersion")
    try:
        points = [_point(text) for text in options.point]
        question = {"on": timezone.localdate().isoformat(), "points": points,
                    **{name: getattr(options, name) for name in names}}  # fmt: skip
        answer = spill.forecast(question)
    except (TracingError, LookupError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"question": question, "answer": answer}, ensure_ascii=False))
        return 0
    for point in answer["points"]:
        print(
            f"{point['name']} {point['kilometres']:g} km: arrival {point['arrival_hours']} h,"
            f" peak {point['peak']} mg/L at {point['peak_hours'][1]} h, chance {point['chance']}"
        )
    return 0


def _point(text: str) -> dict[str, Any]:
    name, mark, kilometres = text.rpartition("=")
    if not mark:
        raise ValueError(f"--point {text}: write NAME=KM")
    return {"code": name, "name": name, "kilometres": float(kilometres)}


def _pack(options: argparse.Namespace) -> int:
    event = EmergencyEvent.objects.filter(number=options.event).first()
    if event is None:
        print(f"there is no event {options.event}", file=sys.stderr)
        return 1
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"{event.number}.html"
        path.write_text(services.offline_pack(event=event, now=timezone.now()), encoding="utf-8")
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    print(path)
    return 0
