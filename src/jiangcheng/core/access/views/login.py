"""Logging in, by password and second factor or through a provider; logging out; the language."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
from typing import Any

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import rules, services
from jiangcheng.core.access.models import User
from jiangcheng.core.access.views.middleware import SESSION, ended_text
from jiangcheng.core.access.views.requests import address_of, host_of, origin_of, remember_language

logger = logging.getLogger(__name__)
PENDING, CHALLENGE, ASKED = "pending_log_in", "passkey_challenge", "oidc_question"
LONGEST_ANSWER = 64 * 1024
BACKEND = "django.contrib.auth.backends.ModelBackend"


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

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        more = {"ended": ended_text(self.request), "provider": services.oidc_configured()}
        return super().get_context_data(**kwargs, **more)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        assert isinstance(user, User)
        target = self.get_success_url()
        if services.has_second_factor(user):
            now = services.received_at(self.request)
            self.request.session[PENDING] = {"user": user.pk, "at": now.isoformat(), "next": target}
            return redirect("access:second")
        return _entered(self.request, user, target)


@services.public
@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("code")
def second(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor: a one-time code, a recovery code, or a passkey."""
    user, target = _pending(request)
    if user is None:
        return redirect("access:login")
    error = ""
    if request.method == "POST":
        address, now = address_of(request), services.received_at(request)
        wait = services.remaining_wait(username=user.username, address=address, now=now)
        if not wait:
            try:
                services.check_code(user=user, code=request.POST.get("code", "")[:40], now=now)
            except services.WrongCode:
                wait = services.login_failed(username=user.username, address=address, now=now)
                error = _("验证码不正确或已用过。请输入最新的六位验证码，或一个恢复码。")
            else:
                return _entered(request, user, target)
        error = _wait_text(wait) if wait else error
    context = {"error": error, "has_passkey": user.passkeys.exists()}
    return render(request, "access/second.html", context, status=200 if not error else 422)


@services.public
@require_POST
def second_question(request: HttpRequest) -> HttpResponse:
    """Return the question a passkey of the person has to answer."""
    user, _target = _pending(request)
    if user is None:
        return JsonResponse({}, status=401)
    options, challenge = services.passkey_question(user=user, host=host_of(request))
    request.session[CHALLENGE] = challenge
    return HttpResponse(options, content_type="application/json")


@services.public
@require_POST
def second_passkey(request: HttpRequest) -> HttpResponse:
    """Take the answer of a passkey."""
    user, target = _pending(request)
    challenge = request.session.pop(CHALLENGE, "")
    if user is None or not challenge:
        return JsonResponse({}, status=401)
    now, address = services.received_at(request), address_of(request)
    try:
        services.check_passkey(
            user=user,
            answer=json_of(request),
            challenge=challenge,
            host=host_of(request),
            origin=origin_of(request),
            now=now,
        )
    except services.WrongKey:
        services.login_failed(username=user.username, address=address, now=now)
        return JsonResponse({"error": _("这把通行密钥没有通过验证。")}, status=422)
    _entered(request, user, target)
    return JsonResponse({"next": target})


@services.public
@require_GET
def oidc_start(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider."""
    if not services.oidc_configured():
        return redirect("access:login")
    try:
        asked = services.oidc_question(redirect_uri=_back(request))
    except services.ProviderFailed:
        logger.warning("the provider cannot be asked", exc_info=True)
        messages.error(request, _("统一身份认证暂时不可用，请稍后再试或用密码登录。"))
        return redirect("access:login")
    request.session[ASKED] = dataclasses.asdict(asked)
    return HttpResponseRedirect(asked.url)


@services.public
@require_GET
def oidc_back(request: HttpRequest) -> HttpResponse:
    """Let the person in whom the provider names; link the identity where somebody is logged in."""
    asked = request.session.pop(ASKED, None)
    if asked is None or not services.oidc_configured():
        return redirect("access:login")
    now = services.received_at(request)
    try:
        identity = services.oidc_answered(
            address=request.build_absolute_uri(),
            asked=services.OidcQuestion(**asked),
            redirect_uri=_back(request),
        )
        if isinstance(request.user, User):
            services.oidc_link(user=request.user, identity=identity, actor=request.user, now=now)
            messages.success(request, _("已关联统一身份认证。"))
            return redirect("access:security")
    except services.ProviderFailed:
        logger.warning("the provider's answer was refused", exc_info=True)
        messages.error(request, _("统一身份认证没有通过。请重试；多次失败请联系安全管理员。"))
        return redirect("access:login")
    user = services.oidc_person(identity=identity)
    if user is None:
        messages.error(request, _("这个统一身份没有关联本系统的账号。请先用密码登录，在“账号安全”中关联。"))
        return redirect("access:login")
    return _entered(request, user, settings.LOGIN_REDIRECT_URL)


@services.public
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if isinstance(request.user, User):
        now = services.received_at(request)
        services.logged_out(user=request.user, address=address_of(request), now=now)
        services.close_session(token=request.session.get(SESSION, ""), now=now)
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
        remember_language(response, chosen)
        if isinstance(request.user, User):
            services.set_language(user=request.user, language=chosen)
    return response


def json_of(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object a script has posted, empty where it is none."""
    try:
        told = json.loads(request.body[:LONGEST_ANSWER].decode())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _pending(request: HttpRequest) -> tuple[User | None, str]:
    """Return who has given the right password a short while ago, and where they want to go."""
    told = request.session.get(PENDING)
    if not told:
        return None, ""
    age = services.received_at(request) - dt.datetime.fromisoformat(told["at"])
    if age > dt.timedelta(seconds=rules.log_in().second_factor_seconds):
        return None, ""
    return User.objects.filter(pk=told["user"], is_active=True).first(), told["next"]


def _entered(request: HttpRequest, user: User, target: str) -> HttpResponse:
    """Log a person in who has proved everything there is to prove."""
    address, now = address_of(request), services.received_at(request)
    seconds = services.login_succeeded(user=user, address=address, now=now)
    auth.login(request, user, backend=BACKEND)
    request.session.pop(PENDING, None)
    request.session.set_expiry(seconds)
    request.session[SESSION] = services.open_session(
        user=user, address=address, agent=request.headers.get("User-Agent", ""), now=now
    )
    response = redirect(target)
    remember_language(response, user.language)
    return response


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("access:oidc_back"))


def _wait_text(seconds: int) -> str:
    if seconds < 60:
        return ngettext(
            "失败次数过多，请等待 %(n)d 秒后再试。", "失败次数过多，请等待 %(n)d 秒后再试。", seconds
        ) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext(
        "失败次数过多，请等待 %(n)d 分钟后再试。", "失败次数过多，请等待 %(n)d 分钟后再试。", minutes
    ) % {"n": minutes}
