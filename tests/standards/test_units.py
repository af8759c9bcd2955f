"""Units as they are printed."""

import pytest

from jiangcheng.standards import codes


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("mg/m3", "mg/m³"),
        ("µg/m3", "µg/m³"),
        ("m3/s", "m³/s"),
        ("t/(km2·month)", "t/(km²·month)"),
        ("1", ""),
        ("1/L", "1/L"),
        ("dB", "dB"),
    ],
)
def test_exponents_are_raised_and_dimensionless_is_silent(unit, text):
    assert codes.unit_text(unit) == text
