"""Generating text: the loop of sampling and decoding, and where it ends."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from ternary import _ternary

if TYPE_CHECKING:
    from ternary._model import Model, Session

Stop = str | int | Iterable[str | int]
FinishReason = Literal["stop", "length"]


class StopCriteria:
    """What ends a text: texts and tokens."""

    def __init__(self, stop: Stop, more: Iterable[int] = ()) -> None:
        items = [stop] if isinstance(stop, str | int) else list(stop)
        for item in items:
            if not isinstance(item, str | int) or item == "":
                raise _ternary.Error(f"expected stop to be texts and token ids, got {item!r}")
        self.texts = [item for item in items if isinstance(item, str)]
        self.tokens = {item for item in items if isinstance(item, int)} | set(more)


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
        model: Model,
        session: Session,
        ids: Sequence[int],
        *,
        max_new_tokens: int,
        sampler: _ternary.Sampler,
        stop: StopCriteria,
        at_start: bool,
    ) -> None:
        """See `Model.stream`."""
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
        self._pieces = self._run(model, session, ids, max_new_tokens, sampler, stop, at_start)

    def __next__(self) -> str:
        return next(self._pieces)

    def close(self) -> None:
        """Ends it here."""
        self._pieces.close()

    @property
    def tokens_per_second(self) -> float:
        return len(self.tokens) / self.seconds if self.seconds > 0 else 0.0

    def _run(
        self,
        model: Model,
        session: Session,
        ids: Sequence[int],
        max_new_tokens: int,
        sampler: _ternary.Sampler,
        stop: StopCriteria,
        at_start: bool,
    ) -> Generator[str, None, None]:
        start = time.perf_counter()
        logits = session._advance_to(ids)
        self.prompt_seconds = time.perf_counter() - start

        decoder = model.tokenizer.decoder(at_start=at_start)
        texts = StopFilter(stop.texts)
        start = time.perf_counter()
        while self.finish_reason is None:
            if len(self.tokens) == max_new_tokens or session.is_full and self.tokens:
                self.finish_reason = "length"
                break
            if self.tokens:
                logits = session._step([self.tokens[-1:]])
            token = sampler.sample(logits)
            self.seconds = time.perf_counter() - start
            if token in stop.tokens:
                self.finish_reason = "stop"
                break
            self.tokens.append(token)
            piece = texts.feed(decoder.feed(token))
            if texts.found:
                self.finish_reason = "stop"
            if piece:
                self.text += piece
                yield piece
        if not texts.found:
            piece = texts.feed(decoder.finish())
            piece += texts.finish()
            if piece:
                self.text += piece
                yield piece


def generate_batch(
    model: Model,
    session: Session,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    samplers: Sequence[_ternary.Sampler],
    stop: StopCriteria,
    at_start: Sequence[bool],
) -> list[str]:
    """Texts after as many prompts as the model has sequences, each as if it were alone.

    Steps take one token of each sequence. One with a shorter prompt goes on with what it generates
    while the others still read; one that has ended is fed any token, since nobody looks.
    """
    count = len(prompts)
    read = min(map(len, prompts))
    logits = session._step([prompt[:read] for prompt in prompts])
    decoders = [model.tokenizer.decoder(at_start=start) for start in at_start]
    filters = [StopFilter(stop.texts) for _ in prompts]
    texts = [""] * count
    generated = [0] * count
    running = set(range(count)) if max_new_tokens > 0 else set()
    while True:
        step = []
        for row, prompt in enumerate(prompts):
            token = prompt[0]
            if row in running and read < len(prompt):
                token = prompt[read]
            elif row in running:
                token = samplers[row].sample(logits, row)
                if token in stop.tokens:
                    running.discard(row)
                else:
                    generated[row] += 1
                    texts[row] += filters[row].feed(decoders[row].feed(token))
                    if filters[row].found or generated[row] == max_new_tokens:
                        running.discard(row)
            step.append([token])
        if not running or session.is_full:
            break
        logits = session._step(step)
        read += 1
    for row, (decoder, texts_of_row) in enumerate(zip(decoders, filters, strict=True)):
        if not texts_of_row.found:
            texts[row] += texts_of_row.feed(decoder.finish()) + texts_of_row.finish()
    return texts
