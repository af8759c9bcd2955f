"""The tables of a page as rows of cells: what a reader sees is what a reader may take away."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

SILENT = frozenset({"script", "style", "svg", "template", "select", "button", "textarea", "form", "noscript"})
"""What holds no words of a table: controls and drawings."""
HEADINGS = frozenset({"h1", "h2", "h3", "caption"})
NEXT = re.compile(r"""href=["'][^"']*?[?&](?:amp;)?((?:\w+-)?page)=(\d+)""")


@dataclasses.dataclass(slots=True)
class Row:
    """A row: its cells, the addresses it links to, and whether all of it is heading."""

    cells: list[str] = dataclasses.field(default_factory=list)
    links: list[str] = dataclasses.field(default_factory=list)
    head: bool = True


@dataclasses.dataclass(slots=True)
class PageTable:
    """A table under the heading that stands before it."""

    title: str
    rows: list[Row] = dataclasses.field(default_factory=list)

    @property
    def head(self) -> list[str]:
        """Return the names of the columns; those without one are numbered."""
        first = self.rows[0].cells if self.rows and self.rows[0].head else []
        return columns_of(first, max((len(row.cells) for row in self.rows), default=0))

    @property
    def body(self) -> list[Row]:
        """Return the rows below the heading, each as wide as the table."""
        width = len(self.head)
        found = self.rows[1:] if self.rows and self.rows[0].head else self.rows
        return [Row(row.cells + [""] * (width - len(row.cells)), row.links, row.head) for row in found]


def columns_of(names: Sequence[str], width: int) -> list[str]:
    """Return ``width`` names of columns, none empty and none twice."""
    found: list[str] = []
    for place in range(width):
        name = (names[place] if place < len(names) else "") or str(place + 1)
        found.append(name if name not in found else f"{name} {place + 1}")
    return found


def tables_of(page: str) -> list[PageTable]:
    """Return the tables in the main part of a page, in their order; a table within a table is none."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.tables


def chart_table(answer: Mapping[str, Any]) -> PageTable:
    """Return the values a chart draws.

    Raises
    ------
    KeyError
        If the answer is none of a chart.
    """
    table = answer["table"]
    rows = [Row([str(name) for name in table["columns"]])]
    rows += [Row(["" if cell is None else str(cell) for cell in row], head=False) for row in table["rows"]]
    return PageTable("", rows)


def next_page(page: str, present: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the parameter and the number by which a page leads to the one after it, or None for the last.

    Parameters
    ----------
    present
        The parameters of this page.
    """
    for name, number in NEXT.findall(page):
        if int(number) == int(present.get(name) or 1) + 1:
            return name, number
    return None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[PageTable] = []
        self._main = False
        self._heading = ""
        self._in_heading = False
        self._depth = 0
        self._silent = 0
        self._row: Row | None = None
        self._cell: list[str] | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "main":
            self._main = True
        if not self._main:
            return
        if tag in SILENT and not (tag == "form" and self._cell is None):
            self._silent += 1
        elif tag in HEADINGS and self._cell is None:
            self._heading, self._in_heading = "", True
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append(PageTable(" ".join(self._heading.split())))
        elif self._depth == 1:
            self._in_table(tag, given)

    def _in_table(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "tr":
            self._end_row()
            self._row = Row()
        elif tag in ("td", "th") and self._row is not None:
            self._end_cell()
            self._cell = []
            self._row.head = self._row.head and tag == "th"
            asked = given.get("colspan") or "1"
            self._span = int(asked) if asked.isdecimal() else 1
        elif tag == "a" and self._row is not None and given.get("href"):
            self._row.links.append(given["href"] or "")
        elif self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._main = False
        elif tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in HEADINGS:
            self._in_heading = False
            if tag == "caption" and self.tables and self._depth == 1:
                self.tables[-1].title = " ".join(self._heading.split()) or self.tables[-1].title
        elif tag == "table":
            if self._depth == 1:
                self._end_row()
            self._depth = max(0, self._depth - 1)
        elif tag in ("td", "th") and self._depth == 1:
            self._end_cell()
        elif tag == "tr" and self._depth == 1:
            self._end_row()

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._cell is not None:
            self._cell.append(data)
        elif self._in_heading:
            self._heading += data

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            self._row.cells += [" ".join("".join(self._cell).split()), *[""] * (self._span - 1)]
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None and self._row.cells and self.tables:
            self.tables[-1].rows.append(self._row)
        self._row = None
