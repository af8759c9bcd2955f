"""``jiangcheng straw``: fire points, land, standing heat and images of residue, from files or from FIRMS."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import pathlib
import sys
from typing import Any

from django.utils import timezone


def register(subparsers: Any) -> None:
    """Add the command and its sub-command."""
    parser = subparsers.add_parser("straw", help="straw burning: fire points, land, images")
    commands = parser.add_subparsers(required=True, metavar="ACTION")
    bring = commands.add_parser(
        "import",
        help="import fire points: FIRMS (MODIS C6.1, VIIRS), Himawari WLF, FY-3/FY-4; - for standard input",
        description="Importing the same again changes nothing. Exit code 0: all rows were read. 1: some were"
        " refused, told by line and field on standard error. 2: no known table.",
    )
    bring.add_argument("file", metavar="FILE")
    bring.set_defaults(run=_import)
    ask = commands.add_parser("ask", help="ask FIRMS now, as the job does; needs JIANGCHENG_FIRMS_MAP_KEY")
    ask.set_defaults(run=_ask)
    listed = commands.add_parser("reference", help="import the national list of straw fires (CSV)")
    listed.add_argument("file", metavar="FILE")
    listed.add_argument("--dataset", required=True, help="name of the list")
    listed.set_defaults(run=_reference)
    heat = commands.add_parser("heat", help="learn the standing heat of a month anew")
    heat.add_argument("month", metavar="YYYY-MM")
    heat.set_defaults(run=_heat)
    land = commands.add_parser(
        "land", help="import cropland or industry: GeoJSON, or a class raster in degrees"
    )
    land.add_argument("file", metavar="FILE")
    land.add_argument("--kind", choices=("cropland", "industry"), default="cropland")
    land.add_argument("--dataset", required=True)
    land.add_argument("--from", dest="valid_from", type=dt.date.fromisoformat, required=True, metavar="DATE")
    land.add_argument("--class", dest="classes", action="append", default=[], metavar="CODE=WEIGHT",
                      help="of a raster, e.g. 40=1 for cropland of WorldCover; may be repeated")  # fmt: skip
    land.set_defaults(run=_land)
    heights = commands.add_parser("dem", help="import heights of the ground: GeoTIFF in degrees, metres")
    heights.add_argument("file", metavar="FILE")
    heights.add_argument("--dataset", required=True)
    heights.add_argument(
        "--from", dest="valid_from", type=dt.date.fromisoformat, required=True, metavar="DATE"
    )
    heights.set_defaults(run=_dem)
    scene = commands.add_parser("scene", help="read residue cover from single-band GeoTIFFs")
    for band in ("swir1", "swir2", "red", "nir", "green", "ndti"):
        scene.add_argument(f"--{band}", metavar="TIF")
    scene.add_argument("--code", required=True)
    scene.add_argument("--date", required=True, type=dt.date.fromisoformat)
    scene.add_argument("--villages", required=True, metavar="GEOJSON")
    scene.add_argument("--source", default="Sentinel-2 L2A")
    scene.add_argument("--calibration", default="")
    scene.add_argument(
        "--add-offset", type=float, default=0.0, help="-1000 for Sentinel-2 since baseline 04.00"
    )
    scene.set_defaults(run=_scene)
    scar = commands.add_parser("scar", help="compare two images for burnt scars, single-band GeoTIFFs")
    for when in ("before", "after"):
        scar.add_argument(f"--{when}", required=True, type=dt.date.fromisoformat, metavar="DATE")
        for band in ("nbr", "nir", "swir1", "swir2", "scl"):
            scar.add_argument(f"--{when}-{band}", metavar="TIF")
    scar.add_argument("--code", required=True)
    scar.add_argument("--villages", metavar="GEOJSON")
    scar.add_argument("--source", default="Sentinel-2 L2A")
    scar.add_argument("--add-offset", type=float, default=0.0)
    scar.set_defaults(run=_scar)


def _import(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.straw import services

    try:
        text = (
            sys.stdin.read()
            if options.file == "-"
            else pathlib.Path(options.file).read_text(encoding="utf-8-sig", errors="replace")
        )
        report = services.import_firms(
            text=text, name=pathlib.Path(options.file).name, actor=None, now=timezone.now()
        )
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    except services.NotTaken as refused:
        print(f"no known table: {refused.told}", file=sys.stderr)
        return 2
    for problem in report.errors:
        print(f"line {problem.line}: {problem.field}: {problem.value!r}", file=sys.stderr)
    print(
        f"added {report.added}, known {report.known}, replaced {report.replaced}, outside {report.outside},"
        f" refused {len(report.errors)}, incidents {len(report.incidents)}"
    )
    return 1 if report.errors else 0


def _ask(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.straw import services

    if not services.configured().get("map_key"):
        print("no JIANGCHENG_FIRMS_MAP_KEY", file=sys.stderr)
        return 2
    states = services.ask_all(now=timezone.now())
    for state in states:
        print(f"{state.source}: {state.told or f'{state.rows} rows'}")
    return 1 if any(state.failures for state in states) else 0


def _reference(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.straw import services

    try:
        text = pathlib.Path(options.file).read_text(encoding="utf-8-sig")
        report = services.import_reference(text=text, dataset=options.dataset, actor=None, now=timezone.now())
    except (OSError, UnicodeDecodeError, services.NotTaken) as error:
        print(error, file=sys.stderr)
        return 2
    for problem in report.errors:
        print(f"line {problem.line}: {problem.field}: {problem.value!r}", file=sys.stderr)
    print(f"added {report.added}, known {report.known}, refused {len(report.errors)}")
    return 1 if report.errors else 0


def _heat(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.straw import services

    try:
        month = dt.date.fromisoformat(f"{options.month}-01")
    except ValueError:
        print("a month is written 2026-11", file=sys.stderr)
        return 2
    mask = services.learn_heat(month=month, now=timezone.now())
    print(f"{mask}: {len(mask.cells)} cells from {mask.signals} signals")
    return 0


def _land(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.straw import services, store

    now = timezone.now()
    try:
        if options.classes:
            pairs = (part.partition("=") for part in options.classes)
            weights = {int(code): float(weight or 1) for code, _sign, weight in pairs}
            row = services.import_land_raster(
                file=options.file, weights=weights, dataset=options.dataset, source=pathlib.Path(options.file).name,
                valid_from=options.valid_from, actor=None, now=now,
            )  # fmt: skip
            print(f"{row.rows} x {row.columns} cells")
            return 0
        document = json.loads(pathlib.Path(options.file).read_text(encoding="utf-8"))
        report = services.import_land(
            document=document, kind=options.kind, dataset=options.dataset, valid_from=options.valid_from,
            actor=None, now=now,
        )  # fmt: skip
    except (OSError, ValueError, services.ZonesRefused, store.NotRaster) as error:
        print(error, file=sys.stderr)
        return 2
    for number, reason in report.errors:
        print(f"feature {number}: {reason}", file=sys.stderr)
    print(f"added {report.added}, ended {report.ended}")
    return 1 if report.errors else 0


def _scene(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.straw import services

    files = {
        band: getattr(options, band)
        for band in ("swir1", "swir2", "red", "nir", "green", "ndti")
        if getattr(options, band)
    }
    try:
        document = json.loads(pathlib.Path(options.villages).read_text(encoding="utf-8"))
        scene = services.read_scene(
            code=options.code, sensed_on=options.date, source=options.source, files=files,
            villages=services.villages_of(document), actor=None, now=timezone.now(),
            calibration=options.calibration, add_offset=options.add_offset,
        )  # fmt: skip
    except (OSError, ValueError, services.SceneRefused) as error:
        print(error, file=sys.stderr)
        return 2
    for row in scene.covers.all():
        mean = "-" if row.mean is None else f"{row.mean:.1f} %"
        print(f"{row.village}: {mean}, {row.bare or '-'}{', differs from the ledger' if row.differs else ''}")
    return 0


def _scar(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.straw import services

    files = {
        when: {
            band: told
            for band in services.SCAR_BANDS
            if (told := getattr(options, f"{when}_{band}")) is not None
        }
        for when in ("before", "after")
    }
    try:
        document = json.loads(pathlib.Path(options.villages).read_text()) if options.villages else None
        scene = services.read_scar(
            code=options.code, before_on=options.before, after_on=options.after, source=options.source,
            before=files["before"], after=files["after"], actor=None, now=timezone.now(),
            villages=services.villages_of(document) if document else [], add_offset=options.add_offset,
        )  # fmt: skip
    except (OSError, ValueError, services.SceneRefused) as error:
        print(error, file=sys.stderr)
        return 2
    for row in scene.findings.all():
        burnt = row.burnt * scene.pixel_hectares * 15
        print(f"{row.kind} {row.code}: {row.result}, {burnt:.1f} mu burnt, {row.against or '-'}")
    return 0


def _dem(options: argparse.Namespace) -> int:
    # Only here: an installation need not have the room.
    from jiangcheng.modules.straw import services, store

    try:
        row = services.import_terrain(
            file=options.file, dataset=options.dataset, source=pathlib.Path(options.file).name,
            valid_from=options.valid_from, actor=None, now=timezone.now(),
        )  # fmt: skip
    except (OSError, store.NotRaster) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{row.rows} x {row.columns} cells")
    return 0
