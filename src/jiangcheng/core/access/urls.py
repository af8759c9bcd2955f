"""Addresses of the desk `access`."""

from django.urls import path

from jiangcheng.core.access import views

app_name = "access"
urlpatterns = [
    path("login", views.Login.as_view(), name="login"),
    path("logout", views.logout, name="logout"),
    path("language", views.language, name="language"),
    path("people", views.people, name="people"),
    path("people/roles", views.assign, name="assign"),
    path("audit", views.audit, name="audit"),
    path("audit/verify", views.audit_verify, name="audit_verify"),
]
