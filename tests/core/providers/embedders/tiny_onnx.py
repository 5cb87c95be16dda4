"""Transformers of a few words in ONNX, written byte by byte (onnx.proto3), so that no model and no exporter is needed.

The hidden state of a token is its word's row in a table; logits are the sum of such rows.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

WORDS = {"[UNK]": 0, "[CLS]": 1, "refund": 2, "money": 3, "hours": 4, "open": 5}
FLOAT, INT64, INT, INTS_AXIS = 1, 7, 2, 1
OPSET, IR_VERSION = 17, 8
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def embedding_model(folder: Path, table: Sequence[Sequence[float]], *, inputs: Sequence[str] = INPUTS) -> None:
    """Hidden states [batch, tokens, size]."""
    gather = _node("Gather", ("table", "input_ids"), "last_hidden_state")
    _write(folder, (gather,), table, inputs=inputs, output="last_hidden_state", rank=3)


def pooled_model(folder: Path, table: Sequence[Sequence[float]], *, output: str = "sentence_embedding") -> None:
    """One vector per text [batch, size]: the sum over its tokens; as ``logits`` a cross-encoder."""
    nodes = (
        _node("Gather", ("table", "input_ids"), "states"),
        _node("ReduceSum", ("states", "axis"), output, keepdims=0),
    )
    _write(folder, nodes, table, output=output, rank=2)


def _write(
    folder: Path,
    nodes: Sequence[bytes],
    table: Sequence[Sequence[float]],
    *,
    inputs: Sequence[str] = INPUTS,
    output: str,
    rank: int,
) -> None:
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"tiny")
    raw = b"".join(struct.pack(f"<{len(row)}f", *row) for row in table)
    graph += _field(5, _tensor("table", FLOAT, (len(table), len(table[0])), raw))
    graph += _field(5, _tensor("axis", INT64, (1,), struct.pack("<q", INTS_AXIS)))
    graph += b"".join(_field(11, _value(name, INT64, 2)) for name in inputs)
    graph += _field(12, _value(output, FLOAT, rank))
    model = _number(1, IR_VERSION) + _field(7, graph) + _field(8, _number(2, OPSET))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    _tokenizer(folder)


def _tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", pair="[CLS] $A $B:1", special_tokens=[("[CLS]", 1)]
    )
    tokenizer.enable_padding(length=16)
    tokenizer.save(str(folder / "tokenizer.json"))


def pooling(folder: Path, **modes: bool) -> None:
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 2, **modes}))


def _node(kind: str, inputs: Sequence[str], output: str, **numbers: int) -> bytes:
    node = b"".join(_field(1, name.encode()) for name in inputs) + _field(2, output.encode()) + _field(4, kind.encode())
    for name, value in numbers.items():
        node += _field(5, _field(1, name.encode()) + _number(3, value) + _number(20, INT))
    return node


def _tensor(name: str, kind: int, dims: Sequence[int], raw: bytes) -> bytes:
    return b"".join(_number(1, dim) for dim in dims) + _number(2, kind) + _field(8, name.encode()) + _field(9, raw)


def _value(name: str, kind: int, rank: int) -> bytes:
    shape = b"".join(_field(1, _field(2, f"{name}_{at}".encode())) for at in range(rank))
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, kind) + _field(2, shape)))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])
