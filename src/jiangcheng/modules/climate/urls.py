"""Addresses of the room `climate`."""

from django.urls import path

from jiangcheng.modules.climate import views

app_name = "climate"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("chart.json", views.chart, name="chart"),
    path("inventory", views.inventory, name="inventory"),
    path("inventory.csv", views.inventory_csv, name="inventory_csv"),
    path("inventory/freeze", views.freeze, name="freeze"),
    path("inventory/versions/<int:pk>", views.version, name="version"),
]
