"""Generating text: the loop of sampling and decoding, and where it ends."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from numbers import Integral
from typing import Literal

from ternary import _ternary
from ternary._session import Session
from ternary._tokenizer import TextDecoder

Stop = str | int | Iterable[str | int] | None
FinishReason = Literal["stop", "length"]


class StopCriteria:
    """What ends a text: texts and tokens."""

    def __init__(self, stop: Stop, more: Iterable[int] = ()) -> None:
        if stop is None:
            stop = ()
        items = list(stop) if isinstance(stop, Iterable) and not _is_one(stop) else [stop]
        self.texts: list[str] = []
        self.tokens = set(more)
        for item in items:
            if isinstance(item, str) and item:
                self.texts.append(item)
            elif isinstance(item, Integral) and not isinstance(item, bool):
                self.tokens.add(int(item))
            else:
                raise _ternary.Error(f"expected stop to be texts and token ids, got {item!r}")


def _is_one(stop: Iterable[object]) -> bool:
    """Whether it is a text, or bytes, which are not the numbers that they consist of."""
    return isinstance(stop, str | bytes | bytearray | memoryview)


class StopFilter:
    """Passes text on until one of some texts comes, and holds back what may be its start."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        self._held += text
        # The first to be complete, whatever pieces the text comes in.
        places = ((self._held.find(stop), len(stop)) for stop in self._texts)
        found = [(at + length, at) for at, length in places if at >= 0]
        if found:
            self.found = True
            _, at = min(found)
            passed, self._held = self._held[:at], ""
            return passed
        keep = max((_overlap(self._held, stop) for stop in self._texts), default=0)
        end = len(self._held) - keep
        passed, self._held = self._held[:end], self._held[end:]
        return passed

    def finish(self) -> str:
        rest, self._held = self._held, ""
        return rest


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` are the start of `stop`."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if stop.startswith(text[-length:]):
            return length
    return 0


class Generation(Iterator[str]):
    """A text in the making: iterating gives the pieces as they come.

    What it says of itself is final once the iteration has ended.
    """

    def __init__(
        self,
        session: Session,
        ids: Sequence[int],
        *,
        max_new_tokens: int,
        sampler: _ternary.Sampler,
        stop: StopCriteria,
        decoder: TextDecoder | None,
    ) -> None:
        """See `Model.stream`. Without a decoder there are tokens and no text."""
        self.text = ""
        """What has come so far."""
        self.tokens: list[int] = []
        """The tokens of it, without one that ended it."""
        self.finish_reason: FinishReason | None = None
        """"stop" if the model or a stop text ended it, "length" if there was no more room."""
        self.prompt_tokens = len(ids)
        self.prompt_seconds = 0.0
        self.seconds = 0.0
        """Time taken by all tokens but the prompt's."""
        self.steps = self._run(session, ids, max_new_tokens, sampler, stop, decoder)
        """The same, with an empty piece after each step that gave no text: whoever wants to do
        something else, or end it, while a long prompt is read iterates over this instead."""

    def __next__(self) -> str:
        while not (piece := next(self.steps)):
            pass
        return piece

    def close(self) -> None:
        """Ends it here."""
        self.steps.close()

    @property
    def tokens_per_second(self) -> float:
        return len(self.tokens) / self.seconds if self.seconds > 0 else 0.0

    def _run(
        self,
        session: Session,
        ids: Sequence[int],
        max_new_tokens: int,
        sampler: _ternary.Sampler,
        stop: StopCriteria,
        decoder: TextDecoder | None,
    ) -> Generator[str, None, None]:
        parts = session._parts_missing(ids)
        changes = session._changes

        def check_session() -> None:
            if session._changes != changes:
                raise _ternary.Error(
                    "expected a session that nothing else uses until the text has ended"
                )

        logits: _ternary.Tensor | None = None
        for part in parts:
            check_session()
            start = time.perf_counter()
            logits = session._consume([part], wanted=part is parts[-1])
            self.prompt_seconds += time.perf_counter() - start
            changes = session._changes
            yield ""
        assert logits is not None

        texts = StopFilter(stop.texts)
        start = time.perf_counter()
        while self.finish_reason is None:
            check_session()
            if len(self.tokens) >= max_new_tokens or session.is_full and self.tokens:
                self.finish_reason = "length"
                break
            if self.tokens:
                logits = session._step([self.tokens[-1:]])
                changes = session._changes
            token = sampler.sample(logits)
            self.seconds = time.perf_counter() - start
            if token in stop.tokens:
                self.finish_reason = "stop"
                break
            self.tokens.append(token)
            piece = ""
            if decoder is not None:
                piece = texts.feed(decoder.feed(token))
                self.text += piece
            if texts.found:
                self.finish_reason = "stop"
            yield piece
        if decoder is not None and not texts.found:
            piece = texts.feed(decoder.finish())
            piece += texts.finish()
            self.text += piece
            yield piece


def generate_batch(
    session: Session,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    samplers: Sequence[_ternary.Sampler],
    stop: StopCriteria,
    decoders: Sequence[TextDecoder | None],
) -> tuple[list[str], list[list[int]]]:
    """Texts and tokens after as many prompts as the model has sequences, each as if it were alone.

    Steps take one token of each sequence. One with a shorter prompt goes on with what it generates
    while the others still read; one that has ended is fed any token, since nobody looks.
    """
    count = len(prompts)
    read = min(map(len, prompts))
    logits = session._step([prompt[:read] for prompt in prompts])
    filters = [StopFilter(stop.texts) for _ in prompts]
    texts = [""] * count
    generated: list[list[int]] = [[] for _ in prompts]
    running = set(range(count)) if max_new_tokens > 0 else set()
    while True:
        step = []
        for row, (prompt, decoder) in enumerate(zip(prompts, decoders, strict=True)):
            token = prompt[0]
            if row in running and read < len(prompt):
                token = prompt[read]
            elif row in running:
                token = samplers[row].sample(logits, row)
                if token in stop.tokens:
                    running.discard(row)
                else:
                    generated[row].append(token)
                    if decoder is not None:
                        texts[row] += filters[row].feed(decoder.feed(token))
                    if filters[row].found or len(generated[row]) >= max_new_tokens:
                        running.discard(row)
            step.append([token])
        if not running or session.is_full:
            break
        logits = session._step(step)
        read += 1
    for row, (decoder, texts_of_row) in enumerate(zip(decoders, filters, strict=True)):
        if decoder is not None and not texts_of_row.found:
            texts[row] += texts_of_row.feed(decoder.finish()) + texts_of_row.finish()
    return texts, generated
