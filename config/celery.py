"""The entry of `worker` and `beat`."""

import os
import signal

from celery import Celery, signals
from django.db.backends.signals import connection_created
from kombu.transport import redis

from config import backends

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Forgetful(redis.QoS):
    """Leaves alone what came over a connection that is lost by now.

    kombu would put it back, or acknowledge it, over that very connection, and the worker
    ends of it. What we send is sent again within seconds anyway.
    """

    restore_at_shutdown = False

    def ack(self, delivery_tag: str) -> None:
        connection = self.channel.connection
        if connection is not None and connection.client is not None:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]


redis.Channel.QoS = Forgetful

app = Celery("spillway")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

connection_created.connect(backends.give_way)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def leave_the_end_to_the_parent(**_: object) -> None:
    """A supervisor signals the whole group; the parent alone ends its pool, when the tasks are done."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
