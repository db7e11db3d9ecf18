"""Names that a running sale goes by: they stay as they are until it is closed.

Its ledger knows its product by the slug and its units by the SKU's code, its routes and
its buyers' links have both slugs in them. Under another name the drain would find no
SKU for a claim, and the audit no units: the equation would not balance.
"""

from typing import Any, ClassVar

from django import forms

from shop.models import Stock


def are_held(**which: object) -> bool:
    """Whether a sale has stock of these. Within a transaction, none can be armed until it ends."""
    # Arming takes the same rows: it waits for us, or we see what it did.
    rows = Stock.objects.select_for_update(of=("self",), no_key=True).filter(**which).order_by("sku_id")
    return any(sale is not None for sale in list(rows.values_list("sale_id", flat=True)))


class KeepsNames(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses another name for what is on sale. In the admin, where a save is one transaction."""

    names: ClassVar[tuple[str, ...]]
    # From a stock's row to what is edited.
    lookup: ClassVar[str]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        renamed = [name for name in self.names if name in self.changed_data]
        if renamed and self.instance.pk and are_held(**{self.lookup: self.instance.pk}):
            for name in renamed:
                known = getattr(self.instance, name)
                self.add_error(
                    name,
                    f"{self.instance} is on sale: its ledger and its buyers' links go by {known}. "
                    f"Close the sale first, then change this.",
                )
        return cleaned


class ProductForm(KeepsNames):
    names = ("slug", "category")
    lookup = "sku__product"


class CategoryForm(KeepsNames):
    names = ("slug",)
    lookup = "sku__product__category"
