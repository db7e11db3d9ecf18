"""A forgotten password: a link by mail, good for one new one. Django's own views, in the shop's words."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordResetConfirmView, PasswordResetView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.views.decorators.csrf import csrf_protect
from django.views.generic import TemplateView

from fastpath_lambda import identity
from orders import account_tokens, signing_in
from orders.signing_in import CannotSignIn


class ForgottenForm(PasswordResetForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].error_messages["required"] = "Fill in the e-mail address."


class Forgotten(PasswordResetView):
    """Sends the link to who has an account. Nobody is told whether somebody has."""

    form_class = ForgottenForm
    template_name = "account/forgotten.html"
    subject_template_name = "account/mail/subject.txt"
    email_template_name = "account/mail/link.txt"
    success_url = reverse_lazy("orders:link_sent")

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        try:
            signing_in.count_try(self.request, identity.buyer(form.cleaned_data["email"]))
        except CannotSignIn as error:
            form.add_error(None, str(error))
            response = self.render_to_response(self.get_context_data(form=form), status=429)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        # Not the address that the request names: whoever asks could name their own.
        self.extra_email_context = {"shop": settings.EDGE_URL}
        return super().form_valid(form)


class NewPassword(PasswordResetConfirmView):
    """Sets it, logs its owner in here, and everybody out elsewhere."""

    template_name = "account/new_password.html"
    success_url = reverse_lazy("orders:account")
    post_reset_login = True

    def form_valid(self, form: "SetPasswordForm[User]") -> HttpResponse:
        response = super().form_valid(form)
        account_tokens.give(response, account=form.user.pk)
        return response


forgotten = csrf_protect(Forgotten.as_view())
link_sent = TemplateView.as_view(template_name="account/sent.html")
new_password = csrf_protect(NewPassword.as_view())
