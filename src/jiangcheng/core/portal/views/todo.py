"""The one to-do list: what waits for a person, from all desks and rooms."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core import manifest
from jiangcheng.core.access import services as access
from jiangcheng.core.portal import queries, rules
from jiangcheng.core.portal.queries import TodoItem

TODO_PAGE = 50
ON_CARD = 6


@dataclasses.dataclass(frozen=True, slots=True)
class TodoKind:
    """A source of things to do, with how many of them wait and how many are late."""

    code: str
    name: str
    count: int
    overdue: int


@dataclasses.dataclass(frozen=True, slots=True)
class TodoRow:
    """Something to do in the language of the page."""

    item: TodoItem
    title: str
    kind: str


@require_GET
@access.requires("portal.view")
def todo(request: HttpRequest) -> HttpResponse:
    """Everything that waits for the person, the nearest end first; ``?kind=`` narrows it to one source."""
    found = queries.todo(user=access.person(request), now=access.received_at(request))
    waiting = found.items
    kind = request.GET.get("kind", "")
    shown = [item for item in waiting if not kind or item.todo.kind == kind]
    page = Paginator(shown, TODO_PAGE).get_page(request.GET.get("page"))
    context = {
        "kinds": _kinds(waiting),
        "kind": kind,
        "page": page,
        "rows": _rows(page),
        "total": len(waiting),
        "silent": _silent(found),
    }
    return render(request, "portal/todo.html", context)


@require_GET
@access.requires("portal.view")
def todo_card(request: HttpRequest) -> HttpResponse:
    """The most pressing things to do, for the home page."""
    found = queries.todo(user=access.person(request), now=access.received_at(request))
    waiting = found.items
    overdue = sum(item.pressure is rules.Pressure.OVERDUE for item in waiting)
    context = {
        "rows": _rows(waiting[:ON_CARD]),
        "total": len(waiting),
        "overdue": overdue,
        "silent": _silent(found),
    }
    return render(request, "portal/card_todo.html", context)


def _silent(found: queries.Todo) -> list[str]:
    return [names.in_language(get_language() or "") for names in found.silent]


def _rows(items: Iterable[TodoItem]) -> list[TodoRow]:
    chinese = (get_language() or "").startswith("zh")
    return [
        TodoRow(item, item.todo.title_zh if chinese else item.todo.title_en, _kind_name(item.todo.kind))
        for item in items
    ]


def _kinds(waiting: Sequence[TodoItem]) -> list[TodoKind]:
    counts = collections.Counter(item.todo.kind for item in waiting)
    overdue = collections.Counter(
        item.todo.kind for item in waiting if item.pressure is rules.Pressure.OVERDUE
    )
    return [TodoKind(code, _kind_name(code), counts[code], overdue[code]) for code in sorted(counts)]


def _kind_name(code: str) -> str:
    """Return the name of a source: a common word, or what a register, message or room of this code is called."""
    if word := _common_words().get(code):
        return word
    known = (
        manifest.manifests.registers(),
        manifest.manifests.notification_kinds(),
        {declared.code: declared for declared in manifest.manifests},
    )
    room = code.partition(".")[0]
    names = [found[name].names for found in known for name in (code, room) if name in found]
    return names[0].in_language(get_language() or "") if names else code


def _common_words() -> dict[str, str]:
    return {
        "case": _("事件"),
        "task": _("协办任务"),
        "visit": _("现场检查"),
        "duty": _("排污许可义务"),
        "approval": _("审批"),
        "record": _("台账"),
        "report": _("报告"),
        "decision": _("处罚案件"),
        "rectification": _("督察整改"),
        "complaint": _("投诉举报"),
        "suggestion": _("建议"),
    }
