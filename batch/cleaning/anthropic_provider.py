"""Anthropic: the answer is asked for as the input of a tool, so that it has the schema's form."""

from __future__ import annotations

from typing import Any

import anthropic
import orjson

from aegis.errors import Code
from batch.cleaning.failing import UNREADABLE, refused, retry_after
from batch.cleaning.provider import Completion, Overloaded, Prompt

TOOL = "answer"


class AnthropicProvider:
    """`base_url` None: Anthropic itself."""

    name = "anthropic"
    is_real = True

    def __init__(self, api_key: str, base_url: str | None = None, timeout: float = 60.0) -> None:
        self._client = anthropic.Anthropic(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=0)

    def complete(self, prompt: Prompt) -> Completion:
        """See `Provider`."""
        tool: Any = {"name": TOOL, "description": "Gives the answer.", "input_schema": dict(prompt.schema)}
        # newer models take no temperature, and the SDK has no parameter for it
        extra = None if prompt.temperature is None else {"temperature": prompt.temperature}
        try:
            answer: Any = self._client.messages.create(
                model=prompt.model,
                system=prompt.system,
                messages=[{"role": "user", "content": prompt.text}],
                max_tokens=prompt.max_tokens,
                tools=[tool],
                tool_choice={"type": "tool", "name": TOOL},
                extra_body=extra,
            )
            given = next((block.input for block in answer.content if block.type == "tool_use"), None)
            return Completion(orjson.dumps(given).decode() if given is not None else "", answer.usage.input_tokens, answer.usage.output_tokens)
        except (anthropic.RateLimitError, anthropic.InternalServerError) as error:
            raise Overloaded(Code.RATE_LIMITED, f"{self.name}: HTTP {error.status_code}", wait_seconds=retry_after(error.response.headers)) from error
        except anthropic.APIConnectionError as error:
            raise Overloaded(Code.SOURCE_UNAVAILABLE, f"{self.name}: no answer ({type(error).__name__})") from error
        except anthropic.APIStatusError as error:
            raise refused(self.name, prompt.model, error.status_code) from error
        except (anthropic.AnthropicError, *UNREADABLE) as error:
            raise Overloaded(Code.SOURCE_UNAVAILABLE, f"{self.name}: an answer that is none ({type(error).__name__})") from error

    def close(self) -> None:
        """See `Provider`."""
        self._client.close()
