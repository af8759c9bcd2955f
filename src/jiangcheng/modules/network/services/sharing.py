"""Grants of datasets, and the pulls under them: each is checked and written down, refused ones too."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.indicators import queries as indicators
from jiangcheng.core.manifest import manifests
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.records import services as rows_of
from jiangcheng.core.records.rules import safe_cell
from jiangcheng.core.registry.models import ObservedProperty
from jiangcheng.modules.network import queries
from jiangcheng.modules.network.models import DataRequest, PullLog
from jiangcheng.modules.network.rules.tables import in_force
from jiangcheng.standards import periods

YEARS = range(1970, 2200)
"""Of days in an address; far outside of them arithmetic with instants overflows."""
Table = tuple[list[str], Iterable[list[Any]], int]
"""Columns, rows, number of rows."""


class NotGranted(ValueError):  # noqa: N818
    """The data are not handed out. ``reason`` is ``foreign``, ``not_granted``, ``expired`` or ``period``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class Pull:
    """A delivery that has begun."""

    dataset: str
    form: str
    rows: int
    chunks: Iterator[bytes]


def grant_request(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``grant``: keep what is granted, so that later changes of the row do not widen it."""
    row = DataRequest.objects.select_related("region", "created_by").get(number=record_number)
    on = now.astimezone(periods.BEIJING).date()
    if queries.dataset(code=row.dataset, on=on) is None:
        raise Refused(_("数据目录中没有这个数据集。"))
    if row.until_date <= on:
        raise Refused(_("使用期限已过，请退回重新申请。"))
    if row.created_by is None:
        raise Refused(_("没有申请人，不能授权。"))
    granted = {
        "dataset": row.dataset,
        "region": row.region.code if row.region else "",
        "until": row.until_date.isoformat(),
        "user": row.created_by.pk,
        "by": actor.pk,
    }
    rows_of.change(record=row, values={"granted": granted}, actor=actor, at=now)


def pull(
    *, row: DataRequest, user: User, form: str, first: dt.date | None, last: dt.date | None, now: dt.datetime,
    address: str = "",
) -> Pull:  # fmt: skip
    """Check the grant, write the pull down, and begin to hand out the dataset.

    Parameters
    ----------
    form
        ``csv`` or ``json``.
    first, last
        Days of an element's values, both inclusive; by default the latest ones.

    Raises
    ------
    NotGranted
        If the grant does not hold for this person today; the attempt is written down.
    """
    on = now.astimezone(periods.BEIJING).date()
    asked = f"{first or ''}/{last or ''}"
    noted = {"request_number": row.number, "actor": user, "at": now, "form": form, "asked": asked,
             "address": address[:64], "dataset": str(row.granted.get("dataset", row.dataset))}  # fmt: skip
    try:
        _allowed(row, user, on)
        columns, table, count = _table(row.granted, first, last, on)
    except NotGranted as error:
        PullLog.objects.create(**noted, outcome=error.reason)
        raise
    PullLog.objects.create(**noted, outcome="delivered", rows=count)
    access.record(
        actor=user, action="network.pull", object_type="data-requests", object_id=row.number,
        after={"dataset": noted["dataset"], "rows": count, "form": form}, at=now, address=address[:64],
    )  # fmt: skip
    chunks = _as_csv(columns, table) if form == "csv" else _as_json(columns, table)
    return Pull(str(noted["dataset"]), form, count, chunks)


def _allowed(row: DataRequest, user: User, on: dt.date) -> None:
    if row.withdrawn_at is not None or row.state != "granted":
        raise NotGranted("not_granted")
    if row.granted.get("user") != user.pk:
        raise NotGranted("foreign")
    if on >= dt.date.fromisoformat(row.granted["until"]):
        raise NotGranted("expired")


def _table(granted: Mapping[str, Any], first: dt.date | None, last: dt.date | None, on: dt.date) -> Table:
    kind, _colon, name = granted["dataset"].partition(":")
    if kind == "register" and name in manifests.registers():
        return _register(name, granted["region"])
    if kind == "element":
        return _element(name, granted["region"], first, last, on)
    if kind == "indicator":
        return _indicator(name)
    raise NotGranted("not_granted")


def _register(name: str, region: str) -> Table:
    """Return the rows of a register in the granted area; personal fields never leave the house this way."""
    declared = records.register(name)
    fields = [field for field in declared.fields if field not in declared.personal]
    columns = list(dict.fromkeys(("number", *fields, "region", "state")))
    rows = records.rows(register=name).filter(withdrawn_at=None).order_by("pk")
    if region:
        rows = rows.filter(region__code__startswith=region)
    cells = ([_plain(getattr(row, column)) for column in columns] for row in rows.iterator(chunk_size=500))
    return columns, cells, rows.count()


def _element(name: str, region: str, first: dt.date | None, last: dt.date | None, on: dt.date) -> Table:
    last = last or on
    first = first or last
    sensible = first.year in YEARS and last.year in YEARS
    if not sensible or not 0 <= (last - first).days < in_force("datasets", on)["most_days"]:
        raise NotGranted("period")
    stations = {
        station.pk: station.code
        for station in queries.points(scope=None, on=on).get(name, [])
        if station.region.code.startswith(region)
    }
    names = {row.pk: (str(row), row.unit) for row in ObservedProperty.objects.exclude(medium="derived")}
    start, end = periods.day_bounds(first)[0], periods.day_bounds(last)[1]
    tables = [
        (granularity.name.lower(), store.read(stations=sorted(stations), properties=sorted(names),
                                              granularity=granularity, start=start, end=end))
        for granularity in (store.Granularity.HOUR, store.Granularity.DAY)
    ]  # fmt: skip
    columns = ["station", "property", "unit", "granularity", "start", "value", "flag"]
    count = sum(len(table) for _word, table in tables)
    return columns, _values(tables, stations, names), count


def _values(
    tables: list[tuple[str, Any]], stations: Mapping[int, str], names: Mapping[int, tuple[str, str]]
) -> Iterator[list[Any]]:
    for word, table in tables:
        for batch in table.to_batches(max_chunksize=5_000):
            columns = (
                batch.column(name).to_pylist() for name in ("station", "property", "start", "value", "flag")
            )
            for station, key, start, value, flag in zip(*columns, strict=True):
                at = dt.datetime.fromtimestamp(start, periods.BEIJING).isoformat()
                yield [stations[station], *names[key], word, at, None if value != value else value, chr(flag)]


def _indicator(name: str) -> Table:
    found = indicators.current(indicators=[name])
    columns = ["period_start_date", "period_end_date", "edition", "value", "unit"]
    return columns, ([_plain(getattr(row, column)) for column in columns] for row in found), found.count()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(periods.BEIJING).isoformat(timespec="seconds")
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(getattr(value, "code", value))


def _as_csv(columns: list[str], table: Iterable[list[Any]]) -> Iterator[bytes]:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(columns)
    for row in table:
        writer.writerow([safe_cell(cell) for cell in row])
        if line.tell() > 60_000:
            yield line.getvalue().encode()
            line.seek(0)
            line.truncate()
    yield line.getvalue().encode()


def _as_json(columns: list[str], table: Iterable[list[Any]]) -> Iterator[bytes]:
    yield b"["
    for place, row in enumerate(table):
        text = json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False)
        yield f"{',' if place else ''}\n{text}".encode()
    yield b"\n]\n"
