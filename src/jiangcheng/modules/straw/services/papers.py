"""The season's report as PDF, DOCX and CSV: one structure, written three times."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence

import docx
import weasyprint
from django.utils.html import format_html, format_html_join

STYLE = """
@page { size: A4; margin: 20mm 18mm; @bottom-center { content: counter(page); font-size: 9pt } }
body { font-family: 'Noto Serif CJK SC', serif; font-size: 10.5pt; line-height: 1.6 }
h1 { text-align: center; font-size: 18pt }
h2 { font-size: 13pt; margin-top: 14pt }
table { border-collapse: collapse; width: 100%; font-size: 9pt }
th, td { border: 0.5pt solid #555; padding: 2pt 4pt; text-align: left }
tr { break-inside: avoid }
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: a heading, sentences, and a table where there is one."""

    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """A report."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]


def as_pdf(report: Report) -> bytes:
    """Return a report as PDF; nothing is fetched from anywhere."""
    body = format_html_join("", "{}", ((_html(section),) for section in report.sections))
    html = format_html(
        '<html lang="zh"><body><h1>{}</h1><p>{}</p>{}</body></html>', report.title, report.subtitle, body
    )
    page = weasyprint.HTML(string=html, url_fetcher=_nothing)
    return bytes(page.write_pdf(stylesheets=[weasyprint.CSS(string=STYLE)]))


def as_docx(report: Report) -> bytes:
    """Return a report as an Office Open XML text."""
    document = docx.Document()
    document.add_heading(report.title, level=1)
    document.add_paragraph(report.subtitle)
    for section in report.sections:
        document.add_heading(section.title, level=2)
        for sentence in section.sentences:
            document.add_paragraph(sentence)
        if section.rows:
            _table(document, section.columns, section.rows)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def as_csv(report: Report) -> bytes:
    """Return the tables of a report as CSV with a byte order mark, one below the other."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([report.title, report.subtitle])
    for section in report.sections:
        writer.writerow([])
        writer.writerow([section.title])
        writer.writerows([sentence] for sentence in section.sentences)
        if section.rows:
            writer.writerow(section.columns)
            writer.writerows([_harmless(cell) for cell in row] for row in section.rows)
    return written.getvalue().encode("utf-8-sig")


def _html(section: Section) -> str:
    said = format_html_join("", "<p>{}</p>", ((text,) for text in section.sentences))
    if not section.rows:
        return format_html("<h2>{}</h2>{}", section.title, said)
    head = format_html_join("", "<th>{}</th>", ((name,) for name in section.columns))
    rows = format_html_join(
        "",
        "<tr>{}</tr>",
        ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in section.rows),
    )
    return format_html("<h2>{}</h2>{}<table><tr>{}</tr>{}</table>", section.title, said, head, rows)


def _table(document: docx.document.Document, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=1, cols=len(columns))
    table.style = "Table Grid"
    for cell, name in zip(table.rows[0].cells, columns, strict=True):
        cell.text = name
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in "=+@\t\r" else cell


def _nothing(url: str) -> dict[str, object]:
    raise ValueError(f"a report asks for {url}")
