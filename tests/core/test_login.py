"""Logging in for good: second factor, sessions that end, passwords, tokens, a real OpenID provider."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Iterator

import httpx
import pyotp
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from oidc_provider_mock import app
from werkzeug.serving import make_server

from core import city
from jiangcheng.core.access import rules, services
from jiangcheng.core.access.models import AccessToken, AuditEntry, OpenSession, RecoveryCode, User

pytestmark = pytest.mark.django_db
NOW = dt.datetime.now(dt.UTC)
ON = NOW.date()
NEW = "Another-river-2"


def someone(name="wang", role="duty_officer"):
    services.load_roles()
    user = services.create_user(username=name, password=city.PASSWORD, display_name=name, at=NOW)
    services.assign_role(user=user, role=role, on=ON - dt.timedelta(days=1), at=NOW)
    return user


def logged_in(name="wang", password=city.PASSWORD):
    client = Client()
    answer = client.post(reverse("access:login"), {"username": name, "password": password})
    return client, answer


def with_authenticator(user):
    secret = services.secret_in(services.begin_authenticator(user=user))
    codes = services.confirm_authenticator(user=user, code=pyotp.TOTP(secret).at(NOW), now=NOW)
    return pyotp.TOTP(secret), codes


def test_a_second_factor_is_asked_for_and_each_code_opens_once():
    user = someone()
    totp, _codes = with_authenticator(user)
    client, answer = logged_in()
    assert answer.url == reverse("access:second")
    assert client.get("/").status_code == 302
    assert client.post(answer.url, {"code": "000000"}).status_code == 422
    code = totp.at(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30))
    assert client.post(answer.url, {"code": code}).status_code == 302
    assert client.get("/").status_code == 200
    other, answer = logged_in()
    assert other.post(answer.url, {"code": code}).status_code == 422


def test_a_recovery_code_opens_once_when_the_telephone_is_lost():
    user = someone()
    _totp, codes = with_authenticator(user)
    assert not RecoveryCode.objects.filter(hash__in=codes).exists()
    services.check_code(user=user, code=codes[0], now=NOW)
    with pytest.raises(services.WrongCode):
        services.check_code(user=user, code=codes[0], now=NOW)
    assert AuditEntry.objects.filter(action="access.use_recovery_code").count() == 1


def test_the_secret_in_the_database_is_sealed():
    user = someone()
    secret = services.secret_in(services.begin_authenticator(user=user))
    kept = user.authenticator.sealed_secret
    assert secret not in kept and services.opened(kept, purpose="totp") == secret
    with pytest.raises(ValueError, match="another"):
        services.opened(kept, purpose="another")


def test_who_must_have_a_second_factor_gets_nowhere_without(settings):
    settings.SECOND_FACTOR = "administrators"
    someone("sec", "security_admin")
    someone()
    client, _answer = logged_in("sec")
    assert client.get(reverse("access:people")).url == reverse("access:authenticator")
    assert client.get(reverse("access:authenticator")).status_code == 200
    client, _answer = logged_in()
    assert client.get("/").status_code == 200


def test_an_idle_session_ends_and_the_log_in_page_says_why():
    someone()
    client, _answer = logged_in()
    idle = dt.timedelta(seconds=rules.log_in().idle_seconds + 1)
    OpenSession.objects.update(active_at=dt.datetime.now(dt.UTC) - idle)
    answer = client.get("/")
    assert answer.status_code == 302
    assert "没有操作" in client.get(answer.url, headers={"accept-language": "zh-hans"}).content.decode()
    assert OpenSession.objects.get().ended_by == "idle"


def test_what_a_page_fetches_by_itself_keeps_nobody_logged_in():
    someone()
    client, _answer = logged_in()
    before = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=20)
    OpenSession.objects.update(active_at=before)
    client.get("/cases/", headers={"sec-fetch-mode": "cors"})
    assert OpenSession.objects.get().active_at == before
    client.get("/cases/", headers={"sec-fetch-mode": "navigate"})
    assert OpenSession.objects.get().active_at > before


def test_one_log_in_too_many_ends_the_oldest():
    someone()
    clients = [logged_in()[0] for _ in range(rules.log_in().sessions_per_person + 1)]
    assert [client.get("/").status_code for client in (clients[0], clients[-1])] == [302, 200]


def test_a_session_that_was_taken_back_opens_nothing():
    someone()
    someone("sec", "security_admin")
    client, _answer = logged_in()
    admin, _answer = logged_in("sec")
    session = OpenSession.objects.get(user__username="wang")
    admin.post(reverse("access:end_session", args=["wang", session.pk]))
    assert client.get("/").status_code == 302
    assert AuditEntry.objects.filter(action="access.end_session", actor_name="sec").exists()


def test_a_reset_password_has_to_be_changed_and_old_ones_do_not_come_back():
    user, admin = someone(), someone("sec", "security_admin")
    services.reset_password(user=user, new=NEW, actor=admin, now=NOW)
    client, _answer = logged_in(password=NEW)
    assert client.get("/").url == reverse("access:password")
    form = {"present": NEW, "new": city.PASSWORD, "again": city.PASSWORD}
    assert client.post(reverse("access:password"), form).status_code == 422
    form = {"present": NEW, "new": "A-third-river-3", "again": "A-third-river-3"}
    assert client.post(reverse("access:password"), form).url == reverse("access:security")
    assert client.get("/").status_code == 200


def test_a_password_grows_old():
    user = someone()
    later = NOW + dt.timedelta(days=rules.log_in().password_days + 1)
    assert not services.password_is_old(user=user, now=NOW)
    assert services.password_is_old(user=user, now=later)


def test_a_disabled_person_is_out_at_once_and_cannot_come_back():
    user, admin = someone(), someone("sec", "security_admin")
    client, _answer = logged_in()
    services.set_active(user=user, active=False, actor=admin, reason="离岗", now=NOW)
    assert client.get("/").status_code == 302
    assert logged_in()[1].status_code == 200


def test_nobody_manages_themselves():
    someone("sec", "security_admin")
    client, _answer = logged_in("sec")
    client.post(reverse("access:disable", args=["sec"]), {"active": "0", "reason": "x"})
    assert User.objects.get(username="sec").is_active


def test_a_token_opens_the_interface_with_no_more_than_its_own_rights():
    user = someone()
    text = services.make_token(user=user, name="大屏", permissions=["api.read"], days=30, now=NOW)
    assert text not in str(AccessToken.objects.values_list())
    client = Client(headers={"authorization": f"Bearer {text}"})
    assert client.get("/api/v1/cases").status_code == 200
    assert client.get("/cases/").status_code == 302
    AccessToken.objects.update(permissions=["cases.view"])
    assert client.get("/api/v1/cases").status_code == 403
    AccessToken.objects.update(permissions=["api.read"], expires_at=NOW - dt.timedelta(days=1))
    assert client.get("/api/v1/cases").status_code == 401
    with pytest.raises(services.TokenRefused, match="permissions"):
        services.make_token(user=user, name="x", permissions=["access.manage"], days=1, now=NOW)
    with pytest.raises(services.TokenRefused, match="days"):
        services.make_token(user=user, name="x", permissions=["api.read"], days=1000, now=NOW)


@contextlib.contextmanager
def provider() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def through_provider(client, subject):
    """Walk the browser's way: to the provider, log in there, and back."""
    start = client.get(reverse("access:oidc_start"))
    with httpx.Client() as browser:
        back = browser.post(start.url, data={"sub": subject}, follow_redirects=False)
    return client.get(back.headers["location"].removeprefix("http://testserver"))


def test_a_linked_person_logs_in_through_a_real_provider_and_a_stranger_does_not(settings):
    user = someone()
    with provider() as issuer:
        settings.OIDC = {"issuer": issuer, "client_id": "jiangcheng", "client_secret": "secret"}
        stranger = Client()
        assert through_provider(stranger, "wang@example.org").url == reverse("access:login")
        assert stranger.get("/").status_code == 302
        client, _answer = logged_in()
        assert through_provider(client, "wang@example.org").url == reverse("access:security")
        assert user.external_identities.get().subject == "wang@example.org"
        fresh = Client()
        assert through_provider(fresh, "wang@example.org").status_code == 302
        assert fresh.get("/").status_code == 200
        # An answer nobody asked for, or with another state, opens nothing.
        assert Client().get(reverse("access:oidc_back"), {"code": "x", "state": "y"}).url == reverse(
            "access:login"
        )
        forged = Client()
        forged.get(reverse("access:oidc_start"))
        answer = forged.get(reverse("access:oidc_back"), {"code": "x", "state": "forged"})
        assert answer.url == reverse("access:login") and forged.get("/").status_code == 302


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("phone", "13812345678", "138****5678"),
        ("name", "欧阳娜娜", "欧***"),
        ("email", "wang@example.org", "w***@example.org"),
        ("identity", "220202199001011234", "220*************34"),
        ("address", "松江路 1 号", "***"),
        ("phone", "12345", "***"),
        ("name", "", ""),
    ],
)
def test_personal_texts_are_masked(kind, text, shown):
    assert rules.masked(kind, text) == shown


@given(st.sampled_from(["phone", "name", "email", "identity", "other"]), st.text(min_size=8, max_size=40))
def test_a_mask_never_shows_the_whole(kind, text):
    assert text.strip() == "" or rules.masked(kind, text) != text.strip()
