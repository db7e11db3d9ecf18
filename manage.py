#!/usr/bin/env python
"""Django's command line. Typed beside a running demo, it finds the demo's services by itself."""

import os
import sys

from config import command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command_line.run(sys.argv)
