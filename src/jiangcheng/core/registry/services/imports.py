"""Idempotent import of registers: rows are known by their codes, and what did not change is not touched."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import shapely
from django.core.exceptions import ValidationError
from django.db import models as fields
from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access import rules as access_rules
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry import models, queries

CHUNK = 500
AUDITED_CHANGES = 200
"""How many changed rows the audit entry of an import lists one by one."""


@dataclasses.dataclass(frozen=True, slots=True)
class RowError:
    """A row that was not taken, and why."""

    row: int
    """Number of the row, from 1."""
    column: str
    message: str


@dataclasses.dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or with ``dry_run`` would have done."""

    kind: str
    inserted: int
    updated: int
    unchanged: int
    errors: tuple[RowError, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """A column (or several) that names a row of another register."""

    model: type[fields.Model]
    columns: tuple[tuple[str, str], ...]
    """Pairs of a column of the file and the look-up it stands for."""
    defaults: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """A register: its model, what makes a row known again, and what it refers to."""

    model: type[fields.Model]
    key: tuple[str, ...]
    references: Mapping[str, Reference] = dataclasses.field(default_factory=dict)


def _by(model: type[fields.Model], column: str, lookup: str = "code") -> Reference:
    return Reference(model, ((column, lookup),))


_REGION = _by(models.Region, "region")
_GRID_CELL = _by(models.GridCell, "grid_cell")
_FACILITY = _by(models.Facility, "facility")
_STATION = _by(models.Station, "station")

KINDS: dict[str, Kind] = {
    "regions": Kind(models.Region, ("code",), {"parent": _by(models.Region, "parent")}),
    "grid_cells": Kind(models.GridCell, ("code",), {"region": _REGION}),
    "grid_duties": Kind(
        models.GridDuty,
        ("grid_cell", "user", "duty", "valid_from_date"),
        {"grid_cell": _GRID_CELL, "user": _by(User, "user", "username")},
    ),
    "facilities": Kind(models.Facility, ("code",), {"region": _REGION, "grid_cell": _GRID_CELL}),
    "stations": Kind(models.Station, ("code",), {"region": _REGION, "grid_cell": _GRID_CELL}),
    "outlets": Kind(models.Outlet, ("facility", "number"), {"facility": _FACILITY, "station": _STATION}),
    "devices": Kind(models.Device, ("mn",), {"station": _STATION}),
    "properties": Kind(models.ObservedProperty, ("code", "statistic")),
    "permits": Kind(models.Permit, ("number", "version"), {"facility": _FACILITY}),
    "permit_limits": Kind(
        models.PermitLimit,
        ("permit", "outlet", "observed_property", "averaging"),
        {
            "permit": Reference(
                models.Permit,
                (("permit", "number"), ("permit_version", "version")),
                (("permit_version", "1"),),
            ),
            "outlet": _by(models.Outlet, "outlet", "station__code"),
            "observed_property": Reference(
                models.ObservedProperty,
                (("property", "code"), ("statistic", "statistic")),
                (("statistic", "avg"),),
            ),
        },
    ),
}


def kinds() -> tuple[str, ...]:
    """Return the registers that can be imported, in an order in which references are already there."""
    return tuple(KINDS)


def import_register(
    kind: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    actor: User | None,
    at: dt.datetime,
    dry_run: bool = False,
) -> ImportReport:
    """Insert new rows and update changed ones; the same rows again change nothing.

    Columns are the fields of the model; what refers to another register is given by its code (``region``,
    ``grid_cell``, ``facility``, ``station``, ``parent``), a person by ``user`` (log-in name). In
    ``permit_limits`` ``permit`` is the number (with ``permit_version``, default 1), ``outlet`` the code of
    its station, ``property`` the factor's code (with ``statistic``, default ``avg``). Boundaries are GeoJSON
    geometries. Facilities and stations without ``grid_cell`` or ``region`` get those of their position.
    A permit may bring its ``limits`` as a list of such rows.

    Parameters
    ----------
    actor
        The person who imports, None for the installation itself.
    dry_run
        Say what would happen and leave everything as it is.

    Raises
    ------
    LookupError
        If there is no such register.
    """
    if kind not in KINDS:
        raise LookupError(f"no register is called {kind!r}; there are {', '.join(KINDS)}")
    given = [dict(row) for row in rows]
    nested = _take_limits(given) if kind == "permits" else []
    with transaction.atomic():
        report = _Import(kind, at).run(given, actor)
        if nested:
            limits = _Import("permit_limits", at).run(nested, actor)
            report = dataclasses.replace(report, errors=report.errors + limits.errors)
        if dry_run:
            transaction.set_rollback(True)
    return report


class _Import:
    """One run over the rows of one register."""

    def __init__(self, kind: str, at: dt.datetime) -> None:
        self.name, self.kind, self.at = kind, KINDS[kind], at
        self.columns = {
            field.name: field
            for field in self.kind.model._meta.concrete_fields
            if not field.primary_key and field.name not in self.kind.references
        }
        self.errors: list[RowError] = []
        self.changes: list[dict[str, Any]] = []
        self.known: dict[tuple[Any, ...], Any] = {}
        self.inserts: dict[tuple[Any, ...], Any] = {}
        self.updates: dict[tuple[Any, ...], Any] = {}
        self.unchanged = 0

    def run(self, rows: list[dict[str, Any]], actor: User | None) -> ImportReport:
        self._load_known()
        self._load_references()
        for number, row in enumerate(rows, start=1):
            try:
                self._take(self._place(row))
            except _BadRow as error:
                self.errors.append(RowError(number, error.column, error.message))
        self._write()
        if self.inserts or self.updates:
            self._note(rows, actor)
        return ImportReport(
            self.name, len(self.inserts), len(self.updates), self.unchanged, tuple(self.errors)
        )

    def _load_known(self) -> None:
        for item in self.kind.model._default_manager.all():
            self.known[self._key(item)] = item
        alone = len(self.kind.key) == 1
        self.owners: dict[str, dict[Any, tuple[Any, ...]]] = {
            field.attname: {getattr(item, field.attname): key for key, item in self.known.items()}
            for field in self.kind.model._meta.concrete_fields
            if field.unique and not field.primary_key and not (alone and field.name == self.kind.key[0])
        }

    def _load_references(self) -> None:
        self.targets = {
            name: {
                tuple(map(str, row[1:])): row[0]
                for row in reference.model._default_manager.values_list(
                    "pk", *(lookup for _, lookup in reference.columns)
                )
            }
            for name, reference in self.kind.references.items()
        }

    def _key(self, item: Any) -> tuple[Any, ...]:
        attributes = [f"{name}_id" if name in self.kind.references else name for name in self.kind.key]
        return tuple(getattr(item, attribute) for attribute in attributes)

    def _place(self, row: dict[str, Any]) -> dict[str, Any]:
        placed = row.get("kind") == "area" or (row.get("grid_cell") and row.get("region"))
        if placed or self.name not in ("facilities", "stations"):
            return row
        try:
            lon, lat = float(row["longitude"]), float(row["latitude"])
        except (KeyError, TypeError, ValueError):
            return row
        cell = queries.leaf_grid(lon, lat, timezone.localdate(self.at))
        if cell is None:
            return row
        return {
            **row,
            "grid_cell": row.get("grid_cell") or cell.code,
            "region": row.get("region") or cell.region.code,
        }

    def _take(self, row: Mapping[str, Any]) -> None:
        values = dict(self._values(row))
        draft = self.kind.model(**values)
        key = self._key(draft)
        if key in self.inserts or key in self.updates:
            raise _BadRow(self.kind.key[0], "the file has this row twice")
        known = self.known.get(key)
        item = known or draft
        before = {name: getattr(item, name) for name in values} if known else {}
        for name, value in values.items():
            setattr(item, name, value)
        self._check(item)
        self._own(key, item)
        if known is None:
            self.inserts[key] = item
            if self.name == "regions":
                self._insert_now(item)
        elif changed := {name: before[name] for name in values if before[name] != values[name]}:
            self.updates[key] = item
            self.changes.append({"key": key, "before": changed, "after": {n: values[n] for n in changed}})
        else:
            self.unchanged += 1

    def _own(self, key: tuple[Any, ...], item: Any) -> None:
        """Refuse what only one row may have and another one has."""
        for attribute, owners in self.owners.items():
            value = getattr(item, attribute)
            if value is not None and owners.setdefault(value, key) != key:
                raise _BadRow(attribute.removesuffix("_id"), "belongs to another row already")

    def _insert_now(self, item: Any) -> None:
        # A region's parent may stand a few rows above in the same file.
        item.save()
        self.targets["parent"][(item.code,)] = item.pk

    def _values(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        used: set[str] = set()
        for name, reference in self.kind.references.items():
            used.update(column for column, _ in reference.columns)
            if (target := self._target(name, reference, row)) is not _ABSENT:
                yield f"{name}_id", target
        for column, value in row.items():
            if column in used:
                continue
            if column not in self.columns:
                raise _BadRow(column, "there is no such column")
            yield column, _converted(self.columns[column], value)

    def _target(self, name: str, reference: Reference, row: Mapping[str, Any]) -> Any:
        if reference.columns[0][0] not in row:
            return _ABSENT
        defaults = dict(reference.defaults)
        code = tuple(str(row.get(column) or defaults.get(column, "")) for column, _ in reference.columns)
        if not code[0]:
            return None
        try:
            return self.targets[name][code]
        except KeyError:
            raise _BadRow(reference.columns[0][0], f"{'/'.join(code)} is not registered") from None

    def _check(self, item: Any) -> None:
        for name in self.kind.references:
            if getattr(item, f"{name}_id") is None and not item._meta.get_field(name).null:
                raise _BadRow(name, "is missing")
        empty = {
            name
            for name, field in self.columns.items()
            if getattr(item, name) in field.empty_values and (field.null or field.has_default())
        }
        try:
            # References were looked up by code; checking them again would ask the database row by row.
            item.clean_fields(exclude=empty | set(self.kind.references))
        except ValidationError as error:
            column, messages = next(iter(error.message_dict.items()))
            raise _BadRow(column, messages[0]) from error

    def _write(self) -> None:
        manager = self.kind.model._default_manager
        if self.name != "regions":
            manager.bulk_create(list(self.inserts.values()), batch_size=CHUNK)
        if self.updates:
            names = [*self.columns, *self.kind.references]
            manager.bulk_update(list(self.updates.values()), names, batch_size=CHUNK)

    def _note(self, rows: list[dict[str, Any]], actor: User | None) -> None:
        digest = hashlib.sha256(access_rules.canonical(rows)).hexdigest()
        last = models.RegisterVersion.objects.filter(kind=self.name).first()
        token = hashlib.sha256(f"{last.token if last else ''}{digest}".encode()).hexdigest()
        models.RegisterVersion.objects.update_or_create(
            kind=self.name, defaults={"token": token, "changed_at": self.at}
        )
        access.record(
            actor=actor,
            action="registry.import",
            object_type=self.name,
            object_id=token[:16],
            before={"token": last.token if last else ""},
            after={
                "token": token,
                "inserted": len(self.inserts),
                "updated": len(self.updates),
                "rejected": len(self.errors),
                "changes": [_audited(change) for change in self.changes[:AUDITED_CHANGES]],
            },
            at=self.at,
        )


class _BadRow(Exception):  # noqa: N818
    def __init__(self, column: str, message: str) -> None:
        self.column, self.message = column, message


_ABSENT = object()


def _take_limits(permits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"permit": permit.get("number"), "permit_version": permit.get("version") or 1, **limit}
        for permit in permits
        for limit in permit.pop("limits", ())
    ]


def _converted(field: fields.Field[Any, Any], value: Any) -> Any:
    if isinstance(value, str):
        if "\0" in value:
            raise _BadRow(field.name, "holds the character NUL")
        value = value.strip()
        if value == "" and not field.empty_strings_allowed:
            return None if field.null else field.get_default()
        if isinstance(field, fields.BooleanField):
            value = value.lower() in ("true", "1", "yes", "是")
    try:
        if isinstance(field, fields.JSONField):
            value = json.loads(value) if isinstance(value, str) else value
            return _geometry(value) if field.name == "boundary" and value is not None else value
        return field.to_python(value)
    except (ValidationError, ValueError, TypeError, ArithmeticError) as error:
        message = error.messages[0] if isinstance(error, ValidationError) else str(error)
        raise _BadRow(field.name, message) from error


def _geometry(value: Any) -> Any:
    """Return a GeoJSON geometry unchanged if it is a valid area.

    Raises
    ------
    ValueError
        If not.
    """
    try:
        shape = shapely.geometry.shape(value)
    except Exception as error:  # shapely raises whatever the broken document leads it into
        raise ValueError("not a GeoJSON geometry") from error
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        raise ValueError("a boundary is a polygon")
    if not shape.is_valid:
        raise ValueError(f"not a valid polygon: {shapely.is_valid_reason(shape)}")
    return json.loads(json.dumps(value))


def _audited(change: dict[str, Any]) -> dict[str, Any]:
    return {
        side: {name: _short(value) for name, value in change[side].items()} for side in ("before", "after")
    } | {"key": [str(part) for part in change["key"]]}


def _short(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return f"sha256:{hashlib.sha256(access_rules.canonical(value)).hexdigest()[:16]}"
    return value
