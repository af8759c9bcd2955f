"""Zones and shorelines in and out as GeoJSON, GeoPackage and Shapefile: all of a file, or nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import shapely
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.modules.ecology import queries, rules
from jiangcheng.modules.ecology.engines import vectors
from jiangcheng.modules.ecology.models import EcoZone, Shoreline

SAME_DEGREES = 1e-6
"""Vertices nearer than this (a decimetre) are the same: a projection there and back moves them a little."""
DATES = frozenset({"valid_from_date", "valid_to_date"})
NUMBERS: Mapping[str, Callable[[Any], float]] = {"version": int, "length_km": float}


@dataclasses.dataclass(frozen=True, slots=True)
class Exchanged:
    """A register whose areas travel as files."""

    register: str
    model: type[EcoZone] | type[Shoreline]
    short: Mapping[str, str]
    """Every column with its name in a Shapefile."""
    required: tuple[str, ...]
    named: Mapping[str, tuple[str, str]]
    """Columns whose codes may be written by name: table and part that hold the names."""


LAYERS = {
    "zones": Exchanged(
        register="eco-zones",
        model=EcoZone,
        short={
            "code": "code", "version": "version", "name_zh": "name", "kind": "kind", "layout_rule": "layout",
            "emission_rule": "emission", "risk_rule": "risk", "resource_rule": "resource",
            "valid_from_date": "valid_from", "valid_to_date": "valid_to", "document": "document",
        },
        required=("code", "name_zh", "kind", "valid_from_date"),
        named={"kind": ("zones", "kinds")},
    ),
    "shorelines": Exchanged(
        register="shorelines",
        model=Shoreline,
        short={
            "code": "code", "version": "version", "name_zh": "name", "water": "water", "bank": "bank",
            "function": "function", "length_km": "length_km", "requirement": "require",
            "valid_from_date": "valid_from", "valid_to_date": "valid_to", "document": "document",
        },
        required=("code", "name_zh", "water", "bank", "function", "valid_from_date"),
        named={"function": ("shorelines", "functions")},
    ),
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file."""

    added: int
    changed: int
    same: int
    system: str
    encoding: str


def import_areas(
    *,
    layer: str,
    content: bytes,
    actor: User,
    now: dt.datetime,
    system: str = "",
    encoding: str = "",
    mapping: Mapping[str, str] | None = None,
) -> Imported:
    """Add and change zones or shorelines from a file.

    A known code and version is changed; ``version`` is 1 where it is not given.

    Parameters
    ----------
    layer
        A key of `LAYERS`.
    system, encoding
        For a file that does not tell its own.
    mapping
        Columns of the register with the name of the file's, or with a quoted value for all (`mapping_of`).

    Raises
    ------
    vectors.FileRefused
        If anything of the file cannot be taken; the message names feature, column and rule.
    """
    exchanged = LAYERS[layer]
    read = vectors.read(content, system=system, encoding=encoding)
    count = {"added": 0, "changed": 0, "same": 0}
    with transaction.atomic():
        for place, feature in enumerate(read.features, 1):
            try:
                count[_take(exchanged, feature, mapping or {}, actor, now)] += 1
            except (ValidationError, ValueError, TypeError, AttributeError) as error:
                told = {"n": place, "told": _told(error, exchanged)}
                raise vectors.FileRefused(_("第 %(n)d 个要素：%(told)s") % told) from error
    return Imported(**count, system=read.system, encoding=read.encoding)


def export_areas(
    *, layer: str, on: dt.date, kind: str = "geojson", system: str = "EPSG:4490", encoding: str = "utf-8"
) -> bytes:
    """Return the zones or shorelines in force on a day as a file that `import_areas` takes."""
    exchanged = LAYERS[layer]
    rows = queries.zones(on=on) if layer == "zones" else queries.shorelines(on=on)
    features = [
        vectors.Feature(row.outline, {name: getattr(row, name) for name in exchanged.short}) for row in rows
    ]
    return vectors.write(
        features, kind=kind, system=system, encoding=encoding, short=exchanged.short, name=exchanged.register
    )


def mapping_of(text: str, layer: str) -> dict[str, str]:
    """Return which column is filled from what, from lines such as ``name_zh=HJDYMC`` or ``kind="red_line"``.

    Raises
    ------
    vectors.FileRefused
        If a line names no column of the layer.
    """
    found = {}
    for line in text.replace(";", "\n").replace("；", "\n").splitlines():
        if not line.strip():
            continue
        column, sign, told = (part.strip() for part in line.partition("="))
        if not sign or not told or column not in LAYERS[layer].short:
            raise vectors.FileRefused(_("字段对应无法理解：%s") % line.strip()[:80])
        found[column] = told
    return found


def _take(
    exchanged: Exchanged, feature: vectors.Feature, mapping: Mapping[str, str], actor: User, now: dt.datetime
) -> str:
    values = _values(exchanged, feature.properties, mapping)
    missing = [name for name in exchanged.required if name not in values]
    if missing:
        raise ValueError(_("缺少 %s") % "、".join(missing))
    values["outline"] = feature.outline
    model = exchanged.model
    known = model._default_manager.filter(
        code=values["code"], version=values["version"], withdrawn_at=None
    ).first()
    if known is None:
        records.create(register=exchanged.register, values=values, actor=actor, at=now)
        return "added"
    if _alike(known.outline, feature.outline):
        del values["outline"]
    if all(getattr(known, name) == value for name, value in values.items()):
        return "same"
    records.change(record=known, values=values, actor=actor, at=now, reason=_("矢量文件导入"))
    return "changed"


def _values(exchanged: Exchanged, given: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    lowered = {str(name).lower(): value for name, value in given.items()}
    values: dict[str, Any] = {"version": 1}
    for column, short in exchanged.short.items():
        source = mapping.get(column, "")
        if source[:1] in ('"', "'"):
            value: Any = source.strip("\"'")
        else:
            names = (source,) if source else (column, short)
            value = next(
                (one for name in names if (one := lowered.get(name.lower())) not in (None, "")), None
            )
        if value is not None:
            values[column] = _typed(exchanged, column, value)
    return values


def _typed(exchanged: Exchanged, column: str, value: Any) -> Any:
    try:
        if column in DATES:
            return dt.date.fromisoformat(str(value).replace("/", "-")[:10])
        if column in NUMBERS:
            return NUMBERS[column](value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            _("%(column)s 的值 %(value)s 无法读取。") % {"column": column, "value": str(value)[:40]}
        ) from error
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if column == "bank":
        return next((code for code, name in Shoreline.Bank.choices if text in (code, str(name))), text)
    if column in exchanged.named:
        table, part = exchanged.named[column]
        items = rules.TABLES.versions(table)[-1][part]
        return next((one["code"] for one in items if text in (one["name_zh"], one["name_en"])), text)
    return text


def _alike(left: Any, right: Any) -> bool:
    one, other = (shapely.normalize(shapely.geometry.shape(outline)) for outline in (left, right))
    return bool(shapely.equals_exact(one, other, tolerance=SAME_DEGREES))


def _told(error: Exception, exchanged: Exchanged) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    if not hasattr(error, "error_dict"):
        return "；".join(error.messages)
    return "；".join(
        f"{getattr(exchanged.model._meta.get_field(name), 'verbose_name', name)}（{name}）：{' '.join(told)}"
        if name != "__all__"
        else " ".join(told)
        for name, told in error.message_dict.items()
    )
