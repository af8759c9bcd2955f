"""Journeys drive a real Chromium against a real server process with a database of its own.

A page fails its test when the content security policy was violated, the console shows an error, a script
throws, or the page asks another host for anything.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

SEED = pathlib.Path(__file__).with_name("seed.py")
PATIENCE = 30
STARTED_WITHIN = 120
BUILT_WITHIN = 300
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # WebGL without a graphics card.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
NOTE_VIOLATIONS = """
window.cspViolations = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.cspViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@dataclasses.dataclass(frozen=True)
class LiveCity:
    """A running installation: its address, its data folder, and the log-ins of the seed."""

    url: str
    data: pathlib.Path
    password: str

    def execute(self, code: str) -> str:
        """Run Python in a process of its own inside the installation, as a colleague's process would."""
        return _python("-c", f"import django; django.setup()\n{code}", data=self.data)


def _environment(data: pathlib.Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JIANGCHENG_")}
    return {**kept, "JIANGCHENG_DATA": str(data), "DJANGO_SETTINGS_MODULE": "jiangcheng.config.settings"}


def _python(*arguments: str, data: pathlib.Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], env=_environment(data), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def live_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCity]:
    """A seeded installation served by uvicorn in its own process, on SQLite in a file."""
    data = tmp_path_factory.mktemp("city")
    _python(str(SEED), data=data)
    sys.path.insert(0, str(SEED.parent))
    try:
        import seed
    finally:
        sys.path.remove(str(SEED.parent))
    port = _free_port()
    city = LiveCity(url=f"http://127.0.0.1:{port}", data=data, password=seed.PASSWORD)
    log = (data / "server.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "jiangcheng.config.asgi:application", "--port", str(port),
         "--lifespan", "off", "--log-level", "warning", "--timeout-graceful-shutdown", "1"],
        env=_environment(data), stdout=log, stderr=log,
    )  # fmt: skip
    try:
        _wait_for(f"{city.url}/healthz", server, data / "server.log", STARTED_WITHIN)
        yield city
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)
        log.close()


@pytest.fixture(scope="package")
def demo_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCity]:
    """The demo city, started by its own command; tests that ask for it share one worker's."""
    data = tmp_path_factory.mktemp("demo")
    web, gateway = _free_port(), _free_port()
    program = pathlib.Path(sys.executable).parent / "jiangcheng"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JIANGCHENG_")}
    with (data / "demo.log").open("w") as log:
        demo = subprocess.Popen(
            [program, "demo", "--data", data, "--port", str(web), "--gateway-port", str(gateway)],
            stdout=log, stderr=log, env=kept,
        )  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{web}/healthz", demo, data / "demo.log", BUILT_WITHIN)
            yield LiveCity(url=f"http://127.0.0.1:{web}", data=data, password="jiangcheng-demo")
        finally:
            demo.terminate()
            demo.wait(timeout=60)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: pathlib.Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """Debian's Chromium, found on the path; without one the journeys skip, except in CI.

    It ends with its module: the event loop behind it would stop every later test that talks to the database or
    runs a loop of its own.
    """
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("CI has to have a chromium on its path")
        pytest.skip("no chromium on the path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


class Watch:
    """What went wrong on the pages of one test."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._pages: list[object] = []
        self.faults: list[str] = []
        self.expected: set[str] = set()
        """Parts of fault texts that the test provokes on purpose."""

    def follow(self, page) -> None:  # type: ignore[no-untyped-def]
        self._pages.append(page)
        page.add_init_script(NOTE_VIOLATIONS)
        page.on("console", lambda message: message.type == "error" and self.faults.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("request", self._check_request)

    def _check_request(self, request) -> None:  # type: ignore[no-untyped-def]
        if not request.url.startswith((self._origin, "data:", "blob:")):
            self.faults.append(f"asked another host: {request.url}")

    def verdict(self) -> list[str]:
        """Return the faults nobody expected; violations are asked of the pages that are still open."""
        for page in self._pages:
            if not page.is_closed():  # type: ignore[attr-defined]
                self.faults += page.evaluate("window.cspViolations || []")  # type: ignore[attr-defined]
        return [fault for fault in self.faults if not any(part in fault for part in self.expected)]


@pytest.fixture
def watch(live_city: LiveCity) -> Watch:
    """The faults of this test's pages."""
    return Watch(live_city.url)


@pytest.fixture
def open_page(chromium, live_city: LiveCity, watch: Watch) -> Iterator[Callable[..., object]]:  # type: ignore[no-untyped-def]
    """A function that opens a watched page of its own browser context: two people, two contexts."""
    contexts = []

    def open_one(*, width: int = 1440, height: int = 900, language: str = "zh-CN"):  # type: ignore[no-untyped-def]
        context = chromium.new_context(
            base_url=live_city.url,
            viewport={"width": width, "height": height},
            locale=language,
            timezone_id="America/New_York",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        watch.follow(page)
        return page

    yield open_one
    faults = watch.verdict()
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def page(open_page):  # type: ignore[no-untyped-def]
    """One watched page, 1440 wide, in Chinese."""
    return open_page()


@pytest.fixture(scope="session")
def sessions() -> dict[tuple[str, str], list[dict[str, object]]]:
    """Cookies by city and person, so that not every test waits for the password hash."""
    return {}


@pytest.fixture
def log_in(
    live_city: LiveCity, sessions: dict[tuple[str, str], list[dict[str, object]]]
) -> Callable[..., None]:
    """A function that logs a person of the city in; ``anew`` goes through the form in any case."""

    def enter(page, username: str = "duty", *, anew: bool = False) -> None:  # type: ignore[no-untyped-def]
        known = sessions.get((live_city.url, username))
        if known and not anew:
            page.context.add_cookies(known)
            page.goto("/")
            return
        page.goto("/login")
        page.locator("#id_username").fill(username)
        page.locator("#id_password").fill(live_city.password)
        page.locator("#id_password").press("Enter")
        page.wait_for_url("**/")
        sessions[live_city.url, username] = page.context.cookies()

    return enter
