"""The fast path's two small pages: an order's status, and why there is none. They work without scripts.

Loaded only when somebody asks for a page: most orders are placed by a script that reads
JSON. They wear the shop's own style and scripts, from static storage, and ask nothing
else of anybody. Nothing personal is on them.
"""

from collections.abc import Mapping
from html import escape

from fastpath_lambda.problems import Problem
from fastpath_lambda.routes import Route
from fastpath_lambda.rules import Sale

_UNFINISHED = ("accepted", "placed", "paid")
# For those without scripts; the others are told over the socket.
_REFRESH = '<noscript><meta http-equiv="refresh" content="5"></noscript>'
_LIVE = '<script type="module" src="/static/js/live.js"></script>'


def order(members: Mapping[str, object], sale: Sale, *, token: str | None) -> str:
    """`members` are those of the JSON answer."""
    said = {name: escape(str(value)) for name, value in members.items()}
    token_attribute = f' data-token="{escape(token)}"' if token else ""
    back = f"/shop/{escape(sale.category)}/{escape(sale.product)}/"
    main = f"""<section class="wide basket" data-room="order:{said["order_id"]}"{token_attribute}>
<div class="order-state" data-status="{said["status"]}">
<h1>Thank you.</h1>
<p class="lead">Your order is <b data-live="status">{said["status"]}</b>.</p>
<ol class="steps">
<li><b>Accepted</b><span>We have your order</span></li>
<li><b>Placed</b><span>The units are yours</span></li>
<li><b>Paid</b><span>Your card said yes</span></li>
<li><b>Confirmed</b><span>Picked and packed</span></li>
<li><b>Shipped</b><span>On its way to you</span></li>
</ol>
<p class="fallen cancelled">The order was cancelled. Nothing was charged.</p>
<p class="fallen refunded">The order was refunded: your money is on its way back.</p>
</div>
<div class="panel">
<p>{said["quantity"]} × <a href="{back}">{escape(sale.name)}</a> ({said["sku"]}),
{said["unit_price"]} {said["currency"]} each</p>
<p class="fine">Order {said["order_id"]}</p>
</div>
</section>"""
    head = _LIVE + (_REFRESH if members["status"] in _UNFINISHED else "")
    return _page("Your order", main, head=head)


def refusal(problem: Problem, route: Route | None) -> str:
    sentences = list((problem.errors or {}).values()) or [problem.detail]
    paragraphs = "\n".join(f'<p class="lead">{escape(sentence)}</p>' for sentence in sentences)
    back = route.page if route else "/shop/"
    main = f"""<section class="wide basket">
<h1>{escape(problem.title)}</h1>
{paragraphs}
<p><a href="{escape(back)}">Back to the {"product" if route else "shop"}</a></p>
</section>"""
    return _page(problem.title, main)


def _page(title: str, main: str, *, head: str = "") -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="same-origin">
<title>{escape(title)} · Spillway Tackle</title>
<link rel="icon" href="/static/img/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/css/shop.css">
{head}
</head>
<body>
<header class="top"><div class="top-row wide"><a class="brand" href="/"><img src="/static/img/mark.svg"
width="40" height="40" alt=""><span>Spillway<small>Tackle</small></span></a></div></header>
<main id="main">
{main}
</main>
</body>
</html>
"""
