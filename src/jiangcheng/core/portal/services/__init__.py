"""What other desks and modules ask of the portal: publish an event, tell people, draw a chart, expose a metric."""

from jiangcheng.core.portal.services import charts, metrics, tables
from jiangcheng.core.portal.services.contacts import (
    ContactRefused,
    acknowledge,
    add_contact,
    end_contact,
    mark_read,
    send_code,
    set_wishes,
    verify_contact,
)
from jiangcheng.core.portal.services.live import publish, sweep
from jiangcheng.core.portal.services.notifying import notify, notify_permission
from jiangcheng.core.portal.services.sending import NotRetriable, deliver_due, retry

__all__ = [
    "ContactRefused",
    "NotRetriable",
    "acknowledge",
    "add_contact",
    "charts",
    "deliver_due",
    "end_contact",
    "mark_read",
    "metrics",
    "notify",
    "notify_permission",
    "publish",
    "retry",
    "send_code",
    "set_wishes",
    "sweep",
    "tables",
    "verify_contact",
]
