"""Address of the door for devices that speak HTTP."""

from django.urls import path

from jiangcheng.gateway import ingest

urlpatterns = [path("<str:mn>", ingest.deliver, name="ingest")]
