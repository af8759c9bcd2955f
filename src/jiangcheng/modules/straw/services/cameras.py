"""Order cameras to look at fires. Another system turns them: it fetches the orders or is told, and answers."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

import httpx
import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.modules.straw import queries, store
from jiangcheng.modules.straw.models import CameraOrder, FireIncident, TerrainGrid
from jiangcheng.modules.straw.rules import rasters, tables, terrain, verdicts
from jiangcheng.standards import periods

TIMEOUT = 10.0
FINEST = 0.0008
"""Side of the finest cells of heights that are kept [°], about 90 m."""


def look(*, incident: FireIncident, actor: User | None, now: dt.datetime) -> CameraOrder:
    """Order the nearest camera that overlooks an incident to turn there.

    Raises
    ------
    Refused
        If no camera that can be turned overlooks the place.
    """
    pool = queries.Steerable(on=now.astimezone(periods.BEIJING).date())
    order = _ordered(incident, pool, actor, now)
    if order is None:
        raise Refused(_("没有可转向的在线摄像机能看到此处。"))
    return order


def _ordered(
    incident: FireIncident, pool: queries.Steerable, actor: User | None, now: dt.datetime
) -> CameraOrder | None:
    """Order a camera of a pool, or return None where none overlooks the place."""
    on = now.astimezone(periods.BEIJING).date()
    camera = pool.nearest(longitude=incident.longitude, latitude=incident.latitude)
    if camera is None:
        return None
    turn, tilt, away, sight = terrain.aim(
        queries.known(camera), camera.mast_metres, incident.longitude, incident.latitude, pool.heights
    )
    minutes = tables.in_force("detection", on)["camera"]["order_minutes"]
    order = CameraOrder.objects.create(
        camera=camera, incident=incident, bearing=round(turn, 1), tilt=round(tilt, 2), kilometres=round(away, 2),
        sight=sight, asked_at=now, asked_by=actor, expires_at=now + dt.timedelta(minutes=minutes),
    )  # fmt: skip
    access.record(
        actor=actor, action="straw.look", object_type="straw.camera", object_id=camera.number,
        after={"order": order.pk, "incident": incident.number, "bearing": order.bearing}, at=now,
    )  # fmt: skip
    return order


def look_at_new(*, incidents: Sequence[FireIncident], now: dt.datetime) -> None:
    """Order cameras for the fresh incidents somebody has to check and none was ordered for yet."""
    minutes = tables.in_force("detection", now.date())["camera"]["fresh_minutes"]
    fresh = [
        row
        for row in incidents
        if row.verdict in verdicts.TO_CHECK and row.last_at > now - dt.timedelta(minutes=minutes)
    ]
    if not fresh:
        return
    ordered = queries.orders_of(fresh)
    pool = queries.Steerable(on=now.astimezone(periods.BEIJING).date())
    for row in fresh:
        if row.pk not in ordered:
            _ordered(row, pool, None, now)


def fetch_orders(*, user: User, on: dt.date, now: dt.datetime) -> list[CameraOrder]:
    """Hand the waiting orders to the platform behind a token and keep that it has them."""
    rows = list(queries.waiting_orders(user=user, on=on, now=now))
    CameraOrder.objects.filter(pk__in=[row.pk for row in rows], state="waiting").update(
        state="fetched", fetched_at=now
    )
    return rows


def answer_order(*, order: CameraOrder, done: bool, text: str, clip: str, now: dt.datetime) -> CameraOrder:
    """Keep what the platform answered.

    Raises
    ------
    Refused
        If the order was answered before.
    """
    with transaction.atomic():
        held = CameraOrder.objects.select_for_update().get(pk=order.pk)
        if held.state in ("done", "failed"):
            raise Refused(_("这条转向请求已经回复过。"))
        held.state, held.answered_at = ("done" if done else "failed"), now
        held.answer, held.clip = text.strip()[:200], clip.strip()[:500]
        held.save(update_fields=["state", "answered_at", "answer", "clip"])
    return held


def as_told(order: CameraOrder) -> dict[str, Any]:
    """Return an order as the platform gets it."""
    return {
        "order": order.pk, "camera": order.camera.number, "incident": order.incident.number, "bearing": order.bearing,
        "tilt": order.tilt, "kilometres": order.kilometres, "sight": order.sight, "longitude": order.incident.longitude,
        "latitude": order.incident.latitude, "asked_at": order.asked_at.isoformat(),
        "expires_at": order.expires_at.isoformat(),
    }  # fmt: skip


def send_orders(*, now: dt.datetime) -> int:
    """Tell the platform's web hook of waiting orders, where the installation names one; return how many it took."""
    told: Mapping[str, str] = getattr(settings, "CAMERA_PLATFORM", {})
    if not told.get("url"):
        return 0
    rows = CameraOrder.objects.filter(state="waiting", expires_at__gt=now).select_related(
        "camera", "incident"
    )
    sent = 0
    with httpx.Client(timeout=TIMEOUT) as client:
        for row in rows.order_by("pk")[:50]:
            body = json.dumps(as_told(row)).encode()
            sign = hmac.new(told.get("secret", "").encode(), body, hashlib.sha256).hexdigest()
            headers = {"Content-Type": "application/json", "X-Jiangcheng-Signature": f"sha256={sign}"}
            try:
                client.post(told["url"], content=body, headers=headers).raise_for_status()
            except httpx.HTTPError as error:
                row.post_told = type(error).__name__
                row.save(update_fields=["post_told"])
                break
            row.state, row.fetched_at, row.post_told = "fetched", now, ""
            row.save(update_fields=["state", "fetched_at", "post_told"])
            sent += 1
    return sent


def import_terrain(
    *, file: str | IO[bytes], dataset: str, source: str, valid_from: dt.date, actor: User | None, now: dt.datetime
) -> TerrainGrid:  # fmt: skip
    """Import a raster of heights [m] in degrees; cells finer than 0.0008° are thinned to the highest of each.

    Raises
    ------
    store.NotRaster
        If the file cannot be read or is not in degrees.
    """
    raster = store.read(file)
    grid = raster.grid
    if grid.epsg not in rasters.GEOGRAPHIC:
        raise store.NotRaster("projection")
    values = raster.values.astype(np.float32)
    unknown = ~np.isfinite(values)
    if raster.nodata is not None:
        unknown |= raster.values == raster.nodata
    values[unknown] = TerrainGrid.NOTHING
    many = max(1, int(FINEST / min(grid.dx, grid.dy)))
    rows, columns = grid.rows // many, grid.columns // many
    if not rows or not columns:
        raise store.NotRaster("size")
    highest = values[: rows * many, : columns * many].reshape(rows, many, columns, many).max(axis=(1, 3))
    with transaction.atomic():
        row = TerrainGrid.objects.create(
            dataset=dataset[:80], west=grid.west, north=grid.north, dx=grid.dx * many, dy=grid.dy * many, rows=rows,
            columns=columns, values=np.rint(highest).astype(np.int16).tobytes(), source=source[:200],
            valid_from_date=valid_from,
        )  # fmt: skip
        access.record(
            actor=actor, action="straw.terrain", object_type="straw.terrain", object_id=dataset[:80],
            after={"rows": rows, "columns": columns}, reason=source[:200], at=now,
        )  # fmt: skip
    return row
