"""The pages and doors of the portal: who gets in, and what a stranger is told."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse

from jiangcheng.core.access import services as access
from jiangcheng.core.portal.services import stream

pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@pytest.fixture
def officer():
    access.load_roles()
    user = access.create_user(username="officer", password="a-long-and-dull-phrase", display_name="王", at=AT)
    access.assign_role(user=user, role="duty_officer", on=AT.date(), at=AT)
    return user


@pytest.mark.parametrize("name", ["portal:home", "portal:map", "portal:map_layers", "portal:live"])
def test_strangers_are_sent_to_the_login(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response.url.startswith(reverse("access:login"))


@pytest.mark.parametrize("name", ["portal:home", "portal:map", "portal:map_layers"])
def test_who_has_no_role_is_refused_and_told_what_to_do(client, name):
    client.force_login(
        access.create_user(username="nobody", password="a-long-and-dull-phrase", display_name="无", at=AT)
    )
    response = client.get(reverse(name))
    assert response.status_code == 403
    assert "安全管理员" in response.content.decode()


def test_pages_carry_no_inline_script_style_or_foreign_address(client, officer):
    client.force_login(officer)
    for name in ("portal:home", "portal:map"):
        html = client.get(reverse(name)).content.decode()
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style", html)
        scripts = re.findall(r"<script([^>]*)>", html)
        assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)


def test_the_page_one_is_on_is_marked_in_the_menu(client, officer):
    client.force_login(officer)
    html = client.get(reverse("portal:map")).content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', html) == [reverse("portal:map")]


def test_the_catalogue_of_layers_speaks_the_language_of_the_page(client, officer):
    client.force_login(officer)
    names = {}
    for language in ("zh-hans", "en"):
        client.cookies["django_language"] = language
        layers = client.get(reverse("portal:map_layers")).json()["layers"]
        names[language] = {layer["code"]: layer["name"] for layer in layers}
    assert names["zh-hans"]["areas"] == "行政区与网格"
    assert names["en"]["areas"] == "Areas and grid"


def test_an_unknown_address_says_what_to_do(client):
    response = client.get("/no/such/page")
    assert response.status_code == 404
    assert "没有找到这一页" in response.content.decode()


def test_an_error_page_needs_nothing_but_its_template(client, officer, monkeypatch):
    def fail(**arguments):
        raise RuntimeError

    monkeypatch.setattr("jiangcheng.core.portal.queries.home_cards", fail)
    client.force_login(officer)
    client.raise_request_exception = False
    response = client.get(reverse("portal:home"))
    assert response.status_code == 500
    assert "系统出了差错" in response.content.decode()


def test_more_streams_than_a_browser_opens_are_refused(client, officer, monkeypatch):
    monkeypatch.setitem(stream._open, officer.pk, 6)
    client.force_login(officer)
    assert client.get(reverse("portal:live")).status_code == 429


def test_health_needs_no_login(client):
    response = client.get(reverse("portal:health"))
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [("127.0.0.1", None, 200), ("::1", None, 200), ("10.0.0.9", None, 403), ("127.0.0.1", "10.0.0.9", 403)],
)
def test_metrics_are_for_this_machine(client, address, forwarded, status):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    response = client.get(reverse("portal:metrics"), REMOTE_ADDR=address, headers=headers)
    assert response.status_code == status
    assert (b"jiangcheng_live_streams" in response.content) == (status == 200)


@pytest.mark.parametrize(
    "instant", ["yesterday", "2026-11-02T08:00:00", "0001-01-01T00:00:00+08:00", "2026-13-01"]
)
def test_an_instant_nobody_can_mean_is_refused(client, officer, instant):
    client.force_login(officer)
    assert client.get(reverse("cases:layer"), {"at": instant}).status_code == 400


def test_a_nul_in_an_address_is_refused_before_any_query(client, officer):
    client.force_login(officer)
    assert client.get("/facilities?q=%00").status_code == 400
