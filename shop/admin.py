"""The catalogue's admin: categories, products with their SKUs, what is in stock, and how it came and went."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop import names, offers, pricing, stock
from shop.counting import CountForm, Row, SkuForm, StockForm, seen
from shop.models import Category, Product, Sku, Stock, StockMovement


def thumbnail(picture: Any, of: str, size: int = 40) -> SafeString | str:
    if not picture:
        return "–"
    html = '<img class="thumb" src="{}" width="{}" height="{}" alt="{}">'
    return format_html(html, picture.url, size, size, of)


def set_stock(request: HttpRequest, form: Any, sku: Sku, reason: StockMovement.Reason) -> None:
    by = request.user.get_username()
    available = form.cleaned_data["available"]
    try:
        stock.set_available(sku, available=available, by=by, reason=reason, seen=seen(form, "available"))
    except stock.CannotSet as error:
        messages.error(request, str(error))


@admin.register(Category)
class Categories(admin.ModelAdmin):  # type: ignore[type-arg]
    form = names.CategoryForm
    list_display = ("shown", "name", "summary", "position")
    list_display_links = ("shown", "name")
    list_editable = ("position",)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "summary", "picture", "position")

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[Row]:
        return Row

    @admin.display(description="Picture")
    def shown(self, category: Category) -> SafeString | str:
        return thumbnail(category.picture, category.name)


class Skus(admin.TabularInline):  # type: ignore[type-arg]
    model = Sku
    form = SkuForm
    fields = ("code", "options", "price", "available", "position")
    extra = 0
    # What was ever in stock is in the ledger of movements, and stays.
    can_delete = False
    show_change_link = False

    def get_extra(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> int:
        # A new product is for sale once it has one.
        return 0 if obj else 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sku]:
        return super().get_queryset(request).select_related("stock", "product")


@admin.register(Product)
class Products(admin.ModelAdmin):  # type: ignore[type-arg]
    form = names.ProductForm
    list_display = ("shown", "name", "category", "prices", "in_stock", "featured", "position")
    list_display_links = ("shown", "name")
    list_editable = ("featured", "position")
    list_filter = ("category", "featured")
    list_per_page = 50
    search_fields = ("name", "slug", "skus__code")
    show_full_result_count = False
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("category",)
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("category", "position", "featured"), "limit_per_buyer")}),
        ("What shoppers read", {"fields": ("summary", "description")}),
        ("Picture", {"fields": (("preview", "picture"),)}),
    )
    readonly_fields = ("preview",)
    inlines = (Skus,)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[Row]:
        return Row

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).select_related("category").prefetch_related("skus__stock")

    @admin.display(description="Picture")
    def shown(self, product: Product) -> SafeString | str:
        return thumbnail(product.picture, product.name)

    @admin.display(description="As it is")
    def preview(self, product: Product) -> SafeString | str:
        return thumbnail(product.picture, product.name, size=140)

    @admin.display(description="Price")
    def prices(self, product: Product) -> str:
        return " – ".join(str(price) for price in sorted({sku.price for sku in product.skus.all()}))

    @admin.display(description="In stock")
    def in_stock(self, product: Product) -> SafeString:
        rows = [sku.stock for sku in product.skus.all() if hasattr(sku, "stock")]
        return count(sum(row.available for row in rows), on_sale=any(row.sale_id for row in rows))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.forms:
            if not row.has_changed():
                continue
            if row.instance.pk:
                pricing.set_price(row.instance, row.cleaned_data["price"])
            row.save()
            if "available" in row.changed_data or not hasattr(row.instance, "stock"):
                set_stock(request, row, row.instance, StockMovement.Reason.CORRECTED)
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []


def count(available: int, *, on_sale: bool) -> SafeString:
    kind = "none" if available < 1 else "few" if available <= offers.FEW else "many"
    flag = SafeString(' <b class="mark sale">on sale</b>') if on_sale else ""
    return format_html('<span class="mark {}">{}</span>{}', kind, available, flag)


class Left(admin.SimpleListFilter):
    title = "how many are left"
    parameter_name = "left"
    RANGES = {"none": (0, 0), "few": (1, offers.FEW), "more": (offers.FEW + 1, 2**31 - 1)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "None"), ("few", f"{offers.FEW} or fewer"), ("more", "More")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Stock]) -> QuerySet[Stock]:
        bounds = self.RANGES.get(self.value() or "")
        return queryset.filter(available__range=bounds) if bounds else queryset


@admin.register(Stock)
class Stocks(admin.ModelAdmin):  # type: ignore[type-arg]
    form = CountForm
    list_display = ("shown", "code", "product", "available", "sale")
    list_display_links = ("code",)
    list_editable = ("available",)
    list_filter = (Left, ("sale", admin.EmptyFieldListFilter), "sku__product__category")
    list_select_related = ("sku__product", "sale__product")
    list_per_page = 50
    search_fields = ("sku__code", "sku__product__name")
    ordering = ("available", "sku__code")
    show_full_result_count = False
    fields = ("sku", "available", "reason", "sale", "version")
    readonly_fields = ("sku", "sale", "version")

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[StockForm]:
        return StockForm

    def save_model(self, request: HttpRequest, obj: Stock, form: Any, change: bool) -> None:
        reason = form.cleaned_data.get("reason", StockMovement.Reason.CORRECTED)
        set_stock(request, form, obj.sku, StockMovement.Reason(reason))

    @admin.display(description="Picture")
    def shown(self, row: Stock) -> SafeString | str:
        return thumbnail(row.sku.product.picture, row.sku.product.name)

    @admin.display(description="SKU", ordering="sku__code")
    def code(self, row: Stock) -> str:
        return row.sku.code

    @admin.display(ordering="sku__product__name")
    def product(self, row: Stock) -> str:
        return row.sku.product.name

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(StockMovement)
class StockMovements(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("at", "sku", "signed", "reason", "by", "sale", "order")
    list_filter = ("reason", "at")
    list_select_related = ("sku", "sale__product")
    search_fields = ("=sku__code", "=order_id")
    search_help_text = "A SKU, or the id of an order."
    show_full_result_count = False

    @admin.display(ordering="order_id")
    def order(self, movement: StockMovement) -> SafeString | str:
        if movement.order_id is None:
            return "–"
        url = reverse("admin:orders_order_change", args=[movement.order_id])
        return format_html('<a href="{}">{}…</a>', url, str(movement.order_id)[:8])

    @admin.display(description="Quantity", ordering="quantity")
    def signed(self, movement: StockMovement) -> SafeString:
        kind = "in" if movement.quantity > 0 else "out"
        return format_html('<span class="move {}">{}</span>', kind, f"{movement.quantity:+}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
