"""Documents, and the production of reports with their receipts."""

from jiangcheng.core.reports.services.producing import content_of, note, produce, produce_due, subscribe

__all__ = ["content_of", "note", "produce", "produce_due", "subscribe"]
