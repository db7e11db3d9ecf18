"""The demo's one setting, mistyped: a sentence, and nothing is started."""

import pytest

from config import demo


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("0", "PORT='0': write 1 or more."),
        ("-1", "PORT='-1': write 1 or more."),
        ("70000", "PORT='70000': write 65535 or less."),
        ("http", "PORT='http': write a whole number."),
    ],
)
def test_says_what_is_no_port(monkeypatch, capsys, typed, sentence):
    monkeypatch.setenv("PORT", typed)

    assert demo.main() == 1
    assert capsys.readouterr() == ("", f"{sentence}\n")
