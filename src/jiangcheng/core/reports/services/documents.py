"""A paper as PDF, DOCX, XLSX and CSV; the same paper gives the same bytes."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable

import docx
import weasyprint
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn

from jiangcheng.core.portal.services import tables
from jiangcheng.core.records.rules import safe_cell
from jiangcheng.core.reports.rules import Paper, ReportSection, ReportTable, printed

STYLE = """
@page { size: A4; margin: 28mm 26mm; @bottom-center { content: counter(page); font-size: 10pt } }
body { font-family: 'Noto Serif CJK SC', serif; font-size: 12pt; line-height: 1.8 }
:lang(en) { line-height: 1.5 }
h1 { text-align: center; font-size: 20pt; letter-spacing: 2pt }
h2 { font-size: 14pt }
.number { text-align: center }
.sign { text-align: right; margin-top: 24pt }
table { border-collapse: collapse; width: 100%; font-size: 10pt; line-height: 1.4 }
thead { display: table-header-group }
tr { break-inside: avoid }
h2 { break-after: avoid }
th, td { border: 0.5pt solid #444; padding: 2pt 4pt; text-align: left }
.num { text-align: right }
"""
WIDE = """
@page { size: A4 landscape; margin: 16mm }
table { font-size: 8pt }
"""
NOT_A_NAME = re.compile(r"[^\w ]")
"""What a sheet may not be called."""
FONT = "Noto Serif CJK SC"
"""Of the texts for a word processor, which takes another one where this one is not installed."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The instant of every part of a zipped document: the bytes follow from the content only."""
STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")


def as_pdf(paper: Paper) -> bytes:
    """Return a paper as PDF; nothing is fetched from anywhere."""
    html = format_html(
        '<html lang="{}"><body><h1>{}</h1><p class="number">{}</p>{}<p class="sign">{}</p></body></html>',
        paper.language,
        paper.title,
        paper.subtitle,
        format_html_join("", "{}", ((_html(section, paper.language),) for section in paper.sections)),
        paper.date,
    )
    page = weasyprint.HTML(string=html, url_fetcher=_nothing)
    style = STYLE + (WIDE if paper.wide else "")
    return bytes(page.write_pdf(stylesheets=[weasyprint.CSS(string=style)]))


def as_docx(paper: Paper) -> bytes:
    """Return a paper as an Office Open XML text."""
    document = docx.Document()
    for style in document.styles:
        fonts = style.element.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
        if fonts is not None:
            # Else a word processor takes any font it has for Chinese.
            fonts.set(qn("w:eastAsia"), FONT)
    if paper.wide:
        page = document.sections[0]
        page.orientation = WD_ORIENT.LANDSCAPE
        page.page_width, page.page_height = page.page_height, page.page_width
    document.add_heading(paper.title, level=1)
    document.add_paragraph(paper.subtitle)
    for section in paper.sections:
        if section.heading:
            document.add_heading(section.heading, level=2)
        for text in section.paragraphs:
            document.add_paragraph(text)
        if section.table is not None:
            lines = [section.table.head, *printed(section.table, paper.language)]
            grid = document.add_table(len(lines), len(section.table.head), style="Table Grid")
            for line, cells in zip(lines, grid.rows, strict=True):
                for text, cell in zip(line, cells.cells, strict=True):
                    cell.text = text
    document.add_paragraph(paper.date)
    written = io.BytesIO()
    document.save(written)
    return _timeless(written.getvalue())


def as_xlsx(paper: Paper) -> bytes:
    """Return a paper as a workbook: a sheet of texts, and one for every table."""
    words = [[paper.title], [paper.subtitle]]
    sheets: dict[str, list[list[object]]] = {}
    for place, section in enumerate(paper.sections, start=1):
        words += [[section.heading], *([text] for text in section.paragraphs)]
        if section.table is not None:
            lines = [section.table.head, *section.table.rows]
            sheets[f"{place} {NOT_A_NAME.sub('', section.heading)}"[:31]] = [
                [safe_cell(cell) for cell in line] for line in lines
            ]
    plain = [[str(safe_cell(cell)) for cell in line] for line in words]
    return _timeless(tables.as_xlsx("报告" if paper.language == "zh" else "Report", plain, **sheets))


def as_csv(paper: Paper) -> bytes:
    """Return the texts and tables of a paper as CSV with a byte order mark, one below the other."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([safe_cell(paper.title), safe_cell(paper.subtitle)])
    for section in paper.sections:
        writer.writerows([[], [safe_cell(section.heading)]])
        writer.writerows([safe_cell(text)] for text in section.paragraphs)
        if section.table is not None:
            lines = [section.table.head, *section.table.rows]
            writer.writerows(["" if cell is None else safe_cell(cell) for cell in line] for line in lines)
    return written.getvalue().encode("utf-8-sig")


FORMS: dict[str, tuple[Callable[[Paper], bytes], str]] = {
    "pdf": (as_pdf, "application/pdf"),
    "docx": (as_docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xlsx": (as_xlsx, tables.XLSX),
}
"""How a form is written, and its media type."""


def _html(section: ReportSection, language: str) -> SafeString:
    heading = format_html("<h2>{}</h2>", section.heading) if section.heading else ""
    body = format_html_join("", "<p>{}</p>", ((text,) for text in section.paragraphs))
    return format_html("{}{}{}", heading, body, _grid(section.table, language) if section.table else "")


def _grid(table: ReportTable, language: str) -> SafeString:
    head = format_html_join("", "<th>{}</th>", ((cell,) for cell in table.head))
    rows = format_html_join(
        "",
        "<tr>{}</tr>",
        (
            (format_html_join("", '<td class="{}">{}</td>', zip(map(_class, row), texts, strict=True)),)
            for row, texts in zip(table.rows, printed(table, language), strict=True)
        ),
    )
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, rows)


def _class(cell: object) -> str:
    return "num" if isinstance(cell, int | float) else ""


def _timeless(content: bytes) -> bytes:
    """Return a zipped document without the instant at which it was written."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        for name in sorted(old.namelist(), key=lambda item: (item != "[Content_Types].xml", item)):
            body = old.read(name)
            if name == "docProps/core.xml":
                body = STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z\g<2>", body)
            new.writestr(zipfile.ZipInfo(name, EPOCH), body, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _nothing(url: str) -> dict[str, object]:
    raise ValueError(f"a document asks for {url}")
