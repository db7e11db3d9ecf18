"""Find an ffmpeg: the variable FFMPEG, one on the PATH, or the one that a wheel brings."""

import importlib
import os
import shutil


class NoFfmpeg(Exception):
    """There is none. The message says how to get one."""


def find() -> str:
    if named := os.environ.get("FFMPEG") or shutil.which("ffmpeg"):
        return named
    try:
        wheel = importlib.import_module("imageio_ffmpeg")
    except ImportError:
        raise NoFfmpeg(
            "There is no ffmpeg on the PATH. `make show` installs one from a wheel; "
            "or install your system's (Debian, Ubuntu: apt-get install ffmpeg), "
            "or name it: FFMPEG=/path/to/it."
        ) from None
    return str(wheel.get_ffmpeg_exe())
