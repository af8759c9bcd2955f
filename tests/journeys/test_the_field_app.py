"""The field app in a real Chromium: off line, killed, sent twice, skewed, in conflict, and 200 reports."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pathlib
import signal
import time
import uuid

import PIL.Image
import pytest
from playwright.sync_api import Error as PlaywrightError

from journeys.conftest import CHROMIUM_FLAGS, PATIENCE

APP = "/field/"
PHONE = {"width": 360, "height": 740}
PLACE = {"longitude": 126.4, "latitude": 43.8, "accuracy": 15}
FIRST_LOAD = 300_000
"""Bytes of the files the app loads first, uncompressed."""
LOST = ("Failed to load resource", "net::ERR", "status of 40")
"""What the console says about a network that was switched off, or a refusal, on purpose."""


def jpeg(number):
    buffer = io.BytesIO()
    image = PIL.Image.new("RGB", (16, 12), (number % 256, number // 256 % 256, 90))
    image.save(buffer, "JPEG", comment=uuid.uuid4().bytes)
    return buffer.getvalue()


@pytest.fixture
def phone(open_page, log_in, watch):
    """A function that opens the app on a phone of its own, logged in, with a position."""
    watch.expected.update(LOST)

    def open_one(
        username="grid", *, width=PHONE["width"], height=PHONE["height"], route="tasks", language="zh-CN"
    ):
        page = open_page(width=width, height=height, language=language)
        page.context.grant_permissions(["geolocation"])
        page.context.set_geolocation(PLACE)
        log_in(page, username)
        page.goto(f"{APP}#{route}")
        page.locator("nav.bar").wait_for()
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        return page

    return open_one


def report(page, text, photos=()):
    page.goto(f"{APP}#report")
    page.locator("#report textarea").fill(text)
    if photos:
        files = [
            {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": data} for n, data in enumerate(photos)
        ]
        page.locator("#report input[type=file]").set_input_files(files)
    page.get_by_text("已定位").wait_for()
    page.locator("#report button.main").click()
    page.locator("#outbox").wait_for()


def reported(city, text):
    """Return the cases with a title as the database of the installation has them."""
    code = f"""
import hashlib, json
from jiangcheng.core.cases.models import Case
print(json.dumps([[hashlib.sha256(e.file.read()).hexdigest() for e in c.steps.first().evidence.all()]
    for c in Case.objects.filter(title_zh={text!r})]))
"""
    return json.loads(city.execute(code))


def wait_sent(page, count=1):
    page.locator("#outbox [data-state=sent]").nth(count - 1).wait_for(timeout=60_000)


def test_a_report_off_line_arrives_once_with_the_originals(phone, live_city):
    page, photos = phone(), [jpeg(n) for n in range(3)]
    page.context.set_offline(True)
    page.reload()
    page.locator("#offline").wait_for()
    report(page, "离线上报的黑水", photos)
    page.locator("#outbox [data-state=queued]").wait_for()
    assert reported(live_city, "离线上报的黑水") == []
    page.context.set_offline(False)
    wait_sent(page)
    found = reported(live_city, "离线上报的黑水")
    assert [sorted(hashes) for hashes in found] == [
        sorted(hashlib.sha256(data).hexdigest() for data in photos)
    ]


def test_a_killed_browser_sends_after_its_restart(live_city, chromium, tmp_path, sessions, log_in, open_page):
    log_in(open_page(), "grid")

    def launch():
        context = chromium.browser_type.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=executable(), args=CHROMIUM_FLAGS,
            base_url=live_city.url, viewport=PHONE, locale="zh-CN", geolocation=PLACE, permissions=["geolocation"],
        )  # fmt: skip
        context.add_cookies(sessions[live_city.url, "grid"])
        return context, context.pages[0]

    context, page = launch()
    page.goto("/field/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    context.set_offline(True)
    report(page, "断电前的上报", [jpeg(7)])
    for pid in chromium_of(tmp_path / "profile"):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while chromium_of(tmp_path / "profile") and time.monotonic() < deadline:
        # The page may end while it waits: its browser is the very thing that was killed.
        try:
            page.wait_for_timeout(100)
        except PlaywrightError:
            time.sleep(0.1)
    assert reported(live_city, "断电前的上报") == []
    for lock in (tmp_path / "profile").glob("Singleton*"):
        lock.unlink()
    context, page = launch()
    page.goto("/field/#outbox")
    wait_sent(page)
    context.close()
    assert len(reported(live_city, "断电前的上报")) == 1


def executable():
    import shutil

    return shutil.which("chromium") or shutil.which("chromium-browser")


def chromium_of(profile):
    """Return the processes of the browser with this very profile folder."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace")
            alive = "\nState:\tZ" not in (folder / "status").read_text()
        except OSError:
            continue
        if alive and f"--user-data-dir={profile}" in words:
            found.append(int(folder.name))
    return found


def test_two_windows_send_one_case(phone, live_city):
    page = phone()
    page.context.set_offline(True)
    report(page, "两个窗口的上报")
    other = page.context.new_page()
    page.context.set_offline(False)
    other.goto("/field/#outbox")
    wait_sent(other)
    wait_sent(page)
    assert len(reported(live_city, "两个窗口的上报")) == 1


def test_a_lost_answer_does_not_make_a_second_case(phone, live_city):
    page, lost = phone(), []

    def lose_first_answer(route):
        response = route.fetch()
        if lost:
            return route.fulfill(response=response)
        lost.append(response.status)
        return route.abort()

    page.route("**/field/api/reports", lose_first_answer)
    report(page, "答复丢失的上报")
    wait_sent(page)
    assert lost == [201]
    assert len(reported(live_city, "答复丢失的上报")) == 1


def test_a_network_that_dies_in_mid_upload(phone, live_city):
    page, died = phone(), []

    def die_at_second_photo(route):
        died.append(route.request.url)
        return route.abort() if len(died) == 2 else route.continue_()

    page.route("**/field/api/photos", die_at_second_photo)
    report(page, "传到一半断网", [jpeg(n) for n in (21, 22, 23)])
    wait_sent(page)
    assert [len(hashes) for hashes in reported(live_city, "传到一半断网")] == [3]
    assert len(died) == 4, "the first photo was there already and is not sent again"


def test_a_phone_three_hours_fast(phone, live_city):
    page = phone()
    page.add_init_script("const now = Date.now; Date.now = () => now() + 3 * 3600 * 1000;"
        "const Old = Date; globalThis.Date = class extends Old {"
        "constructor(...a) { a.length ? super(...a) : super(Old.now()) } };")  # fmt: skip
    page.reload()
    report(page, "快三小时的手机")
    wait_sent(page)
    code = """
import json
from jiangcheng.modules.fieldwork.models import Submission
row = Submission.objects.filter(kind="reports").latest("pk")
print(json.dumps([row.doubtful, row.offset_seconds, (row.received_at - row.corrected_at).total_seconds()]))
"""
    doubtful, offset, age = json.loads(live_city.execute(code))
    assert doubtful
    assert offset == pytest.approx(-3 * 3600, abs=60)
    assert 0 <= age < 60


def test_a_conflict_is_shown_and_the_person_decides(phone, live_city):
    live_city.execute("""
import datetime as dt
from jiangcheng.config import wiring
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services
wiring.load_manifests()
now = dt.datetime.now(dt.timezone.utc)
duty, grid = (User.objects.get(username=name) for name in ("duty", "grid"))
case = services.report_in_person(reporter=duty, text="有冲突的任务", longitude=126.4, latitude=43.8, now=now)
services.act(case=case, action="accept", actor=duty, now=now)
services.act(case=case, action="dispatch", actor=duty, now=now, details={"handler": grid.pk})
""")
    page = phone()
    page.get_by_text("有冲突的任务").click()
    page.locator("form[data-action=sign]").wait_for()
    page.context.set_offline(True)
    page.locator("form[data-action=sign] button.main").click()
    page.locator("#outbox [data-state=queued]").wait_for()
    live_city.execute("""
import datetime as dt
from jiangcheng.config import wiring
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services
wiring.load_manifests()
from jiangcheng.core.cases.models import Case
services.act(case=Case.objects.get(title_zh="有冲突的任务"), action="sign",
    actor=User.objects.get(username="grid"), now=dt.datetime.now(dt.timezone.utc))
""")
    page.context.set_offline(False)
    conflict = page.locator("#outbox [data-state=conflict]")
    conflict.wait_for()
    assert "处置中" in conflict.inner_text()
    assert conflict.get_by_role("button", name="看过了，仍要发送").is_visible()


def fits(page):
    """Tell that nothing stands out of a phone's screen and that a thumb hits everything it is to hit."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    small = page.evaluate(
        """[...document.querySelectorAll(
        'button, nav a, a.card, a.main, summary, select, textarea, input:not([type=radio]):not([type=checkbox])')]
        .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)"""
    )
    assert small == []


def do(page, action, text="", photos=()):
    """Fill an action of the open task in and hand it in."""
    form = page.locator(f"form[data-action={action}]")
    form.wait_for()
    fits(page)
    if text:
        form.locator("textarea").fill(text)
    if photos:
        page.locator(".where", has_text="已定位").wait_for()
        files = [{"name": "done.jpg", "mimeType": "image/jpeg", "buffer": data} for data in photos]
        form.locator("input[type=file]").set_input_files(files)
    form.locator("button.main").click()
    page.locator("#outbox").wait_for()
    fits(page)


def open_task(page, title):
    """Open a task that is on this phone; what merely links to the portal is not meant."""
    page.locator("a[href^='#task/']", has_text=title).click()
    page.locator("#history").wait_for()


def go_on(page):
    page.locator("#outbox").get_by_role("link", name="打开任务").first.click()


def test_an_event_is_reported_dispatched_handled_off_line_checked_and_closed_on_phones(phone, live_city):
    title, screen = "桥下倾倒渣土", {"width": 390, "height": 844}
    inspector, before, after = phone("grid", **screen), jpeg(301), jpeg(302)
    report(inspector, title, [before])
    wait_sent(inspector)

    duty = phone("duty", **screen)
    open_task(duty, title)
    do(duty, "accept")
    go_on(duty)
    duty.locator("form[data-action=dispatch] select[name=handler]").select_option(label="网格员李")
    do(duty, "dispatch", "请今天清理")
    wait_sent(duty, 2)

    inspector.goto("/field/#tasks")
    inspector.reload()
    open_task(inspector, title)
    assert "请今天清理" in inspector.locator("#history").inner_text()
    do(inspector, "sign")
    go_on(inspector)
    inspector.locator("form[data-action=submit]").wait_for()
    inspector.context.set_geolocation({**PLACE, "longitude": 126.4123, "latitude": 43.8045})
    inspector.context.set_offline(True)
    do(inspector, "submit", "渣土已清运，河岸恢复", [after])
    inspector.locator("#outbox [data-state=queued]").wait_for()
    verifier = phone("verifier", **screen)
    verifier.locator("main h1").wait_for()
    assert verifier.get_by_text(title).count() == 0
    inspector.context.set_offline(False)
    wait_sent(inspector, 3)

    verifier.reload()
    open_task(verifier, title)
    done = verifier.locator("#history li").first
    for seen in ("反馈", "网格员李", "渣土已清运", "126.4123°, 43.8045°"):
        assert seen in done.inner_text()
    assert done.locator("img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 16
    do(verifier, "pass", "现场已核实", [jpeg(303)])
    wait_sent(verifier)

    number = verifier.locator("#outbox [data-state=sent]").first.inner_text().split("编号 ")[1].split()[0]
    verifier.goto(f"/cases/{number}")
    page = verifier.locator("#case").inner_text()
    for seen in ("已结案", "网格员李", "值班员王", "核查孙", "126.4123, 43.8045"):
        assert seen in page
    assert verifier.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    steps, audited = json.loads(live_city.execute(WALKED.format(title=title)))
    assert [step[:2] for step in steps] == [
        ["report", "grid"], ["accept", "duty"], ["dispatch", "duty"], ["sign", "grid"], ["submit", "grid"],
        ["pass", "verifier"],
    ]  # fmt: skip
    assert steps[0][2] == [[hashlib.sha256(before).hexdigest(), 126.4, 43.8]]
    assert steps[4][2] == [[hashlib.sha256(after).hexdigest(), 126.4123, 43.8045]]
    assert audited == [step[:2] for step in steps]


WALKED = """
import json
from jiangcheng.core.access.models import AuditEntry, User
from jiangcheng.core.cases.models import Case
case = Case.objects.get(title_zh={title!r})
assert case.closed_at and case.state == "closed"
steps = [[step.action, step.actor.username,
    [[kept.sha256, kept.longitude, kept.latitude] for kept in step.evidence.all()]]
    for step in case.steps.order_by("sequence")]
audited = AuditEntry.objects.filter(object_type="case", object_id=case.number, action__startswith="cases.")
names = dict(User.objects.values_list("pk", "username"))
print(json.dumps([steps, [[row.action.removeprefix("cases."), names[row.actor_id]] for row in audited.order_by("pk")]]))
"""


@pytest.mark.slow
def test_two_hundred_reports_of_three_photos_all_arrive_once(phone, live_city):
    page = phone(route="outbox")
    page.context.set_offline(True)
    page.evaluate("location.hash = '#more'")
    made = page.evaluate(
        """async (photos) => {
        const result = (r) => new Promise((done) => { r.onsuccess = () => done(r.result) })
        const db = await result(indexedDB.open('jiangcheng-field', 1))
        const user = await result(db.transaction('kept').objectStore('kept').get('user'))
        const t = db.transaction(['items', 'files'], 'readwrite', {durability: 'strict'})
        for (let n = 0; n < 200; n++) {
          const key = crypto.randomUUID()
          const mine = photos.slice(n * 3, n * 3 + 3)
          t.objectStore('items').add({key, user, order: n, kind: 'reports', label: `批量 ${n}`, run: 'before',
            createdAt: Date.now(), createdTick: 0, state: 'queued', attempts: 0, nextAt: 0, reasons: [],
            photos: mine.map((p) => ({sha256: p.sha256, name: 'p.jpg', size: 1, meta: {}})),
            body: {text: `批量上报 ${n}`, longitude: 126.4, latitude: 43.8, accuracy: 9,
              photos: mine.map((p) => p.sha256)}})
          for (const p of mine) t.objectStore('files').put({id: `${key}/${p.sha256}`, item: key,
            file: new File([Uint8Array.from(atob(p.data), (c) => c.charCodeAt(0))], 'p.jpg', {type: 'image/jpeg'})})
        }
        await new Promise((done, fail) => { t.oncomplete = done; t.onabort = fail })
        return 200 }""",
        [_encoded(n) for n in range(600)],
    )
    page.context.set_offline(False)
    page.goto("/field/#outbox")
    page.locator("#outbox [data-state=sent]").nth(made - 1).wait_for(timeout=280_000)
    code = """
import json
from jiangcheng.core.cases.models import Case
rows = Case.objects.filter(title_zh__startswith="批量上报")
print(json.dumps([rows.count(), rows.values("title_zh").distinct().count(),
    sum(c.steps.first().evidence.count() for c in rows)]))
"""
    assert json.loads(live_city.execute(code)) == [200, 200, 600]


def _encoded(number):
    import base64

    data = jpeg(number)
    return {"sha256": hashlib.sha256(data).hexdigest(), "data": base64.b64encode(data).decode()}


def test_small_phones_large_targets_and_both_languages(phone):
    for language, word in (("zh-CN", "任务"), ("en-GB", "Tasks")):
        page = phone(width=320, language=language)
        page.evaluate("localStorage.clear()")
        for route in ("tasks", "patrol", "report", "outbox", "more", "plate", "suggest", "settings"):
            page.goto(f"{APP}#{route}")
            page.locator("main h1").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, route
            small = page.evaluate(
                """[...document.querySelectorAll(
                'button, nav a, select, textarea, input:not([type=radio]):not([type=checkbox])')]
                .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)"""
            )
            assert small == [], route
            assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16
        if language == "en-GB":
            page.locator("select[name=language]").select_option("en")
        page.get_by_role("navigation").get_by_text(word, exact=True).wait_for()


def test_night_follows_the_phone_and_the_switch(phone):
    page = phone(route="settings")
    ground = "getComputedStyle(document.body).backgroundColor"
    day = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    night = page.evaluate(ground)
    assert night != day
    page.locator("select[name=theme]").select_option("day")
    page.locator(":root[data-theme=day]").wait_for()
    assert page.evaluate(ground) == day
    page.emulate_media(color_scheme="light")
    page.locator("select[name=theme]").select_option("night")
    page.locator(":root[data-theme=night]").wait_for()
    assert page.evaluate(ground) == night


def test_without_a_position_the_place_is_written(phone, live_city):
    page = phone()
    page.context.clear_permissions()
    page.goto(f"{APP}#report")
    page.locator("#report textarea").fill("没有定位的上报")
    page.locator("#report input[name=place]").fill("松江路 5 号")
    page.locator("#report button.main").click()
    wait_sent(page)
    assert len(reported(live_city, "没有定位的上报")) == 1


def test_the_map_shows_cells_without_a_network(phone):
    page = phone()
    page.context.set_offline(True)
    page.reload()
    page.get_by_role("button", name="看地图").click()
    page.locator("svg.map .map-cell").nth(1).wait_for()


def test_the_first_load_is_small():
    import jiangcheng.core.portal as portal

    folder = pathlib.Path(portal.__file__).parent / "static/portal/build"
    built = json.loads((folder / "manifest.json").read_text())

    def files(entry):
        item = built[entry]
        return {
            item["file"],
            *item.get("css", []),
            *(f for name in item.get("imports", []) for f in files(name)),
        }

    assert sum((folder / name).stat().st_size for name in files("src/field/index.ts")) <= FIRST_LOAD
