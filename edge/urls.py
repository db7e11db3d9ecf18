"""URLs of this package."""

from django.urls import path, re_path

from edge import api, post_views, views

app_name = "edge"

FAST_PATH = r"^api/v1/fastpath/(?P<slug>[-\w]+)/"

urlpatterns = [
    path("ops/", views.ops, name="ops"),
    path("ops/now/", views.now, name="ops_now"),
    path("ops/mailbox/", post_views.mailbox, name="mailbox"),
    path("ops/mailbox/<int:letter_id>/", post_views.mailbox, name="letter"),
    path("ops/webhooks/", post_views.webhook_log, name="webhooks"),
    path("ops/webhooks/<int:delivery_id>/replay/", post_views.replay, name="replay"),
    re_path(rf"{FAST_PATH}$", api.FastPath.as_view(), name="fastpath"),
    re_path(rf"{FAST_PATH}arm/$", api.FastPathArm.as_view(), name="fastpath_arm"),
    re_path(
        rf"{FAST_PATH}(?P<action>open|pause|resume|close)/$",
        api.FastPathMove.as_view(),
        name="fastpath_move",
    ),
    # Each by its own name: two patterns of one shape would be one endpoint in the OpenAPI document.
    re_path(rf"{FAST_PATH}restock/$", api.Restock.as_view(), name="fastpath_restock"),
    re_path(rf"{FAST_PATH}take-back/$", api.TakeBack.as_view(), name="fastpath_take_back"),
]
