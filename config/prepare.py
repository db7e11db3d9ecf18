"""What the demo needs before its processes start, done in one process because starting Django takes time.

Every step may be run again: a second start keeps the data.
"""

import os

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("seed_shop", demo_admin=True)
    call_command("seed_shows")
    call_command("ensure_queues")
    call_command("routes", "apply", router="builtin", no_wait=True)


if __name__ == "__main__":
    main()
