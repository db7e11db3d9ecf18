"""What the admin asks beside the choice of an action: how much goes back, and once per shown page."""

import secrets

from django import forms
from django.contrib.admin.helpers import ActionForm


class RefundFields(forms.Form):
    amount = forms.DecimalField(required=False, min_value=0, max_digits=12, decimal_places=2)
    key = forms.CharField(max_length=32)


def new_key() -> str:
    return secrets.token_hex(8)


class OrderActionForm(ActionForm):
    # Read by RefundFields, which can say what is wrong with it; here it would be no action at all.
    amount = forms.CharField(
        required=False,
        label="Amount to refund:",
        widget=forms.NumberInput(attrs={"step": "0.01", "min": "0.01", "placeholder": "all"}),
    )
    # A page that is sent twice refunds once.
    key = forms.CharField(required=False, label="", widget=forms.HiddenInput, initial=new_key)
