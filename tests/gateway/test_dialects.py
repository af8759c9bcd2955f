"""How a device speaks is learned from the journal, kept, shown, and its change reported."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import translation

from gateway.test_intake import MN, NOW, device, follow, frame, journal, properties, station  # noqa: F401
from jiangcheng import hj212
from jiangcheng.core.access import services as access
from jiangcheng.core.cases.models import Case, Finding, WorkflowDefinition
from jiangcheng.gateway import dialects, queries
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import DeviceDialect, DeviceTrait
from jiangcheng.hj212 import crc

pytestmark = pytest.mark.django_db


def spoken(number: int, check: str = "hj212", *, damage: bool = False) -> bytes:
    """Return an hour's report whose check is of an algorithm, or fits none."""
    right = frame({"w01018": {"Avg": f"{number}.5", "Flag": "N"}}, qn=f"2026030112{number:02d}00000")
    segment = right[6:-6]
    value = crc.crc16(segment) if check == "hj212" else crc.DIALECTS[check](segment)
    return right[:-6] + b"%04X\r\n" % (value ^ (0x1234 if damage else 0))


def heard(journal, *frames, tolerant=False, peer="192.0.2.9:1", at=NOW):  # noqa: F811
    """Journal frames as a listener does, and take them in."""
    entries = []
    for raw in frames:
        framer = hj212.Framer(tolerant=tolerant)
        framer.receive_data(raw)
        event = framer.next_event()
        taken = isinstance(event, hj212.Frame)
        state, error = (journals.State.REGISTERED, "") if taken else (journals.State.BAD, event.code)
        mn, cn = (MN, "2061") if taken else ("", "")
        entries.append(journals.Entry(int(at.timestamp() * 1e6), peer, state, error, mn, cn, event.raw))
    journal.append(entries)
    follow(journal)


def checks():
    return {row.code: (row.count, row.refused) for row in DeviceTrait.objects.filter(aspect="check")}


def test_a_check_is_settled_by_three_frames_and_remembered_over_restarts(
    journal,  # noqa: F811
    device,  # noqa: F811
    properties,  # noqa: F811
):
    heard(journal, spoken(1, "modbus"), tolerant=True)
    heard(journal, spoken(2, "modbus"), tolerant=True, at=NOW + dt.timedelta(seconds=9))
    assert DeviceDialect.objects.get().usual == ""
    # Every call reads what is stored: as much as another process, or one after a restart, knows.
    heard(journal, spoken(3, "modbus"), tolerant=True)
    row = DeviceDialect.objects.get()
    assert (row.usual, row.settled_at, row.before, row.examined) == ("modbus", NOW, "", 3)
    trait = DeviceTrait.objects.get(aspect="check")
    assert (trait.count, trait.refused, trait.first_at, trait.last_seq) == (3, 0, NOW, 3)
    assert not Finding.objects.exists()


def test_a_wrong_frame_stays_refused_and_is_counted(journal, device, properties):  # noqa: F811
    heard(journal, *(spoken(number) for number in range(3)))
    heard(journal, spoken(4, damage=True), spoken(5, "modbus"))
    assert checks() == {"hj212": (3, 0), "unfit": (1, 1), "modbus": (1, 1)}
    assert [entry.error for entry in journal.recent(journals.State.BAD, 5)] == ["crc_mismatch"] * 2
    assert DeviceDialect.objects.get().usual == "hj212"


def test_what_came_another_way_or_names_no_device_of_ours_teaches_nothing(journal, device, properties):  # noqa: F811
    heard(journal, spoken(1), peer="http:192.0.2.1")
    stranger = spoken(2, damage=True).replace(MN.encode(), b"B" * 24)
    heard(journal, stranger)
    assert not DeviceTrait.objects.exists() and not DeviceDialect.objects.exists()


def test_deviations_are_listed_without_passwords(journal, device, properties):  # noqa: F811
    segment = frame({"w01018": {"Avg": "1"}})[6:-6].replace(b"PW=123456", b"PW=secretsecret")
    heard(journal, hj212.frame(segment.replace(b"QN=20260301120000000", b"QN=2026030112")))
    found = DeviceTrait.objects.filter(aspect="deviation")
    assert {"pw_form", "qn_form"} <= {row.code for row in found}
    assert "secret" not in str([row.detail for row in found])


@pytest.fixture
def officer():
    user = access.create_user(username="u", password="Correct-Horse-8212", display_name="某人", at=NOW)
    access.assign_role(user=user, role="duty_officer", on=dt.date(2020, 1, 1), at=NOW)
    return user


def test_a_changed_check_opens_a_case_and_shows_on_both_pages(
    journal,  # noqa: F811
    device,  # noqa: F811
    properties,  # noqa: F811
    officer,
    client,
    settings,
    tmp_path,
):
    heard(journal, *(spoken(number) for number in range(3)), tolerant=True)
    heard(journal, *(spoken(number, "arc") for number in range(3, 6)), tolerant=True)
    row = DeviceDialect.objects.get()
    assert (row.usual, row.before, row.changed_at) == ("arc", "hj212", NOW)
    finding = Finding.objects.get(kind=dialects.KIND)
    assert finding.ended_at is not None and finding.evidence[0]["after"] == "arc"
    assert finding.case == Case.objects.get()
    assert queries.foreign_speakers(user=officer, now=NOW, limit=9) == [row]

    settings.GATEWAY = {**settings.GATEWAY, "journal": tmp_path / "journal"}
    client.force_login(officer)
    for language, text in (("zh-hans", "报文特征"), ("en", "How it speaks")):
        with translation.override(language):
            client.cookies["django_language"] = language
            page = client.get(reverse("gateway:device", args=[MN])).content.decode()
            assert text in page and "CRC-16/ARC" in page
            status = client.get(reverse("gateway:live")).content.decode()
            assert "CRC-16/ARC" in status and MN in status


def test_a_city_without_cases_still_takes_data_in(journal, device, properties):  # noqa: F811
    WorkflowDefinition.objects.all().delete()
    heard(journal, *(spoken(number) for number in range(3)), tolerant=True)
    heard(journal, *(spoken(number, "arc") for number in range(3, 6)), tolerant=True)
    assert DeviceDialect.objects.get().usual == "arc" and not Case.objects.exists()
