"""The watched folder: files of rows or of raw HJ 212 are taken in and put into ``done/``.

A file that has a fault is taken in not at all; it goes to ``failed/`` beside a file of the same name and
``.reason.json`` that names row, field and rule. The same bytes are not taken in twice, whatever they are called.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import logging
import pathlib

from jiangcheng.gateway import inlets
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import DeliveredFile

log = logging.getLogger(__name__)

COLUMNS = ("mn", "time", "interval", "code", "field", "value", "flag")
"""Columns of a CSV file; ``flag`` may be left out."""
UNFINISHED = (".part", ".tmp", ".filepart")


def watch(folder: pathlib.Path, *, now: dt.datetime) -> int:
    """Take in every settled file of a folder and return how many went to ``done/``.

    Parameters
    ----------
    folder
        Made when absent, with ``done`` and ``failed`` in it.
    now
        The time, aware.
    """
    done, failed = folder / "done", folder / "failed"
    for place in (done, failed):
        place.mkdir(parents=True, exist_ok=True)
    bounds = inlets.bounds(now.date())
    taken = 0
    for path in sorted(folder.iterdir()):
        if not _is_ready(path, now, bounds):
            continue
        try:
            _take(path, now, bounds)
        except inlets.Refused as error:
            reasons = {"file": path.name, "at": now.isoformat(), "errors": error.as_list()}
            target = _move(path, failed)
            target.with_name(f"{target.name}.reason.json").write_text(
                json.dumps(reasons, ensure_ascii=False, indent=2), encoding="utf-8"
            )
        except (OSError, journals.JournalError):
            # The file stays where it is and is tried again.
            log.exception("%s could not be taken in", path)
        else:
            _move(path, done)
            taken += 1
    return taken


def _is_ready(path: pathlib.Path, now: dt.datetime, bounds: inlets.Bounds) -> bool:
    if path.is_symlink() or not path.is_file() or path.name.startswith("."):
        return False
    age = now.timestamp() - path.stat().st_mtime
    return path.suffix.lower() not in UNFINISHED and age >= bounds.settled_seconds


def _take(path: pathlib.Path, now: dt.datetime, bounds: inlets.Bounds) -> None:
    if path.stat().st_size > bounds.file_bytes:
        raise inlets.Refused([inlets.Fault(0, "file", f"at_most:{bounds.file_bytes}")])
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if DeliveredFile.objects.filter(pk=digest).exists():
        return
    reader = inlets.Reader(peer=f"file:{path.name}", now=now)
    entries = reader.tables(_table(data)) if path.suffix.lower() == ".csv" else reader.frames(data)
    inlets.keep(entries)
    # A crash between the two takes the file in again, and the store keeps every value once.
    DeliveredFile.objects.create(sha256=digest, name=path.name[:200], at=now, entries=len(entries))


def _table(data: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a CSV file with their line numbers."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    if "\0" in text:
        raise inlets.Refused([inlets.Fault(1, "file", "csv", "NUL")])
    table = csv.DictReader(io.StringIO(text))
    try:
        names = {name.strip().lower(): name for name in table.fieldnames or () if name}
        missing = [name for name in COLUMNS if name not in names and name != "flag"]
        if missing:
            raise inlets.Refused(inlets.Fault(1, name, "column_missing") for name in missing)
        rows = [
            (table.line_num, {name: (row.get(names.get(name, "")) or "").strip() for name in COLUMNS})
            for row in table
        ]
    except csv.Error as error:
        raise inlets.Refused([inlets.Fault(table.line_num, "file", "csv", str(error))]) from error
    if not rows:
        raise inlets.Refused([inlets.Fault(1, "file", "empty")])
    return rows


def _move(path: pathlib.Path, place: pathlib.Path) -> pathlib.Path:
    """Move a file under its name, or under the next free one."""
    target, number = place / path.name, 1
    while target.exists():
        number += 1
        target = place / f"{path.stem}-{number}{path.suffix}"
    return path.rename(target)
