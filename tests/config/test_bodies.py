"""Django reads bodies that say no length, and answers reach those who sent too much."""

from io import BytesIO

import pytest

from config import bodies
from config.bodies import ReadBodies


def application(environ, start_response):
    """Reads four bytes at most of what it is told is there, as Django does."""
    start_response("200 OK", [])
    return [environ["wsgi.input"].read(min(4, int(environ.get("CONTENT_LENGTH") or 0)))]


def ask(application, body, **more):
    stream = BytesIO(body)
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True, **more}
    answer = b"".join(application(environ, lambda status, headers: None))
    return answer, stream.read()


IN_CHUNKS = {"HTTP_TRANSFER_ENCODING": "chunked"}


class TestABodyInChunks:
    def test_is_lost_on_django_alone(self):
        assert ask(application, b"abc", **IN_CHUNKS)[0] == b""

    def test_arrives(self):
        assert ask(ReadBodies(application), b"abc", **IN_CHUNKS)[0] == b"abc"

    def test_is_not_read_without_end(self, monkeypatch):
        monkeypatch.setattr(bodies, "MAX_IN_CHUNKS", 10)

        assert ask(ReadBodies(application), b"x" * 50, **IN_CHUNKS) == (b"xxxx", b"x" * 40)

    @pytest.mark.parametrize("server", [{"wsgi.input_terminated": False}, {"HTTP_TRANSFER_ENCODING": ""}])
    def test_is_left_alone_where_its_end_would_not_be_seen(self, server):
        assert ask(ReadBodies(application), b"abc", **IN_CHUNKS | server)[0] == b""


class TestWhatNobodyRead:
    def test_is_read_before_the_answer_goes_out(self):
        assert ask(ReadBodies(application), b"abcdefgh", CONTENT_LENGTH="8") == (b"abcd", b"")

    def test_may_break_off(self):
        class BrokenOff(BytesIO):
            def read(self, size=-1):
                found = super().read(size)
                if not found:
                    raise ConnectionResetError
                return found

        environ = {"wsgi.input": BrokenOff(b"abcdef"), "CONTENT_LENGTH": "9"}

        assert ReadBodies(application)(environ, lambda status, headers: None) == [b"abcd"]
