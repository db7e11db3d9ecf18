"""What others are promised about the socket is what the types and tables say, today."""

import re

import msgspec
import pytest

from live import codes, contract, messages

LIVE_MD = contract.ROOT / "docs" / "live.md"


@pytest.mark.parametrize("file", contract.files(), ids=lambda file: file.name)
def test_is_current(file):
    assert file.read_text() == contract.files()[file], "run `.venv/bin/python -m live.contract`"


def references(document):
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"]
        for value in document.values():
            yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


@pytest.mark.parametrize("document", [contract.asyncapi(), contract.json_schema()])
def test_every_reference_leads_somewhere(document):
    for reference in references(document):
        target = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        assert target


def test_names_every_message_with_a_sentence():
    components = contract.asyncapi()["components"]

    kinds = [*messages.FromClient.__args__, *messages.FromServer.__args__]
    assert set(components["messages"]) == {kind.__name__ for kind in kinds}
    for name in components["messages"]:
        assert components["schemas"][name]["description"]
        assert components["schemas"][name]["properties"]["type"]["enum"]


def test_what_the_schema_says_of_an_interest_is_what_is_decoded():
    interest = contract.json_schema()["$defs"]["Interest"]

    assert set(interest["properties"]) == set(messages.Interest.__struct_fields__)
    with pytest.raises(messages.BadMessage):
        too_long = "x" * (interest["properties"]["room"]["maxLength"] + 1)
        messages.decode(msgspec.json.encode({"type": "subscribe", "rooms": [{"room": too_long}]}).decode())


class TestTables:
    def test_the_page_lists_every_close_code(self):
        rows = re.findall(r"^\| (\d{4}) \| `(\w+)` \| (yes|no) \| (.+) \|$", LIVE_MD.read_text(), re.M)

        assert rows == [
            (str(close.code), close.name, "yes" if close.is_resumable else "no", close.means)
            for close in codes.TABLE
        ]

    def test_the_page_lists_every_error_code(self):
        rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", LIVE_MD.read_text(), re.M)

        assert dict(rows) == messages.ERROR_CODES

    def test_the_client_comes_back_after_exactly_the_resumable_ones(self):
        script = (contract.ROOT / "static" / "js" / "live" / "connection.js").read_text()
        listed = re.search(r"code < 5000\) \|\| \[([\d, ]+)\]", script)
        terminal = {int(code) for code in listed.group(1).split(",")}

        for close in codes.TABLE:
            assert (close.code in terminal or close.code >= 4400) is not close.is_resumable
