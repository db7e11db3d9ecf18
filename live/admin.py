from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from live.models import Show, ShowProduct
from live.shows import editing


class Products(admin.TabularInline):  # type: ignore[type-arg]
    model = ShowProduct
    fields = ("product", "position")
    autocomplete_fields = ("product",)
    extra = 1
    verbose_name_plural = "products, as they stand beside the video"


@admin.register(Show)
class Shows(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "host", "badge", "starts_at", "desk")
    list_filter = ("status",)
    search_fields = ("title", "slug", "host")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = (
        (None, {"fields": (("title", "slug"), ("host", "starts_at"), "description")}),
        ("Video", {"fields": ("hls_url", "poster")}),
    )
    inlines = (Products,)

    @admin.display(description="status", ordering="status")
    def badge(self, show: Show) -> SafeString:
        kind = {"live": "open", "scheduled": "armed", "ended": "closed"}[show.status]
        return format_html('<span class="sale-state sale-{}">{}</span>', kind, show.status)

    @admin.display(description="Desk")
    def desk(self, show: Show) -> SafeString:
        return format_html('<a href="{}">Host desk</a>', reverse("live:desk", args=[show.slug]))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Show | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("title",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Show | None = None) -> tuple[str, ...]:
        # Its address and its room have this name: links and open pages would lead nowhere.
        return ("slug",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Show | None = None) -> bool:
        # What was broadcast can be watched again: only a plan can go.
        is_plan = obj is None or obj.status == Show.Status.SCHEDULED
        return is_plan and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Show, form: Any, change: bool) -> None:
        # Only what was changed here: the host may go live at this very moment.
        obj.save(update_fields=form.changed_data) if change else obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        editing.tell(form.instance.slug)
