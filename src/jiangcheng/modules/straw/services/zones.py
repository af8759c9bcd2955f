"""Bring ban and limit zones from GeoJSON; a change is a new version from its date on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any

import shapely
import shapely.affinity
import shapely.geometry
from django.core.exceptions import ValidationError
from django.db import transaction
from shapely.errors import ShapelyError

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.modules.straw.models import BurnZone, check_outline

MOST_FEATURES = 5000
METRES_PER_DEGREE = 111_195.0


class ZonesRefused(Exception):  # noqa: N818
    """Nothing was imported. ``reason`` is ``not_geojson``, ``too_many`` or ``document``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class ZoneReport:
    """What an import changed; with errors nothing was written."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: tuple[tuple[int, str, str], ...] = ()
    """Place in the file from 1, code and reason: ``geometry``, ``code``, ``twice``, ``kind``, ``earlier``."""


def import_zones(
    *, document: Any, source: str, valid_from: dt.date, actor: User | None, now: dt.datetime
) -> ZoneReport:
    """Import a FeatureCollection of zones with ``code``, ``kind``, ``name_zh``: all of it, or nothing.

    A feature with ``buffer_metres`` (a road, a station, a town) becomes the belt of that width around it.

    Raises
    ------
    ZonesRefused
        If the file as a whole cannot be read, or no decision is named.
    """
    features = document.get("features") if isinstance(document, Mapping) else None
    if not isinstance(features, list) or not features:
        raise ZonesRefused("not_geojson")
    if len(features) > MOST_FEATURES:
        raise ZonesRefused("too_many")
    if not source.strip():
        raise ZonesRefused("document")
    held = {zone.code: zone for zone in BurnZone.objects.filter(valid_to_date=None)}
    drafts: dict[str, BurnZone] = {}
    errors, unchanged = [], 0
    for number, feature in enumerate(map(_widened, features), start=1):
        told = (feature.get("properties") if isinstance(feature, Mapping) else None) or {}
        code = str(told.get("code") or "").strip()[:40]
        reason = _wrong(feature, told, code, drafts)
        draft = None if reason else _draft(feature, told, code, held.get(code), source, valid_from)
        before = held.get(code)
        if draft is not None and before is not None and _same(before, draft):
            unchanged += 1
            continue
        if draft is not None and before is not None and valid_from <= before.valid_from_date:
            reason = "earlier"
        if reason or draft is None:
            errors.append((number, code, reason))
        else:
            drafts[code] = draft
    if errors:
        return ZoneReport(errors=tuple(errors))
    changed = [code for code in drafts if code in held]
    with transaction.atomic():
        BurnZone.objects.filter(pk__in=[held[code].pk for code in changed]).update(valid_to_date=valid_from)
        BurnZone.objects.bulk_create(drafts.values())
        access.record(
            actor=actor, action="straw.zones", object_type="straw.zones", object_id=source.strip()[:80],
            after={"added": len(drafts) - len(changed), "changed": len(changed)}, reason=source.strip()[:200], at=now,
        )  # fmt: skip
    return ZoneReport(len(drafts) - len(changed), len(changed), unchanged)


def _widened(feature: Any) -> Any:
    """Return a feature as it lies, or as the belt around it where it asks for one."""
    try:
        metres = float(feature["properties"]["buffer_metres"])
        if not 0 < metres <= 20_000:
            return {**feature, "geometry": None}
        area = shapely.geometry.shape(feature["geometry"])
        narrow = math.cos(math.radians(area.centroid.y))
        wide = shapely.affinity.scale(area, narrow, 1.0, origin=(0, 0)).buffer(metres / METRES_PER_DEGREE)
        belt = shapely.affinity.scale(wide, 1 / narrow, 1.0, origin=(0, 0))
    except (KeyError, TypeError):
        return feature
    except (ValueError, AttributeError, ShapelyError):
        return {**feature, "geometry": None}
    outline = json.loads(shapely.to_geojson(shapely.set_precision(belt, 1e-6)))
    return {**feature, "geometry": outline}


def _wrong(feature: Any, told: Mapping[str, Any], code: str, drafts: Mapping[str, BurnZone]) -> str:
    if not code:
        return "code"
    if code in drafts:
        return "twice"
    if told.get("kind") not in BurnZone.Kind.values:
        return "kind"
    try:
        check_outline(feature.get("geometry"))
    except ValidationError:
        return "geometry"
    return ""


def _draft(
    feature: Mapping[str, Any], told: Mapping[str, Any], code: str, before: BurnZone | None, source: str,
    valid_from: dt.date,
) -> BurnZone:  # fmt: skip
    return BurnZone(
        code=code, version=before.version + 1 if before else 1, kind=told["kind"],
        name_zh=str(told.get("name_zh") or told.get("name") or code)[:120],
        name_en=str(told.get("name_en") or "")[:120], boundary=feature["geometry"],
        valid_from_date=valid_from, document=source.strip()[:200],
    )  # fmt: skip


def _same(before: BurnZone, after: BurnZone) -> bool:
    names = ("kind", "name_zh", "name_en", "boundary")
    return all(getattr(before, name) == getattr(after, name) for name in names)
