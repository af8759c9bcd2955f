"""Every page with a table offers it as a file, and gives it: ``?export=2.csv`` is its second table."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import cast

from asgiref.sync import async_to_sync
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin
from django.utils.html import strip_tags

from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import received_at, received_date
from jiangcheng.core.reports import rules
from jiangcheng.core.reports.services import taking

MARK = b"<!--tables-->"
"""Where the shell of a page has room for the offer."""
OWN = b"format=parquet"
"""What a page says that gives its whole list as a file by itself."""
ASKED = re.compile(r"(?:([1-9]\d?)\.)?(csv|xlsx|parquet|geojson)")
HEADING = re.compile(r"<(h[1-3]|caption)\b[^>]*>(.*?)</\1>|<table\b", re.DOTALL)
PLACED = re.compile(r"""href=["'][^"']*/(?:stations|facilities)/""")
MOST_PAGES, MOST_ROWS = 200, 20_000


class PageTablesMiddleware(MiddlewareMixin):
    """Gives the tables of a page that its own view has answered: who may not see it, gets no file either."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.method != "GET" or response.status_code != 200 or response.streaming:
            return response
        if not isinstance(getattr(request, "user", None), User):
            return response
        shown = cast("HttpResponse", response)
        kind = shown.get("Content-Type", "").partition(";")[0]
        asked = request.GET.get("export")
        if asked is None:
            return _offered(request, shown) if kind == "text/html" else shown
        wanted = ASKED.fullmatch(asked)
        if wanted is None or kind not in ("text/html", "application/json"):
            return shown
        place, form = int(wanted[1] or 1), wanted[2]
        table = self._whole(request, shown, place) if kind == "text/html" else _chart(shown)
        return _file(request, table, place, form)

    def _whole(self, request: HttpRequest, shown: HttpResponse, place: int) -> rules.PageTable:
        """Return a table with the rows of the pages that follow."""
        page = shown.content.decode()
        found = _nth(page, place)
        given = request.GET
        for _turn in range(MOST_PAGES):
            after = rules.next_page(page, request.GET.dict())
            if after is None or len(found.rows) > MOST_ROWS:
                break
            query = request.GET.copy()
            query[after[0]] = after[1]
            request.GET = query  # type: ignore[assignment]
            page = self._again(request).content.decode()
            more = _nth(page, place).body
            if [row.cells for row in more] == [row.cells for row in found.rows[-len(more) :]]:
                # The pager was of another table.
                break
            found.rows += more
        request.GET = given
        return found

    def _again(self, request: HttpRequest) -> HttpResponse:
        call = cast("Callable[[HttpRequest], HttpResponse]", self.get_response)
        return async_to_sync(call)(request) if self.async_mode else call(request)  # type: ignore[arg-type]


def _nth(page: str, place: int) -> rules.PageTable:
    tables = rules.tables_of(page)
    if place > len(tables):
        raise Http404(place)
    return tables[place - 1]


def _chart(shown: HttpResponse) -> rules.PageTable:
    try:
        return rules.chart_table(json.loads(shown.content))
    except (KeyError, TypeError, ValueError):
        raise Http404("export") from None


def _file(request: HttpRequest, table: rules.PageTable, place: int, form: str) -> HttpResponse:
    user, body = cast("User", request.user), table.body
    match = request.resolver_match
    about = match.kwargs if match else {}
    placed = taking.places_of(body, user, received_date(request), about) if form == "geojson" else []
    content = taking.written(table, form, placed)
    taking.note_taken(
        page=request.path, form=form, rows=len(body), asked=request.GET.urlencode(), actor=user,
        at=received_at(request),
    )  # fmt: skip
    name = (match.view_name if match else "table").replace(":", "-")
    headers = {"Content-Disposition": f'attachment; filename="{name}-{place}.{form}"'}
    return HttpResponse(content, content_type=taking.TYPES[form], headers=headers)


def _offered(request: HttpRequest, shown: HttpResponse) -> HttpResponse:
    """Return the page with a list of its tables and forms, where it has a table and the room for it."""
    before, mark, after = shown.content.partition(MARK)
    if not mark:
        return shown
    found = _titled(before.decode()) if b"<table" in before and OWN not in before else []
    offer = render_to_string("reports/_tables.html", {"tables": found}, request) if found else ""
    shown.content = before + offer.encode() + after
    return shown


def _titled(page: str) -> list[tuple[int, str, tuple[str, ...]]]:
    """Return place, heading and forms of every table with a row, without reading its cells."""
    page = page[page.index("<main") :]
    found: list[tuple[int, str, tuple[str, ...]]] = []
    heading, place = "", 0
    for match in HEADING.finditer(page):
        if match[1]:
            heading = " ".join(strip_tags(match[2]).split())
            continue
        place += 1
        end = page.find("</table>", match.end())
        if "<td" not in page[match.end() : end]:
            continue
        placed = PLACED.search(page, match.end(), end)
        forms = ("csv", "xlsx", "parquet", "geojson") if placed else ("csv", "xlsx", "parquet")
        found.append((place, heading, forms))
    return found
