"""Every URL of `web`. Each package says its own; the admin, the REST schema and health stand here."""

from django.contrib import admin
from django.urls import include, path

from config import api_schema, health, telemetry

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"

admin.site.site_header = "Spillway"
admin.site.site_title = "Spillway"
admin.site.index_title = "Shop and sales"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/schema/", api_schema.SchemaView.as_view(), name="schema"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", telemetry.metrics),
    path("", include("edge.urls")),
    path("", include("orders.urls")),
    path("", include("live.urls")),
    path("", include("shop.urls")),
]
