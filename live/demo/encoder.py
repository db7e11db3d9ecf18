"""A live encoder for the demo: the film in a loop, with the clock of now, as a live HLS stream.

What a real show's encoder and packager do (docs/shows.md), small enough for a laptop: H.264 in
segments of two seconds, EXT-X-PROGRAM-DATE-TIME, the last ten minutes kept. Segments are numbered from the
clock, so a second broadcast never gives a name twice: browsers keep them for ever.
"""

import itertools
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from live.demo import cards, clock, ffmpeg
from live.demo.placing import FILM

SEGMENT_SECONDS = 2
FAREWELL = 3  # segments of the film
KEPT = 300  # segments: ten minutes to jump back in
FRAMES = 24
FIRST_SEGMENT_SECONDS = 60.0  # a busy laptop takes its time
STOP_SECONDS = 10.0
_STEP = 0.1


class CannotEncode(Exception):
    """There is no stream, or no more. The message says why."""


class Encoder:
    """`start()` returns when viewers can tune in, `stop()` when the stream's end is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._playlist = folder / "index.m3u8"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._playlist.unlink(missing_ok=True)
        # Files, not pipes: a full pipe would hold the encoder still.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115
        self._film = tempfile.NamedTemporaryFile(suffix=".mp4")  # noqa: SIM115
        # Without the last scene, which says goodbye.
        for piece in (*FILM.glob("*-init.mp4"), *sorted(FILM.glob("*.m4s"))[:-FAREWELL]):
            self._film.write(piece.read_bytes())
        self._film.flush()
        self._process = subprocess.Popen(
            command(Path(self._film.name), self._folder, began=int(time.time())),
            stdin=subprocess.PIPE,
            stderr=self._complaints,
            # Ctrl-C is ours: we end the stream in order.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._clock = _Clock(self._process.stdin)
        self._clock.start()
        self._await_first_segment()

    def watch(self, seconds: float) -> None:
        """Return after so long. Raises CannotEncode, with what it said, where it died."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            status = self._process.wait(seconds)
            raise CannotEncode(f"ffmpeg ended with status {status}: {self._said()}")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _await_first_segment(self) -> None:
        deadline = time.monotonic() + FIRST_SEGMENT_SECONDS
        while not self._playlist.exists():
            if time.monotonic() > deadline:
                raise CannotEncode(f"No segment after {FIRST_SEGMENT_SECONDS:.0f} s: {self._said()}")
            self.watch(_STEP)

    def _said(self) -> str:
        self._complaints.seek(0)
        return self._complaints.read().decode(errors="replace").strip()[-2000:] or "it said nothing"


def command(film: Path, folder: Path, *, began: int) -> list[str]:
    # Without its clock the stream ends: an encoder whose command was killed does not go on alone.
    panel = f"x={cards.WIDTH - clock.WIDTH - 40}:y=30:eof_action=endall"
    ticking = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{clock.WIDTH}x{clock.HEIGHT}"]
    return [
        ffmpeg.find(), "-hide_banner", "-loglevel", "error", "-nostats", "-y",
        "-re", "-stream_loop", "-1", "-i", str(film),
        *ticking, "-framerate", "1", "-i", "pipe:0",
        "-filter_complex", f"[0:v][1:v]overlay={panel},format=yuv420p[out]", "-map", "[out]",
        "-c:v", "libx264", "-preset", "superfast", "-crf", "27", "-r", str(FRAMES),
        "-g", str(SEGMENT_SECONDS * FRAMES), "-sc_threshold", "0", "-threads", "2",
        "-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_list_size", str(KEPT),
        "-hls_flags", "delete_segments+program_date_time", "-hls_start_number_source", "epoch",
        "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", f"init-{began}.mp4",
        "-hls_segment_filename", str(folder / "%d.m4s"), str(folder / "index.m3u8"),
    ]  # fmt: skip


class _Clock(threading.Thread):
    """Writes a picture of the clock for each second of film. The pipe is short: the encoder sets the pace."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._is_stopped = False

    def run(self) -> None:
        began = datetime.now(UTC)
        with suppress(BrokenPipeError), self._pipe:
            for second in itertools.count():
                if self._is_stopped:
                    return
                self._pipe.write(clock.draw(began + timedelta(seconds=second)))
                self._pipe.flush()

    def stop(self) -> None:
        self._is_stopped = True
