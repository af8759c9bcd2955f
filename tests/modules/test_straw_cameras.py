"""What hills hide from a camera, where it is told to look, and how the platform that turns it answers."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import threading

import numpy as np
import pytest
import shapely
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw import queries, services
from jiangcheng.modules.straw.models import CameraOrder, TerrainGrid
from jiangcheng.modules.straw.rules import terrain, watch
from modules.test_straw_fields import tif
from modules.test_straw_pages import client, page
from modules.test_straw_services import NOW, bring, row, zone

CAMERA = watch.Camera("C", 126.5, 43.5, 8.0)
FRESH = NOW - dt.timedelta(minutes=30)


def ground(ridge=0.0):
    """Return flat ground at 200 m, with a ridge 3 km east of the camera from north to south."""
    values = np.full((400, 400), 200.0, np.float32)
    column = int((126.5 + 3 / (111.195 * np.cos(np.radians(43.5))) - 126.3) / 0.001)
    values[:, column : column + 2] += ridge
    return terrain.Heights(126.3, 43.7, 0.001, 0.001, values)


def test_a_ridge_hides_what_lies_behind_it_up_to_its_height():
    away = np.array([1000.0, 2000.0, 3050.0, 5000.0, 8000.0])
    east, west = np.array([90.0]), np.array([270.0])
    assert terrain.visible(ground(), CAMERA, 30.0, east, away).all()
    hidden = terrain.visible(ground(80.0), CAMERA, 30.0, np.concatenate([east, west]), away)
    assert hidden.tolist() == [[True, True, True, False, False], [True] * 5]
    # A mast 60 m above a ridge of 20 m sees the ground again beyond 60 / 40 of the way.
    seen = terrain.visible(ground(20.0), CAMERA, 60.0, east, np.array([3050.0, 4000.0, 5500.0]))
    assert seen.tolist() == [[True, False, True]]
    assert float(terrain.drop(10_000.0)) == pytest.approx(6.83, abs=0.01)


def test_a_view_over_flat_ground_is_the_circle_and_the_ridge_cuts_the_east_out_of_it():
    circle = watch.view(CAMERA)
    flat = terrain.view(ground(), CAMERA, 30.0)
    assert flat.area == pytest.approx(circle.area, rel=0.02)
    cut = terrain.view(ground(200.0), CAMERA, 30.0)
    assert flat.area * 0.5 < cut.area < flat.area * 0.85
    assert not cut.contains(shapely.Point(126.57, 43.5)) and cut.contains(shapely.Point(126.43, 43.5))
    half = terrain.view(ground(), watch.Camera("H", 126.5, 43.5, 8.0, 180, 360), 30.0)
    assert half.area == pytest.approx(flat.area / 2, rel=0.02)


def test_aiming_tells_bearing_tilt_and_whether_terrain_was_counted():
    turn, tilt, away, sight = terrain.aim(CAMERA, 30.0, 126.56, 43.5, None)
    assert (round(turn), sight) == (90, "flat") and away == pytest.approx(4.84, abs=0.01)
    assert tilt == pytest.approx(-np.degrees(np.arctan(31.6 / 4840)), abs=0.01)
    assert terrain.aim(CAMERA, 30.0, 126.56, 43.5, ground())[3] == "clear"
    assert terrain.aim(CAMERA, 30.0, 126.56, 43.5, ground(80.0))[3] == "blocked"
    assert terrain.aim(CAMERA, 30.0, 126.5, 43.5, ground())[2:] == (0.0, "clear")
    assert terrain.aim(CAMERA, 30.0, 127.5, 43.5, ground())[3] == "flat"


@pytest.fixture
def people(db):
    city.build()
    assert zone().added == 1
    found = city.people()
    values = {
        "name": "铁塔", "region": Region.objects.get(code="220202"), "longitude": 126.2, "latitude": 43.5,
        "kilometres": 10.0, "steerable": True, "mast_metres": 40.0,
    }  # fmt: skip
    records.create(register="watch-cameras", values=values, actor=found["department"], at=NOW)
    fixed = {**values, "name": "固定", "steerable": False, "longitude": 126.25}
    records.create(register="watch-cameras", values=fixed, actor=found["department"], at=NOW)
    return found


def token_client(people):
    token = access.make_token(
        user=people["inspector"], name="平台", permissions=["straw.signals"], days=30, now=dt.datetime.now(dt.UTC)
    )  # fmt: skip
    return Client(headers={"Authorization": f"Bearer {token}"})


def test_a_fresh_fire_turns_the_nearest_camera_and_the_platform_answers_once(people):
    fire = bring(row(43.5, 126.25, at=FRESH)).incidents[0]
    order = CameraOrder.objects.get()
    assert (order.incident, order.camera.name, order.bearing, order.sight) == (fire, "铁塔", 90.0, "flat")
    assert order.tilt == pytest.approx(-0.58, abs=0.02) and order.state == "waiting"
    bring(row(43.505, 126.25, at=FRESH + dt.timedelta(minutes=5), sat="T"))
    assert CameraOrder.objects.count() == 1
    text = page(people, "desk", first="2026-11-02", last="2026-11-02")
    assert "铁塔 方位 90° 俯仰 -0.6° 4.0 km，未计地形，等待平台取走" in text
    assert "没有高程数据" in page(people, "watch")
    CameraOrder.objects.update(expires_at=dt.datetime(2100, 1, 1, tzinfo=dt.UTC))

    platform = token_client(people)
    address = reverse("api:straw_camera_orders")
    (told,) = platform.get(address).json()
    assert (told["order"], told["incident"], told["bearing"]) == (order.pk, fire.number, 90.0)
    assert Client().get(address).status_code == 401
    answer = reverse("api:straw_camera_answer", args=[order.pk])
    body = {"done": True, "text": "见烟", "clip": "https://camera.example/1.jpg"}
    post = {"data": json.dumps(body), "content_type": "application/json"}
    assert platform.post(answer, **post).json() == {"detail": "done"}
    assert platform.post(answer, **post).status_code == 409 and platform.get(address).json() == []
    assert platform.post(reverse("api:straw_camera_answer", args=[99]), **post).status_code == 404
    text = page(people, "desk", first="2026-11-02", last="2026-11-02")
    assert "已转向" in text and "https://camera.example/1.jpg" in text


def test_no_camera_that_can_be_turned_is_said_and_old_fires_turn_none(people):
    old = bring(row(43.5, 126.25)).incidents[0]
    far = bring(row(43.9, 126.9, at=FRESH)).incidents[0]
    assert not CameraOrder.objects.exists()
    address = reverse("straw:look", args=[far.number])
    assert client(people, "inspector").post(address).status_code == 403
    answer = client(people).post(address)
    assert answer.status_code == 422 and "没有可转向的在线摄像机" in answer.content.decode()
    assert client(people).post(reverse("straw:look", args=[old.number])).status_code == 302
    assert CameraOrder.objects.get().asked_by == people["duty"]
    with pytest.raises(Refused):
        services.look(incident=far, actor=people["duty"], now=NOW)


def test_heights_once_loaded_cut_the_views_and_the_page_says_so(people):
    ((_zone, before),) = queries.blind_zones(user=people["duty"], on=NOW.date())
    values = np.full((300, 400), 200, np.int16)
    values[:, 140:143] = 420
    services.import_terrain(
        file=tif(values, 126.1, 43.6, 0.001), dataset="试验高程", source="", valid_from=dt.date(2026, 1, 1), actor=None,
        now=NOW,
    )  # fmt: skip
    assert TerrainGrid.objects.get().columns == 400
    ((_zone, after),) = queries.blind_zones(user=people["duty"], on=NOW.date())
    assert after > before
    assert "试验高程" in page(people, "watch")
    order = bring(row(43.5, 126.22, at=FRESH)).incidents[0].orders.get()
    assert order.sight == "clear" and not bring(row(43.48, 126.29, at=FRESH)).incidents[0].orders.exists()
    layer = client(people).get(reverse("straw:cameras_layer")).json()
    assert ["地形遮挡", "试验高程"] in layer["features"][0]["properties"]["lines"]


def test_the_web_hook_is_signed_and_what_it_does_not_take_waits(people, settings):
    taken, status = [], [500]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((json.loads(body), self.headers["X-Jiangcheng-Signature"]))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bring(row(43.5, 126.25, at=FRESH))
    assert services.send_orders(now=NOW) == 0
    settings.CAMERA_PLATFORM = {"url": f"http://127.0.0.1:{server.server_port}/", "secret": "s"}
    assert services.send_orders(now=NOW) == 0 and CameraOrder.objects.get().post_told == "HTTPStatusError"
    status[0] = 204
    assert services.send_orders(now=NOW) == 1 and services.send_orders(now=NOW) == 0
    server.shutdown()
    server.server_close()
    assert taken[1][0]["camera"].startswith("SX-") and taken[1][1].startswith("sha256=")
    assert CameraOrder.objects.get().state == "fetched"
