"""The pages, fragments and map layers of the room."""

from jiangcheng.modules.safety.views.centre import acknowledge, card, centre, order_act, orders, report
from jiangcheng.modules.safety.views.chemicals import chemicals, pollutants
from jiangcheng.modules.safety.views.event import (
    act,
    again,
    event,
    issue,
    note,
    notice,
    order,
    pack,
    plume,
    release,
    repeat,
    river,
)
from jiangcheng.modules.safety.views.layers import dose_layer, event_layer, event_layers, events_layer
from jiangcheng.modules.safety.views.lists import (
    consultation_card,
    contacts,
    event_card,
    move,
    radiation,
    source_card,
    stock,
    stock_card,
)

__all__ = [
    "acknowledge",
    "act",
    "again",
    "card",
    "centre",
    "chemicals",
    "consultation_card",
    "contacts",
    "dose_layer",
    "event",
    "event_card",
    "event_layer",
    "event_layers",
    "events_layer",
    "issue",
    "move",
    "note",
    "notice",
    "order",
    "order_act",
    "orders",
    "pack",
    "plume",
    "pollutants",
    "radiation",
    "release",
    "repeat",
    "report",
    "river",
    "source_card",
    "stock",
    "stock_card",
]
