"""The shell, the home page and the one map, as a person at a screen meets them."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import expect

from jiangcheng.core.portal.services import charts

pytestmark = pytest.mark.browser


def test_strangers_are_sent_to_the_login_and_come_back_to_their_page(page, live_city):
    page.goto("/map/")
    expect(page).to_have_url(re.compile(r"/login\?next=/map/"))
    page.locator("#id_username").fill("leader")
    page.locator("#id_password").fill(live_city.password)
    page.locator("#id_password").press("Enter")
    expect(page).to_have_url(re.compile(r"/map/"))
    expect(page.locator(".usermenu summary")).to_contain_text("领导周")


def test_home_shows_the_latest_events_and_what_happens_now(page, live_city, log_in):
    log_in(page)
    stream = page.locator("[data-live] .live-item")
    expect(stream).to_have_count(3)
    expect(stream.first).to_contain_text("值班员派遣了事件")
    expect(page.locator("[data-live-badge]")).to_have_text("实时")
    live_city.execute(
        "import datetime as dt\n"
        "from jiangcheng.core.portal import services\n"
        "for kind, permission, text in (('case', 'audit.view', '机密'), ('case', 'cases.view', '刚刚立案')):\n"
        "    services.publish(at=dt.datetime.now(dt.UTC), kind=kind, permission=permission,\n"
        "                     payload={'text_zh': text, 'text_en': 'filed', 'severity': 4})"
    )
    expect(stream.first).to_contain_text("刚刚立案")
    expect(page.get_by_text("机密")).to_have_count(0)


def test_language_is_switched_and_remembered_with_the_person(open_page, log_in):
    # Nobody else logs in as this person: the language stays with them.
    page = open_page()
    log_in(page, "leader")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("navigation", name="Main menu")).to_contain_text("One map")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    other_screen = open_page()
    log_in(other_screen, "leader", anew=True)
    expect(other_screen.get_by_role("navigation", name="Main menu")).to_contain_text("One map")


def test_map_pops_up_a_feature_and_leads_to_its_record(page, log_in):
    log_in(page)
    page.goto("/map/?c=126.3750,43.8500&z=10.00&layers=areas,facilities")
    layers = page.locator(".map-layer")
    expect(layers.filter(has_text="企业").locator(".badge")).to_have_text("2")
    canvas = page.locator(".maplibregl-canvas")
    expect(canvas).to_be_visible()
    expect(page.locator("[data-map]")).to_have_attribute("data-ready", "")
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    popup = page.locator(".maplibregl-popup")
    expect(popup).to_contain_text("昌邑区热电厂")
    popup.get_by_role("link", name="打开记录").click()
    expect(page).to_have_url(re.compile(r"/facilities/"))


def test_map_keeps_centre_and_layers_in_its_address(page, log_in):
    log_in(page)
    page.goto("/map/?c=126.5500,43.8500&z=10.00&layers=areas")
    expect(page.locator("[data-map]")).to_have_attribute("data-ready", "")
    page.locator(".map-layer").filter(has_text="企业").get_by_role("checkbox").check()
    expect(page).to_have_url(re.compile(r"c=126\.5500,43\.8500&z=10\.00&layers=areas,facilities"))
    page.reload()
    expect(page.locator(".map-layer").filter(has_text="企业").get_by_role("checkbox")).to_be_checked()


def test_every_feature_of_the_map_is_in_a_list_for_the_keyboard(page, log_in):
    log_in(page)
    page.goto("/map/?layers=facilities")
    expect(page.locator("[data-map]")).to_have_attribute("data-ready", "")
    summary = page.locator(".map-list > summary")
    summary.focus()
    summary.press("Enter")
    entry = page.locator(".map-list").get_by_role("button", name="丰满区热电厂")
    entry.focus()
    entry.press("Enter")
    expect(page.locator(".maplibregl-popup")).to_contain_text("丰满区热电厂")


def test_what_lies_in_the_area_shown_can_be_listed_alone(page, log_in):
    log_in(page)
    page.goto("/map/?layers=facilities")
    expect(page.locator("[data-map]")).to_have_attribute("data-ready", "")
    page.locator(".map-list > summary").click()
    everything = page.locator(".map-list tr")
    expect(everything).not_to_have_count(0)
    count = everything.count()
    page.goto("/map/?layers=facilities&c=10.0,10.0&z=9")
    expect(page.locator("[data-map]")).to_have_attribute("data-ready", "")
    page.locator(".map-list > summary").click()
    expect(everything).to_have_count(count)
    page.get_by_label("只列当前视野内的要素").check()
    expect(page.locator(".map-list")).to_contain_text("没有要素")


def test_without_webgl_the_map_is_a_list(page, log_in):
    page.add_init_script(
        "const real = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind === 'webgl2' ? null : real.call(this, kind, ...rest); };"
    )
    log_in(page)
    page.goto("/map/?layers=facilities")
    expect(page.get_by_text("没有 WebGL2")).to_be_visible()
    expect(page.locator(".map-list").get_by_text("昌邑区热电厂")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/map/", "/nothing-here"])
def test_a_phone_needs_no_sideways_scrolling(open_page, log_in, watch, path):
    watch.expected.add("404")
    page = open_page(width=390, height=844)
    log_in(page)
    page.goto(path)
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_menu_of_a_phone_opens_and_closes(open_page, log_in):
    page = open_page(width=390, height=844)
    log_in(page)
    menu = page.locator("#menu")
    expect(menu).not_to_be_visible()
    page.get_by_role("button", name="菜单").click()
    expect(menu.get_by_role("link", name="一张图")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).not_to_be_visible()


def test_a_card_that_fails_offers_to_try_again(page, log_in, watch):
    watch.expected.add("500")
    log_in(page)
    attempts = []

    def answer(route):
        attempts.append(route.request.url)
        if len(attempts) == 1:
            route.fulfill(status=500, body="<html>broken</html>", content_type="text/html")
        else:
            route.fulfill(status=200, body='<div class="card">back again</div>', content_type="text/html")

    page.goto("/map/")
    main = page.request.get("/").text().partition("<main")[2]
    url = main.partition('hx-get="')[2].partition('"')[0]
    if not url:
        pytest.skip("no module of this installation has a card")
    page.route(f"**{url}", answer)
    page.goto("/")
    slot = page.locator(f'[hx-get="{url}"]')
    slot.get_by_role("button", name="重试").click()
    expect(slot).to_contain_text("back again")


def test_logging_out_ends_the_session(page, log_in):
    log_in(page, "audit", anew=True)
    page.locator(".usermenu summary").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page).to_have_url(re.compile(r"/login"))
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/login"))


def test_the_time_slider_asks_for_the_past_and_is_kept_in_the_address(page, log_in):
    log_in(page)
    page.goto("/map/")
    expect(page.locator("[data-map]")).to_have_attribute("data-ready", "")
    slider = page.get_by_role("slider", name="时间")
    slider.focus()
    with page.expect_request(re.compile(r"[?&]at=\d{4}-\d\d-\d\dT\d\d%3A00%3A00")):
        page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"&at=\d{4}-\d\d-\d\dT\d\d:00:00\.000Z"))
    page.reload()
    expect(slider).to_have_value("-1")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(".map-time output")).to_have_text("当前")


def test_a_chart_shows_its_numbers_as_a_table_and_recovers_from_an_error(page, log_in, watch):
    watch.expected.add("503")
    start = 1_795_104_000  # 2026-11-20 00:00 +08:00
    series = charts.Series("PM2.5", [start, start + 3600], [31.0, 29.5])
    answers = [{"status": 503}, {"json": charts.line(series=[series], units=("μg/m³",))}]
    page.route("**/sample-chart.json", lambda route: route.fulfill(**answers.pop(0)))
    log_in(page)
    page.evaluate(
        """() => {
          const figure = document.createElement('figure')
          figure.className = 'chart'
          figure.dataset.chartSrc = '/sample-chart.json'
          document.querySelector('main').prepend(figure)
          document.dispatchEvent(new CustomEvent('htmx:after:swap'))
        }"""
    )
    figure = page.locator("figure[data-chart-src='/sample-chart.json']")
    figure.get_by_role("button", name="重试").click()
    expect(figure.locator("canvas")).to_be_visible()
    figure.get_by_role("button", name="看数据表").click()
    expect(figure.locator("tbody tr").first).to_contain_text("2026-11-20 00:00")
    expect(figure.locator("tbody tr").first).to_contain_text("31")


def test_the_wall_of_a_duty_room_shows_no_controls_of_a_person(page, log_in):
    log_in(page)
    page.goto("/?wall=1")
    expect(page.locator(".usermenu")).not_to_be_visible()
    expect(page.locator("[data-live] .live-item").first).to_be_visible()
