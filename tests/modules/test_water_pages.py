"""Pages of the water room: with data, without, in both languages, and for whom."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.water.models import Outfall

AT, ON = city.AT, city.ON
PAGES = ["overview", "matrix", "strip", "lake", "outfalls", "sources", "rates"]


def as_client(user, language="zh-hans"):
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def person(name, role, **where):
    user = access.create_user(username=name, password=city.PASSWORD, display_name=name, at=AT)
    access.assign_role(user=user, role=role, on=dt.date(2026, 1, 1), at=AT, **where)
    return user


@pytest.fixture
def officer(town, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return person("department", "department", region_code="220200")


def made(register, actor, number="", **values):
    region = values.pop("region", "220202")
    given = {"region": Region.objects.get(code=region), **values}
    return records.create(register=register, values=given, actor=actor, at=AT, number=number)


def filled(town, officer):
    """Return a row of every register."""
    now = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
    local = now.astimezone(town.BEIJING)
    today = local.date()
    for station in ("W1", "W2"):
        town.put_water(station, [now.replace(minute=0, second=0, microsecond=0)], w21003=1.8)
    rows = [
        made("outfalls", officer, "PK-1", name_zh="一号口", kind="industry", water_body="江", longitude=126.7,
             latitude=43.5),
        made("drinking-sources", officer, name_zh="一水厂", kind="ground", level="city"),
        made("functional-zones", officer, name_zh="饮用区", use="drinking", water_body="江", section_code="W1",
             target_class=3, valid_from_date=today),
        made("four-chaos", officer, kind="pile", water_body="江", description="堆放", found_date=today),
        made("black-waters", officer, name_zh="黑沟", place="city", degree="light"),
        made("beautiful-waters", officer, name_zh="松花湖", kind="lake", list_version="2025", target_year=2027),
        made("base-flow-sections", officer, name_zh="吉林", river="江", section_code="W1", base_flow=100),
        made("water-quotas", officer, year=today.year, quota=100, farming=95, through_date=today),
        made("wells", officer, name_zh="1#", unit_name="单元", year=today.year, quota=1, abstracted=2),
        made("algae-events", officer, name_zh="松花湖", observed_at=now, means="sample", density=60),
        made("manure-farms", officer, name_zh="甲场", species="pig", year=today.year, produced_tons=10, used_tons=9),
        made("villages", officer, name_zh="甲村", sewage="facility", facility_state="idle", households=10, toilets=9),
        made("backup-sources", officer, name_zh="备用井", kind="ground"),
    ]  # fmt: skip
    source = rows[1]
    area = city.square(126.6, 43.4, 126.8, 43.6)
    made(
        "source-zones",
        officer,
        source_number=source.number,
        level="second",
        boundary=area,
        valid_from_date=today,
    )
    for item, value in (("fe", 0.2), ("mn", 0.5)):
        made(
            "water-samples",
            officer,
            subject="source",
            place=source.number,
            sampled_at=now,
            item=item,
            value=value,
        )
    for item, value in (("chla", 12.0), ("tn", 1.1), ("cod", 32.0)):
        made("water-samples", officer, subject="section", place="W2", sampled_at=now, item=item, value=value)
    return rows


def test_every_page_stands_empty(officer):
    client = as_client(officer)
    for name in PAGES:
        answer = client.get(reverse(f"water:{name}"))
        assert answer.status_code == 200, name
    assert "还没有入河排污口" in client.get(reverse("water:outfalls")).content.decode()
    for tab in ("use", "rural", "nonsense"):
        assert client.get(reverse("water:rates"), {"tab": tab, "year": "x"}).status_code == 200


def test_every_page_says_what_is_in_the_registers(officer, town):
    rows = filled(town, officer)
    client = as_client(officer)

    def page(name, **asked):
        answer = client.get(reverse(f"water:{name}"), asked)
        assert answer.status_code == 200, name
        return answer.content.decode()

    matrix = page("matrix", months="25")
    assert "wclass-5" in matrix and "氨氮" in matrix and "超Ⅲ类 0.8 倍" in matrix
    assert "<svg" in page("strip", item="nh3n") and "一号口" in page("strip", river="江")
    assert "TLI" in page("lake") and "中度" in page("lake")
    board = page("outfalls")
    assert "PK-1" in board and "0%" in board
    sources = page("sources")
    assert "补给区未划定" in sources and "甲厂" in sources and "二级保护区" in sources
    assert "劣于目标" in page("rates") and "2025" in page("rates")
    use = page("rates", tab="use")
    assert "预警" in use and "突破" in use
    assert "甲村" in page("rates", tab="rural") and "90%" in page("rates", tab="rural")
    for row, address in zip(
        rows,
        ("outfall_card", "source_card", "zone_card", None, "black_card", *(None,) * 4, "algae_card"),
        strict=False,
    ):
        if address:
            assert client.get(reverse(f"water:{address}", args=[row.number])).status_code == 200, address
    card = client.get(reverse("water:samples_card", args=[rows[1].number])).content.decode()
    assert "wclass-4" in card and "锰" in card
    layer = client.get(reverse("water:zones")).json()
    assert layer["features"][0]["properties"]["label"] == "二级保护区"
    for row in rows:
        code = row._meta.model_name
        from jiangcheng.core.records import queries

        register = queries.register_of(row).code
        assert client.get(reverse(f"records:{register}-row", args=[row.number])).status_code == 200, code
        assert client.get(reverse(f"records:{register}")).status_code == 200, code


def test_pages_speak_english(officer, town):
    filled(town, officer)
    client = as_client(officer, "en")
    for name in PAGES:
        page = client.get(reverse(f"water:{name}")).content.decode()
        assert "msgid" not in page and "<h1>" in page
    assert "Second zone" in client.get(reverse("water:sources")).content.decode()
    assert "Main pollutants" in client.get(reverse("water:matrix")).content.decode()


def test_who_may_see_and_write(officer, town):
    filled(town, officer)
    stranger = person("system", "system_admin")
    far = person("far", "department", region_code="220203")
    for name in PAGES:
        assert as_client(stranger).get(reverse(f"water:{name}")).status_code == 403, name
    assert "PK-1" not in as_client(far).get(reverse("water:outfalls")).content.decode()
    assert as_client(far).get(reverse("water:outfall_card", args=["PK-1"])).status_code == 404
    assert as_client(far).get(reverse("water:samples_card", args=["PK-1"])).status_code == 404
    viewer = person("leader", "leader")
    from django.core.files.uploadedfile import SimpleUploadedFile

    def upload(user, text):
        file = SimpleUploadedFile("flow.csv", text.encode(), "text/csv")
        return as_client(user).post(reverse("water:upload_flows"), {"file": file}, follow=True)

    assert upload(viewer, "x").status_code == 403
    good = "section,date,flow\nW1,2026-01-01,120.5\n"
    assert "已导入 1 个" in upload(officer, good).content.decode()
    # W1 lies in another county than the far officer's.
    assert "没有导入" in upload(far, good).content.decode()


def test_the_matrix_scrolls_inside_its_card_on_a_phone(officer, town):
    filled(town, officer)
    page = as_client(officer).get(reverse("water:matrix")).content.decode()
    assert page.count('class="table-wrap"') >= 2
    assert "style=" not in page


def test_the_square_on_a_sign_opens_a_page_for_anybody(officer, town):
    filled(town, officer)
    plate = reverse("water:plate", args=["PK-1"])
    # An outfall nobody has surveyed is not public.
    assert Client().get(plate).status_code == 404
    row = Outfall.objects.get()
    records.act(record=row, action="survey", actor=officer, now=AT, text="已查", files=[city.photo()])
    made(
        "water-samples",
        officer,
        subject="outfall",
        place="PK-1",
        sampled_at=AT,
        item="cod",
        value=60.0,
        limit=50.0,
    )
    page = Client().get(plate).content.decode()
    assert "一号口" in page and "已查" in page and "已测" in page
    # What was measured is not public, only that it was.
    assert "化学需氧量" not in page and "溯源" not in page
    square = as_client(officer).get(reverse("water:square", args=["PK-1"]))
    assert square["Content-Type"] == "image/svg+xml" and square.content.startswith(b"<?xml")
    assert Client().get(reverse("water:square", args=["PK-1"])).status_code in (302, 403)
