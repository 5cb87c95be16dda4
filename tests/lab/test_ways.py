"""How a reply was made, as the receipt tells it."""

from __future__ import annotations

from typing import Any

from gateway.lab.ways import SHOWN_CHARS, SHOWN_LINES, GuardLine, ModelLine, ToolLine, way

CALL: dict[str, Any] = {
    "purpose": "answer",
    "role": "fast",
    "endpoint": "lab",
    "model": "lab-fast",
    "finish": "stop",
    "usage": {"input_tokens": 100, "output_tokens": 20, "cost": 0.0004},
    "ms": 310.5,
    "tried": [
        {"endpoint": "lab", "model": "lab-strong", "error": "timeout_first"},
        {"endpoint": "lab", "model": "lab-fast"},
    ],
}
DENIED: dict[str, Any] = {
    "step": 1,
    "outcome": "denied",
    "tool": "initiate_refund",
    "reason": "over_limit",
    "detail": "amount: more than 50 is not allowed here",
    "dropped": ["customer_account"],
}


def steps(**more: Any) -> dict[str, Any]:
    """The steps of a turn that a model wrote."""
    return {
        "models": {"calls": [CALL], "usage": {"input_tokens": 100, "output_tokens": 20, "cost": 0.0004}},
        "tools": {"calls": [DENIED]},
        "write": {
            "route": {"role": "fast", "complexity": 0.2, "because": ["may need a tool"]},
            "guard": [
                {"released": False, "ms": 1.5, "findings": [{"rule": "unsupported_price", "detail": "5000 eur"}]},
                {"released": True, "ms": 0.4, "findings": []},
            ],
        },
        **more,
    }


def test_a_turn_without_models_has_no_way() -> None:
    assert way({"understand": {"ms": 1.0}, "verdict": {"decision": "answer"}}, "EUR") is None


def test_models_tools_and_guard() -> None:
    made = way(steps(), "EUR")
    assert made is not None
    assert made.models == [
        ModelLine(
            purpose="answer", role="fast", model="lab-fast", tokens_in=100, tokens_out=20, cost=0.0004, ms=310.5,
            ended="stop", failed=["lab/lab-strong: timeout_first"],
        )
    ]  # fmt: skip
    said = "over_limit: amount: more than 50 is not allowed here"
    assert made.tools == [ToolLine(tool="initiate_refund", outcome="denied", said=said, dropped=["customer_account"])]
    assert made.guard == [
        GuardLine(is_released=False, ms=1.5, findings=["unsupported_price 5000 eur"]),
        GuardLine(is_released=True, ms=0.4, findings=[]),
    ]
    assert (made.tokens, made.cost, made.currency) == (120, 0.0004, "EUR")
    assert made.route == "fast model, complexity 0.20: may need a tool"


def test_who_answered_when_no_model_did() -> None:
    cached, flow = way({"cache": {"hit": True}}, ""), way({"flow": {"flow": "return-order"}}, "")
    path = way({"fast_path": {"is_taken": True}, "verdict": {"decision": "answer"}}, "")
    assert cached is not None and "answer cache" in cached.by
    assert flow is not None and flow.by == "the scripted conversation return-order"
    assert path is not None and "without a model" in path.by


def test_what_else_is_worth_knowing() -> None:
    more = {
        "ladder": {"rung": "hand_over", "because": "model_outage"},
        "suspicion": {"flagged": [{"where": "tool_result", "name": "T1", "score": 1.0, "reasons": ["asks to ignore"]}]},
        "experiments": {"voice": "b"},
    }
    made = way(steps(**more), "EUR")
    assert made is not None
    assert made.notes == [
        "stepped down to hand over (model outage)",
        "looks like an attack: tool result (asks to ignore)",
        "experiment voice: b",
    ]


def test_a_call_that_nobody_answered() -> None:
    failed = {"purpose": "answer", "role": "strong", "error": "model_unavailable", "tried": [], "ms": 12.0}
    made = way({"models": {"calls": [failed]}}, "EUR")
    assert made is not None
    assert (made.models[0].model, made.models[0].ended, made.cost) == ("nobody", "model_unavailable", 0.0)


def test_everything_is_bounded() -> None:
    done = {"outcome": "done", "tool": "lookup_order", "text": "x\n" * 10_000, "dropped": []}
    made = way(steps(tools={"calls": [done] * 50}), "EUR")
    assert made is not None
    assert len(made.tools) == SHOWN_LINES
    assert {len(one.said) for one in made.tools} == {SHOWN_CHARS}
