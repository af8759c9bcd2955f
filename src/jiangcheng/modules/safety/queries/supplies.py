"""What lies where: lots with their places, the balance of a drill, the nearest sufficient stock."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from django.db.models import Case, F, Sum, Value, When

from jiangcheng.modules.safety.models import EmergencyEvent, StockItem, StockMove, Warehouse
from jiangcheng.modules.safety.rules import stock

SIGNS = {"in": 1, "return": 1, "issue": -1, "loss": -1}


def _signed() -> Sum:
    whens = [When(kind=kind, then=F("quantity") * Value(sign)) for kind, sign in SIGNS.items()]
    return Sum(Case(*whens))


def balance(*, item: StockItem, event: EmergencyEvent | None = None) -> float:
    """Return what lies in a lot; for a drill, as its own moves left it."""
    if event is None or not event.drill:
        return float(item.quantity)
    moved = StockMove.objects.filter(stock=item, drill=True, event=event).aggregate(sum=_signed())["sum"]
    return float(item.quantity + (moved or 0.0))


def lots(*, item: str, event: EmergencyEvent | None = None) -> list[stock.Lot]:
    """Return the lots of an item in warehouses with a position."""
    places = {row.number: row for row in Warehouse.objects.filter(withdrawn_at=None, longitude__isnull=False)}
    rows = StockItem.objects.filter(item=item, withdrawn_at=None, warehouse_number__in=places)
    moved = _moved(event)
    found = []
    for row in rows:
        place = places[row.warehouse_number]
        assert place.longitude is not None and place.latitude is not None
        held = row.quantity + moved.get(row.pk, 0.0)
        found.append(
            stock.Lot(row.number, place.name_zh, place.longitude, place.latitude, held, row.expires_date)
        )
    return found


def nearest_stock(
    *, item: str, quantity: float, longitude: float, latitude: float, on: dt.date,
    event: EmergencyEvent | None = None,
) -> stock.Offer:  # fmt: skip
    """Return where to take a quantity of an item from, nearest first.

    Raises
    ------
    ValueError
        If the quantity is not above 0.
    """
    return stock.nearest(lots(item=item, event=event), quantity, longitude, latitude, on)


def _moved(event: EmergencyEvent | None) -> dict[int, float]:
    """Return by lot what the moves of a drill changed; nothing of any other event."""
    if event is None or not event.drill:
        return {}
    sums = StockMove.objects.filter(drill=True, event=event).values("stock").annotate(sum=_signed())
    return {row["stock"]: row["sum"] for row in sums}


def shelves(*, event: EmergencyEvent | None = None) -> list[tuple[Any, list[StockItem]]]:
    """Return each warehouse with its lots; for a drill as its own moves left them, which is never saved."""
    moved = _moved(event)
    by_place: dict[str, list[StockItem]] = defaultdict(list)
    for row in StockItem.objects.filter(withdrawn_at=None).order_by("item", "pk"):
        row.quantity += moved.get(row.pk, 0.0)
        by_place[row.warehouse_number].append(row)
    places = Warehouse.objects.filter(withdrawn_at=None).select_related("region").order_by("pk")
    return [(place, by_place[place.number]) for place in places]


def takes(kind: str) -> bool:
    """Tell whether a kind of movement takes from a lot."""
    return SIGNS[kind] < 0
