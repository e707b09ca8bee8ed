"""Answers of the providers, as they come over the wire."""

from typing import Any

CHAT_URL = "https://api.openai.com/v1/chat/completions"
RESPONSES_URL = "https://api.openai.com/v1/responses"
MESSAGES_URL = "https://api.anthropic.com/v1/messages"
GEMINI_URL = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
EMBEDDINGS_URL = "https://api.openai.com/v1/embeddings"

CHAT: dict[str, Any] = {
    "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
    "object": "chat.completion",
    "created": 1741569952,
    "model": "gpt-4.1-2025-04-14",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hello! How can I assist you today?",
                "refusal": None,
                "annotations": [],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 1900,
        "completion_tokens": 210,
        "total_tokens": 2110,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 64,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    },
    "service_tier": "default",
}
RESPONSES: dict[str, Any] = {
    "id": "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
    "object": "response",
    "status": "completed",
    "model": "gpt-4.1-2025-04-14",
    "output": [],
    "service_tier": "default",
    "usage": {
        "input_tokens": 328,
        "input_tokens_details": {"cached_tokens": 128},
        "output_tokens": 52,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 380,
    },
}
MESSAGE: dict[str, Any] = {
    "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "Hello!"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 2095,
        "cache_creation_input_tokens": 1800,
        "cache_read_input_tokens": 700,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 1000,
            "ephemeral_1h_input_tokens": 800,
        },
        "output_tokens": 503,
        "service_tier": "standard",
    },
}
GEMINI: dict[str, Any] = {
    "candidates": [
        {"content": {"parts": [{"text": "Hi"}], "role": "model"}, "finishReason": "STOP"}
    ],
    "usageMetadata": {
        "promptTokenCount": 500,
        "candidatesTokenCount": 40,
        "totalTokenCount": 690,
        "cachedContentTokenCount": 200,
        "thoughtsTokenCount": 150,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 242},
            {"modality": "IMAGE", "tokenCount": 258},
        ],
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 200}],
    },
    "modelVersion": "gemini-2.5-flash",
    "responseId": "mAJqaI3",
}
EMBEDDING: dict[str, Any] = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}


def message_events() -> list[dict[str, Any]]:
    """Give the events of a streamed message; what is known grows from one to the next."""
    begun = MESSAGE | {
        "content": [],
        "usage": MESSAGE["usage"] | {"output_tokens": 1},
    }
    return [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"text": "Hello!"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 503, "server_tool_use": None},
        },
        {"type": "message_stop"},
    ]


def chat_chunks(*, with_usage: bool) -> list[dict[str, Any]]:
    """Give the chunks of a streamed completion."""
    head = {"object": "chat.completion.chunk", "model": CHAT["model"], "usage": None}
    said = [
        head | {"choices": [{"index": 0, "delta": {"content": word}}]}
        for word in ("Hel", "lo")
    ]
    last = head | {"choices": [], "usage": CHAT["usage"]}
    return [*said, last] if with_usage else said


def response_events() -> list[dict[str, Any]]:
    """Give the events of a streamed response."""
    begun = RESPONSES | {"status": "in_progress", "usage": None}
    return [
        {"type": "response.created", "response": begun},
        {"type": "response.output_text.delta", "delta": "Hi"},
        {"type": "response.completed", "response": RESPONSES},
    ]


def gemini_chunks() -> list[dict[str, Any]]:
    """Give the chunks of a streamed answer; each one counts all so far."""
    early = {"promptTokenCount": 500, "candidatesTokenCount": 3, "totalTokenCount": 503}
    return [
        {k: v for k, v in GEMINI.items() if k != "usageMetadata"}
        | {"usageMetadata": early},
        GEMINI,
    ]
