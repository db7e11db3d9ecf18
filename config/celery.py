"""The entry of `worker` and `beat`."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from celery import Celery, signals
from django.db import close_old_connections
from django.db.backends.signals import connection_created
from kombu.transport import redis

from config import backends, env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# They import every page and its URL: a fifth of what starting costs. Migrating has checked all of it.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")


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


@signals.task_prerun.connect  # type: ignore[untyped-decorator]
def keep_the_connection_that_is_good(**_: object) -> None:
    """As between a shop's requests: what is broken or old is closed, and nothing else.

    Celery would close it after each task (see CELERY_DB_REUSE_MAX), and eight a second are asked for.
    """
    close_old_connections()


@signals.worker_init.connect  # type: ignore[untyped-decorator]
@signals.beat_init.connect  # type: ignore[untyped-decorator]
def stand_back(**_: object) -> None:
    """Give way as far as STAND_BACK says, and not before all is imported.

    Starting takes more than a second of CPU. Who gives way in the middle of a rush gets
    that in twenty, and nobody drains until then.
    """
    if level := env.integer("STAND_BACK", 0):
        os.setpriority(os.PRIO_PROCESS, 0, level)
        # See config/behind.
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(level))


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def leave_the_end_to_the_parent(**_: object) -> None:
    """A supervisor signals the whole group; the parent alone ends its pool, when the tasks are done."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
