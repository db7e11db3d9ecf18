"""Names of rooms, read strictly."""

import pytest

from live import rooms


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("product:muskie-casting-rod", rooms.Room(rooms.Kind.PRODUCT, "muskie-casting-rod")),
        ("show:spring_show", rooms.Room(rooms.Kind.SHOW, "spring_show")),
        (
            "order:6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11",
            rooms.Room(rooms.Kind.ORDER, "6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11"),
        ),
        ("ops", rooms.Room(rooms.Kind.OPS)),
    ],
)
def test_a_name_is_read_and_written_back(name, room):
    assert rooms.parse(name) == room
    assert room.name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "product",
        "product:",
        "product:a b",
        "product:lamp:more",
        "product:lamp\n",
        "product:" + "x" * 51,
        "product:{lamp}",
        "Product:lamp",
        "ops:",
        "ops:all",
        "order:6B0F3A52-2F0E-5E0B-9D53-6F2F5D0C6A11",
        "order:1",
        "lamp",
        "product:lämpe",
    ],
)
def test_what_is_not_whole_is_no_room(name):
    with pytest.raises(rooms.BadRoom, match="is no room"):
        rooms.parse(name)
