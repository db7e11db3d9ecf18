"""The hub's servers and Nchan's: how each is started, and how an update reaches it."""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.live_stage import APPLICATION, FRAMES, SANSIO, Command, uvicorn
from config import env
from live import publish

NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
GET_NCHAN = "Nchan is left out: it is not installed (Debian: apt-get install nginx-light libnginx-mod-nchan)."

_NGINX = """
daemon off; worker_processes {workers}; worker_rlimit_nofile 20000; pid {folder}/nginx-{port}.pid;
error_log {folder}/nginx.log; load_module {module};
events {{ worker_connections 19000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096 {more};
    location = /publish {{ nchan_publisher; nchan_channel_id lamp; nchan_message_buffer_length 1; }}
    location = /live/ {{ nchan_subscriber websocket; nchan_channel_id lamp; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    name: str
    command: Command
    publish: Callable[[int, str, int], None]  # number, topic, port
    topic: str  # its room, group or channel, which it shares with nobody
    subscribes: bool = True

    @property
    def subscription(self) -> str | None:
        rooms = [{"room": f"product:{self.topic}"}]
        return json.dumps({"type": "subscribe", "rooms": rooms}) if self.subscribes else None


def value(number: int, topic: str) -> dict[str, object]:
    # The status changes each time, so the hub does not wait for more: what is compared is sending.
    status = "in_stock" if number % 2 else "sold_out"
    return {
        "product": topic,
        "sku": "LAMP",
        "available": number % 2,
        "price": "149.99",
        "currency": "USD",
        "status": status,
        "version": number,
    }


def update(number: int, topic: str) -> dict[str, object]:
    position = {"epoch": "1f2e3d4c5b6a", "offset": number}
    changes = {"LAMP": value(number, topic)}
    return {"type": "update", "room": f"product:{topic}", "position": position, "changes": changes}


def nginx(*, workers: int = 1) -> Command:
    # Without it, one of two workers takes nearly all connections.
    more = "reuseport" if workers > 1 else ""

    def command(port: int) -> list[str]:
        folder = env.folder("VAR_DIR", "var/bench/live")
        configuration = folder / f"nginx-{port}.conf"
        configuration.write_text(
            _NGINX.format(folder=folder, module=NCHAN_MODULE, port=port, workers=workers, more=more)
        )
        return ["nginx", "-c", str(configuration), "-p", str(folder)]

    return command


def to_hub(number: int, topic: str, _: int) -> None:
    publish.whole_product([value(number, topic)])


def to_nchan(number: int, topic: str, port: int) -> None:
    body = json.dumps(update(number, topic)).encode()
    urllib.request.urlopen(f"http://127.0.0.1:{port}/publish", body, timeout=30).close()


NCHAN = Contestant("Nchan", nginx(), to_nchan, "nchan", subscribes=False)
SEND = Contestant("hub, ASGI send", uvicorn(APPLICATION, SANSIO), to_hub, "send")
WHOLE = Contestant("hub, finished frames", uvicorn(APPLICATION, FRAMES), to_hub, "frames")
