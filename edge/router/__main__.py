"""`python -m edge.router`: run the built-in edge until it is told to stop."""

import asyncio
import gc
import logging
import os
import resource
import signal
import sys

import uvloop

from edge.router.server import Router
from edge.router.settings import BadSetting, Settings, from_environment

logger = logging.getLogger("edge.router")


def main() -> int:
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL") or "INFO", format="%(levelname)-7s %(name)s: %(message)s"
    )
    try:
        settings = from_environment(os.environ)
        _allow_many_sockets()
        uvloop.run(_serve(settings))
    except (BadSetting, OSError) as error:
        logger.error("%s", error)
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    router = Router(settings)
    port = await router.start()
    _spare_the_collector()
    logger.info("The edge listens on http://%s:%s", settings.host, port)
    await stop.wait()
    await router.stop()


def _allow_many_sockets() -> None:
    """A tunnel has two file descriptors; the usual 1,024 are gone with 500 viewers."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _spare_the_collector() -> None:
    """Ten thousand connections are many objects, and none of them garbage: walk them rarely."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


if __name__ == "__main__":
    sys.exit(main())
