"""Movements of stock: what lies in a lot never falls below nothing, whoever takes at the same time."""

from __future__ import annotations

import datetime as dt
import math

from django.db import transaction
from django.db.models import F, Sum

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.modules.safety import queries
from jiangcheng.modules.safety.models import EmergencyEvent, StockItem, StockMove
from jiangcheng.modules.safety.services.log import note


class NotEnough(Exception):  # noqa: N818
    """A movement was refused: ``quantity``, ``balance`` or ``issued``; ``left`` is what there is."""

    def __init__(self, reason: str, left: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.left = reason, left


def move(
    *, item: StockItem, kind: str, quantity: float, actor: User | None, at: dt.datetime,
    event: EmergencyEvent | None = None, text: str = "",
) -> StockMove:  # fmt: skip
    """Put something into a lot, or take it out; in a drill only the drill's own balance changes.

    Parameters
    ----------
    kind
        A `StockMove.Kind`. What is returned for an event is at most what was issued for it.
    quantity
        Above 0, in the unit of the lot.

    Raises
    ------
    NotEnough
        If the quantity is none, or more than there is.
    """
    if kind not in StockMove.Kind.values or not (math.isfinite(quantity) and quantity > 0):
        raise NotEnough("quantity")
    drill = event is not None and event.drill
    takes = queries.takes(kind)
    with transaction.atomic():
        lot = StockItem.objects.filter(pk=item.pk, withdrawn_at=None)
        # The update comes first and is conditional: two who take at once queue at the row, and the second fails.
        change = 0.0 if drill else (-quantity if takes else quantity)
        fits = lot.filter(quantity__gte=quantity) if takes and not drill else lot
        if not fits.update(quantity=F("quantity") + change):
            raise NotEnough("balance", lot.values_list("quantity", flat=True).first() or 0.0)
        if drill and takes and (left := queries.balance(item=item, event=event)) < quantity:
            item.refresh_from_db()
            raise NotEnough("balance", left)
        if kind == "return" and event is not None:
            moved = StockMove.objects.filter(stock=item, event=event)
            issued = moved.filter(kind="issue").aggregate(sum=Sum("quantity"))["sum"] or 0.0
            back = moved.filter(kind="return").aggregate(sum=Sum("quantity"))["sum"] or 0.0
            if back + quantity > issued + 1e-9:
                raise NotEnough("issued", issued - back)
        row = StockMove.objects.create(
            stock=item, kind=kind, quantity=quantity, event=event, drill=drill, text=text.strip()[:200], at=at,
            actor=actor,
        )  # fmt: skip
        item.refresh_from_db()
        if event is not None:
            told = f"{row.get_kind_display()} {item.get_item_display()} {quantity:g} {item.unit}（{item.number}）"
            note(event=event, kind="stock", text=told, actor=actor, at=at)
        access.record(
            actor=actor, action=f"safety.stock.{kind}", object_type="stock-items", object_id=item.number,
            after={"quantity": quantity, "left": item.quantity, "drill": drill}, reason=row.text, at=at,
        )  # fmt: skip
    return row
