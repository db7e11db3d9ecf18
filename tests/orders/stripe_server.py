"""A small local Stripe: the few calls we make, answered in the documented shapes (stripe/README.md).

It keeps intents and refunds as Stripe does, and answers a repeated idempotency key as it
did the first time, failures of its own included.
"""

import copy
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

SHAPES = {
    path.stem: json.loads(path.read_text()) for path in (Path(__file__).parent / "stripe").glob("*.json")
}


def shape(name, **changes):
    return copy.deepcopy(SHAPES[name]) | changes


class Refused(Exception):
    def __init__(self, status, name):
        self.answer = status, shape(name)


class Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 64


class StripeServer:
    """Entered, it answers at `url`. `calls` is what came in: path, fields, idempotency key."""

    def __init__(self, *, api_key="sk_test_1"):
        self.api_key = api_key
        self.intents, self.refunds, self.calls, self._answers = {}, [], [], {}
        # Answers that are lost on the way, by what the path ends with; and what each is answered first.
        self.lose, self.fail = [], []
        # Seconds that each answer takes, and as long as it takes until so many have been asked for at once.
        self.slow, self.together = 0.0, 1
        self.most_at_once, self._now, self._one_by_one = 0, 0, threading.Condition()

    def __enter__(self):
        self._http = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()

    def answer(self, method, path, fields, headers):
        """Status and body, or None where nothing arrives."""
        key = headers.get("Idempotency-Key")
        self.calls.append((path, fields, key))
        if headers.get("Authorization") != f"Bearer {self.api_key}":
            return 401, shape("invalid_key")
        if self.fail:
            return self.fail.pop(0)
        first = self._answers.get(key) if method == "POST" else None
        if first and first[0] != (path, fields):
            return 400, shape("idempotency_error")
        answer = first[1] if first else self._serve(method, path.removeprefix("/v1/").split("/"), fields)
        if method == "POST":
            self._answers[key] = (path, fields), copy.deepcopy(answer)
        if self.lose and path.endswith(self.lose[0]):
            self.lose.pop(0)
            return None
        return answer

    def _serve(self, method, path, fields):
        try:
            match method, path:
                case "POST", ["payment_intents"]:
                    return 200, self._create(fields)
                case "GET", ["payment_intents", id]:
                    return 200, self._intent(id)
                case "POST", ["payment_intents", id, "capture"]:
                    return 200, self._move(id, "succeeded", amount_capturable=0)
                case "POST", ["payment_intents", id, "cancel"]:
                    return 200, self._move(id, "canceled", amount_capturable=0)
                case "POST", ["refunds"]:
                    return 200, self._refund(fields)
        except Refused as refused:
            return refused.answer
        raise AssertionError(f"{method} {path} is not a call we make")

    def _create(self, fields):
        wanted = {"capture_method": "manual", "confirm": "true", "error_on_requires_action": "true"}
        assert wanted.items() <= fields.items()
        method = fields["payment_method"]
        match method:
            case "pm_card_chargeDeclined":
                raise Refused(402, "card_declined")
            case "pm_card_authenticationRequired":
                raise Refused(402, "authentication_required")
            case "pm_gone":
                raise Refused(400, "no_such_payment_method")
        status = {"pm_slow": "processing", "pm_asks": "requires_action"}.get(method, "requires_capture")
        amount, id = int(fields["amount"]), f"pi_{len(self.intents) + 1}"
        self.intents[id] = shape(
            "payment_intent", id=id, amount=amount, amount_capturable=amount, status=status,
            currency=fields["currency"], payment_method=method,
            metadata={"order_id": fields["metadata[order_id]"]},
        )  # fmt: skip
        return copy.deepcopy(self.intents[id])

    def _intent(self, id):
        if id not in self.intents:
            raise Refused(404, "no_such_payment_intent")
        return copy.deepcopy(self.intents[id])

    def _move(self, id, status, **changes):
        if self._intent(id)["status"] in ("succeeded", "canceled"):
            raise Refused(400, "unexpected_state")
        self.intents[id] |= changes | {"status": status}
        return self._intent(id)

    def _refund(self, fields):
        intent = self._intent(fields["payment_intent"])
        of_it = [refund for refund in self.refunds if refund["payment_intent"] == intent["id"]]
        given = sum(refund["amount"] for refund in of_it if refund["status"] != "failed")
        amount = int(fields.get("amount", intent["amount"] - given))
        if intent["status"] != "succeeded" or given + amount > intent["amount"]:
            raise Refused(400, "refund_too_much")
        named = {"refund": fields["metadata[refund]"]}
        self.refunds.append(shape("refund", amount=amount, payment_intent=intent["id"], metadata=named))
        return self.refunds[-1]

    @contextmanager
    def _taking_its_time(self):
        with self._one_by_one:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self._one_by_one.notify_all()
            self._one_by_one.wait_for(lambda: self.most_at_once >= self.together, timeout=5)
        time.sleep(self.slow)
        yield
        with self._one_by_one:
            self._now -= 1

    def _handler(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer("GET", {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._answer("POST", dict(parse_qsl(body.decode())))

            def _answer(self, method, fields):
                self.close_connection = True
                with server._taking_its_time(), server._one_by_one:
                    answer = server.answer(method, self.path, fields, self.headers)
                if answer:
                    status, body = answer
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.end_headers()
                    self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_):
                pass

        return Handler
