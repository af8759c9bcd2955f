"""People and the roles they hold."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries, services
from jiangcheng.core.access.models import LoginFailure, OpenSession, Role, User
from jiangcheng.core.access.views.requests import address_of

PAGE = 50


class PersonForm(forms.Form):
    """A new person."""

    username = forms.CharField(max_length=150, validators=[UnicodeUsernameValidator()])
    display_name = forms.CharField(max_length=80)
    phone = forms.CharField(max_length=20, required=False)
    email = forms.EmailField(required=False)
    password = forms.CharField(max_length=128, strip=False)


class AssignForm(forms.Form):
    """Who gets which role, where and from when."""

    username = forms.CharField(max_length=150)
    role = forms.CharField(max_length=40)
    region_code = forms.CharField(max_length=32, required=False)
    facility_code = forms.CharField(max_length=32, required=False)
    on = forms.DateField()


@require_GET
@services.requires("access.manage")
def people(request: HttpRequest) -> HttpResponse:
    """List the people with the roles they hold."""
    users = User.objects.order_by("username").prefetch_related("assignments__role")
    page = Paginator(users, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "roles": Role.objects.order_by("pk"), "today": services.received_date(request)}
    return render(request, "access/people.html", context)


@require_GET
@services.requires("access.manage")
def person(request: HttpRequest, username: str) -> HttpResponse:
    """Show a person: roles, open sessions, locked log-in, second factor."""
    found = get_object_or_404(User, username=username)
    context = {
        "shown": found,
        "assignments": found.assignments.select_related("role").order_by("-valid_from_date"),
        "sessions": services.running_sessions(user=found).order_by("-active_at"),
        "failures": LoginFailure.objects.filter(username=username).order_by("-last_at"),
        "has_second_factor": services.has_second_factor(found),
        "tokens": found.access_tokens.filter(revoked_at=None).order_by("-created_at"),
        "own": found.pk == services.person(request).pk,
        "today": services.received_date(request),
    }
    return render(request, "access/person.html", context)


@require_POST
@services.requires("access.manage")
@sensitive_post_parameters("password")
def create(request: HttpRequest) -> HttpResponse:
    """Create a person; the password given has to be changed at the first log-in."""
    form = PersonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请填写用户名、姓名和初始密码。用户名只能用字母、数字和 @ . + - _。"))
        return redirect("access:people")
    actor, now = services.person(request), services.received_at(request)
    try:
        services.create_user(**form.cleaned_data, actor=actor, at=now, must_change_password=True)
    except services.UsernameTaken:
        messages.error(request, _("这个用户名已有人使用。"))
    except services.WeakPassword as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已建立账号，首次登录须更改密码。请授予角色。"))
        return redirect("access:person", form.cleaned_data["username"])
    return redirect("access:people")


@require_POST
@services.requires("access.manage")
@sensitive_post_parameters("password")
def reset(request: HttpRequest, username: str) -> HttpResponse:
    """Set a new password for somebody, or take the second factor away that was lost."""
    found = _other(request, username)
    if found is None:
        return redirect("access:person", username)
    actor, now = services.person(request), services.received_at(request)
    if request.POST.get("what") == "factor":
        reason = request.POST.get("reason", "")[:300]
        services.remove_factors(user=found, actor=actor, now=now, reason=reason)
        messages.success(request, _("已清除第二因子，请本人登录后重新绑定。"))
        return redirect("access:person", username)
    try:
        services.reset_password(user=found, new=request.POST.get("password", ""), actor=actor, now=now)
    except services.WeakPassword as error:
        messages.error(request, str(error))
    except services.UsedBefore:
        messages.error(request, _("这是最近用过的密码，请换一个。"))
    else:
        messages.success(request, _("密码已重置，本人下次登录须更改；其所有会话已结束。"))
    return redirect("access:person", username)


@require_POST
@services.requires("access.manage")
def disable(request: HttpRequest, username: str) -> HttpResponse:
    """Disable a person, or enable them again."""
    found = _other(request, username)
    if found is not None:
        services.set_active(
            user=found,
            active=request.POST.get("active") == "1",
            actor=services.person(request),
            reason=request.POST.get("reason", "")[:300],
            now=services.received_at(request),
        )
        messages.success(request, _("已保存。"))
    return redirect("access:person", username)


@require_POST
@services.requires("access.manage")
def unlock(request: HttpRequest, username: str) -> HttpResponse:
    """Let a person log in again who has to wait after failed attempts."""
    found = get_object_or_404(User, username=username)
    services.unlock(user=found, actor=services.person(request), now=services.received_at(request))
    messages.success(request, _("已解除登录锁定。"))
    return redirect("access:person", username)


@require_POST
@services.requires("access.manage")
def end_session(request: HttpRequest, username: str, key: int) -> HttpResponse:
    """End a session of a person."""
    session = get_object_or_404(OpenSession, pk=key, user__username=username)
    services.end_session(
        session=session,
        actor=services.person(request),
        by="administrator",
        now=services.received_at(request),
        address=address_of(request),
    )
    return redirect("access:person", username)


def _other(request: HttpRequest, username: str) -> User | None:
    """Return the person, or None with a message where it is oneself."""
    found = get_object_or_404(User, username=username)
    if found.pk == services.person(request).pk:
        messages.error(request, _("不能管理自己的账号，请由另一位安全管理员办理。"))
        return None
    return found


@require_POST
@services.requires("access.manage")
def assign(request: HttpRequest) -> HttpResponse:
    """Give a person a role."""
    form = AssignForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请选择人员、角色和开始日期。"))
        return redirect("access:people")
    data = form.cleaned_data
    user = User.objects.filter(username=data.pop("username")).first()
    if user is None or not Role.objects.filter(code=data["role"]).exists():
        messages.error(request, _("没有这个人员或角色，请从列表中选择。"))
        return redirect("access:people")
    actor = services.person(request)
    where = queries.scope(actor, "access.manage", services.received_date(request))
    if not where.covers_region(data["region_code"]):
        messages.error(request, _("您只能在自己管理的区划内授予角色。"))
        return redirect("access:people")
    try:
        services.assign_role(user=user, actor=actor, at=services.received_at(request), **data)
    except services.OwnRole:
        messages.error(request, _("不能给自己授予角色，请由另一位安全管理员办理。"))
    except services.RoleConflict:
        messages.error(request, _("系统、安全、审计三类管理员不能由同一人兼任。请先结束原角色。"))
    except services.FacilityMissing:
        messages.error(request, _("这个角色必须指定企业：请填写企业的统一社会信用代码。"))
    else:
        messages.success(request, _("已授予角色。"))
    return redirect("access:people")
