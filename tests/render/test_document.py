"""JSON and YAML as Slurm 22.05 printed them: each text was the comment of a job of a real Slurm."""

from __future__ import annotations

import json

import pytest
import yaml as pyyaml

from mlspace.render import document, yaml

TEXTS = {
    "": "!!null null",
    "a:b": "!!str a:b",
    "a: b": "!!str 'a: b'",
    "a:": "!!str 'a:'",
    ": a": "!!str ': a'",
    ":a": "!!str :a",
    "- a": "!!str '- a'",
    "-a": "!!str -a",
    "---x": "!!str '---x'",
    "...": "!!str '...'",
    "a #b": "!!str 'a #b'",
    "a#b": "!!str a#b",
    "a, b [c] {d}": "!!str a, b [c] {d}",
    "? x": "!!str '? x'",
    "?x": "!!str ?x",
    " lead": "!!str ' lead'",
    "trail ": "!!str 'trail '",
    "tab\there": '!!str "tab\\there"',
    "new\nline": "!!str 'new\n\n    line'",
    "\nnew": "!!str '\n\n    new'",
    "a \nb": '!!str "a \\nb"',
    "a\n b": '!!str "a\\n b"',
    "é": '!!str "\\xE9"',
    "\u20ac": '!!str "\\u20AC"',
    "\U0001f600": '!!str "\\U0001F600"',
    "\x01\x7f\x1b": '!!str "\\x01\\x7F\\e"',
    "a\u2028b": '!!str "a\\Lb"',
    "true": "!!str true",
    "12": "!!str 12",
    "it's": "!!str it's",
    "it's # x": "!!str 'it''s # x'",
    "back\\slash": "!!str back\\slash",
    "%x": "!!str '%x'",
}

LONG = (
    "the quick brown fox jumps over a lazy dog again and again until the line is very long indeed and has to be folded"
    " somewhere, for sure  with two blanks"
)


@pytest.mark.parametrize(("text", "shown"), TEXTS.items())
def test_a_text_in_yaml(text: str, shown: str) -> None:
    assert yaml.scalar("  !!str comment:", text, "    ") == f"  !!str comment: {shown}"


def test_long_texts_are_folded() -> None:
    assert yaml.scalar("  !!str comment:", LONG, "    ").split("\n") == [
        "  !!str comment: !!str the quick brown fox jumps over a lazy dog again and again until",
        "    the line is very long indeed and has to be folded somewhere, for sure  with two",
        "    blanks",
    ]
    assert yaml.scalar("  !!str comment:", f"é {LONG}", "    ").split("\n") == [
        '  !!str comment: !!str "\\xE9 the quick brown fox jumps over a lazy dog again and again',
        "    until the line is very long indeed and has to be folded somewhere, for sure  with",
        '    two blanks"',
    ]


def test_a_document_in_json() -> None:
    value: dict[str, object] = {"text": 'a/b"c\\d é\t\x01\x7f'}
    value |= {"none": None, "yes": True, "number": 2, "real": 2.0, "tenth": 0.1, "list": [], "rows": [{"n": 1}, {}]}
    text = document.render(document.JSON, value)
    assert text.split("\n") == [
        "{",
        '  "text": "a\\/b\\"c\\\\d é\\t\\u0001\x7f",',
        '  "none": null,',
        '  "yes": true,',
        '  "number": 2,',
        '  "real": 2.0,',
        '  "tenth": 0.10000000000000001,',
        '  "list": [',
        "  ],",
        '  "rows": [',
        "    {",
        '      "n": 1',
        "    },",
        "    {",
        "    }",
        "  ]",
        "}",
    ]
    assert json.loads(text) == value


def test_a_document_in_yaml() -> None:
    value = document.document(document.CLUSTER, jobs=[{"name": "x", "flags": [], "nodes": [{"deep": {"n": 1.5}}], "held": False}])
    text = document.render(document.YAML, value)
    assert text.split("\n")[-10:] == [
        "- !!map",
        "  !!str name: !!str x",
        "  !!str flags: !!seq []",
        "  !!str nodes: !!seq",
        "  - !!map",
        "    !!str deep: !!map",
        "      !!str n: !!float 1.500000",
        "  !!str held: !!bool false",
        "...",
        "",
    ]
    assert pyyaml.safe_load(text) == value


@pytest.mark.parametrize("text", [text for text in TEXTS if text and "\r" not in text])
def test_what_is_written_can_be_read_back(text: str) -> None:
    value = {"a": {"comment": text, "list": [text, {"b": f"{text} {LONG}"}]}}
    assert pyyaml.safe_load(document.render(document.YAML, value)) == value
    assert json.loads(document.render(document.JSON, value)) == value
