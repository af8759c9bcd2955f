"""Addresses of the room `sources`."""

from django.urls import path

from jiangcheng.modules.sources import views

app_name = "sources"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("burning", views.burning, name="burning"),
    path("burning/report", views.report_burning, name="report_burning"),
    path("odour", views.odour, name="odour"),
    path("cases/<str:number>/odour", views.odour_case, name="odour_case"),
]
