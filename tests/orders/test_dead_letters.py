"""What cannot become an order waits for a person, is sent again, and holds its units meanwhile."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command

from fastpath_lambda import claims
from fastpath_lambda.sqs import QueueError
from orders import dead_letters, drain, editing, sweeping
from orders.models import DeadLetter, Order
from tests.orders.conftest import make_claim, receive_all, take

pytestmark = pytest.mark.django_db
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def bury(queue, body, *, reason="unknown SKU", message_id="m1"):
    queue.dead_letters().send(body, {"reason": reason, "message_id": message_id})


def manage(*arguments):
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def make_letter(body="{broken", **fields):
    return DeadLetter.objects.create(**({"message_id": "m1", "body": body, "reason": "unknown SKU"} | fields))


class TestCollect:
    def test_writes_down_what_it_was_and_why(self, queue, sale):
        claim = make_claim(sale, "a")
        bury(queue, claims.to_json(claim))

        assert dead_letters.collect(queue.dead_letters()) == 1

        letter = DeadLetter.objects.get()
        assert (letter.message_id, letter.reason, letter.state) == ("m1", "unknown SKU", "waiting")
        assert (str(letter.order_id), letter.body) == (claim.order_id, claims.to_json(claim))
        assert queue.dead_letters().depth() == 0

    def test_the_same_message_twice_is_one_letter(self, queue):
        bury(queue, "{broken")
        dead_letters.collect(queue.dead_letters())
        bury(queue, "{broken")

        dead_letters.collect(queue.dead_letters())

        assert DeadLetter.objects.count() == 1

    def test_a_claim_that_was_swept_meanwhile_is_one_thing_to_decide(self, queue, sale):
        for message_id in ("m1", "m2"):
            bury(queue, claims.to_json(make_claim(sale, "a")), message_id=message_id)
            dead_letters.collect(queue.dead_letters())

        assert DeadLetter.objects.count() == 1

    @pytest.mark.parametrize(
        "body", ["nul \0", "half \ud800", "[" * 50_000, "{broken", '{"order_id": "no-uuid"}']
    )
    def test_keeps_what_is_too_broken_to_tell(self, queue, body):
        letter = dead_letters._letter(Message(body))
        letter.save()

        assert (letter.order_id, letter.reason) == (None, dead_letters.UNTOLD)


class Message:
    id = "m1"
    attributes: dict[str, str] = {}

    def __init__(self, body):
        self.body = body


class TestReplay:
    def test_sends_the_message_again(self, queue):
        letter = make_letter()

        dead_letters.replay(letter, queue=queue, by="ops", now=NOW)

        assert [message.body for message in receive_all(queue)] == ["{broken"]
        letter.refresh_from_db()
        assert (letter.state, letter.changed_by, letter.changed_at) == ("replayed", "ops", NOW)

    def test_a_letter_that_could_not_be_sent_waits_on(self, queue, monkeypatch):
        letter = make_letter()
        queue._url = "http://127.0.0.1:1/gone"

        with pytest.raises(QueueError):
            dead_letters.replay(letter, queue=queue, by="ops", now=NOW)

        assert DeadLetter.objects.get().state == "waiting"

    def test_a_discarded_letter_is_not_sent(self, queue):
        letter = make_letter(state="discarded", changed_by="bob")

        with pytest.raises(dead_letters.CannotChange, match=r"is discarded .by bob.*no longer be replayed"):
            dead_letters.replay(letter, queue=queue, by="ops", now=NOW)

        assert queue.depth() == 0


class TestSweep:
    def test_sends_again_what_was_not_drained(self, queue, ledger, sale):
        taken = take(ledger, sale, ["a", "b"])
        ledger.confirm("lamp", 1, [taken[0].order_id])

        sent = sweeping.sweep(["lamp"], ledger=ledger, queue=queue, older_than=timedelta(0))

        assert sent == 1
        assert [claims.from_json(message.body) for message in receive_all(queue)] == [taken[1]]

    def test_leaves_alone_what_was_just_handed_on(self, queue, ledger, sale):
        take(ledger, sale, ["a"])

        assert sweeping.sweep(["lamp"], ledger=ledger, queue=queue, older_than=timedelta(minutes=1)) == 0

    def test_leaves_alone_what_waits_for_a_person(self, queue, ledger, sale):
        (taken,) = take(ledger, sale, ["a"])
        make_letter(claims.to_json(taken), order_id=taken.order_id)

        assert sweeping.sweep(["lamp"], ledger=ledger, queue=queue, older_than=timedelta(0)) == 0

    def test_waits_while_many_are_in_the_buffer_still(self, queue, ledger, sale, monkeypatch):
        monkeypatch.setattr(sweeping, "LIMIT", 2)
        (taken,) = take(ledger, sale, ["a"])
        queue.send_batch([claims.to_json(make_claim(sale, key)) for key in "bc"])

        assert sweeping.sweep(["lamp"], ledger=ledger, queue=queue, older_than=timedelta(0)) == 0

        receive_all(queue)
        assert sweeping.sweep(["lamp"], ledger=ledger, queue=queue, older_than=timedelta(0)) == 1
        assert [claims.from_json(message.body) for message in receive_all(queue)] == [taken]

    def test_a_product_without_a_sale_has_nothing_due(self, queue, ledger):
        assert sweeping.sweep(["lamp"], ledger=ledger, queue=queue, older_than=timedelta(0)) == 0


class TestCommand:
    def test_lists_what_waits(self):
        waiting = make_letter(reason="not JSON")
        make_letter(message_id="m2", state="replayed")

        (row,) = json.loads(manage("dead_letters", "list", "--json"))

        assert (row["id"], row["reason"], row["state"]) == (waiting.pk, "not JSON", "waiting")
        assert "2 dead letter(s)" in manage("dead_letters", "list", "--all")

    def test_shows_one(self):
        letter = make_letter()

        assert json.loads(manage("dead_letters", "show", str(letter.pk), "--json"))["body"] == "{broken"

    def test_replays_all_that_wait(self, queue, monkeypatch):
        monkeypatch.setenv("SQS_QUEUE_NAME", queue.name)
        make_letter()
        make_letter(message_id="m2")

        manage("dead_letters", "replay", "all")

        assert len(receive_all(queue)) == 2
        assert set(DeadLetter.objects.values_list("state", flat=True)) == {"replayed"}

    def test_edits_one_and_shows_it(self, sale):
        letter = make_letter(claims.to_json(make_claim(sale, "a")))

        shown = json.loads(manage("dead_letters", "edit", str(letter.pk), "city=Leeds", "--json"))

        assert json.loads(shown["body"])["address"]["city"] == "Leeds"
        assert json.loads(shown["came_as"])["address"]["city"] == "Hull"

    def test_says_what_became_of_a_discarded_one(self, sale):
        claim = make_claim(sale, "a")
        letter = make_letter(claims.to_json(claim), order_id=claim.order_id)

        said = manage("dead_letters", "discard", str(letter.pk))

        assert "1 of LAMP go back on sale. Ada@example.org is told" in said

    def test_says_what_it_cannot_do(self, sale):
        letter = make_letter(state="discarded", changed_by="bob")

        with pytest.raises(CommandError, match="can no longer be discarded"):
            manage("dead_letters", "discard", str(letter.pk))
        with pytest.raises(CommandError, match="no claim of ours"):
            manage("dead_letters", "edit", str(letter.pk), "city=Hull")
        with pytest.raises(CommandError, match="Say what to change"):
            manage("dead_letters", "edit", str(letter.pk), "city")
        with pytest.raises(CommandError, match="only edit changes fields"):
            manage("dead_letters", "show", str(letter.pk), "city=Hull")
        with pytest.raises(CommandError, match="no dead letter 0"):
            manage("dead_letters", "show", "0")
        with pytest.raises(CommandError, match="Say which"):
            manage("dead_letters", "show")

    def test_queues_are_created_where_they_are_missing(self):
        assert "are there" in manage("ensure_queues")


class TestAdmin:
    @pytest.fixture
    def staff(self, client):
        client.force_login(User.objects.create_superuser("ops", password="ops"))
        return client

    def test_orders_are_found_by_e_mail_and_not_changed(self, staff, sale):
        drain.write_claims([make_claim(sale, "a")])

        listed = staff.get("/admin/orders/order/", {"q": "ada@"}).content.decode()
        shown = staff.get(f"/admin/orders/order/{Order.objects.get().pk}/change/").content.decode()

        assert "Ada@example.org" in listed
        assert "1 Pier Road" in shown
        assert 'name="_save"' not in shown

    def test_letters_are_replayed_by_an_action(self, staff, queue, monkeypatch):
        monkeypatch.setenv("SQS_QUEUE_NAME", queue.name)
        letter = make_letter()

        staff.post("/admin/orders/deadletter/", {"action": "replay", "_selected_action": [letter.pk]})

        letter.refresh_from_db()
        assert (letter.state, letter.changed_by) == ("replayed", "ops")

    def test_what_discarding_does_is_said_before_it_is_done(self, staff, sale):
        claim = make_claim(sale, "a")
        letter = make_letter(claims.to_json(claim), order_id=claim.order_id)
        asked = {"action": "discard", "_selected_action": [letter.pk]}

        said = staff.post("/admin/orders/deadletter/", asked).content.decode()

        assert "1 of LAMP go back on sale. Ada@example.org is told" in said
        assert not Order.objects.exists()
        staff.post("/admin/orders/deadletter/", asked | {"confirmed": "yes"})
        assert Order.objects.get().status == "cancelled"

    def test_a_letter_is_mended_and_nonsense_is_told_beside_its_field(self, staff, sale):
        letter = make_letter(claims.to_json(make_claim(sale, "a")))
        page = f"/admin/orders/deadletter/{letter.pk}/change/"
        fields = editing.fields(letter)

        refused = staff.post(page, fields | {"unit_price": "-1", "email": "nobody"}).content.decode()

        assert "Write an amount from 0 to" in refused
        assert "Write an e-mail address such as" in refused
        assert staff.post(page, fields | {"city": "Leeds"}).status_code == 302
        letter.refresh_from_db()
        assert (claims.from_json(letter.body).address["city"], letter.changed_by) == ("Leeds", "ops")

    @pytest.mark.parametrize(("body", "state"), [("{broken", "waiting"), (None, "discarded")])
    def test_what_cannot_be_mended_is_only_shown(self, staff, sale, body, state):
        letter = make_letter(body or claims.to_json(make_claim(sale, "a")), state=state, changed_at=NOW)

        shown = staff.get(f"/admin/orders/deadletter/{letter.pk}/change/").content.decode()

        assert 'name="_save"' not in shown
        assert 'name="city"' not in shown

    def test_who_may_only_look_decides_nothing(self, client, sale):
        viewer = User.objects.create_user("eve", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_deadletter"))
        client.force_login(viewer)
        letter = make_letter(claims.to_json(make_claim(sale, "a")))

        shown = client.get(f"/admin/orders/deadletter/{letter.pk}/change/").content.decode()
        client.post("/admin/orders/deadletter/", {"action": "replay", "_selected_action": [letter.pk]})

        assert "Replay" not in shown
        assert DeadLetter.objects.get().state == "waiting"
