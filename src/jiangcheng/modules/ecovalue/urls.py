"""Addresses of the room `ecovalue`."""

from django.urls import path

from jiangcheng.modules.ecovalue import views

app_name = "ecovalue"
urlpatterns = [
    path("", views.account, name="account"),
    path("chart.json", views.chart, name="chart"),
    path("export", views.export, name="export"),
    path("trace", views.trace, name="trace"),
    path("freeze", views.freeze, name="freeze"),
    path("versions/<int:pk>", views.version, name="version"),
    path("compensation", views.compensation, name="compensation"),
]
