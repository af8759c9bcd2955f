"""The interface against whatever its own description allows: no answer is an error of the server."""

from __future__ import annotations

import hypothesis
import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck

from core import city
from jiangcheng.config.api import api

pytestmark = pytest.mark.django_db
SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema())
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]


@pytest.fixture
def officer():
    city.build()
    client = Client(raise_request_exception=False)
    client.force_login(city.people()["duty"])
    return client


@SCHEMA.parametrize()
@hypothesis.settings(max_examples=8, deadline=None, suppress_health_check=QUIET)
def test_no_answer_is_an_error_of_the_server(case, officer):
    answer = officer.generic(
        case.method,
        case.formatted_path,
        query_params={name: str(value) for name, value in (case.query or {}).items()},
    )
    assert answer.status_code < 500, (case.method, case.formatted_path, case.query)
