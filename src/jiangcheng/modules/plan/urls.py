"""Addresses of the room `plan`."""

from django.urls import path

from jiangcheng.modules.plan import views

app_name = "plan"
urlpatterns = [
    path("", views.targets, name="targets"),
    path("cards/targets/", views.card_targets, name="card_targets"),
]
