"""What makes a question impossible to answer, as a code with facts; the page words it."""

from __future__ import annotations

from typing import Any

from jiangcheng.methods.tracing.inputs import TracingError


class Refusal(TracingError):  # noqa: N818
    """The input cannot answer the question.

    ``code`` is ``no_values``, ``all_zero``, ``no_wind``, ``calm``, ``one_wind_station``, ``few_receptors``,
    ``few_rows``, ``few_readings``, ``no_emitters``, ``no_rates``, ``no_profiles``, ``no_species``,
    ``no_complaints``, ``no_people``, ``no_reach``, ``nothing_upstream``, ``no_rise``, ``few_species``, ``few_samples``,
    ``many_factors``, ``inputs_altered``,
    ``window`` or ``method`` (with ``text``).
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class Interrupted(Exception):  # noqa: N818
    """Somebody asked the run to stop."""


def told(error: TracingError) -> dict[str, Any]:
    """Return an error as plain data: ``code`` and its facts."""
    if isinstance(error, Refusal):
        return {"code": error.code, **error.facts}
    return {"code": "method", "text": str(error)}
