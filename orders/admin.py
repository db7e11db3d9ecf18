from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders import refunding, workflow

# Found by Django because they are imported here.
from orders.dead_letters_admin import DeadLetters  # noqa: F401
from orders.models import Order, OrderLine, Payment, Refund
from orders.receivers import admin as receivers_admin  # noqa: F401
from orders.refund_form import OrderActionForm, RefundFields
from orders.set_aside_admin import EventsSetAside  # noqa: F401


class WrittenByTheShop:
    """Orders and letters are written by what happened: people look at them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Lines(WrittenByTheShop, admin.TabularInline):  # type: ignore[type-arg]
    model = OrderLine
    fields = ("sku", "quantity", "unit_price")
    extra = 0


class Money(WrittenByTheShop, admin.TabularInline):  # type: ignore[type-arg]
    model = Payment
    fields = ("provider", "reference", "state", "reason", "amount", "captured", "refunded", "opened_at")
    extra = 0
    verbose_name_plural = "payment"


@admin.register(Order)
class Orders(WrittenByTheShop, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("order", "placed_at", "status", "name", "email", "amount", "sale")
    list_filter = ("status", "placed_at")
    list_select_related = ("sale__product",)
    search_fields = ("email", "buyer", "id")
    search_help_text = "E-mail, or order id"
    date_hierarchy = "placed_at"
    show_full_result_count = False
    inlines = (Lines, Money)
    action_form = OrderActionForm
    actions = ("mark_shipped", "refund")
    fieldsets = (
        (None, {"fields": ("id", "status", "version", "total", "currency")}),
        ("Buyer", {"fields": ("name", "email", "address")}),
        ("How it came", {"fields": ("sale", "generation", "claim_number", "accepted_at", "placed_at")}),
    )

    @admin.display(ordering="id")
    def order(self, order: Order) -> SafeString:
        return format_html('<span title="{}">{}…</span>', order.pk, str(order.pk)[:8])

    @admin.display(description="Total", ordering="total")
    def amount(self, order: Order) -> str:
        return f"{order.total} {order.currency}"

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """To send orders and money on their way is more than to look at them."""
        return request.user.has_perm("orders.change_order")

    @admin.action(description="Mark shipped", permissions=["handle"])
    def mark_shipped(self, request: HttpRequest, orders: "QuerySet[Order]") -> None:
        asked = set(orders.values_list("id", flat=True))
        shipped = workflow.ship(asked)
        if shipped:
            messages.success(request, f"{len(shipped)} shipped.")
        if left := asked - shipped:
            messages.warning(
                request, f"{len(left)} left as they are: only confirmed and paid orders can be shipped."
            )

    @admin.action(description="Refund the amount, or all that is left", permissions=["handle"])
    def refund(self, request: HttpRequest, orders: "QuerySet[Order]") -> None:
        fields = RefundFields(request.POST)
        if not fields.is_valid():
            messages.error(request, "Nothing was refunded: write the amount as a number, such as 12.50.")
            return
        amount, page = fields.cleaned_data["amount"], fields.cleaned_data["key"]
        for order in orders:
            try:
                promised = refunding.promise(
                    order.pk,
                    amount=amount,
                    key=f"{order.pk}:refund:{page}",
                    by=request.user.get_username(),
                )
            except refunding.CannotRefund as error:
                messages.error(request, f"Order {order.pk}: {error}")
            else:
                money = f"{promised.amount:.2f} {order.currency}"
                messages.success(request, f"Order {order.pk}: {money} go back.")


@admin.register(Refund)
class Refunds(WrittenByTheShop, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("payment_id", "promised_at", "amount", "state", "by", "reason")
    list_filter = ("state",)
    search_fields = ("payment__order__id", "payment__order__email")
    actions = ("ask_again", "settle_by_hand")

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_order")

    @admin.action(description="Ask the provider again", permissions=["handle"])
    def ask_again(self, request: HttpRequest, refunds: "QuerySet[Refund]") -> None:
        """Of those that were refused; the money was promised, and counts as such all the while."""
        for refund in refunds:
            if refunding.ask_again(refund.pk):
                self.log_change(request, refund, "Asked the provider again")
                messages.success(request, f"{refund.amount} of order {refund.payment_id}: asked again.")
            else:
                said = "only what was refused is asked again."
                messages.warning(request, f"{refund.amount} of order {refund.payment_id}: {said}")

    @admin.action(description="Mark as paid by hand", permissions=["handle"])
    def settle_by_hand(self, request: HttpRequest, refunds: "QuerySet[Refund]") -> None:
        """Of those that the provider refused, and whose buyers got their money another way."""
        for refund in refunds:
            if refunding.settle_by_hand(refund.pk):
                self.log_change(request, refund, "Paid by hand")
                messages.success(request, f"{refund.amount} of order {refund.payment_id}: paid by hand.")
            else:
                said = "only what the provider refused is paid by hand."
                messages.warning(request, f"{refund.amount} of order {refund.payment_id}: {said}")
