"""What the admin asks before units move in or out of a sale: how many, of which SKU, once per page."""

from typing import Any
from uuid import uuid4

from django import forms

from edge.lifecycle import loading, transferring
from shop.models import Sale, Stock


class TransferForm(forms.Form):
    units = forms.IntegerField(min_value=1, max_value=transferring.MOST, label="Units")
    sku = forms.ChoiceField(required=False, label="SKU")
    # A page that is sent twice moves units once.
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, sale: Sale, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = [row.sku.code for row in loading.allotments(sale)]
        everyone = [("", "each SKU")] if len(codes) > 1 else []
        self.fields["sku"].choices = everyone + [(code, code) for code in codes]  # type: ignore[attr-defined]

    def transfer(self) -> dict[str, Any]:
        return {**self.cleaned_data, "sku": self.cleaned_data["sku"] or None}


def standing(sale: Sale, left: dict[str, int]) -> list[tuple[str, int, int]]:
    """SKU, units left in the sale, units in the shop's stock."""
    stock = dict(Stock.objects.filter(sale=sale).values_list("sku__code", "available"))
    return [(code, left.get(code, 0), stock[code]) for code in sorted(stock)]
