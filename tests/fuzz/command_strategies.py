"""Hypothesis strategies for commands that no correct client sends: valid ones with defects.

The strategies write JSON by hand, because encoders refuse what is needed here: duplicate keys, NaN,
lone surrogates, numbers with thousands of digits.
"""

import json
from typing import Any, TypeAlias

from hypothesis import strategies as st

# Names and values of fields, each as JSON text.
Pairs: TypeAlias = list[tuple[str, str]]

NUMBERS = [0, -1, 1, 2, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**18, 10**30]
ODD_VALUES = st.sampled_from(
    [
        *(str(number) for number in NUMBERS),
        *("1.0", "1e2", "1e400", "-0", "-0.0", "NaN", "-Infinity", "0x1", "01", "9" * 5_000),
        *("null", "true", "{}", "[]", '""', '"1"', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"'),
        *('"' + "x" * 65 + '"', '"' + "é" * 40_000 + '"', "[[[", "'x'"),
        # These depths are far from the maximum, which differs between this process and a replica.
        *("[" * 100 + "]" * 100, "[" * 20_000 + "]" * 20_000),
        *('{"1": 0, "1": 1}', '{"1\\n": 0}', '{"01": 0}', '{"99999999999999999999": 0}', ""),
        *('{"1": null, "2": -1}', '{"x": 0}', '{"": 0}', '{"1": "0"}', '{"1": 1.5}', '"\x01"'),
    ]
)
TEXT = st.text(st.characters(exclude_categories=[]), max_size=80)
SOME_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
).map(json.dumps)
FIELDS = ["type", "ref", "room", "rooms", "nonce", "body", "reply_to", "message", "number", "x"]


def commands(room: st.SearchStrategy[int], message: st.SearchStrategy[int]) -> Any:
    """Return a strategy for valid commands about these rooms and messages, as objects."""
    seq, ref = st.integers(0, 2**63 - 1) | st.integers(0, 20), st.none() | st.integers() | TEXT
    body, nonce = st.text(max_size=200), st.text(min_size=1, max_size=64)
    rooms = st.dictionaries(room.map(str), st.none() | seq, max_size=5)
    fields: dict[str, dict[str, Any]] = {
        "subscribe": {"rooms": rooms},
        "unsubscribe": {"room": room},
        "message.send": {"room": room, "nonce": nonce, "body": body, "reply_to": message},
        "message.edit": {"message": message, "body": body},
        "message.delete": {"message": message},
        "read": {"room": room, "number": seq},
        "typing": {"room": room},
        "ping": {},
    }
    kinds = [
        st.fixed_dictionaries({"type": st.just(type), **own}, optional={"ref": ref})
        for type, own in fields.items()
    ]
    return st.one_of(kinds)


@st.composite
def defective(draw: st.DrawFn, valid: st.SearchStrategy[dict[str, Any]]) -> str:
    """Return a command's text with defects, first in some fields and then in some characters."""
    pairs = [(json.dumps(name), json.dumps(value)) for name, value in draw(valid).items()]
    for _ in range(draw(st.integers(0, 3))):
        _damage_field(draw, pairs)
    text = "{" + ",".join(f"{name}:{value}" for name, value in pairs) + "}"
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        text = _damage_text(draw, text)
    return text


def _damage_field(draw: st.DrawFn, pairs: Pairs) -> None:
    value = draw(ODD_VALUES | SOME_JSON)
    index = draw(st.integers(0, len(pairs)))
    match draw(st.sampled_from(["change", "add", "remove", "duplicate"])):
        case "change" if index < len(pairs):
            pairs[index] = pairs[index][0], value
        case "remove" if index < len(pairs):
            del pairs[index]
        case "duplicate" if index < len(pairs):
            pairs.append((pairs[index][0], value))
        case _:
            name = draw(st.sampled_from(FIELDS) | TEXT)
            pairs.insert(index, (json.dumps(name), value))


def _damage_text(draw: st.DrawFn, text: str) -> str:
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(start + 5, len(text))))
    return text[:start] + draw(TEXT | ODD_VALUES) + text[end:]


def nested(depth: int) -> list[str]:
    """Return texts nested to this depth, with and without the closing brackets."""
    return [
        "[" * depth,
        "[" * depth + "]" * depth,
        '{"type":"ping","x":' + "[" * depth + "]" * depth + "}",
        '{"type":"ping","x":' + '{"a":' * depth + "1" + "}" * depth + "}",
        '{"type":"subscribe","rooms":{"1":' + "[" * depth + "]" * depth + "}}",
        '{"type":"message.send","room":1,"nonce":' + '{"":' * depth,
    ]
