"""The reports a person may read, and tables of pages as files."""

from jiangcheng.core.reports.views.pages import file, index, produce, report, subscribe, version
from jiangcheng.core.reports.views.taking import PageTablesMiddleware

__all__ = ["PageTablesMiddleware", "file", "index", "produce", "report", "subscribe", "version"]
