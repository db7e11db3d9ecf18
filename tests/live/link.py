"""A TCP link that goes wrong when told to: it is slow, holds still, breaks, or goes silent for good."""

import asyncio
import contextlib
import random
import threading


class Link:
    """Passes on what comes to `port`, in a thread of its own, to the target's port on this machine."""

    def __init__(self, target, *, seed=0):
        self.target = target
        self.delay = 0.0  # each piece of data waits for up to this many seconds
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._pairs = set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        ready = threading.Event()
        self._loop.call_soon(self._flows.set)
        self._loop.create_task(self._listen(ready))
        self._thread.start()
        assert ready.wait(30), "the link does not listen"
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def pause(self):
        """Nothing passes any more, nothing is lost, and nobody is told."""
        self._call(self._flows.clear)

    def resume(self):
        self._call(self._flows.set)

    def cut(self):
        """Every connection is reset."""
        self._call(lambda: [pair.abort() for pair in list(self._pairs)])

    def silence(self):
        """The connections there are pass nothing any more, as behind a firewall that forgot them."""
        self._call(lambda: [pair.silence() for pair in list(self._pairs)])

    def _call(self, act):
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (act(), done.set()))
        assert done.wait(30), "the link did not do as told"

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _listen(self, ready):
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    async def _accept(self, reader, writer):
        # A link that holds still takes nobody in.
        await self._flows.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = _Pair(self, writer, far_writer)
        self._pairs.add(pair)
        await asyncio.gather(pair.pump(reader, far_writer), pair.pump(far_reader, writer))
        self._pairs.discard(pair)


class _Pair:
    def __init__(self, link, near, far):
        self.link, self.ends = link, (near, far)
        self.is_silent = False

    def abort(self):
        for end in self.ends:
            end.transport.abort()

    def silence(self):
        self.is_silent = True

    async def pump(self, reader, writer):
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                await self.link._flows.wait()
                if self.link.delay:
                    await asyncio.sleep(self.link._random.uniform(0, self.link.delay))
                if not self.is_silent:
                    writer.write(piece)
                    await writer.drain()
        if not self.is_silent:
            writer.close()
