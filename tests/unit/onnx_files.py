"""Tiny ONNX models, written as protobuf messages by hand: the package onnx is not needed."""

FLOAT, INT32, INT64 = 1, 6, 7


def _varint(number: int) -> bytes:
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def _message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """A message of (field number, value)."""
    parts = []
    for field, value in fields:
        if isinstance(value, int):
            parts.append(_varint(field << 3) + _varint(value))
        else:
            data = value.encode() if isinstance(value, str) else value
            parts.append(_varint(field << 3 | 2) + _varint(len(data)) + data)
    return b"".join(parts)


def _value(name: str, element: int, rank: int) -> bytes:
    shape = _message(*[(1, _message((2, f"{name}{axis}"))) for axis in range(rank)])
    return _message((1, name), (2, _message((1, _message((1, element), (2, shape))))))


def _node(operator: str, source: str, target: str, *attributes: bytes) -> bytes:
    fields = [(1, source), (2, target), (4, operator), *[(5, a) for a in attributes]]
    return _message(*fields)


def model_of(inputs: dict[str, int], outputs: list[str]) -> bytes:
    """A model whose outputs are made of its first input.

    ``tokens`` is (1, tokens), ``sentence_embedding`` their mean (1, 1), ``hidden`` (1, tokens, 1).
    """
    first = next(iter(inputs))
    to_float = _message((1, "to"), (3, FLOAT), (20, 2))
    along_tokens = _message((1, "axes"), (8, 1), (20, 7))
    new_axis = _message((1, "axes"), (8, 2), (20, 7))
    nodes = {
        "tokens": _node("Cast", first, "tokens", to_float),
        "sentence_embedding": _node("ReduceMean", "tokens", "sentence_embedding", along_tokens),
        "hidden": _node("Unsqueeze", "tokens", "hidden", new_axis),
    }
    ranks = {"tokens": 2, "sentence_embedding": 2, "hidden": 3}
    graph = _message(
        *[(1, nodes[name]) for name in dict.fromkeys(["tokens", *outputs])],
        (2, "graph"),
        *[(11, _value(name, element, 2)) for name, element in inputs.items()],
        *[(12, _value(name, FLOAT, ranks[name])) for name in outputs],
    )
    return _message((1, 7), (8, _message((2, 11))), (7, graph))
