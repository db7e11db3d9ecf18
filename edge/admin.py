from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

from edge import lifecycle, queries, transfer_form
from edge.lifecycle import CannotChange, preview, record
from edge.models import SaleChange
from edge.transfer_form import TransferForm
from shop.models import Allotment, Sale

PLAN = ("product", "price", "units", "limit_per_buyer", "opens_at", "closes_at")

DONE = {
    "arm": "{product} is armed: its page is published, and the routes lead to it.",
    "open": "The sale of {product} is open.",
    "pause": "The sale of {product} is paused.",
    "resume": "The sale of {product} is open again.",
    "close": "The sale of {product} takes no more orders. It is closed when each claim is an order.",
}


class ReadOnly(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Allotments(ReadOnly):
    model = Allotment
    fields = ("generation", "sku", "armed", "ordered", "returned", "closed_at")
    ordering = ("-generation", "sku")


class Changes(ReadOnly):
    model = SaleChange
    fields = readonly_fields = ("moment", "action", "units", "by", "from_state", "to_state", "generation")
    verbose_name_plural = "what happened"

    @admin.display(description="at")
    def moment(self, change: SaleChange) -> str:
        return date_format(timezone.localtime(change.at), "Y-m-d H:i:s")


@admin.register(Sale)
class Sales(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("product", "badge", "price", "units", "left", "since")
    list_filter = ("state",)
    list_select_related = ("product__category",)
    search_fields = ("product__name", "product__slug")
    fields = PLAN
    inlines = (Allotments, Changes)

    @admin.display(description="state", ordering="state")
    def badge(self, sale: Sale) -> str:
        return format_html('<span class="sale-state sale-{}">{}</span>', sale.state, sale.state)

    @admin.display(description="left")
    def left(self, sale: Sale) -> int | None:
        return queries.units_left(sale)

    @admin.display(description="since", ordering="changed_at")
    def since(self, sale: Sale) -> str:
        return date_format(timezone.localtime(sale.changed_at), "Y-m-d H:i")

    def get_readonly_fields(self, request: HttpRequest, obj: Sale | None = None) -> tuple[str, ...]:
        if obj is None or not obj.generation:
            return ()
        return PLAN if obj.is_on else ("product",)

    def has_delete_permission(self, request: HttpRequest, obj: Sale | None = None) -> bool:
        # Its orders and movements name it: only what never was on sale can go.
        return super().has_delete_permission(request, obj) and (obj is None or not obj.generation)

    def save_model(self, request: HttpRequest, obj: Sale, form: Any, change: bool) -> None:
        if not change:
            record.plan(obj)
        elif not record.edit_plan(obj, **{name: form.cleaned_data[name] for name in form.changed_data}):
            messages.error(request, "Somebody armed this sale meanwhile: its plan stays as it was.")

    def get_urls(self) -> list[URLPattern]:
        moves = [
            path(
                f"<int:sale_id>/{action}/",
                self.admin_site.admin_view(partial(self.move, action=action)),
                name=f"shop_sale_{action}",
            )
            for action in DONE
        ]
        transfers = [
            path(
                f"<int:sale_id>/{action}/",
                self.admin_site.admin_view(partial(self.transfer, action=action)),
                name=f"shop_sale_{action}",
            )
            for action in TRANSFERS
        ]
        return moves + transfers + super().get_urls()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        sale = self.get_object(request, unquote(object_id))
        moves = {"moves": preview.possible(sale) if sale else ()}
        return super().change_view(request, object_id, form_url, moves | (extra_context or {}))

    def move(self, request: HttpRequest, sale_id: int, *, action: str) -> HttpResponse:
        """Say what the move will do; then, confirmed, do it."""
        sale = get_object_or_404(Sale.objects.select_related("product__category"), pk=sale_id)
        if not self.has_change_permission(request, sale):
            raise PermissionDenied
        try:
            if request.method == "POST":
                MOVES[action](sale, request.user.get_username())
                messages.success(request, DONE[action].format(product=sale.product))
                return redirect(_page(sale))
            return self._confirm(request, sale, preview.preview(sale, action))
        except CannotChange as error:
            messages.error(request, str(error))
            return redirect(_page(sale))

    def transfer(self, request: HttpRequest, sale_id: int, *, action: str) -> HttpResponse:
        """Ask how many units are to be added or taken back; then move them."""
        sale = get_object_or_404(Sale.objects.select_related("product__category"), pk=sale_id)
        if not self.has_change_permission(request, sale):
            raise PermissionDenied
        act, done = TRANSFERS[action]
        form = TransferForm(sale, request.POST or None)
        try:
            if request.method == "POST" and form.is_valid():
                act(sale.product.slug, by=request.user.get_username(), **form.transfer())
                messages.success(request, done.format(units=form.cleaned_data["units"], sale=sale.product))
                return redirect(_page(sale))
        except CannotChange as error:
            messages.error(request, str(error))
            return redirect(_page(sale))
        left = queries.left_by_sku(sale)
        context: Mapping[str, Any] = self.admin_site.each_context(request) | {
            "title": f"{action.replace('_', ' ').capitalize()}: {sale.product}",
            "opts": self.model._meta,
            "original": sale,
            "action": action,
            "form": form,
            "standing": transfer_form.standing(sale, left),
        }
        return TemplateResponse(request, "admin/shop/sale/transfer.html", dict(context))

    def _confirm(self, request: HttpRequest, sale: Sale, said: preview.Preview) -> HttpResponse:
        context: Mapping[str, Any] = self.admin_site.each_context(request) | {
            "title": f"{said.action.capitalize()} the sale of {sale.product}",
            "opts": self.model._meta,
            "original": sale,
            "preview": said,
        }
        return TemplateResponse(request, "admin/shop/sale/move.html", dict(context))


# What each button does: the same call as from the command line and from REST.
MOVES: Mapping[str, Callable[[Sale, str], Sale]] = {
    "arm": lambda sale, by: lifecycle.arm(sale.product.slug, by=by, sale=sale),
    "open": lambda sale, by: lifecycle.open_sale(sale.product.slug, by=by),
    "pause": lambda sale, by: lifecycle.pause(sale.product.slug, by=by),
    "resume": lambda sale, by: lifecycle.resume(sale.product.slug, by=by),
    "close": lambda sale, by: lifecycle.close(sale.product.slug, by=by, wait=False),
}


TRANSFERS: Mapping[str, tuple[Callable[..., Sale], str]] = {
    "restock": (lifecycle.restock, "{units} units were added to the sale of {sale}; shoppers see them."),
    "take_back": (lifecycle.take_back, "{units} units of the sale of {sale} are back in the shop's stock."),
}


def _page(sale: Sale) -> str:
    return reverse("admin:shop_sale_change", args=[sale.pk])
