#!/usr/bin/env python
"""Django's command line. Typed beside a running demo, it finds the demo's services by itself."""

import os
import sys

from django.core.management import execute_from_command_line

from config import env

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if not {"-h", "--help", "help"}.isdisjoint(sys.argv):
        env.name_no_services()
    try:
        execute_from_command_line(sys.argv)
    except env.BadSetting as error:
        sys.exit(str(error))
