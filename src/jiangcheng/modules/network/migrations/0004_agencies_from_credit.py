"""The monitoring firms that the room of credit kept become agencies of this room, with their history."""

from django.db import migrations

REASON = "由“社会化监测机构”台账并入"
SAME = ("region_id", "facility_id", "longitude", "latitude", "state", "state_at", "due_at", "closed_at",
        "handler_id", "created_at", "created_by_id", "withdrawn_at", "name_zh", "name_en", "credit_code")  # fmt: skip
PAST = ("history_date", "history_change_reason", "history_type", "history_user_id")


def carry(apps, schema_editor):
    """Copy each firm whose code no agency has; of one that is there, only its check is carried over."""
    try:
        firms = apps.get_model("credit", "Firm")
    except LookupError:
        # A database that is built at once from today's models has no firms to carry.
        return
    agencies, checks = apps.get_model("network", "Agency"), apps.get_model("network", "AgencyCheck")
    for firm in firms.objects.order_by("pk"):
        agency = agencies.objects.filter(credit_code=firm.credit_code).first()
        if agency is None:
            agency = agencies.objects.create(number=_free(agencies, firm.number), **_values(firm))
            _past(apps, firm, agency)
        if firm.checked_date is not None:
            _check(apps, checks, firm, agency)


def _values(firm):
    same = {name: getattr(firm, name) for name in SAME}
    return {
        **same, "qualification": firm.certificate, "qualified_to_date": firm.certificate_until_date,
        "scope": firm.capabilities,
    }  # fmt: skip


def _past(apps, firm, agency):
    """Copy the history, so that who changed what and when can still be told."""
    earlier = apps.get_model("credit", "HistoricalFirm").objects.filter(id=firm.pk).order_by("history_id")
    target = apps.get_model("network", "HistoricalAgency").objects
    for row in earlier:
        past = {name: getattr(row, name) for name in PAST}
        target.create(id=agency.pk, history_relation_id=agency.pk, number=agency.number, **_values(row), **past)
    last = earlier.last()
    if last is not None:
        target.create(
            id=agency.pk, history_relation_id=agency.pk, number=agency.number, **_values(firm), history_date=last.history_date,
            history_change_reason=REASON, history_type="~", history_user_id=None,
        )  # fmt: skip


def _check(apps, checks, firm, agency):
    if checks.objects.filter(agency=agency.number, checked_date=firm.checked_date).exists():
        return
    values = {
        "number": _free(checks, f"{agency.number}-{firm.checked_date:%Y%m%d}"[:40]), "agency": agency.number,
        "checked_date": firm.checked_date, "problems": firm.check_result, "region_id": firm.region_id,
        "state_at": firm.state_at, "created_at": firm.created_at, "created_by_id": firm.created_by_id,
    }  # fmt: skip
    row = checks.objects.create(**values)
    apps.get_model("network", "HistoricalAgencyCheck").objects.create(
        id=row.pk, history_relation_id=row.pk, **values, history_date=firm.created_at, history_change_reason=REASON, history_type="+",
        history_user_id=None,
    )  # fmt: skip


def _free(model, number):
    """Return the number, or one like it that no row has."""
    found, count = number, 1
    while model.objects.filter(number=found).exists():
        count += 1
        found = f"{number[:36]}-{count}"
    return found


class Migration(migrations.Migration):
    dependencies = [("network", "0003_agency_fields"), ("credit", "0001_initial")]
    operations = [migrations.RunPython(carry, migrations.RunPython.noop)]
