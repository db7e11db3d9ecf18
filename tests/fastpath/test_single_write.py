"""uvicorn under `single_write.Protocol`: the kernel says how many packets an answer took."""

import contextlib
import socket
import struct
import threading

import pytest
import uvicorn

from fastpath_lambda import single_write

BODY = b'{"status":"ok"}'
# Where Linux' tcp_info has tcpi_data_segs_in.
DATA_SEGMENTS = struct.Struct("=152xI")


async def application(scope, receive, send):
    """Answers with what it was sent, or, asked for nothing, with BODY."""
    body, more = b"", scope["type"] == "http"
    while more:
        event = await receive()
        body, more = body + event["body"], event["more_body"]
    said = body or BODY
    headers = [(b"content-length", b"%d" % len(said))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


@contextlib.contextmanager
def serving(http):
    """An open connection to it."""
    config = uvicorn.Config(
        application, port=0, http=http, loop="uvloop", lifespan="off", log_level="warning", ws="none"
    )
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    # Who connects before the server runs waits.
    listener.listen()
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        with socket.create_connection(listener.getsockname(), timeout=60) as connection:
            yield connection
    finally:
        server.should_exit = True
        thread.join(60)


@pytest.fixture
def connection():
    with serving(single_write.Protocol) as connection:
        yield connection


def request(method="GET", *headers, body=b""):
    lines = [f"{method} /healthz HTTP/1.1", "Host: shop.example", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_until(connection, end):
    read = b""
    while not read.endswith(end):
        part = connection.recv(1 << 20)
        assert part, f"the connection ended after {read!r}"
        read += part
    return read


def packets(connection):
    """Of data, that came in over it so far."""
    (count,) = DATA_SEGMENTS.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 156))
    return count


@pytest.mark.parametrize(("http", "count"), [("httptools", 2), (single_write.Protocol, 1)])
def test_an_answer_is_one_packet_and_two_under_uvicorns_own(http, count):
    with serving(http) as connection:
        for asked in range(1, 4):
            connection.sendall(request())
            read_until(connection, BODY)

            assert packets(connection) == asked * count


def test_head_gets_the_head_alone(connection):
    connection.sendall(request("HEAD"))

    head = read_until(connection, b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-length: 15\r\n" in head


def test_answers_in_the_order_of_requests_sent_together(connection):
    bodies = [b"<%d>" % number for number in range(20)]

    connection.sendall(b"".join(request("POST", body=body) for body in bodies))
    read = read_until(connection, bodies[-1])

    assert [part.rpartition(b"\r\n\r\n")[2] for part in read.split(b"HTTP/1.1 200")][1:] == bodies


def test_tells_a_client_that_asks_first_to_go_on(connection):
    asked = request("POST", "Expect: 100-continue", body=b"an order")
    connection.sendall(asked.removesuffix(b"an order"))

    assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100")
    connection.sendall(b"an order")
    assert read_until(connection, b"an order").startswith(b"HTTP/1.1 200")


def test_says_everything_before_it_closes(connection):
    connection.sendall(request("POST", "Connection: close", body=b"last words"))

    assert read_until(connection, b"last words")
    assert connection.recv(1) == b""


def test_an_answer_larger_than_the_kernel_takes_comes_whole(connection):
    body = b"x" * 20_000_000 + b"!"
    connection.sendall(request("POST", "Connection: close", body=body))

    head, _, read = read_until(connection, b"!").partition(b"\r\n\r\n")

    assert b"200" in head and read == body


def test_refuses_what_is_no_http_in_words(connection):
    connection.sendall(b"nonsense\r\n\r\n")

    assert read_until(connection, b"Invalid HTTP request received.").startswith(b"HTTP/1.1 400")
    assert connection.recv(1) == b""
