"""Create the order buffer and its dead-letter queue where they are missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fastpath_lambda.sqs import Queue, QueueError

# Asked first of all when a shop starts: the service may have started a moment ago, on a busy machine.
PATIENCE_SECONDS = 60.0


class Command(BaseCommand):
    help = "Create the order buffer and its dead-letter queue where they are missing; existing ones stay."

    def handle(self, **options: Any) -> None:
        queue = Queue.from_environment(timeout=PATIENCE_SECONDS)
        try:
            queue.ensure()
        except QueueError as error:
            raise CommandError(f"The queues are not there: {error}. Check SQS_ENDPOINT_URL.") from error
        self.stdout.write(f"{queue.name} and {queue.dead_letters().name} are there")
