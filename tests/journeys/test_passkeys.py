"""A passkey in a real browser: added on the security page, asked for at the next log-in, refused when it is gone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PERSON = """
import datetime as dt
from jiangcheng.core.access import services
now = dt.datetime.now(dt.UTC)
user = services.create_user(username="keyholder", password="{password}", display_name="持钥人", at=now)
services.assign_role(user=user, role="leader", on=now.date() - dt.timedelta(days=1), at=now)
"""


def test_a_passkey_is_added_and_opens_the_door(live_city, chromium):
    live_city.execute(PERSON.format(password=live_city.password))
    # A passkey belongs to a name; an address in digits has none.
    base = live_city.url.replace("127.0.0.1", "localhost")
    context = chromium.new_context(base_url=base, locale="zh-CN")
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                     "hasUserVerification": True, "isUserVerified": True}},
    )["authenticatorId"]  # fmt: skip

    def enter():
        page.goto("/login")
        page.locator("#id_username").fill("keyholder")
        page.locator("#id_password").fill(live_city.password)
        page.locator("#id_password").press("Enter")

    enter()
    page.wait_for_url("**/")
    page.goto("/security/")
    page.locator("[data-passkey=create] [name=name]").fill("办公电脑")
    page.locator("[data-passkey=create] button").click()
    expect(page.locator("main")).to_contain_text("通行密钥 办公电脑")
    assert len(devices.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1

    context.clear_cookies()
    enter()
    page.wait_for_url("**/login/second**")
    page.goto("/cases/")
    expect(page).to_have_url(f"{base}/login?next=/cases/")
    enter()
    page.locator("[data-passkey=get] button").click()
    page.wait_for_url(lambda url: "/login" not in url)
    expect(page.locator(".usermenu summary")).to_contain_text("持钥人")

    context.clear_cookies()
    devices.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    enter()
    page.locator("[data-passkey=get] button").click()
    expect(page.locator("[data-passkey=get] [role=status]")).to_have_text(
        "没有完成，请重试或用验证码。", timeout=60_000
    )
    context.close()
