from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from orders import relay
from shop import setting_aside
from shop.told import SetAside


@admin.register(SetAside)
class EventsSetAside(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "id",
        "set_aside_at",
        "state",
        "receiver",
        "topic",
        "key",
        "error",
        "changed_by",
        "changed_at",
    )
    list_filter = ("state", "receiver", "topic")
    search_fields = ("key", "error")
    actions = ("retry", "skip")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("shop.change_setaside")

    @admin.action(description="Retry: tell the receiver once more", permissions=["handle"])
    def retry(self, request: HttpRequest, rows: "QuerySet[SetAside]") -> None:
        def tell(row: SetAside) -> str:
            receiver, by = relay.find_receiver(row.receiver), request.user.get_username()
            setting_aside.retry(row, receiver, by=by, now=timezone.now())
            return f"Event {row.pk} was told to {row.receiver}."

        self._each(request, rows.order_by("id"), tell)

    @admin.action(description="Skip: never tell the receiver", permissions=["handle"])
    def skip(self, request: HttpRequest, rows: "QuerySet[SetAside]") -> None:
        def pass_over(row: SetAside) -> str:
            setting_aside.skip(row, by=request.user.get_username(), now=timezone.now())
            return f"Event {row.pk} will never be told to {row.receiver}."

        self._each(request, rows, pass_over)

    def _each(self, request: HttpRequest, rows: "QuerySet[SetAside]", act: Callable[[SetAside], str]) -> None:
        for row in rows:
            try:
                messages.success(request, act(row))
            except setting_aside.CannotChange as error:
                messages.error(request, str(error))
