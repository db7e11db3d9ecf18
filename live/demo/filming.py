"""Draw the demo's film anew: `python -m live.demo.filming`, after a change of storyboard.json.

For developers: it needs the chromium of the browser tests, which photographs the still layers,
and an ffmpeg, which moves them and cuts the film. What it writes, `live/demo/film/`, belongs to the
repository, so that a first `make demo` needs neither.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from live.demo import cards, clock, ffmpeg, storyboard
from live.demo.storyboard import Storyboard
from shop.demo import catalogue

FILM = Path(__file__).with_name("film")
MARK = Path(__file__).resolve().parents[2] / "static" / "img" / "mark.svg"
FRAMES = 24
SEGMENT_SECONDS = 4


def main() -> int:
    board = storyboard.read()
    with tempfile.TemporaryDirectory() as folder:
        layers = Path(folder)
        photograph(board, layers)
        shutil.rmtree(FILM, ignore_errors=True)
        FILM.mkdir()
        film(board, layers)
        take_poster(layers)
    name_by_content()
    return 0


def photograph(board: Storyboard, layers: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": cards.WIDTH, "height": cards.HEIGHT})
        products = {product.slug: product for section in catalogue.read() for product in section.products}
        for number, scene in enumerate(board.scenes):
            product = products[scene.product] if scene.product else None
            _shoot(page, cards.card(scene, product, MARK.read_text()), layers / f"card{number}.png")
            if product:
                size = cards.STAGE["size"]
                _shoot(page, _sized(cards.drawing(product), size), layers / f"thing{number}.png")
        _shoot(page, cards.water("#2d7370", 0.55), layers / "far.png")
        _shoot(page, cards.water("#14504f", 0.9), layers / "near.png")
        _shoot(page, cards.bobber(), layers / "bobber.png")
        browser.close()


def _sized(document: str, size: int) -> str:
    return document.replace('width="800" height="800"', f'width="{size}" height="{size}"', 1)


def _shoot(page: Page, content: str, to: Path) -> None:
    if content.startswith("<svg"):
        page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{content}")
        page.locator("svg").screenshot(path=to, omit_background=True)
    else:
        page.set_content(content)
        page.screenshot(path=to)


def film(board: Storyboard, layers: Path) -> None:
    inputs, graph = _scenes(board, layers)
    first = len(inputs)
    for name in ("far.png", "near.png", "bobber.png"):
        inputs.append(["-loop", "1", "-framerate", str(FRAMES), "-i", str(layers / name)])
    graph += _moving(first, clock_input=first + 3)
    arguments = [argument for each in inputs for argument in each]
    ticking = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{clock.WIDTH}x{clock.HEIGHT}"]
    command = [
        ffmpeg.find(), "-hide_banner", "-loglevel", "error", "-y",
        *arguments, *ticking, "-framerate", "1", "-i", "pipe:0",
        "-filter_complex", ";".join(graph), "-map", "[film]", "-t", str(board.seconds),
        "-c:v", "libx264", "-preset", "veryslow", "-crf", "27", "-profile:v", "high", "-pix_fmt", "yuv420p",
        "-g", str(SEGMENT_SECONDS * FRAMES), "-sc_threshold", "0",
        "-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod",
        "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4",
        "-hls_segment_filename", str(FILM / "%02d.m4s"), str(FILM / "index.m3u8"),
    ]  # fmt: skip
    ticks = (board.began_at + timedelta(seconds=second) for second in range(board.seconds + 1))
    subprocess.run(command, input=b"".join(clock.draw(tick) for tick in ticks), check=True)


def _scenes(board: Storyboard, layers: Path) -> tuple[list[list[str]], list[str]]:
    """The cards one after the other, each with its product swaying above it."""
    inputs: list[list[str]] = []
    graph: list[str] = []

    def add(name: str, seconds: int) -> int:
        inputs.append(["-loop", "1", "-framerate", str(FRAMES), "-t", str(seconds), "-i", str(layers / name)])
        return len(inputs) - 1

    for number, scene in enumerate(board.scenes):
        card = add(f"card{number}.png", scene.seconds)
        if scene.product:
            thing = add(f"thing{number}.png", scene.seconds)
            sway = f"x={cards.STAGE['left']}+10*sin(t*0.9):y={cards.STAGE['top']}+8*sin(t*1.7)"
            graph.append(f"[{thing}]format=rgba,fade=in:0:10:alpha=1[t{number}]")
            graph.append(f"[{card}][t{number}]overlay={sway}:shortest=1,format=yuv420p,setsar=1[s{number}]")
        else:
            graph.append(f"[{card}]format=yuv420p,setsar=1[s{number}]")
    joined = "".join(f"[s{number}]" for number in range(len(board.scenes)))
    graph.append(f"{joined}concat=n={len(board.scenes)}[scenes]")
    return inputs, graph


def _moving(first: int, *, clock_input: int) -> list[str]:
    """What goes on through all scenes: two strips of water, the float between them, the clock."""
    top = cards.HEIGHT - cards.WATER_HEIGHT
    return [
        f"[scenes][{first}]overlay=x=-mod(t*48\\,{cards.WAVE}):y={top - 14}[a]",
        f"[a][{first + 2}]overlay=x=1120+14*sin(t*0.7):y={top - 26}+9*sin(t*2.1)[b]",
        f"[b][{first + 1}]overlay=x=-{cards.WAVE}+mod(t*72\\,{cards.WAVE}):y={top + 14}[c]",
        f"[c][{clock_input}]overlay=x={cards.WIDTH - clock.WIDTH - 40}:y=30:eof_action=repeat[film]",
    ]


def take_poster(layers: Path) -> None:
    whole = layers / "film.mp4"
    whole.write_bytes(
        b"".join(piece.read_bytes() for piece in [FILM / "init.mp4", *sorted(FILM.glob("*.m4s"))])
    )
    command = [
        ffmpeg.find(), "-hide_banner", "-loglevel", "error", "-y", "-ss", "3", "-i", str(whole),
        "-frames:v", "1", "-vf", "scale=960:-2", "-q:v", "5", str(FILM / "poster.jpg"),
    ]  # fmt: skip
    subprocess.run(command, check=True)


def name_by_content() -> None:
    """Segments are kept by browsers for ever: another film is other names. Also dates the playlist."""
    pieces = sorted([*FILM.glob("*.m4s"), FILM / "init.mp4"])
    build = hashlib.blake2b(b"".join(piece.read_bytes() for piece in pieces), digest_size=4).hexdigest()
    playlist = (FILM / "index.m3u8").read_text()
    for piece in pieces:
        piece.rename(piece.with_name(f"{build}-{piece.name}"))
        playlist = playlist.replace(piece.name, f"{build}-{piece.name}")
    (FILM / "index.m3u8").write_text(_dated(playlist))


def _dated(playlist: str) -> str:
    at = storyboard.read().began_at
    lines = []
    for line in playlist.splitlines():
        if line.startswith("#EXTINF:"):
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z")
            at += timedelta(seconds=float(line.removeprefix("#EXTINF:").rstrip(",")))
        lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
