"""Addresses of the desk `reports`."""

from django.urls import path

from jiangcheng.core.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.index, name="index"),
    path("<slug:code>/", views.report, name="report"),
    path("<slug:code>/produce", views.produce, name="produce"),
    path("<slug:code>/subscribe", views.subscribe, name="subscribe"),
    path("versions/<int:pk>", views.version, name="version"),
    path("versions/<int:pk>.<str:form>", views.file, name="file"),
]
