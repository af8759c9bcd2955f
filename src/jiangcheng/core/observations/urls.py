"""Addresses of the desk `observations`: everything about stations."""

from django.urls import path

from jiangcheng.core.observations import views

app_name = "observations"
urlpatterns = [
    path("standards/", views.standards, name="standards"),
    path("standards/<str:name>/", views.standard, name="standard"),
    path("stations/", views.stations, name="stations"),
    path("stations/<str:code>/", views.station, name="station"),
    path("stations/<str:code>/series.json", views.series, name="series"),
    path("stations/<str:code>/calendar.json", views.calendar, name="calendar"),
    path("stations/<str:code>/classes.json", views.classes, name="classes"),
    path("stations/<str:code>/export.<str:form>", views.export, name="export"),
]
