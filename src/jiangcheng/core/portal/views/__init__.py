"""The shell and the pages of the portal: home, map, live stream, messages, to-do list, outbox."""

from jiangcheng.core.portal.views.messages import (
    bell,
    contact,
    delivery,
    delivery_list,
    message,
    message_list,
    wishes,
)
from jiangcheng.core.portal.views.pages import health, home, live, map_layers, metrics, one_map
from jiangcheng.core.portal.views.shell import shell
from jiangcheng.core.portal.views.todo import todo, todo_card

__all__ = [
    "bell",
    "contact",
    "delivery",
    "delivery_list",
    "health",
    "home",
    "live",
    "map_layers",
    "message",
    "message_list",
    "metrics",
    "one_map",
    "shell",
    "todo",
    "todo_card",
    "wishes",
]
