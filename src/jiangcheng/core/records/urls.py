"""Addresses of the desk `records`: the same doors for every register the manifests declare."""

from django.urls import path

from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import views

app_name = "records"
urlpatterns = [
    path("facilities/options", views.facility_options, name="facility_options"),
    path("facilities/<str:code>/card", views.facility_card, name="facility_card"),
    *(
        path(f"{declared.code}/{door.address}", door.view, name=f"{declared.code}{door.name}")
        for declared in manifests.registers().values()
        for door in views.doors(declared)
    ),
]
