"""A person's own security: password, second factor, passkeys, sessions, tokens."""

from __future__ import annotations

import io

import segno
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries, rules, services
from jiangcheng.core.access.models import AccessToken, OpenSession
from jiangcheng.core.access.views.login import CHALLENGE, json_of
from jiangcheng.core.access.views.middleware import SESSION
from jiangcheng.core.access.views.requests import address_of, host_of, origin_of

TOKEN_ERRORS = {
    "permissions": gettext_lazy("请选择至少一项您自己拥有的权限。"),
    "days": gettext_lazy("有效期须为 1 至 90 天。"),
    "name": gettext_lazy("请为令牌起名，例如设备或程序的名称。"),
    "too_many": gettext_lazy("令牌太多，请先收回不用的。"),
}


@require_GET
@services.requires("portal.view")
def security(request: HttpRequest) -> HttpResponse:
    """Show one's own security."""
    user, now = services.person(request), services.received_at(request)
    token = request.session.get(SESSION, "")
    open_sessions = services.running_sessions(user=user).order_by("-active_at")
    context = {
        "sessions": [(session, services.is_of(session, token)) for session in open_sessions],
        "authenticator": getattr(user, "authenticator", None),
        "passkeys": user.passkeys.order_by("pk"),
        "recovery_left": user.recovery_codes.filter(used_at=None).count(),
        "tokens": user.access_tokens.order_by("-created_at")[:50],
        "may_use_api": queries.has(user, "api.read", now.date()),
        "now": now,
        "identities": user.external_identities.order_by("pk"),
        "provider": services.oidc_configured(),
        "shown_token": request.session.pop("shown_token", ""),
        "shown_codes": request.session.pop("shown_codes", ()),
        "numbers": rules.log_in(),
    }
    return render(request, "access/security.html", context)


@require_http_methods(["GET", "POST"])
@services.requires("portal.view")
@sensitive_post_parameters("present", "new", "again")
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password."""
    user, now = services.person(request), services.received_at(request)
    error = ""
    if request.method == "POST":
        error = _changed(request)
        if not error:
            messages.success(request, _("密码已更改，您的其他会话已结束。"))
            return redirect("access:security")
    context = {"error": error, "old": services.password_is_old(user=user, now=now)}
    return render(request, "access/password.html", context, status=422 if error else 200)


@require_http_methods(["GET", "POST"])
@services.requires("portal.view")
def authenticator(request: HttpRequest) -> HttpResponse:
    """Show the square code a telephone reads."""
    user = services.person(request)
    if services.has_authenticator(user):
        return redirect("access:security")
    address = services.begin_authenticator(user=user)
    square = io.BytesIO()
    segno.make(address, error="m").save(square, kind="svg", scale=5, border=2, xmldecl=False, svgclass="qr")
    # The square is drawn from our own text and holds nothing a person has written.
    context = {"square": mark_safe(square.getvalue().decode()), "secret": services.secret_in(address)}
    return render(request, "access/authenticator.html", context)


@require_POST
@services.requires("portal.view")
def confirm(request: HttpRequest) -> HttpResponse:
    """Take the first code of a new authenticator."""
    try:
        codes = services.confirm_authenticator(
            user=services.person(request),
            code=request.POST.get("code", "")[:20],
            now=services.received_at(request),
        )
    except services.WrongCode:
        messages.error(request, _("验证码不正确。请核对手机时间，再扫码输入最新的六位验证码。"))
        return redirect("access:authenticator")
    request.session["shown_codes"] = codes
    messages.success(request, _("第二因子已启用。请保存下面的恢复码，它们只显示这一次。"))
    return redirect("access:security")


@require_POST
@services.requires("portal.view")
@sensitive_post_parameters("present")
def remove_factors(request: HttpRequest) -> HttpResponse:
    """Take one's own second factors away, after the password."""
    user = services.person(request)
    if not user.check_password(request.POST.get("present", "")):
        messages.error(request, _("当前密码不正确，没有改动。"))
    else:
        services.remove_factors(user=user, actor=user, now=services.received_at(request))
        messages.success(request, _("已停用第二因子。"))
    return redirect("access:security")


@require_POST
@services.requires("portal.view")
def passkey_options(request: HttpRequest) -> HttpResponse:
    """Return what the browser needs to make a passkey."""
    options, challenge = services.passkey_registration(user=services.person(request), host=host_of(request))
    request.session[CHALLENGE] = challenge
    return HttpResponse(options, content_type="application/json")


@require_POST
@services.requires("portal.view")
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Keep the passkey the browser has made."""
    told, challenge = json_of(request), request.session.pop(CHALLENGE, "")
    credential = told.get("credential")
    if not challenge or not isinstance(credential, dict):
        return JsonResponse({}, status=422)
    try:
        services.add_passkey(
            user=services.person(request),
            answer=credential,
            challenge=challenge,
            host=host_of(request),
            origin=origin_of(request),
            name=str(told.get("name", "")),
            now=services.received_at(request),
        )
    except services.WrongKey:
        return JsonResponse({"error": _("通行密钥没有通过验证，请重试。")}, status=422)
    return JsonResponse({}, status=201)


@require_POST
@services.requires("portal.view")
def end_own_session(request: HttpRequest, key: int) -> HttpResponse:
    """End another session of one's own."""
    user = services.person(request)
    session = get_object_or_404(OpenSession, pk=key, user=user)
    services.end_session(
        session=session,
        actor=user,
        by="person",
        now=services.received_at(request),
        address=address_of(request),
    )
    return redirect("access:security")


@require_POST
@services.requires("api.read")
def make_token(request: HttpRequest) -> HttpResponse:
    """Make a token for a program or a device."""
    days = request.POST.get("days", "")
    try:
        text = services.make_token(
            user=services.person(request),
            name=request.POST.get("name", ""),
            permissions=request.POST.getlist("permissions") or ["api.read"],
            days=int(days) if days.isdecimal() and len(days) < 5 else 0,
            now=services.received_at(request),
        )
    except services.TokenRefused as refused:
        messages.error(request, TOKEN_ERRORS[refused.reason])
    else:
        request.session["shown_token"] = text
    return redirect("access:security")


@require_POST
@services.requires("portal.view")
def revoke_token(request: HttpRequest, key: int) -> HttpResponse:
    """Take a token of one's own back."""
    user = services.person(request)
    token = get_object_or_404(AccessToken, pk=key, user=user)
    services.revoke_token(token=token, actor=user, now=services.received_at(request))
    messages.success(request, _("令牌已收回。"))
    return redirect("access:security")


def _changed(request: HttpRequest) -> str:
    """Change the password and return why not, empty if it was done."""
    new = request.POST.get("new", "")
    if new != request.POST.get("again", ""):
        return _("两次输入的新密码不一样。")
    try:
        services.change_password(
            user=services.person(request),
            present=request.POST.get("present", ""),
            new=new,
            now=services.received_at(request),
            session=request.session.get(SESSION, ""),
        )
    except services.WrongPassword:
        return _("当前密码不正确。")
    except services.WeakPassword as error:
        return str(error)
    except services.UsedBefore:
        return _("这是最近用过的密码，请换一个。")
    # The hash in the session has to follow, or this session would end too.
    update_session_auth_hash(request, services.person(request))
    return ""
