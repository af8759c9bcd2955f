"""Bring functional zones and sensitive areas from GeoJSON; a change is a new version from its date on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import shapely
import shapely.geometry
from django.db import transaction

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.rules import canonical
from jiangcheng.modules.noise import rules
from jiangcheng.modules.noise.models import Area, AreaImport, NoiseZone, SensitiveArea

MODELS: Mapping[str, type[Area]] = {"zone": NoiseZone, "sensitive": SensitiveArea}
USES = ("residence", "school", "hospital", "office", "care")
MOST_FEATURES = 20_000
OVERLAP_SHARE = 0.01
"""Share of the smaller zone from which two zones of one file are told to overlap."""


class Refused(Exception):  # noqa: N818
    """Nothing was imported. ``reason`` is ``not_geojson``, ``too_many``, ``empty`` or ``document``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class AreaError:
    """A refused feature: its place in the file from 1, its code, and the rule."""

    number: int
    code: str
    reason: str
    """``geometry``, ``code``, ``twice``, ``class``, ``use``, ``buildings``, ``earlier`` or ``scope``."""


@dataclasses.dataclass(frozen=True, slots=True)
class AreaReport:
    """What an import changed; with errors nothing was written."""

    added: int = 0
    changed: int = 0
    ended: int = 0
    unchanged: int = 0
    errors: tuple[AreaError, ...] = ()
    overlaps: tuple[tuple[str, str], ...] = ()
    """Pairs of zones of the file that lie over one another, class 4 strips left out."""


def import_areas(
    *,
    kind: str,
    document: Mapping[str, Any],
    source: str,
    valid_from: dt.date,
    complete: bool,
    actor: User | None,
    at: dt.datetime,
    dry_run: bool = False,
    covers: Callable[[float, float], bool] | None = None,
) -> AreaReport:
    """Import a GeoJSON FeatureCollection of areas: all of it, or nothing where a feature is wrong.

    A feature has the properties ``code``, ``name_zh`` (or ``name``), ``name_en``, and ``class`` of a zone or
    ``use`` and ``buildings`` of a sensitive area. A known code with another shape or class becomes its next
    version; the same again changes nothing.

    Parameters
    ----------
    kind
        ``zone`` or ``sensitive``.
    source
        The decision the areas rest on.
    valid_from
        From when they hold; the versions before end then.
    complete
        True where the file is the whole zoning: areas it does not name end as well.
    dry_run
        Say what would happen and leave everything as it is.
    covers
        Tells whether the person may change an area around a point; None: everywhere.

    Raises
    ------
    Refused
        If the file as a whole cannot be read.
    """
    features = _features(document)
    if not source.strip():
        raise Refused("document")
    model = MODELS[kind]
    held = {row.code: row for row in model._default_manager.filter(valid_to_date=None)}
    drafts, errors = _drafts(kind, features, held, valid_from)
    fresh = [draft for draft in drafts if draft.code not in held]
    changed = [draft for draft in drafts if draft.code in held and not _same(held[draft.code], draft)]
    named = {draft.code for draft in drafts}
    gone = [row for code, row in held.items() if complete and code not in named]
    if covers is not None:
        errors += _beyond([*fresh, *changed, *gone], covers)
    if errors:
        return AreaReport(errors=tuple(errors))
    report = AreaReport(
        len(fresh),
        len(changed),
        len(gone),
        len(drafts) - len(fresh) - len(changed),
        overlaps=_overlaps(drafts) if kind == "zone" else (),
    )
    if not dry_run and (fresh or changed or gone):
        replaced = [held[draft.code] for draft in changed]
        digest = hashlib.sha256(canonical(features)).hexdigest()
        with transaction.atomic():
            run = AreaImport.objects.create(
                kind=kind, document=source.strip()[:200], complete=complete, valid_from_date=valid_from,
                sha256=digest, added=report.added, changed=report.changed, ended=report.ended,
                unchanged=report.unchanged, at=at, actor=actor,
            )  # fmt: skip
            _write(model, [*fresh, *changed], [*replaced, *gone], run)
            access.record(
                actor=actor, action="noise.areas", object_type=kind, object_id=str(run.pk),
                after={"added": report.added, "changed": report.changed, "ended": report.ended, "sha256": digest},
                reason=run.document, at=at,
            )  # fmt: skip
    return report


def _features(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if not isinstance(document, Mapping) or not isinstance(document.get("features"), list):
        raise Refused("not_geojson")
    features: list[Mapping[str, Any]] = document["features"]
    if len(features) > MOST_FEATURES:
        raise Refused("too_many")
    if not features or not all(isinstance(feature, Mapping) for feature in features):
        raise Refused("empty")
    return features


def _drafts(
    kind: str, features: list[Mapping[str, Any]], held: Mapping[str, Area], valid_from: dt.date
) -> tuple[list[Area], list[AreaError]]:
    drafts: list[Area] = []
    errors = []
    seen: set[str] = set()
    for number, feature in enumerate(features, start=1):
        given = feature.get("properties")
        told = given if isinstance(given, Mapping) else {}
        code = str(told.get("code") or "").strip()[:40]
        shape = _shape(feature.get("geometry"))
        before = held.get(code)
        reason = _wrong(kind, told, code, shape, seen)
        if not reason and before is not None and valid_from <= before.valid_from_date:
            draft = _draft(kind, told, code, shape, before, valid_from)
            reason = "" if _same(before, draft) else "earlier"
        if reason:
            errors.append(AreaError(number, code, reason))
            continue
        seen.add(code)
        drafts.append(_draft(kind, told, code, shape, before, valid_from))
    return drafts, errors


def _beyond(areas: list[Area], covers: Callable[[float, float], bool]) -> list[AreaError]:
    """Return the areas that somebody else answers for, those among them that would end."""
    errors = []
    for number, area in enumerate(areas, start=1):
        inside = shapely.geometry.shape(area.boundary).representative_point()
        if not covers(inside.x, inside.y):
            errors.append(AreaError(number, area.code, "scope"))
    return errors


def _wrong(kind: str, told: Mapping[str, Any], code: str, shape: Any, seen: set[str]) -> str:
    if shape is None:
        return "geometry"
    if not code:
        return "code"
    if code in seen:
        return "twice"
    if kind == "zone":
        return "" if str(told.get("class", "")) in rules.CLASSES else "class"
    if told.get("use") not in USES:
        return "use"
    buildings = told.get("buildings", 0)
    return "" if isinstance(buildings, int) and 0 <= buildings < 1_000_000 else "buildings"


def _shape(geometry: Any) -> Any:
    """Return a valid area on the earth, or None."""
    try:
        shape = shapely.geometry.shape(geometry)
    except Exception:  # shapely raises whatever the broken document leads it into
        return None
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty or not shape.is_valid:
        return None
    west, south, east, north = shape.bounds
    return shape if west >= -180 and east <= 180 and south >= -90 and north <= 90 else None


def _draft(
    kind: str, told: Mapping[str, Any], code: str, shape: Any, before: Area | None, valid_from: dt.date
) -> Area:
    west, south, east, north = shape.bounds
    own: dict[str, Any] = (
        {"zone_class": str(told["class"])}
        if kind == "zone"
        else {"use": told["use"], "buildings": told.get("buildings", 0)}
    )
    return MODELS[kind](
        code=code,
        version=before.version + 1 if before else 1,
        name_zh=str(told.get("name_zh") or told.get("name") or code)[:120],
        name_en=str(told.get("name_en") or "")[:120],
        boundary=json.loads(json.dumps(shapely.geometry.mapping(shape))),
        west=west, south=south, east=east, north=north,
        valid_from_date=valid_from,
        **own,
    )  # fmt: skip


def _same(before: Area, after: Area) -> bool:
    names = ("name_zh", "name_en", "zone_class", "use", "buildings", "boundary")
    return all(getattr(before, name, None) == getattr(after, name, None) for name in names)


def _overlaps(drafts: list[Area]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of zones that lie over one another by more than a sliver."""
    zones = [draft for draft in drafts if isinstance(draft, NoiseZone) and draft.zone_class[0] != "4"]
    shapes = [shapely.geometry.shape(zone.boundary) for zone in zones]
    if not shapes:
        return ()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = []
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        if one < other:
            common = shapes[one].intersection(shapes[other]).area
            if common > OVERLAP_SHARE * min(shapes[one].area, shapes[other].area):
                pairs.append((zones[one].code, zones[other].code))
    return tuple(pairs)


def _write(model: type[Area], drafts: list[Area], ending: list[Area], run: AreaImport) -> None:
    for row in ending:
        row.valid_to_date, row.ended_by = run.valid_from_date, run
    model._default_manager.bulk_update(ending, ["valid_to_date", "ended_by"], batch_size=500)
    for draft in drafts:
        draft.brought_by = run
    model._default_manager.bulk_create(drafts, batch_size=500)
