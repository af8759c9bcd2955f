"""Log-in, language, people, the audit trail; and the middleware that refuses what nobody has allowed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries, services
from jiangcheng.core.access.models import Role, User

logger = logging.getLogger(__name__)
AUDIT_PAGE = 50


class DefaultDenyMiddleware(MiddlewareMixin):
    """Stamps each request with the instant it came in, and refuses views that name no permission.

    What it answers stays out of every cache, unless the view says otherwise.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        request.received_at = timezone.now()  # type: ignore[attr-defined]
        # PostgreSQL takes no NUL in a text; no honest address has one.
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest()
        return None

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if services.permission_of(view) is None:
            logger.error("%s names no permission and is not public: refused", request.path)
            raise PermissionDenied(request.path)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.has_header("Cache-Control"):
            # With an entity tag the browser may keep a copy, but asks each time whether it may show it.
            response["Cache-Control"] = "private, no-cache" if response.has_header("ETag") else "no-store"
        return response


class LoginForm(AuthenticationForm):
    """The log-in form; attempts beyond the free ones have to wait."""

    error_messages = {
        "invalid_login": gettext_lazy("用户名或密码不正确。请核对大小写后重试；忘记密码请找安全管理员重置。"),
        "inactive": gettext_lazy("这个账号已停用，请联系安全管理员。"),
    }

    def clean(self) -> dict[str, Any]:
        # As it is compared: blanks around a name or wide letters would each begin a new count.
        username = self.cleaned_data.get("username", "")
        request = self.request
        assert request is not None
        address, now = address_of(request), services.received_at(request)
        if wait := services.remaining_wait(username=username, address=address, now=now):
            raise ValidationError(_wait_text(wait), code="wait")
        try:
            return super().clean()
        except ValidationError as error:
            if wait := services.login_failed(username=username, address=address, now=now):
                raise ValidationError(_wait_text(wait), code="wait") from error
            raise


@method_decorator([services.public, sensitive_post_parameters("password")], name="dispatch")
class Login(auth_views.LoginView):
    """The log-in page."""

    template_name = "access/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        seconds = services.login_succeeded(
            user=user, address=address_of(self.request), now=services.received_at(self.request)
        )
        response = super().form_valid(form)
        self.request.session.set_expiry(seconds)
        _remember_language(response, user.language)
        return response


@services.public
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if isinstance(request.user, User):
        services.logged_out(user=request.user, address=address_of(request), now=services.received_at(request))
    auth.logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@services.public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language, remember it with the person, and go back to the page it was changed on."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        _remember_language(response, chosen)
        if isinstance(request.user, User):
            services.set_language(user=request.user, language=chosen)
    return response


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
    page = Paginator(users, AUDIT_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "roles": Role.objects.order_by("pk"), "today": services.received_date(request)}
    return render(request, "access/people.html", context)


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


@require_GET
@services.requires("audit.view")
def audit(request: HttpRequest) -> HttpResponse:
    """Show the audit trail, latest first."""
    filters = {name: request.GET.get(name, "").strip() for name in ("actor", "action", "object_id")}
    page = Paginator(queries.audit_entries(**filters), AUDIT_PAGE).get_page(request.GET.get("page"))
    return render(request, "access/audit.html", {"page": page, "filters": filters})


@require_POST
@services.requires("audit.view")
def audit_verify(request: HttpRequest) -> HttpResponse:
    """Check the whole chain and say whether it is sound."""
    report = services.verify_audit()
    context = {"report": report, "checked_at": services.received_at(request)}
    if request.headers.get("HX-Request") == "true":
        return render(request, "access/_verify.html", context)
    page = Paginator(queries.audit_entries(), AUDIT_PAGE).get_page(1)
    return render(request, "access/audit.html", {"page": page, "filters": {}, **context})


def address_of(request: HttpRequest) -> str:
    """Return the peer's network address; forwarding headers are not believed."""
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def _wait_text(seconds: int) -> str:
    if seconds < 60:
        return ngettext(
            "失败次数过多，请等待 %(n)d 秒后再试。", "失败次数过多，请等待 %(n)d 秒后再试。", seconds
        ) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext(
        "失败次数过多，请等待 %(n)d 分钟后再试。", "失败次数过多，请等待 %(n)d 分钟后再试。", minutes
    ) % {"n": minutes}


def _remember_language(response: HttpResponse, code: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=365 * 86400,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
