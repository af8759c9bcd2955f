"""Addresses of the desk `indicators`."""

from django.urls import path

from jiangcheng.core.indicators import views

app_name = "indicators"
urlpatterns = [path("", views.index, name="index"), path("<str:code>/", views.lineage, name="lineage")]
