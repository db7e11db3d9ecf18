"""The application under the server that runs it, and a client that is not ours, over a real link."""

import asyncio
import contextlib
import gc
import json
import socket
import weakref

import pytest
import uvicorn
import websockets
from django.conf import settings
from websockets.frames import Frame, Opcode

from config import asgi
from live import codes, outlet, snapshots, wire
from live.hub import Hub
from live.store import RoomStore
from tests.live.world import show

pytestmark = pytest.mark.slow


@contextlib.asynccontextmanager
async def serve(ws):
    """A running server, stopped at the end, and its `host:port`."""
    hub = Hub(RoomStore(settings.REDIS_URL), make=snapshots.Maker())
    config = uvicorn.Config(
        asgi.build(hub),
        ws=ws,
        ws_per_message_deflate=False,
        ws_max_size=65536,
        log_config=None,
        lifespan="off",
        # Who is kept from reading here answers no ping, and is not to be closed for that.
        ws_ping_interval=None,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Small buffers, which its connections inherit: a reader that stops is felt soon.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield server, f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving
    await hub.close()


@pytest.fixture(params=["live.wire:FrameProtocol", "websockets-sansio"])
async def address(store, request):
    """Of a server as the demo's `live` process is, and of one that takes no finished frames."""
    async with serve(request.param) as (_, address):
        yield address


def subscription(**interest):
    return json.dumps({"type": "subscribe", "rooms": [{"room": "product:lamp"} | interest]})


def connect(address, **options):
    return websockets.connect(f"ws://{address}/live/", open_timeout=30, ping_interval=None, **options)


async def hear(client):
    async with asyncio.timeout(30):
        return json.loads(await client.recv())


async def hear_until(client, version):
    """How many frames it took."""
    frames = heard = 0
    while heard < version:
        message = await hear(client)
        heard = (message.get("state") or message["changes"])["LAMP"]["version"]
        frames += 1
    return frames


def narrow_link(address):
    """A link whose kernel keeps little of what is not read."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    host, port = address.split(":")
    link.connect((host, int(port)))
    return link


async def test_a_client_sees_the_last_one_go_and_resumes(address):
    show(version=1)
    async with connect(address, origin=f"http://{address}") as client:
        await client.send(subscription())
        snapshot = await hear(client)
        show(version=2, available=0, status="sold_out")
        update = await hear(client)
    show(version=3)

    async with connect(address, origin=f"http://{address}") as client:
        await client.send(subscription(position=update["position"]))
        recovered = await hear(client)
        if not recovered["changes"]:  # The hub had not read the change yet.
            recovered = await hear(client)

    assert snapshot["state"]["LAMP"]["version"] == 1
    assert update["changes"]["LAMP"]["status"] == "sold_out"
    assert recovered["changes"]["LAMP"]["version"] == 3


async def test_one_who_does_not_read_delays_nobody_and_ends_with_the_latest(address, monkeypatch):
    monkeypatch.setattr(outlet, "GIVEN_UP_AFTER", 600.0)
    show(version=1)
    async with (
        connect(address, sock=narrow_link(address), max_queue=1) as sleeper,
        connect(address) as reader,
    ):
        for client in (sleeper, reader):
            await client.send(subscription())
        for version in range(2, 101):
            # A changed status goes out at once; a hundred of these overflow a link that nobody reads.
            show(version=version, status=f"status {version} " + "x" * 20_000)
            await hear_until(reader, version)

        assert await hear_until(sleeper, 100) < 50


async def test_one_who_never_reads_is_closed_and_may_come_back(store, monkeypatch):
    monkeypatch.setattr(outlet, "GIVEN_UP_AFTER", 0.3)
    monkeypatch.setattr(wire, "CLOSE_PATIENCE", 0.1)
    show(version=1)
    async with serve("live.wire:FrameProtocol") as (server, address):
        sleeper = narrow_link(address)
        await asyncio.to_thread(shake_hands, sleeper)
        (sleeping,) = server.server_state.connections
        kept = []
        for version in range(2, 60):
            show(version=version, status=f"status {version} " + "x" * 20_000)
            await asyncio.sleep(0.01)
            kept.append(sleeping.transport.get_write_buffer_size())
        async with asyncio.timeout(30):
            while server.server_state.connections:
                await asyncio.sleep(0.02)
        sleeper.close()

    # Fifty-eight updates of 20 KB: it is full after the one that filled it, whatever comes then.
    assert wire.HIGH_WATER < max(kept) <= wire.HIGH_WATER + 2 * 21_000


def shake_hands(link):
    """Open the socket, ask for the lamp, hear how it stands, and never read again."""
    link.sendall(
        b"GET /live/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    link.recv(1000)
    link.sendall(Frame(Opcode.TEXT, subscription().encode()).serialize(mask=True))
    link.recv(1000)


async def test_no_frame_follows_a_goodbye(store):
    show(version=1)
    async with serve("live.wire:FrameProtocol") as (server, address):
        client = await connect(address)
        await client.send(subscription())
        await hear(client)
        (protocol,) = server.server_state.connections
        assert protocol.write
        protocol.close(codes.TOO_SLOW.code)

        assert protocol.write is None
        await client.wait_closed()

    assert client.close_code == codes.TOO_SLOW.code


async def test_a_connection_that_is_gone_leaves_nothing_for_the_collector(store):
    show(version=1)
    async with serve("live.wire:FrameProtocol") as (server, address):
        client = await connect(address)
        await client.send(subscription())
        await hear(client)
        (protocol,) = server.server_state.connections
        assert protocol.scope["headers"] == []
        gone = weakref.ref(protocol)
        del protocol

        gc.disable()
        try:
            await client.close()
            async with asyncio.timeout(30):
                while gone():
                    await asyncio.sleep(0.01)
        finally:
            gc.enable()


async def test_a_server_that_stops_says_when_to_come_back(store):
    show(version=1)
    async with serve("live.wire:FrameProtocol") as (server, address):
        clients = [await connect(address) for _ in range(20)]
        await clients[0].send(subscription())
        await hear(clients[0])

        server.should_exit = True
        async with asyncio.timeout(30):
            await asyncio.gather(*(client.wait_closed() for client in clients))

    assert {client.close_code for client in clients} == {codes.RESTARTING.code}
    assert json.loads(clients[0].close_reason)["retry_within_ms"] >= 1000


async def test_a_foreign_page_is_refused(address):
    with pytest.raises(websockets.InvalidStatus) as caught:
        await connect(address, origin="https://evil.example.net")

    assert caught.value.response.status_code == 403


async def test_a_message_of_a_megabyte_ends_only_its_own_connection(address):
    show(version=1)
    async with connect(address) as reader:
        async with connect(address) as flooder:
            with contextlib.suppress(websockets.ConnectionClosed):
                await flooder.send("x" * 1_000_000)
                await hear(flooder)
        await reader.send(subscription())

        assert flooder.close_code == 1009
        assert (await hear(reader))["type"] == "snapshot"
