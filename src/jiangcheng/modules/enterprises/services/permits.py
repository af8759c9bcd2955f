"""A permit version from a JSON document: units, treatments, limits, monitoring, reports."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import ObservedProperty, Outlet, Permit
from jiangcheng.modules.enterprises.models import (
    Frequency,
    MonitoringRequirement,
    PermitUnit,
    ReportRequirement,
    TreatmentFacility,
)

HEAD = ("facility", "number", "version", "valid_from_date")
SINGLE = (*HEAD, "valid_to_date")
NAMED = ("code", "name_zh", "name_en")


@dataclasses.dataclass(frozen=True, slots=True)
class PermitImport:
    """What an import did, or with ``dry_run`` would have done. With errors nothing is written."""

    number: str
    version: int
    written: Mapping[str, int]
    errors: tuple[str, ...]


class _Bad(ValueError):  # noqa: N818
    """A part of the document cannot be taken; the message names its place."""


def import_permit(
    *, document: Mapping[str, Any], actor: User | None, at: dt.datetime, dry_run: bool = False
) -> PermitImport:
    """Bring one permit version in; its open predecessor ends on the day on which it begins.

    A version that is there already is refused: what a permit says changes by a new version only.
    The form of the document is described in ``docs/enterprises.md``.
    """
    errors: list[str] = [f"{name}: missing" for name in HEAD if not document.get(name)]
    errors += _misshapen(document)
    if errors:
        return PermitImport(str(document.get("number", "")), 0, {}, tuple(errors))
    number, version = str(document["number"]), int(document["version"])
    written: dict[str, int] = {}
    with transaction.atomic():
        try:
            permit = _head(document, number, version, actor, at)
            for part, write in _PARTS.items():
                written[part] = _part(permit, part, document.get(part, ()), write, errors)
        except _Bad as error:
            errors.append(str(error))
        if errors or dry_run:
            transaction.set_rollback(True)
        else:
            _note(document, number, version, written, actor, at)
    return PermitImport(number, version, written, tuple(errors))


def _misshapen(document: Mapping[str, Any]) -> list[str]:
    """Return what is not of the form of a permit: single values, and parts that are lists of rows of them."""
    found = [f"{name}: not a single value" for name in SINGLE if isinstance(document.get(name), list | dict)]
    try:
        int(document.get("version") or 0)
    except (TypeError, ValueError, OverflowError):
        found.append("version: not a whole number")
    for part in ("limits", *_PARTS):
        rows = document.get(part, ())
        if not isinstance(rows, list | tuple):
            found.append(f"{part}: not a list")
            continue
        for place, row in enumerate(rows, start=1):
            if not isinstance(row, Mapping):
                found.append(f"{part}[{place}]: not an object")
            elif nested := [name for name, value in row.items() if isinstance(value, list | dict)]:
                found.append(f"{part}[{place}]: {nested[0]}: not a single value")
    return found


def _head(
    document: Mapping[str, Any], number: str, version: int, actor: User | None, at: dt.datetime
) -> Permit:
    if Permit.objects.filter(number=number, version=version).exists():
        raise _Bad(f"version: {number} v{version} is there already")
    row = {name: document[name] for name in HEAD} | {
        "valid_to_date": document.get("valid_to_date"),
        "limits": list(document.get("limits", ())),
    }
    before = _predecessor(number, str(document["valid_from_date"]))
    if before is not None:
        before.valid_to_date = dt.date.fromisoformat(str(document["valid_from_date"]))
        before.save(update_fields=["valid_to_date"])
    report = registry.import_register("permits", [row], actor=actor, at=at)
    if report.errors:
        raise _Bad("; ".join(f"{error.column}: {error.message}" for error in report.errors))
    return Permit.objects.select_related("facility").get(number=number, version=version)


def _predecessor(number: str, begins: str) -> Permit | None:
    try:
        day = dt.date.fromisoformat(begins)
    except ValueError as error:
        raise _Bad(f"valid_from_date: {begins} is no date") from error
    before = Permit.objects.filter(number=number).order_by("-version").first()
    if before is None or (before.valid_to_date is not None and before.valid_to_date <= day):
        return None
    if before.valid_from_date >= day:
        raise _Bad(f"valid_from_date: not after that of version {before.version}")
    return before


def _part(permit: Permit, part: str, rows: Any, write: Any, errors: list[str]) -> int:
    done = 0
    for place, row in enumerate(rows, start=1):
        try:
            write(permit, row)
            done += 1
        except (_Bad, KeyError) as error:
            said = f"missing {error}" if isinstance(error, KeyError) else str(error)
            errors.append(f"{part}[{place}]: {said}")
    return done


def _unit(permit: Permit, row: Mapping[str, Any]) -> None:
    names = {name: row[name] for name in NAMED}
    extra = {name: str(row.get(name, "")) for name in ("capacity", "materials")}
    if PermitUnit.objects.filter(permit=permit, code=row["code"]).exists():
        raise _Bad(f"code: {row['code']} twice")
    _create(PermitUnit(permit=permit, **names, **extra))


def _treatment(permit: Permit, row: Mapping[str, Any]) -> None:
    if TreatmentFacility.objects.filter(permit=permit, code=row["code"]).exists():
        raise _Bad(f"code: {row['code']} twice")
    outlet = _outlet(permit, row["outlet"]) if row.get("outlet") else None
    names = {name: row[name] for name in NAMED}
    _create(TreatmentFacility(permit=permit, outlet=outlet, process=row.get("process", ""), **names))


def _report(permit: Permit, row: Mapping[str, Any]) -> None:
    if row["frequency"] not in ("year", "quarter", "month"):
        raise _Bad(f"frequency: {row['frequency']} is none of year, quarter, month")
    if ReportRequirement.objects.filter(permit=permit, frequency=row["frequency"]).exists():
        raise _Bad(f"frequency: {row['frequency']} twice")
    _create(
        ReportRequirement(
            permit=permit,
            frequency=row["frequency"],
            after_days=row.get("after_days"),
            merges=bool(row.get("merges", False)),
        )
    )


def _monitoring(permit: Permit, row: Mapping[str, Any]) -> None:
    if row["frequency"] not in Frequency.values:
        raise _Bad(f"frequency: {row['frequency']} is unknown")
    quantity = ObservedProperty.objects.filter(
        code=row["property"], statistic=row.get("statistic", "avg")
    ).first()
    if quantity is None:
        raise _Bad(f"property: {row['property']} is unknown")
    outlet = _outlet(permit, row["outlet"])
    if MonitoringRequirement.objects.filter(
        permit=permit, outlet=outlet, observed_property=quantity
    ).exists():
        raise _Bad(f"property: {row['property']} at {outlet.number} twice")
    _create(
        MonitoringRequirement(
            permit=permit,
            outlet=outlet,
            observed_property=quantity,
            frequency=row["frequency"],
            automatic=bool(row.get("automatic", False)),
        )
    )


def _create(item: Model) -> None:
    """Store a row of a part if its own values are what they may be; what it refers to was looked up."""
    passed = {
        field.name
        for field in item._meta.concrete_fields
        if field.is_relation or (field.null and getattr(item, field.attname) is None)
    }
    try:
        item.clean_fields(exclude=passed)
    except ValidationError as error:
        column, messages = next(iter(error.message_dict.items()))
        raise _Bad(f"{column}: {messages[0]}") from error
    item.save()


def _outlet(permit: Permit, number: str) -> Outlet:
    found = permit.facility.outlets.filter(number=number).first()
    if found is None:
        raise _Bad(f"outlet: {number} is not registered")
    return found


def _note(
    document: Mapping[str, Any],
    number: str,
    version: int,
    written: Mapping[str, int],
    actor: User | None,
    at: dt.datetime,
) -> None:
    access.record(
        actor=actor,
        action="enterprises.import_permit",
        object_type="permit",
        object_id=f"{number} v{version}",
        after={"facility": document["facility"], **written},
        at=at,
    )


_PARTS = {"units": _unit, "treatments": _treatment, "reports": _report, "monitoring": _monitoring}
