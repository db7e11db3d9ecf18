"""What waits for nothing is done at once; the rest goes on as a task."""

import asyncio

from live import eager


class TestStart:
    async def test_is_done_at_once_where_nothing_waits(self):
        done = []

        async def work():
            done.append(True)

        assert eager.start(work()) is None
        assert done

    async def test_goes_on_as_a_task_where_something_waits(self):
        done = []
        future = asyncio.get_running_loop().create_future()

        async def work():
            done.append(await future)
            await asyncio.sleep(0.001)
            done.append("rested")

        task = eager.start(work())
        future.set_result("woken")
        await task

        assert done == ["woken", "rested"]

    async def test_a_failure_while_waiting_reaches_the_coroutine_and_the_task(self):
        future = asyncio.get_running_loop().create_future()
        seen = []

        async def work():
            try:
                await future
            except OSError as error:
                seen.append(error)
                raise

        task = eager.start(work())
        future.set_exception(OSError("gone"))
        await asyncio.gather(task, return_exceptions=True)

        assert seen
        assert isinstance(task.exception(), OSError)

    async def test_can_be_cancelled(self):
        seen = []

        async def work():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                seen.append(True)
                raise

        task = eager.start(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert seen
        assert task.cancelled()
