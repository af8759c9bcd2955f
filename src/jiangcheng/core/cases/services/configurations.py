"""Default configurations of the rules that turn observations into findings."""

from __future__ import annotations

import json

from jiangcheng.core.cases.models import RuleConfiguration


def load_rules(document: str) -> int:
    """Add the configurations that are not there yet and return their number; rows a site has changed stay.

    Parameters
    ----------
    document
        JSON list of rows, each with rule, version, parameters, dates and source.
    """
    known = set(RuleConfiguration.objects.values_list("rule", "version"))
    missing = [row for row in json.loads(document) if (row["rule"], row["version"]) not in known]
    RuleConfiguration.objects.bulk_create([RuleConfiguration(**row) for row in missing])
    return len(missing)
