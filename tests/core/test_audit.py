"""The audit trail: written in order, changed by nobody, and a change is found."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.core.access import rules, services
from jiangcheng.core.access.models import AppendOnlyError, AuditEntry, AuditHead

AT = dt.datetime(2026, 11, 1, 2, 3, 4, 567890, tzinfo=dt.UTC)


def write(count, start=0):
    for n in range(start, start + count):
        services.record(
            actor=None,
            action="registry.import",
            object_type="station",
            object_id=str(n),
            before={"limit": 30.0, "名": "旧"},
            after={"limit": 1e22, "at": AT, "tiny": 1e-7},
            reason="换证",
            at=AT,
        )


@pytest.fixture
def unguarded(db):
    """A connection whose triggers are gone, as after an attack on the database itself."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER append_only ON access_auditentry")
        else:
            cursor.execute("DROP TRIGGER access_auditentry_append_only")
        yield cursor


def test_what_is_written_verifies_after_the_round_trip(db):
    write(5)
    assert services.verify_audit() == services.ChainReport(5)


def test_an_empty_trail_is_sound(db):
    assert services.verify_audit().ok


@pytest.mark.parametrize(
    ("attack", "broken_at", "problem"),
    [
        ("UPDATE access_auditentry SET reason = 'x' WHERE sequence = 3", 3, "changed"),
        ("UPDATE access_auditentry SET after = '{}' WHERE sequence = 1", 1, "changed"),
        ("UPDATE access_auditentry SET hash = previous_hash WHERE sequence = 2", 2, "changed"),
        ("UPDATE access_auditentry SET previous_hash = hash WHERE sequence = 4", 4, "relinked"),
        ("DELETE FROM access_auditentry WHERE sequence = 2", 2, "missing"),
        ("DELETE FROM access_auditentry WHERE sequence = 5", 5, "cut"),
        ("DELETE FROM access_auditentry", 1, "cut"),
    ],
)
def test_every_attack_on_the_table_is_found(unguarded, attack, broken_at, problem):
    write(5)
    unguarded.execute(attack)
    report = services.verify_audit()
    assert (report.broken_at, report.problem) == (broken_at, problem)


def test_the_database_refuses_a_change(db):
    write(1)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE access_auditentry SET reason = 'x'")
    assert services.verify_audit().ok


@pytest.mark.parametrize(
    "change",
    [
        lambda: AuditEntry.objects.update(reason="x"),
        lambda: AuditEntry.objects.all().delete(),
        lambda: AuditEntry.objects.get().delete(),
        lambda: AuditEntry.objects.get().save(),
        lambda: AuditEntry.objects.bulk_update([AuditEntry.objects.get()], ["reason"]),
    ],
)
def test_the_application_refuses_a_change(db, change):
    write(1)
    with pytest.raises(AppendOnlyError):
        change()


def test_an_undone_act_leaves_no_entry(db):
    write(1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write(1)
        raise ZeroDivisionError
    assert AuditHead.objects.get().sequence == AuditEntry.objects.count() == 1


def test_a_naive_instant_is_refused(db):
    with pytest.raises(ValueError, match="time zone"):
        services.record(actor=None, action="a", object_type="b", object_id="c", at=AT.replace(tzinfo=None))


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_the_canonical_text_does_not_depend_on_order(value):
    backwards = dict(reversed(value.items()))
    assert rules.canonical(value) == rules.canonical(backwards)


@given(json_values, json_values)
def test_different_content_has_different_hashes(one, other):
    same = rules.canonical(one) == rules.canonical(other)
    assert same == (
        rules.chain_hash(rules.GENESIS, {"v": one}) == rules.chain_hash(rules.GENESIS, {"v": other})
    )
