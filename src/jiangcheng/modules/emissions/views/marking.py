"""The enterprise marks its data: a page for a telephone."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.registry.models import Outlet
from jiangcheng.modules.emissions import queries, rules, services
from jiangcheng.modules.emissions.models import Mark

MAX_FILES = 9
BADGES = {"submitted": "badge-warn", "approved": "badge-ok", "rejected": "badge-bad", "revoked": "badge-bad"}


class MarkForm(forms.Form):
    """A mark in local time."""

    kind = forms.ChoiceField(choices=Mark.Kind.choices)
    from_at = forms.DateTimeField()
    to_at = forms.DateTimeField()
    reason = forms.CharField(max_length=2000)


@require_GET
@requires(queries.MARK)
def marking(request: HttpRequest) -> HttpResponse:
    """Show the own outlets with a form, and what was marked before."""
    on = received_date(request)
    kinds = rules.marks.terms(on)["kinds"]
    marks = queries.own_marks(user=person(request), on=on)
    outlets = queries.own_outlets(user=person(request), on=on)
    burning = any(rules.incineration.is_incinerator(outlet.facility.industry, on) for outlet in outlets)
    states = queries.mark_states()
    context = {
        "outlets": outlets,
        "kinds": [
            (kind.value, kind.label, kinds[kind.value]["longest_hours"], kinds[kind.value]["evidence"])
            for kind in Mark.Kind
            if kind.value in kinds and (burning or not kinds[kind.value].get("incineration"))
        ],
        "rows": [(mark, states.get(mark.state, mark.state), BADGES.get(mark.state, "")) for mark in marks],
        "hour": rules.incineration.table(on)["correct_by_hour"]
        if burning
        else rules.marks.terms(on)["terms"]["correct_by_hour"],
    }
    return render(request, "emissions/marking.html", context)


@require_POST
@requires(queries.MARK)
def hand_in(request: HttpRequest, code: str) -> HttpResponse:
    """Hand a mark in."""
    outlet = _mine(request, code)
    form = MarkForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请写明标记、开始、结束和原因。"))
        return redirect("emissions:marking")
    try:
        mark = services.hand_in(
            outlet=outlet,
            actor=person(request),
            now=received_at(request),
            files=cast(list[File], request.FILES.getlist("files"))[:MAX_FILES],  # type: ignore[type-arg]
            **form.cleaned_data,
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except Refused:
        messages.error(request, _("文件为空、过大、损坏或类型不受支持。"))
    else:
        messages.success(request, _("已提交：%(number)s，等待审核。") % {"number": mark.number})
    return redirect("emissions:marking")


def _mine(request: HttpRequest, code: str) -> Outlet:
    for outlet in queries.own_outlets(user=person(request), on=received_date(request)):
        if outlet.station.code == code:
            return outlet
    raise Http404(code)
