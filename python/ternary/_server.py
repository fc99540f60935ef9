"""An HTTP server that speaks OpenAI's protocol for completions and chats."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, ClassVar

import fastapi
import fastapi.exceptions
import pydantic
import starlette.exceptions
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ternary._generation import Generation
from ternary._model import Model
from ternary._ternary import Error

DEFAULT_CHAT_TOKENS = 1024


# Pages that this machine serves, on any port.
LOCAL_ORIGINS = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"


class Fields(pydantic.BaseModel):
    """Fields of a request. What is not listed is refused by name, unless it asks for nothing."""

    model_config = pydantic.ConfigDict(extra="forbid")

    # What is not supported, by name, with the values that do not ask for it.
    ASK_NOTHING: ClassVar[dict[str, tuple[Any, ...]]] = {}
    # What changes no answer: identifiers, hints, and details of what is refused itself.
    WITHOUT_EFFECT: ClassVar[frozenset[str]] = frozenset()

    @pydantic.model_validator(mode="before")
    @classmethod
    def drop_what_asks_for_nothing(cls, values: Any) -> Any:
        """Null is as if it were not there."""
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if cls._asks(name, value)}

    @classmethod
    def _asks(cls, name: str, value: Any) -> bool:
        if value is None or name in cls.WITHOUT_EFFECT:
            return False
        return not _is_any_of(value, cls.ASK_NOTHING.get(name, ()))


def _is_any_of(value: Any, others: tuple[Any, ...]) -> bool:
    """Without taking 0 for false, as Python does."""
    return any(
        isinstance(value, bool) == isinstance(other, bool) and value == other for other in others
    )


class StreamOptions(Fields):
    ASK_NOTHING: ClassVar[dict[str, tuple[Any, ...]]] = {
        "continuous_usage_stats": (False,),
        "include_obfuscation": (False,),
    }

    include_usage: bool = False


class Request(Fields):
    """What both kinds of requests have, by the names of OpenAI, vLLM and llama.cpp."""

    ASK_NOTHING: ClassVar[dict[str, tuple[Any, ...]]] = {
        "allowed_token_ids": ([],),
        "bad_words": ([],),
        "detokenize": (True,),
        "dry_multiplier": (0,),
        "dynatemp_range": (0,),
        "early_stopping": (False,),
        "frequency_penalty": (0,),
        "grammar": ("",),
        "id_slot": (-1,),
        "ignore_eos": (False,),
        "include_stop_str_in_output": (False,),
        "length_penalty": (1,),
        "logit_bias": ({}, []),
        "logits_processors": ([],),
        "logprobs": (False,),
        "lora": ([],),
        "min_keep": (0, 1),
        "min_p": (0,),
        "min_tokens": (0,),
        "mirostat": (0,),
        "n_probs": (0,),
        "post_sampling_probs": (False,),
        "presence_penalty": (0,),
        "repeat_penalty": (1,),
        "repetition_penalty": (1,),
        "response_format": ({"type": "text"},),
        "return_token_ids": (False,),
        "return_tokens": (False,),
        "return_tokens_as_token_ids": (False,),
        "service_tier": ("auto", "default"),
        "skip_special_tokens": (True,),
        "store": (False,),
        "timings_per_token": (False,),
        "top_k": (0, -1),
        "top_n_sigma": (0, -1),
        "typical": (1,),
        "typical_p": (1,),
        "use_beam_search": (False,),
        "xtc_probability": (0,),
    }
    WITHOUT_EFFECT: ClassVar[frozenset[str]] = frozenset(
        {
            "cache_prompt",
            "dry_allowed_length",
            "dry_base",
            "dry_penalty_last_n",
            "dry_sequence_breakers",
            "dynatemp_exponent",
            "metadata",
            "mirostat_eta",
            "mirostat_tau",
            "priority",
            "prompt_cache_key",
            "prompt_cache_retention",
            "repeat_last_n",
            "request_id",
            "safety_identifier",
            "spaces_between_special_tokens",
            "user",
            "xtc_threshold",
        }
    )

    model: str
    temperature: float = pydantic.Field(1.0, ge=0, le=2)
    top_p: float = pydantic.Field(1.0, gt=0, le=1)
    n: int = pydantic.Field(1, ge=1, le=16)
    seed: int | None = pydantic.Field(None, ge=-(2**63), lt=2**63)
    stop: str | list[str] = []
    stop_token_ids: list[int] = []
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    n_predict: int | None = pydantic.Field(None, ge=-1)
    max_tokens: int

    def limit(self) -> int:
        """How many tokens there may be; -1 as n_predict, llama.cpp's name, leaves that open."""
        if self.n_predict is None:
            return self.max_tokens
        return sys.maxsize if self.n_predict < 0 else self.n_predict

    def stops(self) -> list[str | int]:
        texts = [self.stop] if isinstance(self.stop, str) else self.stop
        return [*texts, *self.stop_token_ids]


class CompletionRequest(Request):
    ASK_NOTHING: ClassVar[dict[str, tuple[Any, ...]]] = {**Request.ASK_NOTHING, "suffix": ("",)}

    prompt: str | list[str] | list[int] | list[list[int]] = ""
    max_tokens: int = pydantic.Field(16, ge=0)
    echo: bool = False
    best_of: int | None = None
    special: bool = True
    add_special_tokens: bool = True

    @pydantic.field_validator("prompt", mode="before")
    @classmethod
    def refuse_truths(cls, prompt: Any) -> Any:
        items = prompt if isinstance(prompt, list) else []
        for item in items:
            if any(isinstance(id, bool) for id in (item if isinstance(item, list) else [item])):
                raise ValueError("expected texts or token ids, got true or false")
        return prompt

    @pydantic.field_validator("best_of")
    @classmethod
    def refuse_best_of(cls, best_of: int | None, others: pydantic.ValidationInfo) -> int | None:
        if best_of != others.data.get("n"):
            raise ValueError("expected no best_of other than n, which is not supported")
        return best_of

    def prompts(self) -> list[str | list[int]]:
        if isinstance(self.prompt, str):
            return [self.prompt]
        if self.prompt and isinstance(self.prompt[0], int):
            return [self.prompt]  # type: ignore[list-item]
        return list(self.prompt)  # type: ignore[arg-type]


class ChatRequest(Request):
    ASK_NOTHING: ClassVar[dict[str, tuple[Any, ...]]] = {
        **Request.ASK_NOTHING,
        "echo": (False,),
        "function_call": ("none",),
        "functions": ([],),
        "modalities": (["text"],),
        "reasoning_format": ("none",),
        "tool_choice": ("none",),
        "tools": ([],),
        "top_logprobs": (0,),
        "verbosity": ("medium",),
    }
    WITHOUT_EFFECT: ClassVar[frozenset[str]] = Request.WITHOUT_EFFECT | {"parallel_tool_calls"}

    messages: list[dict[str, Any]] = pydantic.Field(min_length=1)
    max_tokens: int = pydantic.Field(DEFAULT_CHAT_TOKENS, ge=0)
    max_completion_tokens: int | None = pydantic.Field(None, ge=0)
    add_generation_prompt: bool | None = None
    continue_final_message: bool = False
    add_special_tokens: bool = False
    documents: list[dict[str, Any]] | None = None
    chat_template_kwargs: dict[str, Any] = {}

    @pydantic.field_validator("chat_template_kwargs")
    @classmethod
    def refuse_other_conversations(cls, variables: dict[str, Any]) -> dict[str, Any]:
        for name in ("messages", "chat_template", "add_special_tokens"):
            if name in variables:
                raise ValueError(f"expected no {name} in chat_template_kwargs")
        return variables

    def limit(self) -> int:
        limit = self.max_completion_tokens
        return super().limit() if limit is None else limit

    def template_options(self) -> dict[str, Any]:
        """What `ChatTemplate.render` is given beside the messages."""
        return {
            "add_generation_prompt": self.add_generation_prompt,
            "continue_final_message": self.continue_final_message,
            "documents": self.documents,
            **self.chat_template_kwargs,
        }

    def plain_messages(self) -> list[dict[str, Any]]:
        """The messages with text as their content, whether it came in one or in parts."""
        return [_plain_message(message, f"messages.{i}") for i, message in enumerate(self.messages)]


def _plain_message(message: dict[str, Any], place: str) -> dict[str, Any]:
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or not role:
        raise ApiError(400, "expected a message with a role", param=f"{place}.role")
    place = f"{place}.content"
    if content is None and role == "assistant":
        content = ""
    if isinstance(content, list):
        for part in content:
            kind = part.get("type") if isinstance(part, dict) else None
            if kind != "text" or not isinstance(part.get("text"), str):
                got = kind if isinstance(kind, str) else type(part).__name__
                raise ApiError(400, f"expected parts of type text, got {got}", param=place)
            for name in part.keys() - {"type", "text"}:
                raise _unsupported(name, f"{place}.{name}")
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise ApiError(400, "expected content that is text or parts of it", param=place)
    return {**message, "role": role, "content": content}


class ApiError(Exception):
    """An answer in the protocol's form of errors."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {
                "message": message,
                "type": "invalid_request_error" if status < 500 else "server_error",
                "param": param,
                "code": code,
            }
        }


def _unsupported(name: str, param: str) -> ApiError:
    message = f"expected no {name}, which is not supported"
    return ApiError(400, message, param=param, code="unsupported_parameter")


class ClientLeftError(Exception):
    """Nobody waits for the answer any more."""


class Engine:
    """Runs one generation after the other, on one thread of its own. One session goes from request
    to request, so that of a conversation only what is new has to be read."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._session = model.session()
        self._executor = concurrent.futures.ThreadPoolExecutor(1, "ternary")
        self._lock = asyncio.Lock()

    async def run(
        self, ids: list[int], has_left: Callable[[], Awaitable[bool]], **options: Any
    ) -> AsyncIterator[str | Generation]:
        """Pieces of text as they come, and at the end the whole generation."""
        loop = asyncio.get_running_loop()
        async with self._lock:
            if await has_left():
                raise ClientLeftError
            generation = self.model.stream(ids, session=self._session, **options)
            try:
                while True:
                    piece = await loop.run_in_executor(self._executor, next, generation.steps, None)
                    if piece is None:
                        break
                    if await has_left():
                        raise ClientLeftError
                    if piece:
                        yield piece
            finally:
                # After a step that may still be going on for a client that has left.
                self._executor.submit(generation.close)
        yield generation


class _EndQuietly:
    """Requests that are still running are cancelled when the server stops: nothing to report."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await self._app(scope, receive, send)


def create_app(
    model: Model, name: str | None = None, *, allowed_origins: Sequence[str] | None = None
) -> fastapi.FastAPI:
    """The server of one model, which clients call `name`. `allowed_origins` are those of the web
    pages that may use it, "*" for any; by default the pages that this machine serves."""
    if model.batch != 1:
        raise Error(f"expected a model with batch 1 to serve, got batch {model.batch}")
    _ = model.tokenizer  # or an error, now
    name = name or model.info["name"]
    engine = Engine(model)
    created = int(time.time())
    app = fastapi.FastAPI(title="Ternary", openapi_url=None)
    app.add_middleware(_EndQuietly)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=allowed_origins or (),
        allow_origin_regex=LOCAL_ORIGINS if allowed_origins is None else None,
        allow_methods=["*"],
        allow_headers=["*"],
    )

    @app.exception_handler(ApiError)
    async def api_error(request: fastapi.Request, error: ApiError) -> JSONResponse:
        return JSONResponse(error.body, error.status)

    @app.exception_handler(ClientLeftError)
    async def client_left(request: fastapi.Request, error: ClientLeftError) -> JSONResponse:
        return JSONResponse({}, 499)

    @app.exception_handler(Error)
    async def ternary_error(request: fastapi.Request, error: Error) -> JSONResponse:
        return await api_error(request, ApiError(400, str(error)))

    @app.exception_handler(fastapi.exceptions.RequestValidationError)
    async def invalid(
        request: fastapi.Request, error: fastapi.exceptions.RequestValidationError
    ) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        if first["type"] == "extra_forbidden":
            return await api_error(request, _unsupported(str(first["loc"][-1]), place))
        message = first["msg"].removeprefix("Value error, ")
        return await api_error(request, ApiError(400, message, param=place or None))

    @app.exception_handler(starlette.exceptions.HTTPException)
    async def http_error(
        request: fastapi.Request, error: starlette.exceptions.HTTPException
    ) -> JSONResponse:
        return await api_error(request, ApiError(error.status_code, str(error.detail)))

    @app.exception_handler(Exception)
    async def internal_error(request: fastapi.Request, error: Exception) -> JSONResponse:
        return await api_error(request, ApiError(500, f"internal error: {type(error).__name__}"))

    card = {"id": name, "object": "model", "created": created, "owned_by": "ternary"}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/models")
    async def list_models() -> dict[str, Any]:
        return {"object": "list", "data": [card]}

    def check_model(asked: str) -> None:
        if asked != name:
            raise ApiError(
                404,
                f"expected the model '{name}', got '{asked}'",
                param="model",
                code="model_not_found",
            )

    @app.get("/v1/models/{asked:path}")
    async def get_model(asked: str) -> dict[str, Any]:
        check_model(asked)
        return card

    @app.post("/v1/completions", response_model=None)
    async def complete(
        request: CompletionRequest, http: fastapi.Request
    ) -> JSONResponse | StreamingResponse:
        check_model(request.model)
        if not request.prompts():
            raise ApiError(400, "expected at least one prompt, got none", param="prompt")
        inputs = [
            (
                await asyncio.to_thread(
                    model.encode,
                    prompt,
                    special=request.special,
                    add_special_tokens=request.add_special_tokens,
                ),
                prompt if request.echo and isinstance(prompt, str) else "",
            )
            for prompt in request.prompts()
        ]
        return await _answer(engine, http, request, _CompletionForm(name), inputs)

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: ChatRequest, http: fastapi.Request) -> JSONResponse | StreamingResponse:
        check_model(request.model)
        ids = await asyncio.to_thread(
            model.encode_chat,
            request.plain_messages(),
            add_special_tokens=request.add_special_tokens,
            **request.template_options(),
        )
        return await _answer(engine, http, request, _ChatForm(name), [(ids, "")])

    return app


class _CompletionForm:
    """How answers to completions are written."""

    kind, chunk_kind, prefix = "text_completion", "text_completion", "cmpl"

    def __init__(self, model: str) -> None:
        self._frame = {
            "id": f"{self.prefix}-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": model,
        }

    def whole(self, choices: list[dict[str, Any]], usage: dict[str, int]) -> dict[str, Any]:
        return {**self._frame, "object": self.kind, "choices": choices, "usage": usage}

    def part(self, choices: list[dict[str, Any]], usage: Any) -> dict[str, Any]:
        frame = {**self._frame, "object": self.chunk_kind, "choices": choices}
        return frame if usage is _NO_USAGE else {**frame, "usage": usage}

    def choice(self, index: int, text: str, reason: str | None) -> dict[str, Any]:
        return {"index": index, "text": text, "logprobs": None, "finish_reason": reason}

    def chunk(self, index: int, text: str, reason: str | None) -> dict[str, Any]:
        return self.choice(index, text, reason)

    def opening(self, index: int) -> dict[str, Any] | None:
        return None


class _ChatForm(_CompletionForm):
    kind, chunk_kind, prefix = "chat.completion", "chat.completion.chunk", "chatcmpl"

    def choice(self, index: int, text: str, reason: str | None) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        return {"index": index, "message": message, "logprobs": None, "finish_reason": reason}

    def chunk(self, index: int, text: str, reason: str | None) -> dict[str, Any]:
        delta = {} if reason else {"content": text}
        return {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}

    def opening(self, index: int) -> dict[str, Any] | None:
        delta = {"role": "assistant", "content": ""}
        return {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}


_NO_USAGE = object()


async def _answer(
    engine: Engine,
    http: fastapi.Request,
    request: Request,
    form: _CompletionForm,
    inputs: list[tuple[list[int], str]],
) -> JSONResponse | StreamingResponse:
    """The answers to each of `inputs`, ids and what to repeat before the text, n of each."""
    seed = secrets.randbits(63) if request.seed is None else request.seed % 2**64
    usage = {"prompt_tokens": sum(len(ids) for ids, _ in inputs)}

    def start(index: int) -> AsyncIterator[str | Generation]:
        ids, _ = inputs[index // request.n]
        return engine.run(
            ids,
            http.is_disconnected,
            max_new_tokens=request.limit(),
            temperature=request.temperature,
            top_p=request.top_p,
            seed=(seed + index % request.n) % 2**64,
            stop=request.stops(),
        )

    def account(tokens: int) -> dict[str, int]:
        return {
            **usage,
            "completion_tokens": tokens,
            "total_tokens": usage["prompt_tokens"] + tokens,
        }

    count = len(inputs) * request.n
    if request.stream:
        events = _stream(request, form, inputs, count, start, account)
        # What is wrong with the request is found by the first step, before the answer starts.
        first = await anext(events)

        async def body() -> AsyncIterator[str]:
            yield first
            async for event in events:
                yield event

        return StreamingResponse(body(), media_type="text/event-stream")

    choices = []
    tokens = 0
    for index in range(count):
        text = inputs[index // request.n][1]
        async for item in start(index):
            if isinstance(item, Generation):
                choices.append(form.choice(index, text, item.finish_reason))
                tokens += len(item.tokens)
            else:
                text += item
    return JSONResponse(form.whole(choices, account(tokens)))


async def _stream(
    request: Request,
    form: _CompletionForm,
    inputs: list[tuple[list[int], str]],
    count: int,
    start: Callable[[int], AsyncIterator[str | Generation]],
    account: Callable[[int], dict[str, int]],
) -> AsyncIterator[str]:
    with_usage = request.stream_options.include_usage
    no_usage = None if with_usage else _NO_USAGE

    def event(choices: list[dict[str, Any]], usage: Any = no_usage) -> str:
        return f"data: {json.dumps(form.part(choices, usage), ensure_ascii=False)}\n\n"

    tokens = 0
    has_started = False
    try:
        for index in range(count):
            opening = form.opening(index)
            repeated = inputs[index // request.n][1]
            async for item in start(index):
                has_started = True
                if opening:
                    yield event([opening])
                if repeated:
                    yield event([form.chunk(index, repeated, None)])
                opening, repeated = None, ""
                if isinstance(item, Generation):
                    yield event([form.chunk(index, "", item.finish_reason)])
                    tokens += len(item.tokens)
                else:
                    yield event([form.chunk(index, item, None)])
    except ClientLeftError:
        if not has_started:
            raise
        return
    except Error as error:
        if not has_started:
            raise
        yield f"data: {json.dumps(ApiError(500, str(error)).body)}\n\n"
        return
    if with_usage:
        yield event([], account(tokens))
    yield "data: [DONE]\n\n"
