"""Grades of a city's sound, and recordings: short, bound to a case, heard by permission, erased in time."""

from __future__ import annotations

import datetime as dt
import io
import wave

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Region, Station
from jiangcheng.modules.noise import queries, rules, services
from jiangcheng.modules.noise.models import NoiseClip

NIGHT = dt.datetime(2026, 11, 1, 23, 10, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def sound(seconds, rate=8000, tone=440):
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(rate)
        times = np.arange(int(seconds * rate)) / rate
        file.writeframes((3000 * np.sin(2 * np.pi * tone * times)).astype("<i2").tobytes())
    return written.getvalue()


@pytest.fixture
def bureau(db, settings, tmp_path):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT = tmp_path
    city.build()
    registry.load_properties()
    rows = [
        city.named("NZ", "噪声站", kind="noise", longitude=126.7, latitude=43.5, valid_from_date="2020-01-01")
    ]
    assert registry.import_register("stations", rows, actor=None, at=city.AT).errors == ()
    cases.load_workflows()
    services.load()
    return city.people()


def loud(station):
    start = NIGHT.replace(hour=22, minute=0)
    cases.report(
        finding=cases.FindingReport(
            kind="noise.over_limit", dedup_key="noise.over_limit:NZ:night", rule_version="v1", title_zh="夜间超标",
            title_en="Loud night", severity=2, first_at=start, last_at=start, station_id=station.pk,
            evidence={"start": start.isoformat(), "end": (start + dt.timedelta(hours=8)).isoformat()},
        ),
        now=city.AT,
    )  # fmt: skip
    return Case.objects.get()


def keep(station, **more):
    given = {"starts_at": NIGHT, "content": sound(3), "actor": None, "at": city.AT, **more}
    return services.keep_clip(station=station, **given)


def as_client(user, language="zh-hans"):
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"RIFF....", "unknown_type"),
        (b"ID3 no sound", "unknown_type"),
        (sound(21), "too_long"),
        (sound(1)[:44] + bytes(400_000), "too_long"),
        (bytes(2_000_001), "too_large"),
    ],
)
def test_what_is_no_short_sound_is_refused(bureau, content, code):
    with pytest.raises(services.ClipRefused) as refused:
        keep(Station.objects.get(code="NZ"), content=content)
    assert refused.value.code == code and not NoiseClip.objects.exists()


def test_a_recording_finds_its_case_is_heard_by_permission_and_erased_in_time(bureau):
    station = Station.objects.get(code="NZ")
    early = keep(station, source_type="construction", probability=0.91)
    assert (early.case, early.seconds) == (None, 3.0)
    with pytest.raises(services.ClipRefused, match="twice"):
        keep(station)
    case = loud(station)
    assert services.bind_clips() == 1
    late = keep(station, content=sound(2), starts_at=NIGHT + dt.timedelta(minutes=5))
    assert late.case == case
    assert keep(station, content=sound(1), starts_at=NIGHT + dt.timedelta(days=1)).case is None
    officer = as_client(bureau["department"])
    page = officer.get(reverse("cases:case", args=[case.number])).content.decode()
    assert reverse("noise:clips_card", args=[case.number]) in page
    card = officer.get(reverse("noise:clips_card", args=[case.number])).content.decode()
    assert card.count("<audio") == 2 and "建筑施工噪声" in card and early.sha256[:8] in card
    played = officer.get(reverse("noise:sound", args=[early.pk]))
    assert played.content == sound(3) and played["Content-Type"] == "audio/wav"
    assert "no-store" in played["Cache-Control"]
    assert AuditEntry.objects.filter(action="noise.listen", actor_id=bureau["department"].pk).count() == 1
    for name in ("enterprise", "inspector"):
        assert as_client(bureau[name]).get(reverse("noise:sound", args=[early.pk])).status_code in (403, 404)
    # While the case is open nothing of it is erased; what belongs to no case goes after its term.
    later = city.AT + dt.timedelta(days=31)
    assert services.erase_clips(now=later) == 1
    Case.objects.update(state="closed", closed_at=city.AT)
    assert services.erase_clips(now=later) == 0
    assert services.erase_clips(now=city.AT + dt.timedelta(days=181)) == 2
    early.refresh_from_db()
    assert early.erased_at is not None and not early.file and len(early.sha256) == 64
    assert officer.get(reverse("noise:sound", args=[early.pk])).status_code == 404
    assert "<audio" not in officer.get(reverse("noise:clips_card", args=[case.number])).content.decode()


def test_a_recording_comes_in_by_the_page_of_its_station(bureau):
    officer = as_client(bureau["department"])
    address = reverse("noise:upload_clip", args=["NZ"])
    sent = {"starts_at": "2026-11-01T23:10:05", "source_type": "road"}
    officer.post(address, {**sent, "file": SimpleUploadedFile("a.wav", sound(30))})
    officer.post(address, {**sent, "starts_at": "gestern", "file": SimpleUploadedFile("a.wav", sound(2))})
    officer.post(address, sent)
    assert not NoiseClip.objects.exists()
    said = officer.post(address, {**sent, "file": SimpleUploadedFile("a.wav", sound(2))}, follow=True)
    text = said.content.decode()
    assert "超过 20 秒" in text and "请选择录音文件" in text and "录音已保存" in text
    clip = NoiseClip.objects.get()
    assert clip.starts_at == NIGHT + dt.timedelta(seconds=5) and clip.brought_by == bureau["department"]
    assert officer.post(reverse("noise:upload_clip", args=["NIX"]), sent).status_code == 404


def survey(people, **values):
    given = {"year": 2026, "period": "day", "region": Region.objects.get(code="220202"), **values}
    return records.create(register="noise-surveys", values=given, actor=people["department"], at=city.AT)


def test_a_city_is_graded_by_cells_and_by_the_length_of_roads(bureau):
    for number, level in enumerate((52.0, 54.0, 58.1)):
        survey(bureau, kind="area", point_code=f"W{number}", level=level)
    for number, (level, length) in enumerate(((66.0, 3000), (72.4, 1000))):
        survey(bureau, kind="road", point_code=f"L{number}", level=level, length_m=length)
    survey(bureau, kind="area", point_code="W0", level=46.0, period="night", year=2025)
    found = queries.survey_grades(user=bureau["department"], on=city.ON, years=[2026, 2025])
    told = {(row.year, row.kind, row.period): row for row in found}
    area, road = told[2026, "area", "day"], told[2026, "road", "day"]
    # (52 + 54 + 58.1) / 3 = 54.7 is the second grade; (66 × 3 + 72.4) / 4 = 67.6 the first.
    assert (area.mean, area.grade, area.shares) == (54.7, 2, (0, 66.7, 33.3, 0, 0))
    assert (road.mean, road.grade, road.shares) == (67.6, 1, (75, 0, 0, 25, 0))
    assert told[2025, "area", "night"].grade == 3
    page = as_client(bureau["department"]).get(reverse("noise:grades")).content.decode()
    assert "二级 较好" in page and "HJ 640-2012" in page and "未与标准原文核对" in page
    assert (
        "Road traffic" in as_client(bureau["department"], "en").get(reverse("noise:grades")).content.decode()
    )
    assert rules.grades("road", [68.04, 68.06], "day", city.ON).tolist() == [1, 2]
    for wrong in ({"length_m": None}, {"level": 151.0}):
        with pytest.raises(ValidationError):
            survey(bureau, kind="road", point_code="L9", **{"level": 60.0, "length_m": 10, **wrong})


def test_a_year_without_a_survey_says_so(bureau):
    page = as_client(bureau["department"]).get(reverse("noise:grades"), {"year": "2026"}).content.decode()
    assert "这一年还没有普查监测" in page
