import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from fastpath_lambda.sqs import Queue, QueueError
from orders import dead_letters, discarding, editing, jobs
from orders.models import DeadLetter

State = DeadLetter.State
HISTORY = ("state", "received_at", "reason", "order_id", "message_id", "changed_by", "changed_at")


class MendForm(forms.ModelForm):  # type: ignore[type-arg]
    """What may be mended in a claim; what is nonsense is said beside its field, by the rules themselves."""

    email = forms.CharField(label="E-mail")
    name = forms.CharField()
    line1 = forms.CharField(label="Street and number")
    city = forms.CharField()
    postcode = forms.CharField()
    country = forms.CharField(help_text="Two letters, such as GB.")
    payment_token = forms.CharField()
    unit_price = forms.CharField(help_text="As it was promised to the buyer.")
    sku = forms.CharField(
        label="SKU", help_text="Only where the sale has none of this name, as after it was renamed."
    )

    class Meta:
        model = DeadLetter
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(editing.fields(self.instance) or {})

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        try:
            editing.mended(self.instance, {name: found[name] for name in editing.EDITABLE if name in found})
        except editing.BadEdit as error:
            for name, sentence in error.errors.items():
                self.add_error(name, sentence)
        except dead_letters.CannotChange as error:
            self.add_error(None, str(error))
        return found


@admin.register(DeadLetter)
class DeadLetters(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "received_at", "state", "reason", "order_id", "changed_by", "changed_at")
    list_filter = ("state",)
    search_fields = ("order_id", "reason", "body")
    actions = ("replay", "discard")
    readonly_fields = (*HISTORY, "units_returned", "message", "came_as")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:
        return self.has_handle_permission(request) and (obj is None or editing.fields(obj) is not None)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """To decide what becomes of somebody's order is more than to look at it."""
        return request.user.has_perm("orders.change_deadletter")

    def get_form(
        self, request: HttpRequest, obj: DeadLetter | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return MendForm if self.has_change_permission(request, obj) else super().get_form(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: DeadLetter | None = None) -> Any:
        what = [*HISTORY, "message"]
        if obj and obj.units_returned is not None:
            what.insert(1, "units_returned")
        if obj and obj.came_as:
            what.append("came_as")
        mend = [("Mend it", {"fields": editing.EDITABLE})] if self.has_change_permission(request, obj) else []
        return [(None, {"fields": what}), *mend]

    @admin.display(description="message")
    def message(self, letter: DeadLetter) -> SafeString:
        try:
            text = json.dumps(json.loads(letter.body), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            text = letter.body
        return format_html('<pre class="letter">{}</pre>', text)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        letter = self.get_object(request, unquote(object_id))
        extra = {"may_handle": self.has_handle_permission(request)}
        if letter and letter.state == State.WAITING:
            extra["foreseen"] = discarding.foresee(letter)  # type: ignore[assignment]
        return super().change_view(request, object_id, form_url, extra | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: DeadLetter, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            if changes:
                editing.edit(obj, changes, by=request.user.get_username(), now=timezone.now())
        except dead_letters.CannotChange as error:
            messages.error(request, str(error))

    @admin.action(description="Replay: send to the buffer again", permissions=["handle"])
    def replay(self, request: HttpRequest, letters: "QuerySet[DeadLetter]") -> None:
        queue, by = Queue.from_environment(), request.user.get_username()

        def send(letter: DeadLetter) -> str:
            dead_letters.replay(letter, queue=queue, by=by, now=timezone.now())
            return f"Letter {letter.pk} was sent to the buffer again."

        self._each(request, letters, send)

    @admin.action(description="Discard: give up, and tell the buyer", permissions=["handle"])
    def discard(self, request: HttpRequest, letters: "QuerySet[DeadLetter]") -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return self._confirm(request, letters)

        def give_up(letter: DeadLetter) -> str:
            foreseen = discarding.foresee(letter)
            discarding.discard(
                letter, ledger=jobs.ledger(), by=request.user.get_username(), now=timezone.now()
            )
            return foreseen

        self._each(request, letters, give_up)
        return None

    def _confirm(self, request: HttpRequest, letters: "QuerySet[DeadLetter]") -> HttpResponse:
        context: Mapping[str, Any] = self.admin_site.each_context(request) | {
            "title": "Discard dead letters",
            "opts": self.model._meta,
            "letters": letters,
            "sentences": [discarding.foresee(letter) for letter in letters],
        }
        return TemplateResponse(request, "admin/orders/deadletter/discard.html", dict(context))

    def _each(
        self, request: HttpRequest, letters: "QuerySet[DeadLetter]", act: Callable[[DeadLetter], str]
    ) -> None:
        for letter in letters:
            try:
                messages.success(request, act(letter))
            except (dead_letters.CannotChange, QueueError) as error:
                messages.error(request, str(error))
