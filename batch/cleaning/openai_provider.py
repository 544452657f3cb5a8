"""OpenAI, and every server that speaks its protocol (chat completions with a JSON schema)."""

from __future__ import annotations

from typing import Any

import openai

from aegis.errors import Code
from batch.cleaning.failing import UNREADABLE, refused, retry_after
from batch.cleaning.provider import Completion, Overloaded, Prompt


class OpenAiProvider:
    """`base_url` None: OpenAI itself."""

    is_real = True

    def __init__(self, api_key: str, base_url: str | None = None, timeout: float = 60.0) -> None:
        self.name = "local" if base_url else "openai"
        # retries are ours: the SDK's own would not know the pace, nor the ceiling
        self._client = openai.OpenAI(api_key=api_key or "none", base_url=base_url, timeout=timeout, max_retries=0)

    def complete(self, prompt: Prompt) -> Completion:
        """See `Provider`."""
        wanted: dict[str, Any] = {} if prompt.temperature is None else {"temperature": prompt.temperature}
        try:
            answer = self._client.chat.completions.create(
                model=prompt.model,
                messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.text}],
                response_format={"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(prompt.schema)}},
                max_tokens=prompt.max_tokens,
                **wanted,
            )
            usage = answer.usage
            text = answer.choices[0].message.content if answer.choices else None
            return Completion(text or "", usage.prompt_tokens if usage else 0, usage.completion_tokens if usage else 0)
        except (openai.RateLimitError, openai.InternalServerError) as error:
            raise Overloaded(Code.RATE_LIMITED, f"{self.name}: HTTP {error.status_code}", wait_seconds=retry_after(error.response.headers)) from error
        except openai.APIConnectionError as error:
            raise Overloaded(Code.SOURCE_UNAVAILABLE, f"{self.name}: no answer ({type(error).__name__})") from error
        except openai.APIStatusError as error:
            raise refused(self.name, prompt.model, error.status_code) from error
        except (openai.OpenAIError, *UNREADABLE) as error:
            raise Overloaded(Code.SOURCE_UNAVAILABLE, f"{self.name}: an answer that is none ({type(error).__name__})") from error

    def close(self) -> None:
        """See `Provider`."""
        self._client.close()
