"""An HTTP server that speaks OpenAI's protocol for completions and chats."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar

import fastapi
import fastapi.exceptions
import pydantic
import starlette.exceptions
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ternary._generation import Generation
from ternary._model import Model
from ternary._ternary import Error

DEFAULT_CHAT_TOKENS = 1024


class StreamOptions(pydantic.BaseModel):
    include_usage: bool = False


class Request(pydantic.BaseModel):
    """What both kinds of requests have; null is as if it were not there. What would change the
    answer but is not supported is refused; all else that is not listed is ignored."""

    model_config = pydantic.ConfigDict(extra="allow")

    # By name, with the values that ask for nothing.
    UNSUPPORTED: ClassVar[dict[str, tuple[Any, ...]]] = {
        "frequency_penalty": (0,),
        "ignore_eos": (False,),
        "length_penalty": (1,),
        "logit_bias": ({},),
        "min_p": (0,),
        "min_tokens": (0,),
        "presence_penalty": (0,),
        "prompt_logprobs": (),
        "repetition_penalty": (1,),
        "stop_token_ids": ([],),
        "top_k": (0, -1),
        "typical_p": (1,),
        "use_beam_search": (False,),
    }

    model: str
    temperature: float = pydantic.Field(1.0, ge=0, le=2)
    top_p: float = pydantic.Field(1.0, gt=0, le=1)
    n: int = pydantic.Field(1, ge=1, le=16)
    seed: int | None = pydantic.Field(None, ge=-(2**63), lt=2**63)
    stop: str | list[str] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None

    @pydantic.model_validator(mode="before")
    @classmethod
    def drop_nulls(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value is not None}

    def unsupported(self) -> list[str]:
        return [
            name
            for name, value in (self.model_extra or {}).items()
            if name in self.UNSUPPORTED and not _is_any_of(value, self.UNSUPPORTED[name])
        ]


def _is_any_of(value: Any, others: tuple[Any, ...]) -> bool:
    """Without taking 0 for false, as Python does."""
    return any(
        isinstance(value, bool) == isinstance(other, bool) and value == other for other in others
    )


class CompletionRequest(Request):
    UNSUPPORTED: ClassVar[dict[str, tuple[Any, ...]]] = {
        **Request.UNSUPPORTED,
        "logprobs": (),
        "suffix": ("",),
    }

    prompt: str | list[str] | list[int] | list[list[int]] = ""
    max_tokens: int = pydantic.Field(16, ge=0)
    echo: bool = False
    best_of: int | None = None

    @pydantic.field_validator("prompt", mode="before")
    @classmethod
    def refuse_truths(cls, prompt: Any) -> Any:
        items = prompt if isinstance(prompt, list) else []
        for item in items:
            if any(isinstance(id, bool) for id in (item if isinstance(item, list) else [item])):
                raise ValueError("expected texts or token ids, got true or false")
        return prompt

    def unsupported(self) -> list[str]:
        names = ["best_of"] if self.best_of not in (None, self.n) else []
        return super().unsupported() + names

    def prompts(self) -> list[str | list[int]]:
        if isinstance(self.prompt, str):
            return [self.prompt]
        if self.prompt and isinstance(self.prompt[0], int):
            return [self.prompt]  # type: ignore[list-item]
        return list(self.prompt)  # type: ignore[arg-type]


class ChatRequest(Request):
    UNSUPPORTED: ClassVar[dict[str, tuple[Any, ...]]] = {
        **Request.UNSUPPORTED,
        "audio": (),
        "function_call": ("none",),
        "functions": ([],),
        "logprobs": (False,),
        "modalities": (["text"],),
        "response_format": ({"type": "text"},),
        "tool_choice": ("none",),
        "tools": ([],),
        "top_logprobs": (0,),
        "web_search_options": (),
    }

    messages: list[dict[str, Any]] = pydantic.Field(min_length=1)
    max_tokens: int = pydantic.Field(DEFAULT_CHAT_TOKENS, ge=0)
    max_completion_tokens: int | None = pydantic.Field(None, ge=0)

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


class ClientLeftError(Exception):
    """Nobody waits for the answer any more."""


class Engine:
    """Runs one generation after the other, on one thread of its own: OpenMP keeps threads for each
    thread that calls it. One session goes from request to request, so that of a conversation only
    what is new has to be read."""

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


def create_app(model: Model, name: str | None = None) -> fastapi.FastAPI:
    """The server of one model, which clients call `name`."""
    if model.batch != 1:
        raise Error(f"expected a model with batch 1 to serve, got batch {model.batch}")
    _ = model.tokenizer  # or an error, now
    name = name or model.info["name"]
    engine = Engine(model)
    created = int(time.time())
    app = fastapi.FastAPI(title="Ternary", openapi_url=None)
    app.add_middleware(_EndQuietly)

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

    def check(request: Request) -> None:
        check_model(request.model)
        if unsupported := request.unsupported():
            raise ApiError(
                400,
                f"expected no {unsupported[0]}, which is not supported",
                param=unsupported[0],
                code="unsupported_parameter",
            )

    @app.post("/v1/completions", response_model=None)
    async def complete(
        request: CompletionRequest, http: fastapi.Request
    ) -> JSONResponse | StreamingResponse:
        check(request)
        if not request.prompts():
            raise ApiError(400, "expected at least one prompt, got none", param="prompt")
        inputs = [
            (
                await asyncio.to_thread(model.encode, prompt),
                prompt if request.echo and isinstance(prompt, str) else "",
            )
            for prompt in request.prompts()
        ]
        return await _answer(
            engine, http, request, _CompletionForm(name), inputs, request.max_tokens
        )

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: ChatRequest, http: fastapi.Request) -> JSONResponse | StreamingResponse:
        check(request)
        limit = request.max_completion_tokens
        limit = request.max_tokens if limit is None else limit
        ids = await asyncio.to_thread(model.encode_chat, request.plain_messages())
        return await _answer(engine, http, request, _ChatForm(name), [(ids, "")], limit)

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
    max_tokens: int,
) -> JSONResponse | StreamingResponse:
    """The answers to each of `inputs`, ids and what to repeat before the text, n of each."""
    seed = secrets.randbits(63) if request.seed is None else request.seed % 2**64
    usage = {"prompt_tokens": sum(len(ids) for ids, _ in inputs)}

    def start(index: int) -> AsyncIterator[str | Generation]:
        ids, _ = inputs[index // request.n]
        return engine.run(
            ids,
            http.is_disconnected,
            max_new_tokens=max_tokens,
            temperature=request.temperature,
            top_p=request.top_p,
            seed=(seed + index % request.n) % 2**64,
            stop=() if request.stop is None else request.stop,
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
    with_usage = request.stream_options is not None and request.stream_options.include_usage
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
