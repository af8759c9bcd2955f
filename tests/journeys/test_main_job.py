"""The main job in the demo city, as three people do it: telemetry to a closed case, and the plan's numbers."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

import pytest
from PIL import Image
from playwright.sync_api import expect

from journeys.conftest import LiveCity

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PROGRAM = pathlib.Path(sys.executable).parent / "jiangcheng"
OPENED_WITHIN = 90_000


@pytest.fixture(scope="module")
def live_city(demo_city: LiveCity) -> LiveCity:
    """The demo city, in place of the small one."""
    return demo_city


@pytest.fixture
def photo(tmp_path) -> pathlib.Path:
    path = tmp_path / "stack.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path, quality=85)
    return path


def _act(page, action: str, **fields: str) -> None:
    """Open an action on the case page, fill it in and send it."""
    form = page.locator(f"form:has(input[name=action][value={action}])")
    if not form.is_visible():
        page.locator(f"details:has(input[name=action][value={action}]) > summary").click()
    for name, value in fields.items():
        if name == "photos":
            form.locator("[name=photos]").set_input_files(value)
        else:
            form.locator(f"[name={name}]").fill(value)
    form.locator("button[type=submit]").click()


def test_an_over_limit_hour_becomes_a_case_that_two_people_close(open_page, log_in, photo, live_city):
    duty = open_page()
    log_in(duty, "duty")
    duty.goto("/cases/")
    card = duty.locator(".kanban-card a", has_text=re.compile("龙潭.*DA001"))
    expect(card.first).to_be_visible(timeout=OPENED_WITHIN)
    card.first.click()
    address = duty.url
    expect(duty.locator("#case")).to_contain_text(re.compile("220203\\d{5}"))
    _act(duty, "accept")
    expect(duty.locator("#case h1 + p")).to_contain_text("已立案")
    _act(duty, "dispatch")
    expect(duty.locator("#case h1 + p")).to_contain_text("已派遣")

    inspector = open_page(width=390, height=844)
    log_in(inspector, "inspector")
    inspector.goto(address)
    _act(inspector, "sign")
    expect(inspector.locator("#case h1 + p")).to_contain_text("处置中")
    _act(inspector, "submit", text="脱硝系统喷氨阀卡涩，已更换，浓度回落。", photos=str(photo))
    expect(inspector.locator("#case h1 + p")).to_contain_text("待核查")
    expect(inspector.locator(".evidence img").first).to_be_visible()
    # Who handled it may not verify it.
    expect(inspector.locator("input[name=action][value=pass]")).to_have_count(0)

    verifier = open_page()
    log_in(verifier, "verifier")
    verifier.goto(address)
    _act(verifier, "pass", text="现场与数据一致。")
    expect(verifier.locator("#case h1 + p")).to_contain_text("已结案")

    checked = subprocess.run(
        [PROGRAM, "--data", live_city.data, "audit", "verify"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_the_plan_page_shows_what_the_rows_give(page, log_in, live_city):
    rows = json.loads(live_city.execute(INDEPENDENT_PM25))
    log_in(page, "leader")
    page.goto("/plan/")
    shown = page.locator("tr", has_text="PM2.5 年均浓度").first
    expect(shown).to_contain_text(f"{rows['mean']:.1f}")
    shown.locator("a").filter(has_text=f"{rows['mean']:.1f}").click()
    expect(page.locator("main")).to_contain_text(str(rows["days"]))


INDEPENDENT_PM25 = """
import collections, datetime, json, statistics
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
# The plan's number is of the national points.
# HJ 663: a station's day is the mean of at least 20 hours, the city's day the mean of its stations' days,
# the year the mean of the city's days. Plain Python over the raw hours, sharing nothing with the kernel.
points = [
    point for point in Station.objects.filter(kind="air")
    if point.attributes["evaluated"] and point.attributes["class"] == "国控"
]
pm25 = ObservedProperty.objects.get(code="a34004", statistic="avg").pk
beijing = datetime.timezone(datetime.timedelta(hours=8))
today = datetime.datetime.now(beijing).replace(hour=0, minute=0, second=0, microsecond=0)
table = store.read(stations=[point.pk for point in points], properties=[pm25], granularity=store.Granularity.HOUR,
                   start=today.replace(month=1, day=1), end=today).to_pydict()
hours = collections.defaultdict(list)
for station, start, value, flag in zip(table["station"], table["start"], table["value"], table["flag"]):
    if flag == store.NORMAL and value == value:
        hours[station, datetime.datetime.fromtimestamp(start, beijing).date()].append(value)
days = collections.defaultdict(list)
for (station, day), values in hours.items():
    if len(values) >= 20:
        days[day].append(statistics.fmean(values))
city = [statistics.fmean(values) for values in days.values() if len(values) >= 0.75 * len(points)]
print(json.dumps({"mean": statistics.fmean(city), "days": len(city)}))
"""
