"""Addresses of the room `fieldwork`."""

from django.urls import path

from jiangcheng.modules.fieldwork import api, views

app_name = "fieldwork"
urlpatterns = [
    path("", views.app, name="app"),
    path("chiefs", views.chiefs, name="chiefs"),
    path("sw.js", views.worker, name="worker"),
    path("manifest.webmanifest", views.web_manifest, name="manifest"),
    path("api/bootstrap", api.bootstrap, name="bootstrap"),
    path("api/place", api.place, name="place"),
    path("api/checklist/<str:code>", api.checklist, name="checklist"),
    path("api/photos", api.photos, name="photos"),
    path("api/photos/<str:sha256>", api.photo, name="photo"),
    path("api/batch", api.batch, name="batch"),
    path("api/patrols", api.patrols, name="patrols"),
    path("api/patrols/<uuid:key>", api.patrol, name="patrol"),
    path("api/<str:kind>", api.submit, name="submit"),
]
