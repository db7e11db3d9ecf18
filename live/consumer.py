"""The socket `/live/`: what a client says is translated into one call, and answered.

A Channels consumer per connection, for its lifecycle; the hub does the sending. Nothing
here knows who the visitor is: rooms are public, or opened by the token of a status link or
by a pass of staff.
"""

import asyncio
import time
from typing import Any

import redis
from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer
from django.conf import settings

from fastpath_lambda import identity
from live import admission, codes, messages, origins, outlet, passes, rooms
from live.admission import Allowance, Door
from live.codes import Close
from live.hub import Hub
from live.messages import BadMessage, Error, Interest
from live.order_room import FollowedOrders
from live.rooms import Kind, Room
from live.watching import Unavailable, UnknownRoom

# Who finds no place here: long enough for some to leave, or for the next process to be asked.
COME_BACK_WITHIN = 10.0


class Live(AsyncConsumer):  # type: ignore[misc]
    def __init__(self, *, hub: Hub, door: Door) -> None:
        self.hub = hub
        self.door = door
        self.is_inside = False
        self.allowance = Allowance(now=time.monotonic())
        self.rooms: set[Room] = set()
        self.orders: FollowedOrders | None = None
        self.pass_ends: asyncio.TimerHandle | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.scope, self.base_send = scope, send
        self.outlet = outlet.make(scope, send)
        try:
            # Channels' own loop listens to a layer as well. That would cost every connection two
            # subscriptions in Redis and a second task, for what only those who follow an order get.
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            # Whatever ended the connection: the hub holds nobody who is gone.
            await self.leave_all()
            if self.is_inside:
                self.door.leave(self.address)

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels hops into a thread before each message, to close old database connections.
        # No message here opens one, and at thousands of connects a second the hop is half the cost.
        await getattr(self, get_handler_name(message))(message)

    async def websocket_connect(self, _: dict[str, Any]) -> None:
        allowed = [*settings.CSRF_TRUSTED_ORIGINS, settings.EDGE_URL]
        if origins.is_allowed(self.scope["headers"], allowed=allowed):
            # Accepted even where it is closed at once: a page is shown no code of a refused handshake.
            await self.base_send({"type": "websocket.accept"})
            if refusal := self.door.enter(self.address):
                await self.end(refusal, codes.retry_within(COME_BACK_WITHIN))
            else:
                self.is_inside = True
        else:
            await self.base_send({"type": "websocket.close"})

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        if not self.is_inside:
            return
        said: messages.FromClient | Error
        try:
            said = messages.decode(message.get("text") or "")
        except BadMessage as error:
            said = Error(error.code, str(error))
        if not await self.affords(messages.cost(said)):
            return
        match said:
            case messages.Subscribe():
                for interest in said.rooms:
                    # The one before may have been one too many.
                    if self.is_inside:
                        await self.subscribe(interest)
            case messages.Unsubscribe():
                for interest in said.rooms:
                    await self.unsubscribe(interest.room)
            case messages.Ping():
                await self.say(messages.Pong())
            case Error():
                await self.say(said)

    async def websocket_disconnect(self, _: dict[str, Any]) -> None:
        raise StopConsumer

    async def affords(self, cost: int) -> bool:
        """Whether this may be asked for. Else the connection is closed, and its place is another's."""
        if self.allowance.spend(cost, now=time.monotonic()):
            return True
        self.is_inside = False
        self.door.leave(self.address)
        await self.end(codes.FLOODING)
        return False

    async def subscribe(self, interest: Interest) -> None:
        try:
            room = rooms.parse(interest.room)
            self.raise_if_refused(room, interest)
            self.rooms.add(room)
            await self.enter(room, interest)
        except (rooms.BadRoom, UnknownRoom) as error:
            await self.refuse_at_a_cost(interest, "unknown_room", str(error))
        except Refused as error:
            await self.refuse_at_a_cost(interest, error.code, str(error))
        except (Unavailable, redis.RedisError, OSError):
            await self.refuse(interest, "unavailable", "This room cannot be read now. Ask again soon.")

    def raise_if_refused(self, room: Room, interest: Interest) -> None:
        if room not in self.rooms and len(self.rooms) >= messages.MAX_ROOMS:
            raise Refused("too_many_rooms", f"A connection watches at most {messages.MAX_ROOMS} rooms.")
        if room.kind is Kind.OPS and not passes.is_good(interest.token or ""):
            raise Refused("forbidden", "This room wants a pass of staff: load a page of /ops/ again.")
        if room.kind is Kind.ORDER and not _opens(interest.token or "", room):
            raise Refused("forbidden", "This order's room wants the token of its status link.")

    async def enter(self, room: Room, interest: Interest) -> None:
        if room.kind is Kind.ORDER:
            self.orders = self.orders or FollowedOrders(self.hub.store, self.say)
            await self.orders.follow(room.subject, interest.position)
        else:
            await self.hub.subscribe(self.outlet, room, interest.position)
            if interest.viewers:
                self.hub.viewers.listen(self.outlet, room.name)
            else:
                self.hub.viewers.leave(self.outlet, room.name)
            if room.kind is Kind.OPS:
                self.hub.ops.start()
                self.expect_another_pass(interest)

    def expect_another_pass(self, interest: Interest) -> None:
        """Who is no longer staff gets no other one, and does not go on with the first."""
        self.stop_waiting_for_pass()
        loop = asyncio.get_running_loop()
        seconds = passes.GOOD_FOR.total_seconds()
        self.pass_ends = loop.call_later(seconds, lambda: loop.create_task(self.pass_ended(interest)))

    async def pass_ended(self, interest: Interest) -> None:
        await self.unsubscribe(interest.room)
        await self.refuse(interest, "forbidden", "The pass ran out: load a page of /ops/ again.")

    def stop_waiting_for_pass(self) -> None:
        if self.pass_ends:
            self.pass_ends.cancel()

    async def refuse_at_a_cost(self, interest: Interest, code: str, text: str) -> None:
        if await self.affords(admission.REFUSED):
            await self.refuse(interest, code, text)

    async def refuse(self, interest: Interest, code: str, text: str) -> None:
        self.rooms = {room for room in self.rooms if room.name != interest.room}
        await self.say(Error(code, text, interest.room))

    async def unsubscribe(self, name: str) -> None:
        for room in [room for room in self.rooms if room.name == name]:
            self.rooms.remove(room)
            if self.orders and room.kind is Kind.ORDER:
                await self.orders.leave(room.subject)
            else:
                self.leave(room)
                self.outlet.forget(name)

    def leave(self, room: Room) -> None:
        self.hub.unsubscribe(self.outlet, room.name)
        self.hub.viewers.leave(self.outlet, room.name)

    async def leave_all(self) -> None:
        self.stop_waiting_for_pass()
        for room in self.rooms:
            self.leave(room)
        self.outlet.close()
        if self.orders:
            await self.orders.close()

    async def end(self, why: Close, reason: str = "") -> None:
        await self.base_send({"type": "websocket.close", "code": why.code, "reason": reason})

    @property
    def address(self) -> str:
        # Where the server trusts the edge, this is whom the edge speaks for.
        client: tuple[str, int] | None = self.scope.get("client")
        return client[0] if client else ""

    async def say(self, message: messages.FromServer) -> None:
        await self.base_send({"type": "websocket.send", "text": messages.encode(message).decode()})


class Refused(Exception):
    """This room is not for this connection."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def _opens(token: str, room: Room) -> bool:
    return identity.is_status_token(settings.STATUS_TOKEN_SECRET, room.subject, token)
