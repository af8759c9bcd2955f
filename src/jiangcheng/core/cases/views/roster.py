"""The duty roster, week by week."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases import queries, services
from jiangcheng.core.cases.models import DutyShift
from jiangcheng.core.cases.views import wording
from jiangcheng.core.registry.models import Region

WEEK = dt.timedelta(days=7)
REFUSALS = {
    "order": gettext_lazy("结束时间应晚于开始时间。"),
    "too_long": gettext_lazy("一个班次不超过 36 小时，请检查日期。"),
    "past": gettext_lazy("这个班次已经过去，不能再排。"),
    "unfit": gettext_lazy("这个人在该区域没有处置权限，不能当班。"),
    "overlap": gettext_lazy("这个人在同一时间已经有班次。"),
}


class ShiftForm(forms.Form):
    """Who is on duty, where, from when to when (local time)."""

    user = forms.ModelChoiceField(User.objects.none())
    region = forms.ModelChoiceField(Region.objects.none())
    starts_at = forms.DateTimeField()
    ends_at = forms.DateTimeField()

    def __init__(self, data: object, *, people: list[User], regions: list[Region]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["user"].queryset = User.objects.filter(pk__in=[user.pk for user in people])  # type: ignore[attr-defined]
        self.fields["region"].queryset = Region.objects.filter(pk__in=[region.pk for region in regions])  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@requires("cases.view")
def roster(request: HttpRequest) -> HttpResponse:
    """Show the shifts of a week (``?week=`` any day of it); who keeps the roster adds to it here."""
    user, on = person(request), received_date(request)
    first = _monday(request.GET.get("week", ""), on)
    regions = queries.roster_regions(user=user, on=on)
    people = _people(regions, on)
    form = ShiftForm(request.POST or None, people=people, regions=regions)
    refused = ""
    if request.method == "POST":
        if not regions:
            raise PermissionDenied("cases.roster")
        refused = _planned(request, form)
        if not refused:
            messages.success(request, _("已排班。"))
            return redirect(f"{request.path}?week={first}")
    context = {
        "days": _days(user, first, on),
        "first": first,
        "before": first - WEEK,
        "after": first + WEEK,
        "today": on,
        "may_plan": bool(regions),
        "people": people,
        "regions": [(region.pk, wording.name_of(region)) for region in regions],
        "form": form,
        "refused": refused,
    }
    return render(request, "cases/roster.html", context)


@require_POST
@requires("cases.roster")
def cancel_shift(request: HttpRequest, key: int) -> HttpResponse:
    """Take a shift off the roster, with a reason."""
    on = received_date(request)
    own = queries.roster_regions(user=person(request), on=on)
    shift = get_object_or_404(DutyShift.objects.select_related("user", "region"), pk=key, region__in=own)
    reason = request.POST.get("reason", "").strip()[:200]
    services.cancel_shift(shift=shift, actor=person(request), at=received_at(request), reason=reason)
    messages.success(request, _("已取消这个班次。"))
    return redirect(
        f"{request.path.rpartition('/roster/')[0]}/roster?week={timezone.localdate(shift.starts_at)}"
    )


def _planned(request: HttpRequest, form: ShiftForm) -> str:
    """Plan what was posted and return why not, empty if it was planned."""
    if not form.is_valid():
        return _("请选择人员和区域，并填写开始和结束时间。")
    try:
        services.plan_shift(**form.cleaned_data, actor=person(request), at=received_at(request))
    except services.ShiftRefused as error:
        return str(REFUSALS[error.reason])
    return ""


def _people(regions: list[Region], on: dt.date) -> list[User]:
    found = {
        user
        for region in regions
        for user in access.holders("cases.handle", on, region_code=region.code, facility_code="")
    }
    return sorted(found, key=str)


def _monday(text: str, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = today
    return day - dt.timedelta(days=day.weekday())


def _days(user: User, first: dt.date, on: dt.date) -> list[tuple[dt.date, list[tuple[DutyShift, str]]]]:
    zone = timezone.get_current_timezone()
    start = dt.datetime.combine(first, dt.time(), zone)
    found = list(queries.shifts(user=user, since=start, until=start + WEEK, on=on))
    days = [first + dt.timedelta(days=n) for n in range(7)]
    return [
        (
            day,
            [
                (shift, wording.name_of(shift.region))
                for shift in found
                if timezone.localdate(shift.starts_at) <= day
                and timezone.localdate(shift.ends_at - dt.timedelta(seconds=1)) >= day
            ],
        )
        for day in days
    ]
