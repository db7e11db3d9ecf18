"""The admin's forms that count stock, or change a row of a list."""

import unicodedata
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput

from shop import names
from shop.models import Sku, Stock, StockMovement

COUNTED = (StockMovement.Reason.RECEIVED, StockMovement.Reason.CORRECTED)


class SeenNumber(forms.IntegerField):
    """A count that remembers what its page showed, so that units ordered since are not written over."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=10_000_000, show_hidden_initial=True, **kwargs)


def seen(form: Any, field: str) -> int | None:
    text = form.data.get(form[field].html_initial_name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def is_shut(form: Any, row: Stock) -> bool:
    """A sale has it. Whoever typed a count before it was armed is to be told so, not passed over."""
    return row.sale_id is not None and form.add_prefix("available") not in form.data


def label(form: forms.ModelForm) -> None:  # type: ignore[type-arg]
    """Say of each field what it is of: who hears the page, and not sees it, has no column headings."""
    # A list without rows asks for the form of none.
    of = str(form.instance) if form.instance.pk else ""
    for field in form.fields.values():
        field.widget.attrs["aria-label"] = f"{field.label}, {of}".removesuffix(", ")


class Row(forms.ModelForm):  # type: ignore[type-arg]
    """What can be changed of a row in a list."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self)


class OptionsField(forms.JSONField):
    """What tells a SKU apart: texts by their names."""

    def to_python(self, value: Any) -> Any:
        options = super().to_python(value) or {}
        if not isinstance(options, dict) or not all(map(_can_be_shown, (*options, *options.values()))):
            raise forms.ValidationError('Write what tells it apart by its name: {"Length": "7 ft"}.')
        return {name: str(text) for name, text in options.items()}

    def bound_data(self, data: Any, initial: Any) -> Any:
        # As it was typed: written anew, half a character would be none that a page can have.
        return initial if self.disabled else InvalidJSONInput(data or "")


def _can_be_shown(text: object) -> bool:
    """A short text, or a number; without what the database cannot keep in JSON."""
    return isinstance(text, (str, int, float)) and not any(
        unicodedata.category(character) in ("Cc", "Cs") for character in str(text)
    )


class SkuForm(names.KeepsNames):
    names = ("code",)
    lookup = "sku"
    available = SeenNumber(label="In stock", initial=0)
    options = OptionsField(
        required=False,
        initial=dict,
        help_text=Sku._meta.get_field("options").help_text,
        widget=forms.Textarea(attrs={"rows": 1, "cols": 26}),
    )

    class Meta:
        model = Sku
        fields = ("code", "options", "price", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self)
        if row := getattr(self.instance, "stock", None):
            self.fields["available"].initial = row.available
            self.fields["available"].disabled = is_shut(self, row)


class StockForm(Row):
    available = SeenNumber(label="In stock")

    class Meta:
        model = Stock
        fields = ("available",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["available"].disabled = is_shut(self, self.instance)


class CountForm(StockForm):
    reason = forms.ChoiceField(choices=[(reason.value, reason.label) for reason in COUNTED])
