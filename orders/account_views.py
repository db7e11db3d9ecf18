"""The account's pages: log in, sign up, log out, and my orders. Nothing in the shop needs one."""

from collections.abc import Callable

from django import forms
from django.contrib import auth
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from orders import account_tokens, queries, responses, signing_in
from orders.signing_in import CannotSignIn

Act = Callable[..., User]


class SignInForm(forms.Form):
    email = forms.EmailField(max_length=254, error_messages={"required": "Fill in the e-mail address."})
    password = forms.CharField(
        max_length=200, strip=False, error_messages={"required": "Fill in the password."}
    )


@never_cache
@require_http_methods(["GET", "HEAD"])
def account_page(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return responses.see(reverse("orders:log_in"))
    page = request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1
    context = {"listing": queries.orders_of(request.user.pk, page=max(number, 1))}
    return _with_token(request, render(request, "account/orders.html", context))


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    return _sign_in(request, signing_in.log_in, template="account/log_in.html")


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    return _sign_in(request, signing_in.sign_up, template="account/sign_up.html")


@csrf_protect
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    # The basket goes with the session: the next one at this screen may be somebody else.
    auth.logout(request)
    response = responses.see("/")
    account_tokens.take_back(response)
    response.delete_cookie("basket_count", samesite="Lax")
    return response


def _sign_in(request: HttpRequest, act: Act, *, template: str) -> HttpResponse:
    then = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(then, allowed_hosts=None):
        then = reverse("orders:account")
    if request.method != "POST":
        return render(request, template, {"next": then})
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _again(request, template, then, {name: str(words[0]) for name, words in form.errors.items()})
    try:
        user = act(request, **form.cleaned_data)
    except CannotSignIn as error:
        status = 429 if error.retry_after else 400
        response = _again(request, template, then, {error.field: str(error)}, status=status)
        if error.retry_after:
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    response = responses.see(then)
    account_tokens.give(response, account=user.pk)
    return response


def _again(
    request: HttpRequest, template: str, then: str, errors: dict[str, str], *, status: int = 400
) -> HttpResponse:
    context = {"next": then, "errors": errors, "email": request.POST.get("email", "")[:254]}
    return render(request, template, context, status=status)


def _with_token(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Whoever came in by another door, as staff through the admin, gets the fast path's token here."""
    if account_tokens.find(request) != request.user.pk and request.user.pk:
        account_tokens.give(response, account=request.user.pk)
    return response
