"""The buffer, against a real SQS-compatible server; its signature, against botocore's."""

import json
import os
import socket
import threading
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from fastpath_lambda import sqs_wire
from fastpath_lambda.sigv4 import Credentials, Signer
from fastpath_lambda.sqs import Queue, QueueError
from fastpath_lambda.sqs_wire import Endpoint

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def receive_all(queue, *, count):
    found = []
    while len(found) < count and (batch := queue.receive(wait_seconds=1)):
        found += batch
    return found


class TestSigner:
    @pytest.mark.parametrize("token", [None, "temporary//token=="])
    @pytest.mark.parametrize("body", [{}, {"MessageBody": "Ægir\n{}"}])
    def test_signs_as_botocore_does(self, monkeypatch, token, body):
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: NOON)
        endpoint = Endpoint(
            "https://sqs.eu-west-1.amazonaws.com",
            Signer(Credentials("AKIDEXAMPLE", "secret/key", token), "eu-west-1", "sqs"),
        )

        ours, sent = endpoint.request("SendMessage", body, now=NOON)

        names = ("content-type", "host", "x-amz-target")
        theirs = AWSRequest("POST", f"{endpoint.url}/", {name: ours[name] for name in names}, sent)
        SigV4Auth(BotoCredentials("AKIDEXAMPLE", "secret/key", token), "sqs", "eu-west-1").add_auth(theirs)
        assert ours["authorization"] == theirs.headers["Authorization"]
        assert ours["x-amz-date"] == theirs.headers["X-Amz-Date"]

    def test_keeps_no_key_beyond_its_day(self):
        signer = Signer(Credentials("AKIDEXAMPLE", "secret"), "us-east-1", "sqs")
        days = [datetime(2030, 1, day, tzinfo=UTC) for day in (1, 2)]

        first, second = (signer.sign({"host": "h"}, b"", now=day)["authorization"] for day in days)

        assert first != second


class TestQueue:
    def test_gives_back_what_was_sent(self, queue):
        queue.send('{"name": "Ægir"}', {"reason": "no such SKU", "empty": ""})

        (message,) = queue.receive(wait_seconds=1)

        assert message.body == '{"name": "Ægir"}'
        assert message.attributes["reason"] == "no such SKU"
        assert message.attributes["ApproximateReceiveCount"] == "1"

    def test_sends_and_deletes_more_than_one_call_takes(self, queue):
        bodies = [f"claim {number}" for number in range(23)]

        assert queue.send_batch(bodies) == []
        received = receive_all(queue, count=23)
        assert queue.delete_batch([message.receipt for message in received]) == []

        assert sorted(message.body for message in received) == sorted(bodies)
        assert queue.depth() == 0

    def test_says_which_could_not_be_deleted(self, queue):
        queue.send("claim")
        (message,) = queue.receive(wait_seconds=1)

        assert queue.delete_batch([message.receipt, "nonsense"]) == [1]

    def test_counts_those_in_somebodys_hands(self, queue):
        queue.send_batch(["one", "two"])
        queue.receive(wait_seconds=1, limit=1)

        assert queue.depth() == 2

    def test_is_empty_after_a_purge(self, queue):
        queue.send("claim")

        queue.purge()

        assert queue.receive(wait_seconds=0) == []

    def test_can_be_ensured_again(self, queue):
        queue.send("claim")

        queue.ensure()

        assert queue.depth() == 1

    def test_leaves_a_queue_alone_that_ops_have_changed(self, queue):
        queue._call("SetQueueAttributes", {"QueueUrl": queue.url, "Attributes": {"VisibilityTimeout": "7"}})

        queue.ensure()

        found = queue._call("GetQueueAttributes", {"QueueUrl": queue.url, "AttributeNames": ["All"]})
        assert found["Attributes"]["VisibilityTimeout"] == "7"

    def test_hands_over_to_its_dead_letters(self, queue):
        found = queue._call("GetQueueAttributes", {"QueueUrl": queue.url, "AttributeNames": ["All"]})

        redrive = json.loads(found["Attributes"]["RedrivePolicy"])
        assert redrive["deadLetterTargetArn"].endswith(f":{queue.dead_letters().name}")

    def test_serves_several_threads(self, queue):
        threads = [threading.Thread(target=queue.send, args=(f"{n}",)) for n in range(4)]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert queue.depth() == 4


class TestQueueError:
    def test_names_what_is_missing(self):
        with pytest.raises(QueueError) as caught:
            Queue.from_environment("nobody-made-this").depth()

        assert caught.value.code == "QueueDoesNotExist"

    def test_says_when_nobody_answers(self, monkeypatch):
        monkeypatch.setenv("SQS_ENDPOINT_URL", "http://127.0.0.1:9")

        with pytest.raises(QueueError, match=r"127\.0\.0\.1:9"):
            Queue.from_environment("orders").depth()

    def test_comes_after_the_timeout_where_somebody_listens_and_is_silent(self, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            monkeypatch.setenv("SQS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")

            with pytest.raises(QueueError, match="timed out"):
                Queue.from_environment("orders", timeout=0.1).depth()

    def test_reads_a_proxys_answer(self):
        with pytest.raises(QueueError, match="HTTP 502: <html>"):
            sqs_wire.read_reply(502, b"<html>")


class TestKeptConnection:
    def test_is_made_anew_when_the_service_has_closed_it(self, queue):
        queue.send("one")
        # The service's side of it, as if it had been idle for too long.
        queue._caller._local.connection.sock.shutdown(socket.SHUT_RDWR)

        queue.send("two")

        assert queue.depth() == 2

    def test_leads_to_the_endpoint_of_the_environment(self, queue):
        assert urlsplit(queue.url).port == urlsplit(os.environ["SQS_ENDPOINT_URL"]).port
