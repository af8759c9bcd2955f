"""A short run of the fuzzer of importers, that it finds what it is for, and what its long runs have found."""

from __future__ import annotations

import random

import pytest
from django.db import transaction

import fuzz_importers as fuzzer
from jiangcheng.core.access import rules as access
from jiangcheng.modules.emissions.rules import packs

INPUTS = 260


@pytest.fixture
def ways(db, tmp_path):
    return fuzzer.importers(fuzzer.build(tmp_path))


# Arrow tells rows that are no UTF-8 to nobody, and refuses the file.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_some_hundred_inputs_find_nothing(ways):
    report = fuzzer.work(seed=212, first=0, inputs=INPUTS, ways=ways)
    assert report["findings"] == []
    assert len(report["slowest"]) == len(ways)


def test_inputs_depend_on_seed_and_number_only(ways):
    made = [fuzzer.make(3, number, ways)[1] for number in range(130)]
    assert made == [fuzzer.make(3, number, ways)[1] for number in range(130)]
    assert len(set(made)) > 100


def test_whole_inputs_are_taken_and_nothing_stays(ways):
    from jiangcheng.core.records.models import ImportRun
    from jiangcheng.core.registry.models import Permit

    for way in ways:
        for data in way.seeds:
            with transaction.atomic():
                way.check(data, random.Random(1))
                transaction.set_rollback(True)
    assert not ImportRun.objects.exists() and Permit.objects.count() == 1


def test_an_undocumented_error_is_a_crash(ways, monkeypatch):
    monkeypatch.setattr(packs, "examine", lambda *_: 1 // 0)
    found = fuzzer.work(seed=1, first=0, inputs=20, ways=[way for way in ways if way.name == "packs"])[
        "findings"
    ]
    assert {finding["kind"] for finding in found} == {"crash"} and "ZeroDivisionError" in found[0]["error"]


@pytest.mark.parametrize(
    "text", ["NaN", "[1e999]", "[-Infinity]", '"\\ud800"', '"\\u0000"', "[" * 100_000, "{", "\ufeff\ufeff{}"]
)
def test_json_that_cannot_be_stored_is_refused(text):
    with pytest.raises(ValueError):
        access.read_json(text.encode("utf-8", "surrogatepass"))


def test_json_that_can_be_stored_is_read():
    assert access.read_json('\ufeff{"a": ["\\ud83d\\ude00", 1.5, null]}'.encode()) == {"a": ["😀", 1.5, None]}
