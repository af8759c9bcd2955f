"""Files in and out: templates, imports that can be tried, repeated and undone, exports."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import tablib
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export import fields as columns
from import_export import resources, widgets
from openpyxl import load_workbook

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import Register
from jiangcheng.core.portal.services import tables
from jiangcheng.core.records import queries, rules
from jiangcheng.core.records.models import ImportRun, ImportTrial, Record
from jiangcheng.core.records.services import rows
from jiangcheng.core.registry.models import Facility, Region

LARGEST_FILE = 10 * 2**20
MOST_ROWS = 50_000
MOST_UNPACKED = 200 * 2**20
"""Bytes a workbook may unpack to; more is a trap and no register."""
TRIAL_KEPT = dt.timedelta(days=1)
FORMATS = ("csv", "xlsx", "json", "geojson", "parquet")


class FileRefused(ValueError):  # noqa: N818
    """The file as a whole was refused. ``code`` is ``too_large``, ``too_many``, ``unreadable``, ``columns``."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


class NotUndone(ValueError):  # noqa: N818
    """An import was not undone: it was before, or somebody has worked on these rows since."""

    def __init__(self, numbers: Sequence[str]) -> None:
        super().__init__(", ".join(numbers))
        self.numbers = tuple(numbers)


@dataclasses.dataclass(frozen=True, slots=True)
class RowResult:
    """What became, or would become, of a row of a file."""

    line: int
    """Number of the row in the file; the heading is 1."""
    outcome: str
    """``added``, ``changed``, ``unchanged`` or ``refused``."""
    key: str
    differences: tuple[tuple[str, str, str], ...] = ()
    """Column, value before, value after."""
    errors: tuple[tuple[str, str], ...] = ()
    """Column and why."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImportResult:
    """What became, or would become, of a file."""

    rows: tuple[RowResult, ...]
    run: ImportRun | None = None

    def count(self, outcome: str) -> int:
        """Return how many rows had an outcome."""
        return sum(row.outcome == outcome for row in self.rows)


def template(declared: Register) -> tablib.Dataset:
    """Return an empty table with the columns an import reads; those of the key carry an asterisk."""
    heading = [f"{name}*" if name in declared.key else name for name in _columns(declared)]
    dataset = tablib.Dataset(headers=heading, title=declared.code[:31])
    dataset.append([_label(declared, name) for name in _columns(declared)])
    return dataset


def codes(declared: Register) -> list[tuple[str, str, str, str, str]]:
    """Return what the columns of the template take: column, name, whether it is needed, code, meaning.

    Columns with a list of codes have a row for each; enterprises are named by the rule, not listed.
    """
    found = []
    for name in _columns(declared):
        field = queries.model_of(declared.code)._meta.get_field(name)
        assert isinstance(field, models.Field)
        needed = _("必填") if not (field.blank or field.null) and name != "number" else ""
        label = _label(declared, name)
        found += [(name, label, needed, code, meaning) for code, meaning in _meanings(field)]
    return found


def _label(declared: Register, name: str) -> str:
    return str(queries.model_of(declared.code)._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def _meanings(field: models.Field[Any, Any]) -> list[tuple[str, str]]:
    if isinstance(field, models.ForeignKey):
        if field.related_model is Region:
            regions = Region.objects.filter(level__in=("city", "county")).order_by("code")
            return [(region.code, region.name_zh) for region in regions]
        return [("", _("企业编码") if field.related_model is Facility else _("用户名"))]
    if field.choices:
        return [(str(code), str(meaning)) for code, meaning in field.flatchoices]
    if isinstance(field, models.BooleanField):
        return [("1", _("是")), ("0", _("否"))]
    kinds: tuple[tuple[type[models.Field[Any, Any]], str], ...] = (
        (models.DateTimeField, _("日期和时间，如 2026-11-20 08:00:00")),
        (models.DateField, _("日期，如 2026-11-20")),
        (models.IntegerField, _("整数")),
        (models.FloatField, _("数值")),
        (models.DecimalField, _("数值")),
        (models.JSONField, "JSON"),
    )
    return [("", next((text for kind, text in kinds if isinstance(field, kind)), _("文字")))]


def import_file(
    *, register: str, file: File[bytes], name: str, actor: User, at: dt.datetime, dry_run: bool
) -> ImportResult:
    """Bring the rows of a CSV or XLSX file into a register, each alone: a bad row hurts no other.

    A dry run does everything and takes it back, so that it tells exactly what the run would do. The same file
    a second time changes nothing.

    Raises
    ------
    FileRefused
        If nothing of the file can be read.
    """
    declared = queries.register(register)
    content = _content(file)
    dataset = _dataset(content, declared)
    run = ImportRun(
        register=register,
        sha256=hashlib.sha256(content).hexdigest(),
        file_name=name[:200],
        actor=actor,
        at=at,
    )
    found: list[RowResult] = []
    with transaction.atomic():
        run.save()
        resource = _resource(declared)(declared, run, actor, at)
        for line, row in enumerate(dataset.dict, start=2):
            found.append(_imported(resource, declared, line, row))
        result = ImportResult(tuple(found), None if dry_run else run)
        if dry_run:
            transaction.set_rollback(True)
            return result
        run.added, run.changed = result.count("added"), result.count("changed")
        run.unchanged, run.refused = result.count("unchanged"), result.count("refused")
        run.errors = [
            {"line": row.line, "key": row.key, "column": column, "rule": rule}
            for row in found
            for column, rule in row.errors
        ][:MOST_ROWS]
        run.save()
        access.record(
            actor=actor,
            action="records.import",
            object_type=register,
            object_id=str(run.pk),
            after={"file": run.file_name, "sha256": run.sha256, "added": run.added, "changed": run.changed},
            at=at,
        )
    return result


def keep_trial(*, register: str, file: File[bytes], name: str, actor: User, at: dt.datetime) -> ImportTrial:
    """Keep a file that was tried, so that it can be imported as it was tried."""
    file.seek(0)
    return ImportTrial.objects.create(
        register=register, file_name=name[:200], content=file.read(), actor=actor, at=at
    )


def sweep_trials(*, now: dt.datetime) -> int:
    """Forget the files that were tried long ago; return how many."""
    return ImportTrial.objects.filter(at__lt=now - TRIAL_KEPT).delete()[0]


def undo_import(*, run: ImportRun, actor: User, at: dt.datetime) -> int:
    """Take an import back: added rows are withdrawn, changed ones get their earlier values again.

    Returns how many rows that were.

    Raises
    ------
    NotUndone
        If it was undone before, rows were changed or acted on since (their numbers are told), or the person
        neither made it nor manages the whole city (``permission``).
    """
    model = queries.model_of(run.register)
    reason = _reason(run)
    scope = access_queries.scope(actor, queries.register(run.register).change, timezone.localdate(at))
    if not scope.everything and run.actor_id != actor.pk:
        raise NotUndone(["permission"])
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update().get(pk=run.pk)
        if locked.undone_at is not None:
            raise NotUndone([])
        added = list(model._default_manager.filter(import_run=locked, withdrawn_at=None))
        past = model.history.filter(history_change_reason=reason)
        changed = list(model._default_manager.filter(pk__in=past.values("id")).exclude(import_run=locked))
        touched = [record.number for record in added if record.past.count() > 1]  # type: ignore[attr-defined]
        touched += [record.number for record in changed if _last_reason(record) != reason]
        if touched:
            raise NotUndone(touched)
        for record in added:
            rows.withdraw(record=record, actor=actor, at=at, reason=f"撤销导入 {run.pk}")
        declared = queries.register(run.register)
        for record in changed:
            before = record.past.order_by("-history_id")[1]  # type: ignore[attr-defined]
            values = {name: getattr(before, name) for name in declared.fields}
            rows.change(record=record, values=values, actor=actor, at=at, reason=f"撤销导入 {run.pk}")
        locked.undone_at, locked.undone_by = at, actor
        locked.save()
        access.record(
            actor=actor,
            action="records.undo_import",
            object_type=run.register,
            object_id=str(run.pk),
            after={"rows": len(added) + len(changed)},
            at=at,
        )
    run.refresh_from_db()
    return len(added) + len(changed)


def export(*, declared: Register, records: Iterable[Record], form: str, masked: frozenset[str]) -> bytes:
    """Return rows as a file.

    Parameters
    ----------
    form
        One of `FORMATS`.
    masked
        Fields that the reader may not read; they stay empty.

    Raises
    ------
    ValueError
        If the form is none of them.
    """
    names = list(dict.fromkeys(("number", *_columns(declared), "region", "state", "due_at", "created_at")))
    table = [[_cell(record, name, name in masked) for name in names] for record in records]
    if form == "geojson":
        return _geojson(declared, names, table, records)
    if form == "json":
        found = [dict(zip(names, row, strict=True)) for row in table]
        return json.dumps(found, ensure_ascii=False, default=str).encode()
    if form == "parquet":
        return tables.as_parquet(names, table)
    safe = [[rules.safe_cell(cell) for cell in row] for row in table]
    if form == "csv":
        dataset = tablib.Dataset(*safe, headers=names)
        return bytes(b"\xef\xbb\xbf" + dataset.export("csv").encode())
    if form == "xlsx":
        return tables.as_xlsx(declared.code, [names, *safe])
    raise ValueError(form)


def note_export(
    *, register: str, form: str, rows: int, asked: str, masked: bool, actor: User, at: dt.datetime
) -> None:
    """Write on the trail who took how many rows of a register away, narrowed how."""
    access.record(
        actor=actor,
        action="records.export",
        object_type=register,
        object_id=form,
        after={"rows": rows, "asked": asked[:200], "personal": not masked},
        at=at,
    )


class _Resource(resources.ModelResource):  # type: ignore[misc]
    """Reads a row of a file into an instance; saving goes through the services."""

    def __init__(self, declared: Register, run: ImportRun, actor: User, at: dt.datetime) -> None:
        super().__init__()
        self.declared, self.run, self.actor, self.at = declared, run, actor, at


def _resource(declared: Register) -> type[_Resource]:
    """Return a resource with the columns of a register: codes for keys to other nouns."""
    model = queries.model_of(declared.code)
    attributes: dict[str, Any] = {
        "Meta": type(
            "Meta", (), {"model": model, "fields": _columns(declared), "import_id_fields": declared.key}
        )
    }
    for name in _columns(declared):
        field = model._meta.get_field(name)
        if isinstance(field, models.ForeignKey):
            related = field.related_model
            key = "code" if related in (Facility, Region) else "username" if related is User else "pk"
            attributes[name] = columns.Field(
                column_name=name, attribute=name, widget=widgets.ForeignKeyWidget(related, key)
            )
    return type("RegisterResource", (_Resource,), attributes)


def _imported(resource: _Resource, declared: Register, line: int, row: dict[str, Any]) -> RowResult:
    key = " / ".join(str(row.get(name) or "") for name in declared.key)
    try:
        with transaction.atomic():
            return _taken(resource, declared, line, row, key)
    except ValidationError as error:
        told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        errors = tuple((column, text) for column, texts in told.items() for text in texts)
    except Refused as error:
        errors = (("", ", ".join(error.reasons)),)
    except IntegrityError:
        # What no column of the register brings, but the row cannot be without.
        errors = (("", _("缺少必需的内容，或与其他行冲突")),)
    return RowResult(line, "refused", key, errors=errors)


def _taken(resource: _Resource, declared: Register, line: int, row: dict[str, Any], key: str) -> RowResult:
    values = _values(resource, row)
    given = {
        name: values[name] for name in values if name not in declared.key or values[name] not in (None, "")
    }
    model = queries.model_of(declared.code)
    found = {name: values.get(name) for name in declared.key}
    known = None
    if all(value not in (None, "") for value in found.values()):
        known = model._default_manager.filter(**found, withdrawn_at=None).first()
    if known is None:
        number = str(given.pop("number", "") or "")
        record = rows.create(
            register=declared.code, values=given, actor=resource.actor, at=resource.at, number=number,
            import_run=resource.run,
        )  # fmt: skip
        _within_reach(record, resource)
        return RowResult(line, "added", record.number)
    _within_reach(known, resource)
    differing = rules.changes({name: getattr(known, name) for name in given}, given)
    if not differing:
        return RowResult(line, "unchanged", known.number)
    record = rows.change(
        record=known, values=given, actor=resource.actor, at=resource.at, reason=_reason(resource.run)
    )
    _within_reach(record, resource)
    told = tuple((name, str(before or ""), str(after or "")) for name, (before, after) in differing.items())
    return RowResult(line, "changed", record.number, told)


def _values(resource: _Resource, row: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a row by field; every wrong cell is told, not only the first."""
    values: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, column in resource.fields.items():
        if name not in row:
            continue
        if "\0" in str(row[name]):
            wrong[name] = [_("含有不能保存的字符")]
            continue
        try:
            value = column.clean({column.column_name: row[name]})
        except (ValueError, TypeError, ArithmeticError) as error:
            wrong[name] = [str(error)]
        except models.ObjectDoesNotExist:
            wrong[name] = [_("没有 “%s”") % row[name]]
        else:
            field = resource._meta.model._meta.get_field(name)
            empty = (
                value is None and not field.null and field.get_internal_type() in ("CharField", "TextField")
            )
            values[name] = "" if empty else value
    if wrong:
        raise ValidationError(wrong)
    return values


def _within_reach(record: Record, resource: _Resource) -> None:
    scope = access_queries.scope(resource.actor, resource.declared.change, timezone.localdate(resource.at))
    place, plant = record.region, record.facility
    if plant is not None:
        # The area of a row does not follow when its facility changes: both have to be within reach.
        allowed = scope.covers_facility(plant.code) or (
            scope.covers_region(plant.region.code) and (place is None or scope.covers_region(place.code))
        )
    else:
        allowed = scope.covers_region(place.code) if place is not None else bool(scope.region_codes)
    if not (scope.everything or allowed):
        raise ValidationError({"region": [_("不在您管理的范围内")]})


def _last_reason(record: Record) -> str:
    return str(record.past.latest().history_change_reason)  # type: ignore[attr-defined]


def _columns(declared: Register) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*declared.key, *declared.fields)))


def _reason(run: ImportRun) -> str:
    return f"import {run.pk}"


def _content(file: File[bytes]) -> bytes:
    if file.size > LARGEST_FILE:
        raise FileRefused("too_large")
    return bytes(file.read())


def _dataset(content: bytes, declared: Register) -> tablib.Dataset:
    heading, body = _sheet(content) if content.startswith(b"PK") else _text(content)
    heading = [str(name or "").strip().rstrip("*") for name in heading]
    known = set(_columns(declared))
    if not known & set(heading):
        raise FileRefused("columns", ", ".join(sorted(known)))
    if unknown := [name for name in heading if name and name not in known]:
        raise FileRefused("columns", ", ".join(unknown))
    dataset = tablib.Dataset(headers=heading)
    labels = [_label(declared, name) for name in heading if name]
    for cells in body:
        plain = [rules.plain_cell(cell) for cell in cells][: len(heading)]
        plain += [None] * (len(heading) - len(plain))
        if [cell for cell in plain if cell not in (None, "")] in ([], labels):
            continue
        dataset.append(plain)
    return dataset


def _sheet(content: bytes) -> tuple[Sequence[Any], list[Sequence[Any]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(item.file_size for item in packed.infolist()) > MOST_UNPACKED:
                raise FileRefused("too_large")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        table = book.worksheets[0].iter_rows(values_only=True)
        heading = next(table, ())
        body = []
        for row in table:
            body.append(row)
            if len(body) > MOST_ROWS:
                raise FileRefused("too_many")
    except FileRefused:
        raise
    except Exception as error:  # openpyxl raises whatever the broken workbook leads it into
        raise FileRefused("unreadable") from error
    return heading, body


def _text(content: bytes) -> tuple[Sequence[Any], list[Sequence[Any]]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise FileRefused("unreadable")
    try:
        dataset = tablib.Dataset().load(text, format="csv")
    except (tablib.InvalidDimensions, tablib.UnsupportedFormat, csv.Error, ValueError) as error:
        raise FileRefused("unreadable") from error
    if len(dataset) > MOST_ROWS:
        raise FileRefused("too_many")
    return dataset.headers or (), [list(row) for row in dataset]


def _cell(record: Record, name: str, masked: bool) -> Any:
    if masked:
        return ""
    value = getattr(record, name)
    if isinstance(value, Facility | Region):
        return value.code
    if isinstance(value, User):
        return value.username
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _geojson(
    declared: Register, names: list[str], table: list[list[Any]], records: Iterable[Record]
) -> bytes:
    features = [
        {
            "type": "Feature",
            "id": record.number,
            "geometry": None
            if record.longitude is None or record.latitude is None
            else {"type": "Point", "coordinates": [record.longitude, record.latitude]},
            "properties": dict(zip(names, row, strict=True)),
        }
        for record, row in zip(records, table, strict=True)
    ]
    collection = {"type": "FeatureCollection", "name": declared.code, "features": features}
    return json.dumps(collection, ensure_ascii=False, default=str).encode()
