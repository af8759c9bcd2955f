"""Who may do what: roles, scope, the guard on every view, log-in and its throttle."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import get_resolver
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.core.access import queries, rules, services
from jiangcheng.core.access.models import Assignment, AuditEntry, Role
from jiangcheng.core.access.views import DefaultDenyMiddleware

AT = dt.datetime(2026, 11, 1, 2, tzinfo=dt.UTC)
ON = dt.date(2026, 11, 1)
PASSWORD = "Songhua-river-1"


@pytest.fixture
def person(db):
    def make(username="wang", role=None, **where):
        user = services.create_user(username=username, password=PASSWORD, display_name=username, at=AT)
        if role:
            services.assign_role(user=user, role=role, on=ON, at=AT, **where)
        return user

    return make


@pytest.mark.parametrize(
    ("where", "inside", "outside"),
    [
        ({"region_code": "220202"}, "220202001", "220203001"),
        ({"region_code": "220200"}, "220203001", "220102001"),
        ({}, "220102001", None),
    ],
)
def test_a_role_holds_in_its_area_and_below(person, where, inside, outside):
    scope = queries.scope(person(role="grid_inspector", **where), "cases.handle", ON)
    assert scope.covers_region(inside)
    assert outside is None or not scope.covers_region(outside)


def test_an_enterprise_holds_its_facility_and_no_area(person):
    scope = queries.scope(person(role="enterprise", facility_code="91220200A"), "cases.view", ON)
    assert scope.covers_facility("91220200A")
    assert not scope.covers_facility("91220200B")
    assert not scope.covers_region("220202")


def test_an_enterprise_without_facility_is_refused_and_worth_nothing(person):
    user = person()
    with pytest.raises(services.FacilityMissing):
        services.assign_role(user=user, role="enterprise", on=ON, at=AT)
    assert not Assignment.objects.exists()
    Assignment.objects.create(user=user, role=Role.objects.get(code="enterprise"), valid_from_date=ON)
    assert queries.permissions_of(user, ON) == frozenset()
    assert not queries.scope(user, "cases.view", ON)


def test_a_role_ends_on_its_last_day_exclusive(person):
    user = person()
    services.assign_role(user=user, role="leader", on=ON, until=ON + dt.timedelta(days=2), at=AT)
    days = [ON + dt.timedelta(days=n) for n in (-1, 0, 1, 2)]
    assert [queries.has(user, "cases.view", day) for day in days] == [False, True, True, False]


def test_a_disabled_person_has_nothing(person):
    user = person(role="leader")
    user.is_active = False
    assert queries.permissions_of(user, ON) == frozenset()


def test_the_three_administrators_are_never_one_person(person):
    user = person(role="system_admin")
    entries = AuditEntry.objects.count()
    for other in ("security_admin", "audit_admin"):
        with pytest.raises(services.RoleConflict):
            services.assign_role(user=user, role=other, on=ON + dt.timedelta(days=300), at=AT)
    assert Assignment.objects.filter(user=user).count() == 1
    assert AuditEntry.objects.count() == entries


def test_an_administrator_may_change_office_after_the_first_has_ended(person):
    user = person()
    services.assign_role(user=user, role="audit_admin", on=ON, until=dt.date(2027, 1, 1), at=AT)
    services.assign_role(user=user, role="system_admin", on=dt.date(2027, 1, 1), at=AT)
    assert queries.permissions_of(user, dt.date(2027, 1, 1)) >= {"gateway.view"}


def test_no_administrator_touches_the_work(db):
    work = {"cases.dispatch", "cases.handle", "cases.verify"}
    for role in Role.objects.exclude(exclusive_group=""):
        assert not work & set(role.permissions)


def test_a_weak_password_creates_nobody(db):
    with pytest.raises(services.WeakPassword):
        services.create_user(username="li", password="12345678", display_name="li", at=AT)
    assert not AuditEntry.objects.exists()


@given(
    st.lists(st.text("0123456789", min_size=6, max_size=12), max_size=4),
    st.text("0123456789", min_size=1, max_size=12),
)
def test_scope_never_reaches_outside_its_prefixes(codes, region):
    scope = queries.Scope(region_codes=frozenset(map(rules.area_prefix, codes)))
    assert scope.covers_region(region) == any(
        region.startswith(rules.area_prefix(c)) for c in codes if region
    )


def test_scope_filter_agrees_with_scope(person):
    people = [
        person(f"p{n}", "leader", region_code=code) for n, code in enumerate(["220202", "220203", "220281"])
    ]
    scope = queries.Scope(region_codes=frozenset({"220202", "22028"}))
    kept = Assignment.objects.filter(scope.as_filter(region="region_code"))
    assert {a.user_id for a in kept} == {people[0].pk, people[2].pk}
    assert not Assignment.objects.filter(queries.NOWHERE.as_filter(region="region_code")).exists()


# --- the guard ---------------------------------------------------------------------------------------------


def _request(user):
    request = RequestFactory().get("/")
    DefaultDenyMiddleware(lambda r: HttpResponse()).process_request(request)
    request.user = user
    return request


def test_a_view_that_names_no_permission_is_refused(db):
    def forgotten(request):
        return HttpResponse("secret")

    middleware = DefaultDenyMiddleware(lambda r: HttpResponse())
    with pytest.raises(PermissionDenied):
        middleware.process_view(_request(None), forgotten, (), {})
    middleware.process_view(_request(None), services.public(forgotten), (), {})


def test_a_guarded_view_lets_in_who_has_the_permission(person):
    view = services.requires("audit.view")(lambda request: HttpResponse("trail"))
    boss = person(role="audit_admin")
    Assignment.objects.update(valid_from_date=dt.date(2020, 1, 1))
    assert view(_request(boss)).content == b"trail"
    with pytest.raises(PermissionDenied):
        view(_request(person("other", "leader")))


def test_every_address_of_the_portal_names_a_permission():
    nameless = [str(p.pattern) for p in _patterns(get_resolver().url_patterns) if not _named(p)]
    assert nameless == []


def _patterns(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern.url_patterns)
        else:
            yield pattern


def _named(pattern):
    # Ninja's landing page of an API is the one view without a name; the middleware refuses it.
    return services.permission_of(pattern.callback) or pattern.name == "api-root"


def test_ninja_doors_are_seen_by_the_guard():
    import ninja

    api = ninja.NinjaAPI(urls_namespace="guarded", docs_url=None, openapi_url=None)

    @api.get("/open")
    def open_door(request):
        return {}

    @api.get("/locked", auth=services.ninja_auth("api.read"))
    def locked_door(request):
        return {}

    views = {str(p.pattern): p.callback for p in api.urls[0]}
    assert services.permission_of(views["locked"]) == "api.read"
    assert services.permission_of(views["open"]) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 302), ({"HX-Request": "true"}, 401), ({"Accept": "text/event-stream"}, 401)],
)
def test_strangers_are_sent_to_the_log_in_and_programs_told(client, db, headers, status):
    response = client.get("/audit", headers=headers)
    assert response.status_code == status
    if status == 302:
        assert response.url == "/login?next=/audit"


# --- log-in ------------------------------------------------------------------------------------------------


def _try(client, password, username="wang"):
    return client.post("/login", {"username": username, "password": password})


def test_log_in_and_out_are_on_the_trail(client, person):
    person(role="leader")
    assert _try(client, PASSWORD).status_code == 302
    client.post("/logout")
    actions = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))
    assert actions[-2:] == ["access.login", "access.logout"]
    assert services.verify_audit().ok


def test_six_failures_make_even_the_right_password_wait(client, person):
    person()
    for _ in range(5):
        _try(client, "wrong")
    answer = _try(client, PASSWORD)
    assert answer.status_code == 200
    assert "秒后再试" in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert _try(client, PASSWORD, "somebody-else").status_code == 200


@given(st.integers(0, 10_000))
def test_waiting_grows_and_stays_bounded(failures):
    assert rules.wait_after(failures) <= rules.wait_after(failures + 1) <= rules.LONGEST_WAIT


def test_a_success_forgets_the_failures(client, person):
    user = person()
    for _ in range(4):
        _try(client, "wrong")
    assert _try(client, PASSWORD).status_code == 302
    assert services.remaining_wait(username=user.username, address="127.0.0.1", now=AT) == 0


def test_an_administrators_session_is_short(client, person):
    admin = person(role="audit_admin")
    admin.assignments.update(valid_from_date=dt.date(2020, 1, 1))
    _try(client, PASSWORD)
    assert client.session.get_expiry_age() == rules.ADMINISTRATOR_SESSION_SECONDS


def test_log_out_by_a_link_does_nothing(client, person):
    client.force_login(person())
    assert client.get("/logout").status_code == 405
    assert "_auth_user_id" in client.session


def test_the_language_is_remembered_with_the_person(client, person):
    user = person()
    client.force_login(user)
    response = client.post("/language", {"language": "en", "next": "https://elsewhere.example/"})
    assert response.url == "/"
    user.refresh_from_db()
    assert user.language == "en"
    client.post("/language", {"language": "xx"})
    user.refresh_from_db()
    assert user.language == "en"


def test_the_log_in_page_speaks_both_languages(client, db):
    assert "登录江城" in client.get("/login").content.decode()
    english = client.get("/login", headers={"Accept-Language": "en"}).content.decode()
    assert "Log in to Jiangcheng" in english


def test_nobody_grants_a_role_to_themselves(person):
    wang = person()
    with pytest.raises(services.OwnRole):
        services.assign_role(user=wang, actor=wang, role="leader", on=ON, at=AT)
    assert not wang.assignments.exists()
