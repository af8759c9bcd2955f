"""Documents, and the production of reports with their receipts."""

from jiangcheng.core.reports.services.producing import (
    content_of,
    note,
    produce,
    produce_due,
    same_again,
    subscribe,
)

__all__ = ["content_of", "note", "produce", "produce_due", "same_again", "subscribe"]
