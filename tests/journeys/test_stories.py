"""The four stories of the README, followed by their links in a real browser as a visitor follows them."""

from __future__ import annotations

import io
import zipfile

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def live_city(demo_city):
    return demo_city


def test_an_over_limit_night_ends_in_a_published_decision_and_costs_credit(open_page, log_in, live_city):
    duty = open_page()
    log_in(duty, "duty")
    duty.goto("/cases/?view=list&q=夜间二氧化硫")
    duty.locator("main tbody a").first.click()
    duty.locator(".notice-ok a").click()
    main = duty.locator("main")
    for gate in ("执法全过程记录", "重大决定法制审核", "行政执法公示"):
        expect(main).to_contain_text(gate)
    expect(main).to_contain_text("超标排放大气污染物")
    with duty.expect_download() as download:
        duty.locator("a[href$='.docx']").first.click()
    with zipfile.ZipFile(download.value.path()) as document:
        assert "行政处罚决定书" in document.read("word/document.xml").decode()
    duty.locator("dd a[href^='/facilities/']").first.click()
    expect(main).to_contain_text("环保信用")
    plant = duty.locator("h1").first.inner_text().split()[0]
    anybody = open_page()
    anybody.goto("/enforcement/published")
    expect(anybody.locator("main")).to_contain_text(plant)


def test_a_citizen_complains_follows_by_code_and_stays_unknown(open_page, log_in, live_city):
    citizen = open_page(width=390, height=844)
    citizen.goto("/public/report")
    citizen.locator("[name=kind]").select_option(index=1)
    citizen.locator("[name=text]").fill("旅程：傍晚有酸味\n桥头一带")
    citizen.locator("[name=county]").select_option(index=1)
    citizen.locator("[name=contact]").fill("13899990000")
    citizen.locator("main button.btn-primary").click()
    number, code = (citizen.locator(at).inner_text() for at in ("#number", "#code"))
    citizen.goto("/public/follow")
    citizen.locator("[name=number]").fill(number)
    citizen.locator("[name=code]").fill(code)
    citizen.locator("main button.btn-primary").click()
    expect(citizen.locator("main")).to_contain_text(number)
    duty = open_page()
    log_in(duty, "duty")
    duty.goto("/public/desk")
    duty.locator("main tr", has_text="旅程：傍晚有酸味").locator("a").first.click()
    expect(duty.locator("main")).to_contain_text("旅程：傍晚有酸味")
    assert "13899990000" not in duty.content()
    duty.goto(f"/cases/{number}")
    expect(duty.locator("h1").first).to_contain_text("旅程：傍晚有酸味")
    assert "13899990000" not in duty.content()


def test_a_random_inspection_can_be_computed_again_by_anybody(open_page, log_in, live_city):
    planner = open_page()
    log_in(planner, "planner")
    planner.goto("/inspections/")
    planner.locator("main a[href*='/inspections/draws/SJ-']").first.click()
    expect(planner.locator("main")).to_contain_text("演示见证人")
    anybody = open_page()
    anybody.goto("/inspections/published")
    proof = anybody.locator("a[href$='.json']").first
    address = proof.get_attribute("href")
    body = anybody.request.get(live_city.url + address).body()
    anybody.goto("/inspections/verify")
    anybody.locator("input[type=file]").set_input_files(
        {"name": "draw.json", "mimeType": "application/json", "buffer": body}
    )
    anybody.locator("main button").first.click()
    expect(anybody.locator("main .badge-ok, main .notice-ok").first).to_be_visible()
    false = io.BytesIO(body.replace(b'"seed": "demo-0', b'"seed": "demo-1')).getvalue()
    assert false != body
    anybody.locator("input[type=file]").set_input_files(
        {"name": "draw.json", "mimeType": "application/json", "buffer": false}
    )
    anybody.locator("main button").first.click()
    expect(anybody.locator("main .badge-bad, main .notice-bad").first).to_be_visible()


def test_a_rectification_shows_its_measures_its_signatures_and_the_notice(open_page, log_in, live_city):
    department = open_page()
    log_in(department, "department")
    department.goto("/inspectorate/")
    expect(department.locator("main")).to_contain_text("销号")
    department.goto("/records/problems/?state=closed_out")
    department.locator("main tbody a").first.click()
    for word in ("现场验收通过", "门户公示", "同意销号", "复核销号"):
        expect(department.locator("main")).to_contain_text(word)
    expect(department.locator("main")).to_contain_text("改造混接管线")
    anybody = open_page()
    anybody.goto("/inspectorate/published")
    expect(anybody.locator("main")).to_contain_text("雨污混排")


def test_a_command_screen_tells_by_itself_what_others_write(open_page, log_in, live_city):
    commander, duty = open_page(), open_page()
    log_in(commander, "duty")
    commander.clock.install()
    commander.goto("/safety/")
    commander.locator("main a[href^='/safety/events/']", has_text="演练").first.click()
    expect(commander.locator("#event-log")).to_be_visible()
    log_in(duty, "duty")
    duty.goto(commander.url)
    duty.locator("form[action$='/note'] input[name=text]").fill("旅程：下游取水口已关闭")
    duty.locator("form[action$='/note'] button").click()
    expect(duty.locator("#event-log")).to_contain_text("旅程：下游取水口已关闭")
    expect(commander.locator("#event-log")).not_to_contain_text("旅程：下游取水口已关闭")
    commander.clock.fast_forward("00:21")
    expect(commander.locator("#event-log")).to_contain_text("旅程：下游取水口已关闭")
    expect(commander.locator("#event-orders")).to_be_visible()
