"""Addresses of the desk `access`."""

from django.urls import path

from jiangcheng.core.access import views

app_name = "access"
urlpatterns = [
    path("login", views.Login.as_view(), name="login"),
    path("login/second", views.second, name="second"),
    path("login/second/question", views.second_question, name="second_question"),
    path("login/second/passkey", views.second_passkey, name="second_passkey"),
    path("login/provider", views.oidc_start, name="oidc_start"),
    path("login/provider/back", views.oidc_back, name="oidc_back"),
    path("logout", views.logout, name="logout"),
    path("language", views.language, name="language"),
    path("security/", views.security, name="security"),
    path("security/password", views.password, name="password"),
    path("security/authenticator", views.authenticator, name="authenticator"),
    path("security/authenticator/confirm", views.confirm, name="confirm"),
    path("security/factors/remove", views.remove_factors, name="remove_factors"),
    path("security/passkeys/options", views.passkey_options, name="passkey_options"),
    path("security/passkeys", views.add_passkey, name="add_passkey"),
    path("security/sessions/<int:key>/end", views.end_own_session, name="end_own_session"),
    path("security/tokens", views.make_token, name="make_token"),
    path("security/tokens/<int:key>/revoke", views.revoke_token, name="revoke_token"),
    path("people", views.people, name="people"),
    path("people/new", views.create, name="create"),
    path("people/roles", views.assign, name="assign"),
    path("people/<str:username>/", views.person, name="person"),
    path("people/<str:username>/reset", views.reset, name="reset"),
    path("people/<str:username>/active", views.disable, name="disable"),
    path("people/<str:username>/unlock", views.unlock, name="unlock"),
    path("people/<str:username>/sessions/<int:key>/end", views.end_session, name="end_session"),
    path("audit", views.audit, name="audit"),
    path("audit/verify", views.audit_verify, name="audit_verify"),
]
