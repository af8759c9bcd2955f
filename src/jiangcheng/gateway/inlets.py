"""What the other ways in have in common: rows or raw frames become entries of the journal, or name their faults.

Rows (JSON or CSV) are written as frames of HJ 212 with the MN of their device, so that the journal holds one
language and `intake` reads one. Nothing of a delivery is kept unless all of it is in order.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
import json
import pathlib
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from jiangcheng import hj212
from jiangcheng.core.registry.models import Device, Station
from jiangcheng.gateway import client, intake, storage, translate
from jiangcheng.gateway import journal as journals

COMMANDS = {"instant": "2011", "minute": "2051", "hour": "2061", "day": "2031"}
"""Commands by the length of the interval."""
SYSTEMS = {
    Station.Kind.WATER: "21",
    Station.Kind.AIR: "22",
    Station.Kind.WEATHER: "22",
    Station.Kind.NOISE: "23",
    Station.Kind.GAS_OUTLET: "31",
    Station.Kind.WATER_OUTLET: "32",
}
"""ST by what a station measures (HJ 212-2017 table 5)."""
CODE = re.compile(r"[A-Za-z0-9]{1,20}")
FLAG = re.compile(r"[A-Za-z0-9]")
LARGEST_AREA = 9_000
"""Bytes of factors in one frame; a frame holds 9,999."""
SHOWN = 100
"""Faults of one delivery that are told."""


class Bounds(NamedTuple):
    """What one delivery and one sender may be; rows of ``data/ingest.json``."""

    rows: int
    bytes: int
    requests_per_minute: int
    requests_at_once: int
    file_bytes: int
    settled_seconds: float
    """Age of a file in the watched folder before it is read: it may still be written."""
    tokens_per_device: int
    token_days: int


@functools.cache
def _rows() -> tuple[tuple[dt.date, Bounds], ...]:
    path = pathlib.Path(__file__).parent / "data" / "ingest.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        sorted(
            (dt.date.fromisoformat(row["valid_from"]), Bounds(**{name: row[name] for name in Bounds._fields}))
            for row in rows
        )
    )


def bounds(on: dt.date) -> Bounds:
    """Return what holds on a day; before the first row, the first row."""
    rows = _rows()
    return next((found for since, found in reversed(rows) if since <= on), rows[0][1])


class Fault(NamedTuple):
    """What is wrong: the row or byte, the field, the rule it breaks, and the value as it came."""

    at: int
    field: str
    rule: str
    value: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it for an answer or a file of reasons."""
        return {"at": self.at, "field": self.field, "rule": self.rule, "value": self.value[:80]}


class Refused(ValueError):  # noqa: N818
    """Nothing of the delivery was kept."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(itertools.islice(faults, SHOWN))
        super().__init__(f"{len(self.faults)} faults")

    def as_list(self) -> list[dict[str, Any]]:
        """Return the faults for an answer or a file of reasons."""
        return [fault.as_dict() for fault in self.faults]


def rows_of(body: bytes, bounds: Bounds) -> list[Any]:
    """Return the rows of a JSON body.

    Raises
    ------
    Refused
        If it is no JSON, or not of the form ``{"rows": [...]}``.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused([Fault(getattr(error, "pos", 0), "body", "json")]) from error
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows:
        raise Refused([Fault(0, "rows", "list")])
    if len(rows) > bounds.rows:
        raise Refused([Fault(0, "rows", f"at_most:{bounds.rows}", str(len(rows)))])
    return rows


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One value, checked."""

    cn: str
    time: dt.datetime
    code: str
    field: str
    text: str
    flag: str


class Reader:
    """Turns deliveries into entries of the journal.

    Parameters
    ----------
    peer
        Where they come from, for the journal: ``http:192.0.2.1``, ``file:name`` …
    now
        The time of receipt, aware.
    """

    def __init__(self, *, peer: str, now: dt.datetime) -> None:
        self._peer = peer[:60]
        self._now = now
        self._numbers = itertools.count()
        self._properties = translate.Properties()
        self._properties.load()

    # --- rows

    def rows(self, device: Device, rows: Sequence[object]) -> list[journals.Entry]:
        """Return the entries of one device's rows.

        Parameters
        ----------
        rows
            Mappings with ``time`` (ISO 8601; Beijing time unless it says otherwise), ``interval`` (a key of
            `COMMANDS`), ``code``, ``field`` (a key of `translate.STATISTICS`), ``value``, and ``flag``
            (a data flag, N where it is left out).

        Raises
        ------
        Refused
            With every fault.
        """
        numbered = [(number, row) for number, row in enumerate(rows, 1)]
        return self._written(device, numbered)

    def tables(self, rows: Sequence[tuple[int, Mapping[str, str]]]) -> list[journals.Entry]:
        """Return the entries of numbered rows of many devices, named in the column ``mn``."""
        names = {row.get("mn", "") for _, row in rows}
        known = {
            found.mn: found
            for found in Device.objects.filter(mn__in=names, enabled=True).select_related("station")
        }
        if strange := [
            Fault(number, "mn", "unknown", row.get("mn", ""))
            for number, row in rows
            if row.get("mn") not in known
        ]:
            raise Refused(strange)
        entries = []
        for mn, device in known.items():
            entries += self._written(device, [(number, row) for number, row in rows if row["mn"] == mn])
        return entries

    def _written(self, device: Device, rows: Sequence[tuple[int, object]]) -> list[journals.Entry]:
        faults: list[Fault] = []
        groups: dict[tuple[str, dt.datetime], dict[str, dict[str, str]]] = {}
        for number, row in rows:
            found = self._row(device, number, row, faults)
            if found is None:
                continue
            fields = groups.setdefault((found.cn, found.time), {}).setdefault(found.code, {})
            if fields.setdefault("Flag", found.flag) != found.flag:
                faults.append(Fault(number, "flag", "one_per_code_and_time", found.flag))
            if found.field in fields:
                faults.append(Fault(number, "field", "repeated", found.field))
            fields[found.field] = found.text
        if faults:
            raise Refused(faults)
        return [
            self._entry(device, cn, time, part)
            for (cn, time), factors in groups.items()
            for part in _parts(factors)
        ]

    def _row(self, device: Device, number: int, row: object, faults: list[Fault]) -> Row | None:
        if not isinstance(row, Mapping):
            faults.append(Fault(number, "", "object"))
            return None
        text = {name: _text(row.get(name)) for name in ("time", "interval", "code", "field", "value", "flag")}
        before = len(faults)

        def fault(field: str, rule: str) -> None:
            faults.append(Fault(number, field, rule, text[field]))

        time = _time(text["time"])
        if time is None:
            fault("time", "iso_8601")
        elif time > self._now + dt.timedelta(seconds=intake.AHEAD):
            fault("time", "ahead")
        if text["interval"] not in COMMANDS:
            fault("interval", "one_of:" + "|".join(COMMANDS))
        if text["value"].strip().lower() not in translate.ABSENT and hj212.number(text["value"]) is None:
            fault("value", "number")
        if text["flag"] and not FLAG.fullmatch(text["flag"]):
            fault("flag", "one_letter")
        self._check_property(device, text, fault)
        if len(faults) > before or time is None:
            return None
        return Row(
            COMMANDS[text["interval"]],
            time,
            text["code"],
            text["field"],
            text["value"] or "-",
            text["flag"] or "N",
        )

    def _check_property(self, device: Device, text: Mapping[str, str], fault: Any) -> None:
        if text["field"] not in translate.STATISTICS:
            fault("field", "one_of:" + "|".join(translate.STATISTICS))
        elif not CODE.fullmatch(text["code"]):
            fault("code", "form")
        elif not isinstance(self._properties.find(text["code"], text["field"], system=_system(device)), int):
            fault("code", "unknown")

    def _entry(
        self, device: Device, cn: str, time: dt.datetime, factors: Mapping[str, Mapping[str, str]]
    ) -> journals.Entry:
        qn = client.qn_of(self._now + dt.timedelta(milliseconds=next(self._numbers)))
        raw = client.report(
            mn=device.mn,
            st=_system(device),
            cn=cn,
            qn=qn,
            data_time=time,
            factors=factors,
            password="",
            flag=4,
        )
        return self._journalled(device.mn, cn, raw)

    # --- frames

    def frames(self, data: bytes, *, mn: str = "") -> list[journals.Entry]:
        """Return the entries of raw HJ 212.

        Parameters
        ----------
        mn
            The only MN that is allowed; any registered one where it is left out.

        Raises
        ------
        Refused
            With every piece that is no frame or not of a known device.
        """
        framer = hj212.Framer(tolerant=bool(storage.options().get("tolerant", False)))
        framer.receive_data(data)
        framer.finish()
        faults: list[Fault] = []
        found: list[tuple[int, hj212.Header, bytes]] = []
        while not isinstance(event := framer.next_event(), hj212.NeedData):
            if isinstance(event, hj212.Frame):
                found.append((event.offset, hj212.header(event.segment), event.raw))
            elif event.raw.strip():
                shown = event.raw[:40].decode("ascii", "replace")
                faults.append(Fault(event.offset, "frame", event.code, shown))
        names = {header.mn for _, header, _ in found}
        allowed = {mn} if mn else _enabled(names)
        faults += [
            Fault(offset, "MN", "not_of_this_device" if mn else "unknown", header.mn)
            for offset, header, _ in found
            if header.mn not in allowed
        ]
        if not found and not faults:
            faults.append(Fault(0, "frame", "none"))
        if faults:
            raise Refused(faults)
        return [self._journalled(header.mn, header.cn, raw) for _, header, raw in found]

    def _journalled(self, mn: str, cn: str, raw: bytes) -> journals.Entry:
        received = int(self._now.timestamp() * 1_000_000)
        return journals.Entry(received, self._peer, journals.State.REGISTERED, "", mn, cn[:8], raw)


def _enabled(names: set[str]) -> set[str]:
    # PostgreSQL refuses to be asked for a text with NUL.
    asked = {name for name in names if "\0" not in name}
    return set(Device.objects.filter(mn__in=asked, enabled=True).values_list("mn", flat=True))


def _system(device: Device) -> str:
    return SYSTEMS.get(Station.Kind(device.station.kind), "32")


def _text(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def _time(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=translate.BEIJING)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _parts(factors: Mapping[str, dict[str, str]]) -> list[dict[str, dict[str, str]]]:
    """Return factors in portions that fit in a frame; a factor is never split."""
    portions: list[dict[str, dict[str, str]]] = [{}]
    size = 0
    for code, fields in factors.items():
        length = sum(len(code) + len(name) + len(text) + 3 for name, text in fields.items())
        if portions[-1] and size + length > LARGEST_AREA:
            portions.append({})
            size = 0
        portions[-1][code] = fields
        size += length
    return portions


# --- the journal --------------------------------------------------------------------------------------------

_lock = threading.Lock()
_held: dict[str, journals.Journal] = {}


def keep(entries: Sequence[journals.Entry]) -> int:
    """Write entries to the journal of this installation and return the number of the last one.

    Raises
    ------
    jiangcheng.gateway.journal.JournalError
        If the disk refuses; nothing was kept.
    """
    with _lock:
        place = storage.place()
        journal = _held.get(place)
        if journal is None:
            journal = _held[place] = storage.open_journal()
        return journal.append(list(entries))


def release() -> None:
    """Close what `keep` has opened."""
    with _lock:
        for journal in _held.values():
            journal.close()
        _held.clear()
