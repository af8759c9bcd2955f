"""Addresses of the room `greening`."""

from django.urls import path

from jiangcheng.modules.greening import views

app_name = "greening"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("projects/<str:number>/screening", views.screening, name="screening"),
]
