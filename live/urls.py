"""URLs of this package."""

from django.urls import path

from live.shows import views

app_name = "live"

urlpatterns = [
    path("shows/", views.index, name="shows"),
    path("shows/<slug:slug>/", views.show, name="show"),
]
