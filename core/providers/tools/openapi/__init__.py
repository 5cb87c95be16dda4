"""Operations of an OpenAPI document as tools: document → operation with one flat schema → request."""

from __future__ import annotations
