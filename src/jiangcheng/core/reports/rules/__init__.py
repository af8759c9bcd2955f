"""Papers with their periods, and the tables of a page."""

from jiangcheng.core.reports.rules.pages import PageTable, Row, chart_table, columns_of, next_page, tables_of
from jiangcheng.core.reports.rules.papers import (
    LANGUAGES,
    Paper,
    ReportSection,
    ReportTable,
    canonical,
    cell_text,
    date_text,
    digest,
    end,
    last_closed,
    printed,
    restored,
    start,
    title_of,
)

__all__ = [
    "LANGUAGES",
    "PageTable",
    "Paper",
    "ReportSection",
    "ReportTable",
    "Row",
    "canonical",
    "cell_text",
    "chart_table",
    "columns_of",
    "date_text",
    "digest",
    "end",
    "last_closed",
    "next_page",
    "printed",
    "restored",
    "start",
    "tables_of",
    "title_of",
]
