"""Feed the importers of files and feeds with made-up and damaged inputs; report crashes, hangs and memory growth.

``python tools/fuzz_importers.py --inputs 10000 [--seed 1] [--first N] [--only NAME…] [--json]``

Every input depends only on the seed and its number, so a finding is repeated by ``--seed S --first N --inputs 1``.
``--log RUN.jsonl [--processes 2]`` makes a long run that the same call takes up again where it was broken off.
The importers take turns. All of them run in one process against a small city in a database in memory, and what an
input has written is rolled back before the next one. Half of the inputs are damaged where their format has meaning
(a cell, a value of a JSON document, a member of a workbook), since hardly any damaged byte would get past the parser.

What is held to be true of every input:

* no text that PostgreSQL refuses reaches the database;
* nothing is raised but the errors that the importer documents, and an answer of a page is below 500;
* a dry run tells exactly what the run does, and leaves nothing;
* a filter writes out or refuses every row that it read;
* an evidence pack that was changed is never told to be unbroken with another manifest.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import dataclasses
import datetime as dt
import gc
import gzip
import io
import json
import logging
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import fuzzing
from fuzzing import check

HANG_SECONDS = 5.0
AT = dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC)
PLANT, MN = "91220200PLANT00001", "MN0000000000000000000001"
TEXTS = (
    "", " ", "0", "-1", "1e308", "1e999", "nan", "inf", "-0", "9" * 30, "9" * 400, "0x10", "1_000", "٣", "１２",
    "2026-02-30", "2026-11-20", "0001-01-01", "9999-12-31", "99999-01-01", "2026-11-20T08:00:00+99:00",
    "0001-01-01 00:00:00", "9999-12-31 23:59:59", "1970-01-01T00:00:00Z", "24:00", "是", "true", "=1+1", "'=1", "@x",
    "\ufeff", "\u2028", "\x1f", "\t", '"', ",", "\r", "\n", "a" * 300, "江" * 300, "😀", "\u0301", "../x", "new",
    "null", "{}", "[]", '{"a":1}', "[[[[", PLANT, "220202", "220202-01", "P1", "P-1", "DA001", MN, "a21026",
    "1", "5", "12.5",
)  # fmt: skip
"""What is put into a cell or a value."""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**40, 1.5, 1e308, float("nan"), float("inf"), "\x00", "\ud800",
    [], {}, [[]], [None], {"a": None}, [1, 2], {"type": "Point", "coordinates": [126, 43]},
)  # fmt: skip
"""What is put into a JSON document, beside the texts."""
BYTES = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xe6\xb8", b"\xce\xc2", b'"', b'""', b",", b"\n", b"\r", b"\r\n", b";", b"{",
    b"}", b"[", b"]", b":", b"\\ud800", b"\\u0000", b"NaN", b"Infinity", b"1e999", b"9" * 30, b"<", b">", b"&",
    b"PK\x03\x04", b"PK\x01\x02", b"[" * 3_000,
)  # fmt: skip
"""What is put between bytes."""


# --- inputs


@dataclasses.dataclass(frozen=True)
class Importer:
    """One way in: its whole inputs, how they are damaged by meaning, and what is held to be true of them."""

    name: str
    seeds: Sequence[bytes]
    damaged: Callable[[bytes, random.Random], bytes]
    check: Callable[[bytes, random.Random], None]


def make(seed: int, number: int, importers: Sequence[Importer]) -> tuple[Importer, bytes, random.Random]:
    """Return the importer, the input and the chance for its options, always the same for seed and number."""
    importer = importers[number % len(importers)]
    chance = random.Random(seed << 40 | number)
    kind = chance.random()
    if kind < 0.04:
        return importer, chance.randbytes(chance.randrange(300)), chance
    data = chance.choice(importer.seeds)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 5)) if kind < 0.6 else 0):
        data = importer.damaged(data, chance)
    for _ in range(chance.choice((1, 1, 3)) if kind >= 0.5 else 0):
        data = fuzzing.mutated(data, chance, BYTES)
    return importer, data, chance


def damaged_json(data: bytes, chance: random.Random) -> bytes:
    """Return a document with one value, key or element changed."""
    try:
        document = json.loads(data)
        places = list(_places(document))
    except (ValueError, RecursionError):
        return data
    if not places:
        return data
    inside, key = chance.choice(places)
    match chance.randrange(5):
        case 0 if isinstance(inside, list):
            inside.insert(key, inside[key])
        case 0 | 1:
            del inside[key]
        case 2 if isinstance(inside, dict):
            inside[chance.choice(TEXTS)] = inside.pop(key)
        case 2 | 3:
            inside[key] = chance.choice(TEXTS)
        case _:
            inside[key] = chance.choice(VALUES)
    try:
        return json.dumps(document, ensure_ascii=chance.random() < 0.5).encode()
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def _places(document: Any) -> Any:
    if isinstance(document, dict | list):
        for key in list(document) if isinstance(document, dict) else range(len(document)):
            yield document, key
            yield from _places(document[key])


def damaged_csv(data: bytes, chance: random.Random) -> bytes:
    """Return a table with one cell, row or column changed."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return data
    if not rows or not rows[0]:
        return data
    row = chance.choice(rows)
    column = chance.randrange(len(rows[0]))
    match chance.randrange(8):
        case 0:
            rows.append(list(row))
        case 1:
            rows.remove(row)
        case 2:
            row.extend(["x"] * chance.randrange(1, 3))
        case 3:
            for each in rows:
                del each[column : column + 1]
        case _:
            row[column : column + 1] = [chance.choice(TEXTS)]
    text = io.StringIO()
    with contextlib.suppress(csv.Error):
        csv.writer(text, lineterminator=chance.choice(("\n", "\r\n"))).writerows(rows)
    return text.getvalue().encode(chance.choice(("utf-8", "utf-8-sig", "gb18030")), "replace")


def damaged_zip(data: bytes, chance: random.Random) -> bytes:
    """Return an archive with one member changed, left out or given twice."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        return data
    if not members:
        return data
    place = chance.randrange(len(members))
    name, content = members[place]
    match chance.randrange(6):
        case 0:
            del members[place]
        case 1:
            members[place] = (chance.choice((*TEXTS[-8:], "../x", name + "x")) or "x", content)
        case 2 if name.endswith(".json"):
            members[place] = (name, damaged_json(content, chance))
        case _:
            for _ in range(chance.choice((1, 1, 3))):
                content = fuzzing.mutated(content, chance, (*BYTES, *(text.encode() for text in TEXTS)))
            members[place] = (name, content)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def damaged_frames(data: bytes, chance: random.Random) -> bytes:
    """Return raw HJ 212 with one value changed and the length and check right again."""
    from jiangcheng import hj212

    segment = fuzzing.mutated(data[6:-6], chance, (b";", b"=", b",", b"//", b"CP=&&", b"-Rtd=", b"Flag=255"))
    return hj212.frame(segment) if 0 < len(segment) <= 9_999 else data


def damaged_book(data: bytes, chance: random.Random) -> bytes:
    """Return a table in a workbook or in text, damaged as such."""
    return damaged_zip(data, chance) if data.startswith(b"PK") else damaged_csv(data, chance)


def table(heading: Sequence[str], *rows: Sequence[object]) -> bytes:
    """Return a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([heading, *rows])
    return text.getvalue().encode()


# --- the city


def _square(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _named(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "name_zh": code, "name_en": code, **more}


SINCE = {"valid_from_date": "2026-01-01"}
STATION = {**SINCE, "kind": "gas_outlet", "longitude": 126.2, "latitude": 43.5}
CITY: Mapping[str, list[dict[str, Any]]] = {
    "regions": [
        _named("220200", level="city"),
        _named("220202", level="county", parent="220200", boundary=_square(126, 43, 127, 44)),
    ],
    "grid_cells": [_named("220202-01", region="220202", boundary=_square(126, 43, 127, 44), **SINCE)],
    "facilities": [_named(PLANT, longitude=126.7, latitude=43.5)],
    "stations": [_named("P1", **STATION), _named("A1", **{**STATION, "kind": "air"})],
    "outlets": [{"facility": PLANT, "number": "DA001", "name_zh": "x", "name_en": "x", "station": "P1"}],
    "devices": [{"mn": MN, "station": "P1"}],
    "properties": [_named("a21026", statistic="zs_avg", unit="mg/m3", medium="gas")]
    + [_named("a34013", statistic=name, unit="mg/m3", medium="gas") for name in ("avg", "min", "max")],
    "permits": [
        {"facility": PLANT, "number": "P-1", "version": 1, **SINCE,
         "limits": [{"outlet": "P1", "property": "a21026", "statistic": "zs_avg", "upper": "35", "basis": "x"}]}
    ],
}  # fmt: skip
DUTY = {"grid_cell": "220202-01", "user": "officer", "duty": "inspector", **SINCE}
PERMIT = {
    "facility": PLANT, "number": "P-1", "version": 2, "valid_from_date": "2026-10-01", "valid_to_date": "2031-10-01",
    "limits": [{"outlet": "P1", "property": "a21026", "statistic": "zs_avg", "upper": "20", "basis": "x"}],
    "units": [{"code": "MF0001", "name_zh": "炉", "name_en": "Boiler", "capacity": "75 t/h"}],
    "treatments": [{"code": "TA001", "name_zh": "塔", "name_en": "Scrubber", "outlet": "DA001"}],
    "reports": [{"frequency": "quarter", "after_days": 15}, {"frequency": "month", "merges": True}],
    "monitoring": [{"outlet": "DA001", "property": "a21026", "statistic": "zs_avg", "frequency": "continuous"}],
}  # fmt: skip
PAGES = (PERMITS_PAGE, AREAS_PAGE) = ("/enterprises/permits/import", "/noise/zones/import")
ROW = {
    "time": "2026-11-01T08:00:00",
    "interval": "hour",
    "code": "a34013",
    "field": "Avg",
    "value": 12.5,
    "flag": "N",
}


@dataclasses.dataclass
class Town:
    """The people and places the importers need."""

    officer: Any
    folder: pathlib.Path
    client: Any


def open_database(folder: pathlib.Path) -> None:
    """Set the product up with an empty business database in memory."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiangcheng.config.settings")
    os.environ["JIANGCHENG_DATA"] = str(folder)
    os.environ["JIANGCHENG_DATABASE_URL"] = ""
    import django
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    settings.DATABASES["default"]["NAME"] = ":memory:"
    settings.TEMPLATES = [_bare(settings.TEMPLATES[0])]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    logging.disable()
    django.setup()
    # Tables are made as the models are: the steps by which they came about take far longer.
    settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)
    from jiangcheng.config import wiring

    wiring.load_manifests()


def _bare(templates: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of templates with pages that have no frame: menus take most of the time, and no input."""
    options = dict(templates["OPTIONS"])
    own = {"portal/base.html": "{% block page %}{% block content %}{% endblock %}{% endblock %}"}
    shell = "jiangcheng.core.portal.views.shell"
    options["context_processors"] = [name for name in options["context_processors"] if name != shell]
    options["loaders"] = [
        ("django.template.loaders.locmem.Loader", own),
        ("django.template.loaders.cached.Loader", ["django.template.loaders.app_directories.Loader"]),
    ]
    return {"BACKEND": templates["BACKEND"], "OPTIONS": options}


def build(folder: pathlib.Path) -> Town:
    """Fill the database with a plant, two stations and an officer of the whole city."""
    from django.test import Client

    from jiangcheng.core.access import services as access
    from jiangcheng.core.cases import services as cases
    from jiangcheng.core.registry import services as registry

    for kind, rows in CITY.items():
        report = registry.import_register(kind, rows, actor=None, at=AT)
        if report.errors:
            raise SystemExit(f"{kind}: {report.errors}")
    cases.load_workflows()
    officer = access.create_user(username="officer", password="Songhua-river-1", display_name="x", at=AT)
    access.assign_role(user=officer, role="department", on=dt.date(2026, 1, 1), at=AT, region_code="220200")
    client = Client()
    client.force_login(officer)
    for path in PAGES:
        # The first answer of a process takes seconds; no input is to be blamed for it.
        client.post(path)
    return Town(officer, folder, client)


def importers(town: Town) -> list[Importer]:
    """Return every way in."""
    return [
        _rows_of_registers(town),
        _registers(town),
        _permits(town),
        _areas(town),
        *_filters(),
        _deliveries(town),
        _frames(town),
        _folder(town),
        _observations(town),
        _packs(),
        _draws(),
    ]


# --- one importer each


def _rows_of_registers(town: Town) -> Importer:
    from django.core.files.base import ContentFile

    from jiangcheng.core.manifest import manifests
    from jiangcheng.core.portal.services import tables
    from jiangcheng.core.records.services import files

    declared = manifests.registers()
    seeds, of = [], {}
    for code, register in declared.items():
        heading = files._columns(register)
        rows = [[_plausible(code, name, place) for name in heading] for place in (1, 2)]
        of[heading] = code
        seeds += [table(heading, *rows), tables.as_xlsx(code, [heading, *rows])]

    def imported(register: str, data: bytes, dry_run: bool) -> Any:
        file = ContentFile(data, name="x")
        return files.import_file(
            register=register, file=file, name="x", actor=town.officer, at=AT, dry_run=dry_run
        ).rows

    def told(rows: Any) -> list[Any]:
        # The key of an added row without a number is the next number.
        return [dataclasses.astuple(row) for row in rows]

    def run(data: bytes, chance: random.Random) -> None:
        from jiangcheng.core.records.models import ImportRun

        known = [code for heading, code in of.items() if ",".join(heading).encode() in data]
        register = known[0] if known else chance.choice(list(declared))
        with contextlib.suppress(files.FileRefused):
            tried = imported(register, data, True)
            check(not ImportRun.objects.exists(), "a dry run left something")
            check(told(tried) == told(imported(register, data, False)), "the dry run told something else")

    return Importer("records", seeds, damaged_book, run)


def _plausible(register: str, name: str, place: int) -> str:
    """Return what may stand in a column of a register."""
    from django.db import models

    from jiangcheng.core.records import queries

    field = queries.model_of(register)._meta.get_field(name)
    if name == "number":
        return f"X-{place}"
    if isinstance(field, models.ForeignKey):
        return {"region": "220202", "facility": PLANT}.get(name, "officer")
    if field.choices:
        return str(field.flatchoices[place % len(field.flatchoices)][0])
    kinds: tuple[tuple[type[Any], str], ...] = (
        (models.DateTimeField, "2026-11-20 08:00:00"),
        (models.DateField, "2026-11-20"),
        (models.BooleanField, "1"),
        (models.IntegerField, str(place)),
        (models.FloatField, "126.5" if name == "longitude" else "43.5"),
        (models.DecimalField, "12.5"),
        (models.JSONField, "[]"),
    )
    return next((text for kind, text in kinds if isinstance(field, kind)), f"文字{place}")


def _registers(town: Town) -> Importer:
    from jiangcheng.config import registers
    from jiangcheng.core.registry import services

    rows = {**CITY, "grid_duties": [DUTY], "permit_limits": [{"permit": "P-1", **PERMIT["limits"][0]}]}
    seeds = []
    for found in rows.values():
        seeds.append(json.dumps(found).encode())
        heading = list(found[0])
        cells = [[registers._cell(row.get(name, "")) for name in heading] for row in found]
        seeds.append(table(heading, *cells))

    def damaged(data: bytes, chance: random.Random) -> bytes:
        return damaged_json(data, chance) if data.startswith(b"[") else damaged_csv(data, chance)

    def run(data: bytes, chance: random.Random) -> None:
        path = town.folder / ("x.json" if data.lstrip()[:1] == b"[" else "x.csv")
        path.write_bytes(data)
        try:
            found = list(registers.read(path))
        except (ValueError, OSError):
            return
        fits = [
            kind
            for kind in rows
            if any(set(row) & set(rows[kind][0]) for row in found if isinstance(row, dict))
        ]
        kind = chance.choice(fits or list(rows))
        try:
            tried = services.import_register(kind, found, actor=None, at=AT, dry_run=True)
        except ValueError:
            # The command tells it in one line.
            return
        check(
            tried == services.import_register(kind, found, actor=None, at=AT),
            "the dry run told something else",
        )

    return Importer("registers", seeds, damaged, run)


def _permits(town: Town) -> Importer:
    from jiangcheng.core.access import rules as access_rules
    from jiangcheng.core.registry.models import Permit
    from jiangcheng.modules.enterprises import services

    def run(data: bytes, chance: random.Random) -> None:
        if chance.random() < 0.3:
            _posted(town, PERMITS_PAGE, data, chance, {})
            return
        try:
            document = access_rules.read_json(data)
        except ValueError:
            return
        if isinstance(document, dict):
            tried(document)

    def tried(document: Mapping[str, Any]) -> None:
        before = Permit.objects.count()
        told = services.import_permit(document=document, actor=town.officer, at=AT, dry_run=True)
        check(Permit.objects.count() == before, "a dry run left something")
        done = services.import_permit(document=document, actor=town.officer, at=AT)
        check(told == done, "the dry run told something else")
        check(Permit.objects.count() == before + (not done.errors), "errors, and something was written")

    return Importer("permits", [json.dumps(PERMIT).encode()], damaged_json, run)


def _areas(town: Town) -> Importer:
    from jiangcheng.core.access import rules as access_rules
    from jiangcheng.modules.noise import services

    def feature(code: str, west: float, **more: Any) -> dict[str, Any]:
        properties = {"code": code, "name": code, **more}
        return {
            "type": "Feature",
            "properties": properties,
            "geometry": _square(west, 43.2, west + 0.1, 43.3),
        }

    collections = {
        "zone": [feature("Z1", 126.1, **{"class": "2"}), feature("Z2", 126.15, **{"class": "4a"})],
        "sensitive": [feature("S1", 126.1, use="school", buildings=3)],
    }
    seeds = [
        json.dumps({"type": "FeatureCollection", "features": found}).encode()
        for found in collections.values()
    ]

    def run(data: bytes, chance: random.Random) -> None:
        kind, complete = chance.choice(list(collections)), chance.random() < 0.5
        if chance.random() < 0.3:
            form = {"kind": kind, "source": "x", "valid_from": "2026-11-01"}
            _posted(town, AREAS_PAGE, data, chance, form)
            return
        try:
            document = access_rules.read_json(data)
        except ValueError:
            return
        how = {
            "kind": kind,
            "document": document,
            "source": "x",
            "valid_from": AT.date(),
            "complete": complete,
        }
        with contextlib.suppress(services.Refused):
            tried = services.import_areas(**how, actor=town.officer, at=AT, dry_run=True)
            check(
                tried == services.import_areas(**how, actor=town.officer, at=AT),
                "the dry run told something else",
            )

    return Importer("areas", seeds, damaged_json, run)


def _posted(town: Town, path: str, data: bytes, chance: random.Random, form: Mapping[str, str]) -> None:
    """Send a file to a page, as a browser does."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    options = {"dry_run": "1"} if chance.random() < 0.5 else {}
    answer = town.client.post(path, {**form, **options, "file": SimpleUploadedFile("x.json", data)})
    check(answer.status_code < 500, f"{path} answers {answer.status_code}")


def _filters() -> list[Importer]:
    from jiangcheng.config import filters
    from jiangcheng.modules.air import rules as air
    from jiangcheng.modules.water import rules as water

    hours = [f"2026-03-0{1 + n // 24} {n % 24:02d}:00:00" for n in range(30)]
    of_hours = table(
        ("code", "time", *air.columns_of("hour")),
        *(["A1", time, 10, 20, 30, 0.5, 60, 40] for time in hours),
    )
    day_names = air.columns_of("day")
    of_days = table(
        ("time", *day_names), *([f"2026-03-0{n}", *range(20, 20 + len(day_names))] for n in (1, 2))
    )
    names = water.items_of(water.FULL)
    waters = table(
        ("section", "water_type", *names),
        *(["W", kind, 7.5, *[0.01] * (len(names) - 1)] for kind in ("river", "湖")),
    )
    levels = table(("time", "leq"), *([f"2026-03-01 06:{n:02d}:00", 50 + n] for n in range(60)))

    def judged(way: Any, lines: bool) -> Callable[[bytes, random.Random], None]:
        def run(data: bytes, chance: random.Random) -> None:
            options = _options(way, chance)
            source, sink, rejects = io.BytesIO(data), io.BytesIO(), io.StringIO()
            try:
                report = way(source, sink, rejects, **options)
            except ValueError:
                return
            check(report.rejected <= report.rows, f"{report} of {options}")
            refused = len(list(csv.reader(io.StringIO(rejects.getvalue(), newline="")))) - 1
            check(refused == report.rejected, f"{refused} rejects of {report.rejected}")
            if lines and options.get("input", "") == options.get("report", ""):
                text = io.StringIO(sink.getvalue().decode(), newline="")
                with contextlib.suppress(csv.Error):
                    written = len(list(csv.reader(text))) - 1
                    check(written == report.rows - report.rejected, f"{written} rows written of {report}")

        return run

    def _options(way: Any, chance: random.Random) -> dict[str, Any]:
        if way is filters.air_aqi:
            given = chance.choice(("hour", "day"))
            return {
                "input": given, "report": "day" if given == "day" else chance.choice(("hour", "day")),
                "edition": chance.choice(("auto", "2012", "2026")), "label": chance.choice(("start", "end")),
            }  # fmt: skip
        if way is filters.water_classify:
            return {"mode": chance.choice((water.FULL, water.AUTO_STATION))}
        return {"zone": chance.choice(("", "2", "4a"))}

    return [
        Importer("air", [of_hours, of_days], damaged_csv, judged(filters.air_aqi, True)),
        Importer("water", [waters], damaged_csv, judged(filters.water_classify, True)),
        Importer("noise", [levels], damaged_csv, judged(filters.noise_evaluate, False)),
    ]


def _reader() -> Any:
    from jiangcheng.gateway import inlets

    return inlets.Reader(peer="fuzz", now=AT)


def _deliveries(town: Town) -> Importer:
    from jiangcheng.core.registry.models import Device
    from jiangcheng.gateway import inlets

    rows = [ROW, {**ROW, "field": "Max", "value": 15}, {**ROW, "interval": "day", "time": "2026-11-01"}]

    def run(data: bytes, chance: random.Random) -> None:
        device = Device.objects.select_related("station").get(mn=MN)
        with contextlib.suppress(inlets.Refused):
            _readable(_reader().rows(device, inlets.rows_of(data, inlets.bounds(AT.date()))))

    return Importer("deliveries", [json.dumps({"rows": rows}).encode()], damaged_json, run)


def _frames(town: Town) -> Importer:
    from jiangcheng import hj212
    from jiangcheng.gateway import inlets

    head = f"QN=20261101085857223;ST=31;CN=2061;PW=123456;MN={MN};Flag=5;"
    areas = ("CP=&&DataTime=20261101080000;a34013-Avg=12.5,a34013-Flag=N&&", "CP=&&&&")

    def run(data: bytes, chance: random.Random) -> None:
        with contextlib.suppress(inlets.Refused):
            _readable(_reader().frames(data, mn=chance.choice(("", MN))))

    return Importer("frames", [hj212.frame((head + area).encode()) for area in areas], damaged_frames, run)


def _folder(town: Town) -> Importer:
    from jiangcheng.gateway import folder, inlets

    rows = [[MN, *(row.values())] for row in (ROW, {**ROW, "field": "Max", "value": 15})]

    def run(data: bytes, chance: random.Random) -> None:
        with contextlib.suppress(inlets.Refused):
            _readable(_reader().tables(folder._table(data)))

    return Importer("folder", [table(folder.COLUMNS, *rows)], damaged_csv, run)


def _readable(entries: Sequence[Any]) -> None:
    """Hold that what goes into the journal is HJ 212."""
    from jiangcheng import hj212

    for entry in entries:
        check(isinstance(hj212.header(entry.raw[6:-6]), hj212.Header), "no frame in the journal")


def _observations(town: Town) -> Importer:
    import pyarrow as pa
    import pyarrow.parquet

    from jiangcheng.core.observations import services

    long = table(
        ("station", "property", "time", "value", "flag"),
        *(["A1", "a34013-avg", f"2026-10-01 0{n}:00:00", n, "N"] for n in range(4)),
    )
    wide = table(("station", "time", "a34013-max", "a34013"), ["A1", "2026-10-01T00:00:00Z", 1, 2])
    parquet = io.BytesIO()
    times = pa.array([AT - dt.timedelta(hours=n) for n in range(3)])
    frame = pa.table({"station": ["A1"] * 3, "time": times, "a34013": pa.array([1.5, None, 2.0])})
    pyarrow.parquet.write_table(frame, parquet)

    def damaged(data: bytes, chance: random.Random) -> bytes:
        return fuzzing.mutated(data, chance, BYTES) if data.startswith(b"PAR1") else damaged_csv(data, chance)

    def run(data: bytes, chance: random.Random) -> None:
        ending, content = ".parquet" if data.startswith(b"PAR1") else ".csv", data
        if ending == ".csv" and chance.random() < 0.2:
            ending, content = ".csv.gz", gzip.compress(data, mtime=0)
        path = town.folder / f"x{ending}"
        path.write_bytes(content)
        how = {"actor": town.officer, "received_at": AT, "label": chance.choice(("start", "end"))}
        with contextlib.suppress(ValueError):
            tried = services.import_file(path, dry_run=True, **how)
            check(
                tried == services.import_file(path, dry_run=False, **how), "the dry run told something else"
            )

    return Importer("observations", [long, wide, parquet.getvalue()], damaged, run)


def _packs() -> Importer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from jiangcheng.modules.emissions.rules import packs

    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    public = key.public_key().public_bytes_raw()
    about = {"number": "X-1", "station": "P1", "from": "a", "to": "b", "made_at": "c", "made_by": "d"}
    whole = packs.seal({"rows.csv": b"1,2\n" * 50, "rule.json": b"{}"}, about, key.sign, public)
    right = packs.examine(whole, public)

    def resigned(data: bytes, chance: random.Random) -> bytes:
        """Return a pack whose changed manifest is signed again, by whoever holds the key."""
        data = damaged_zip(data, chance)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
        except Exception:  # whatever the damage leads to: then it stays as it is
            return data
        if packs.MANIFEST not in members or chance.random() < 0.5:
            return data
        import base64

        members[packs.MANIFEST] = damaged_json(members[packs.MANIFEST], chance)
        members[packs.SIGNATURE] = base64.b64encode(key.sign(members[packs.MANIFEST]))
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return out.getvalue()

    def run(data: bytes, chance: random.Random) -> None:
        trusted = chance.random() < 0.5
        verdict = packs.examine(data, public if trusted else None)
        if not verdict.problems:
            check(isinstance(verdict.manifest, dict), "an unbroken pack without a manifest")
            listed = {item["name"]: item["sha256"] for item in verdict.manifest["files"]}
            if trusted and verdict.manifest == right.manifest:
                check(
                    listed == {item["name"]: item["sha256"] for item in right.manifest["files"]},
                    "other files",
                )

    return Importer("packs", [whole], resigned, run)


def _draws() -> Importer:
    from jiangcheng.modules.inspections import rules

    document = {
        "format": rules.FORMAT, "seed": "00", "witness": "w", "level": "county", "commitment": "x", "pool_hash": "y",
        "quotas": {"valid_from": "2026-01-01"}, "last_teams": {}, "result": [],
        "objects": [], "inspectors": [{"certificate": "c", "area": "220202", "conflicts": []}],
    }  # fmt: skip

    def run(data: bytes, chance: random.Random) -> None:
        with contextlib.suppress(ValueError, RecursionError):
            told = json.loads(data)
            if isinstance(told, dict):
                problems = rules.recomputed(told)
                check(isinstance(problems, tuple), "no tuple of problems")

    return Importer("draws", [json.dumps(document).encode()], damaged_json, run)


# --- a worker


def _storable(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """Hold that no text with NUL reaches the database: PostgreSQL would refuse the statement."""
    for row in params if many else (params,):
        check(not any(isinstance(value, str) and "\0" in value for value in row or ()), f"NUL in {sql[:80]}")
    return execute(sql, params, many, context)


def work(
    *,
    seed: int,
    first: int,
    inputs: int,
    ways: Sequence[Importer],
    progress: int | None = None,
) -> dict[str, Any]:
    """Run a stretch of inputs in this process; return findings, the slowest inputs and the growth of memory."""
    from django.db import connection, transaction

    findings: list[dict[str, Any]] = []
    memory = [fuzzing.resident()]
    slowest: dict[str, float] = {}
    begin = time.perf_counter()
    for number in range(first, first + inputs):
        fuzzing.reached(progress, number)
        importer, data, chance = make(seed, number, ways)
        since = time.process_time()
        try:
            with transaction.atomic(), connection.execute_wrapper(_storable):
                importer.check(data, chance)
                transaction.set_rollback(True)
        except Exception as error:
            fuzzing.note(findings, seed, number, data, importer.name, error)
        took = time.process_time() - since
        slowest[importer.name] = max(slowest.get(importer.name, 0.0), round(took, 3))
        if took > HANG_SECONDS:
            findings.append(
                {"kind": "hang", "reader": importer.name, "seed": seed, "number": number, "seconds": took}
            )
        if (number - first) % 256 == 255:
            memory.append(fuzzing.resident())
    gc.collect()
    memory.append(fuzzing.resident())
    seconds = time.perf_counter() - begin
    return {"inputs": inputs, "seconds": seconds, "findings": findings, "rss": memory, "slowest": slowest}


def chosen_of(ways: Sequence[Importer], only: Sequence[str]) -> list[Importer]:
    return [way for way in ways if not only or way.name in only]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; 0 when nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument(
        "--only", nargs="*", default=[], help="names of importers; the numbers are theirs then"
    )
    parser.add_argument("--json", action="store_true", help="print the whole report")
    fuzzing.campaign_options(parser)
    parser.add_argument("--worker", type=int, default=None, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.worker is not None:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="fuzz-importers-"))
        try:
            open_database(folder)
            ways = chosen_of(importers(build(folder)), chosen.only)
            report = work(
                seed=chosen.seed, first=chosen.first, inputs=chosen.inputs, ways=ways, progress=chosen.worker
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"slowest [s]: {report['slowest']}", file=sys.stderr)
        print(json.dumps(report))
        return 0

    def run(first: int, inputs: int, tell: Callable[[int], None] | None = None) -> dict[str, Any]:
        return fuzzing.supervised(
            __file__,
            ["--only", *chosen.only],
            inputs=inputs,
            seed=chosen.seed,
            first=first,
            batch=1,
            # Rolling back and the pages' first answer take their time on a busy machine.
            hang=2 * HANG_SECONDS,
            tell=tell,
        )

    if chosen.log is not None:
        what = {name: getattr(chosen, name) for name in ("seed", "first", "inputs", "only")}
        report = fuzzing.campaign(run, what, chosen)
    else:
        shown = sys.stderr.isatty()
        report = run(
            chosen.first,
            chosen.inputs,
            (lambda at: print(f"\r{at}", end="", file=sys.stderr)) if shown else None,
        )
    return fuzzing.printed(report, whole=chosen.json)


if __name__ == "__main__":
    raise SystemExit(main())
