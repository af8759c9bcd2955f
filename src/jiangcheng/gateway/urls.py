"""Addresses of the gate's operator page."""

from django.urls import path

from jiangcheng.gateway import views

app_name = "gateway"

urlpatterns = [
    path("", views.status, name="status"),
    path("live/", views.live, name="live"),
]
