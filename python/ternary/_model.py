"""Compiled models."""

from __future__ import annotations

import errno
import functools
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any, Literal, cast, overload

import numpy as np
import numpy.typing as npt

from ternary import _ternary
from ternary._arguments import (
    as_array,
    as_ids,
    check_count,
    check_seed,
    check_text,
    check_threads,
)
from ternary._chat import ChatTemplate, Message
from ternary._generation import Generation, Stop, StopCriteria, generate_batch
from ternary._session import Floats, Session
from ternary._tokenizer import (
    ModelFiles,
    SentencePieceTokenizer,
    TextDecoder,
    Tokenizer,
    open_tokenizer,
)

Path = str | os.PathLike[str]
Prompt = str | Sequence[int] | npt.NDArray[np.integer[Any]]


class Model:
    """A compiled model with its weights. Threads may share it."""

    def __init__(
        self,
        compiled: _ternary.CompiledModel,
        *,
        threads: int | None = None,
        tokenizer: Tokenizer | None = None,
        files: ModelFiles | None = None,
        folder: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        """For `Model.load` and `Graph.compile`."""
        self._compiled = compiled
        self._threads = check_threads(threads)
        self._tokenizer = tokenizer
        self._files = files
        self._folder = folder  # goes with the model
        self.info: dict[str, Any] = compiled.info()
        """What the compiler says of the model: name, sizes, special tokens, kernel, ..."""

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        weights: Path = "",
        threads: int | None = None,
        tokenizer: Tokenizer | Path | None = None,
    ) -> Model:
        """Loads a shared object that the compiler made, with its archive of weights.

        `tokenizer` is one, or a file, or a model directory or GGUF file, whose chat template comes
        with it; by default it is the one inside the object.
        """
        tokenizer, files = open_tokenizer(tokenizer)
        return cls(
            _ternary.CompiledModel(os.path.abspath(path), os.fspath(weights)),
            threads=threads,
            tokenizer=tokenizer,
            files=files,
        )

    def __repr__(self) -> str:
        info = self.info
        return (
            f"<ternary.Model '{info['name']}', {info['layers']} layers of {info['hidden']}, "
            f"batch {info['batch']}, {info['kernel']} kernels>"
        )

    @property
    def path(self) -> str:
        """The shared object's."""
        return self._compiled.path

    @property
    def batch(self) -> int:
        """How many sequences a session has."""
        return self.info["batch"]

    @property
    def threads(self) -> int:
        """How many a session uses when it is not told otherwise."""
        return self._threads

    def save(self, path: Path) -> None:
        """Copies the shared object, with the weights in it. A file that is there is replaced;
        whoever has it loaded keeps the old one."""
        if not self.info["embeds_weights"]:
            raise _ternary.Error(
                f"{self.path}: expected weights inside the model; compile to where it should be"
            )
        target = os.path.realpath(path)
        if target != os.path.realpath(self.path):
            try:
                _replace_by_copy(self.path, target)
            except OSError as error:
                raise _ternary.Error(f"{path}: cannot save the model: {error.strerror}") from error

    def verify(self) -> None:
        """Raises unless the weights in memory match their checksum."""
        self._compiled.verify()

    @property
    def tokenizer(self) -> Tokenizer:
        """What it was given, or what is inside the object, or beside the weights."""
        if self._tokenizer is None:
            embedded = self._compiled.tokenizer()
            if embedded is not None:
                specials = self._files.read_specials() if self._files else None
                self._tokenizer = SentencePieceTokenizer(
                    embedded, name=self.path, specials=specials
                )
            elif self._files is not None:
                self._tokenizer = self._files.load_tokenizer()
        if self._tokenizer is None:
            reasons = self._files.warnings if self._files else []
            raise _ternary.Error(
                f"{self.path}: expected a tokenizer in the model, got none (see generate_ids)"
                + "".join(f"; {reason}" for reason in reasons)
            )
        return self._tokenizer

    @functools.cached_property
    def chat_template(self) -> ChatTemplate | None:
        """That of the model directory or GGUF file, if there is one."""
        return ChatTemplate.find(self._files) if self._files else None

    @property
    def stop_ids(self) -> set[int]:
        """Tokens that end a text: that of the model and those of generation_config.json."""
        ids = set(self.info["eos_ids"])
        if self._files is not None:
            name = "generation_config.json"
            eos = self._files.read_json(name).get("eos_token_id", [])
            eos = [eos] if isinstance(eos, int) else eos
            if not isinstance(eos, list) or not all(isinstance(id, int) for id in eos):
                raise _ternary.Error(
                    f"{self._files.locate(name)}: expected eos_token_id to be one id or a list"
                )
            ids |= set(eos)
        return ids

    def encode(
        self, prompt: Prompt, *, special: bool = True, add_special_tokens: bool = True
    ) -> list[int]:
        """The ids of a prompt; ids are taken as they are.

        With `special`, names of special tokens in a text, such as "</s>", are these tokens,
        otherwise plain text. With `add_special_tokens`, what a sequence starts with comes first,
        unless the text has it already.
        """
        if not isinstance(prompt, str):
            return as_ids(prompt, 1, self.info["vocab"])[0].tolist()
        check_text(prompt)
        ids = self.tokenizer.encode(prompt, special=special)
        start = self._start_ids() if add_special_tokens else []
        if ids[: len(start)] != start:
            ids = [*start, *ids]
        return self._check_prompt(ids)

    def _start_ids(self) -> list[int]:
        """What a sequence starts with."""
        start = self.tokenizer.start()
        if start is None:
            return [self.info["bos_id"]] if self.info["bos_id"] >= 0 else []
        return start

    def encode_chat(
        self, messages: Iterable[Message], *, add_special_tokens: bool = False, **options: Any
    ) -> list[int]:
        """The ids of a conversation up to where the model's answer starts; `options` are those of
        `ChatTemplate.render`. As in Transformers, the chat template writes all that is there, what
        a sequence starts with included, and names of special tokens are these tokens wherever they
        stand, in messages as well."""
        template = self.chat_template
        if template is None:
            raise _ternary.Error(
                f"model '{self.info['name']}': expected a chat template in tokenizer_config.json, "
                "got none"
            )
        return self.encode(
            template.render(messages, **options), add_special_tokens=add_special_tokens
        )

    def session(self, *, threads: int | None = None) -> Session:
        """A new session, at the start of its sequences."""
        return Session(self, threads)

    def logits(self, ids: Any, *, threads: int | None = None) -> Floats:
        """Logits [B, T, V] at every position of ids [B, T]; [T, V] for ids [T]."""
        with self.session(threads=threads) as session:
            return session.prefill_all(ids)

    @overload
    def generate(
        self, prompt: Prompt, *, stream: Literal[False] = False, **options: Any
    ) -> str: ...
    @overload
    def generate(self, prompt: Prompt, *, stream: Literal[True], **options: Any) -> Generation: ...
    @overload
    def generate(self, prompt: list[Prompt], **options: Any) -> list[str]: ...

    def generate(
        self, prompt: Prompt | list[Prompt], *, stream: bool = False, **options: Any
    ) -> str | list[str] | Generation:
        """The text that the model goes on with after `prompt`; options are those of `stream`.

        A model that was compiled for several sequences takes a list of as many prompts, or ids
        [B, T], and gives a list of texts; the seed of each is one more than that of the one before.
        """
        prompts = _as_batch(prompt)
        if prompts is not None:
            if stream:
                raise _ternary.Error("expected one prompt to stream, got a list")
            return self._generate_batch(prompts, **options)[0]
        generation = self.stream(cast(Prompt, prompt), **options)
        if stream:
            return generation
        for _ in generation:
            pass
        return generation.text

    def generate_ids(
        self, prompt: Prompt | list[Prompt], **options: Any
    ) -> list[int] | list[list[int]]:
        """The same from ids to ids, for which no tokenizer is needed: the tokens that follow,
        without one that ended them. `stop` are token ids."""
        prompts = _as_batch(prompt)
        if prompts is not None:
            return self._generate_batch(prompts, text=False, **options)[1]
        generation = self._start(cast(Prompt, prompt), text=False, **options)
        for _ in generation:
            pass
        return generation.tokens

    def stream(
        self,
        prompt: Prompt,
        *,
        max_new_tokens: int = 256,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        stop: Stop = (),
        special: bool = True,
        threads: int | None = None,
        session: Session | None = None,
    ) -> Generation:
        """The same as an iterator over pieces of the text, as they come.

        temperature 0 takes the likeliest token, always; otherwise a token is drawn from the
        smallest set with probability `top_p`. The same seed gives the same text on every machine.
        `stop` are texts and token ids that end it, beside the model's own. `special` is as for
        `encode`. In a `session` that has consumed the start of the prompt only the rest is read; it
        is for nothing else until the text has ended.
        """
        return self._start(
            prompt,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            seed=seed,
            stop=stop,
            special=special,
            threads=threads,
            session=session,
        )

    def _start(
        self,
        prompt: Prompt,
        *,
        text: bool = True,
        max_new_tokens: int = 256,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        stop: Stop = (),
        special: bool = True,
        threads: int | None = None,
        session: Session | None = None,
    ) -> Generation:
        if self.batch != 1:
            raise _ternary.Error(
                f"expected a model with batch 1 for one prompt, got batch {self.batch}"
            )
        return Generation(
            ids=self.encode(prompt, special=special),
            max_new_tokens=check_count("max_new_tokens", max_new_tokens),
            sampler=_make_sampler(temperature, top_p, seed),
            stop=self._stop(stop, text),
            decoder=self._decoder(prompt) if text else None,
            session=self.session(threads=threads) if session is None else session,
        )

    def _generate_batch(
        self,
        prompts: list[Prompt],
        *,
        text: bool = True,
        max_new_tokens: int = 256,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int = 0,
        stop: Stop = (),
        special: bool = True,
        threads: int | None = None,
    ) -> tuple[list[str], list[list[int]]]:
        if len(prompts) != self.batch:
            raise _ternary.Error(
                f"expected as many prompts as the batch of {self.batch}, got {len(prompts)}"
            )
        seed = check_seed(seed)
        with self.session(threads=threads) as session:
            return generate_batch(
                session,
                [self.encode(prompt, special=special) for prompt in prompts],
                max_new_tokens=check_count("max_new_tokens", max_new_tokens),
                samplers=[_make_sampler(temperature, top_p, seed + i) for i in range(self.batch)],
                stop=self._stop(stop, text),
                decoders=[self._decoder(prompt) if text else None for prompt in prompts],
            )

    def _stop(self, stop: Stop, text: bool) -> StopCriteria:
        criteria = StopCriteria(stop, self.stop_ids)
        if criteria.texts and not text:
            raise _ternary.Error(f"expected stop to be token ids, got {criteria.texts[0]!r}")
        return criteria

    def _decoder(self, prompt: Prompt) -> TextDecoder:
        """For the text after a prompt."""
        return self.tokenizer.decoder(at_start=isinstance(prompt, str) and prompt == "")

    def stats(self) -> dict[str, int]:
        """Where bytes and operations go: of the model, of one session, and of one token."""
        names = (
            "packed_weight_bytes",
            "state_bytes",
            "workspace_bytes",
            "weight_bytes_per_token",
            "macs_per_token",
        )
        object_bytes = os.path.getsize(self.path) if os.path.exists(self.path) else 0
        return {name: self.info[name] for name in names} | {
            "object_bytes": object_bytes,
            "resident_bytes": _ternary.resident_bytes(),
        }

    def _check_prompt(self, ids: list[int]) -> list[int]:
        if not ids:
            raise _ternary.Error("expected a prompt of at least one token, got none")
        for id in ids:
            if not 0 <= id < self.info["vocab"]:
                raise _ternary.Error(
                    f"expected a tokenizer of at most {self.info['vocab']} tokens, got token {id}"
                )
        return ids


def _as_batch(prompt: Any) -> list[Prompt] | None:
    """The prompts in a list of them or in ids [B, T]; None if it is a single one."""
    if isinstance(prompt, list):
        return None if all(isinstance(item, Integral) for item in prompt) else prompt
    if isinstance(prompt, str):
        return None
    array = as_array(prompt)
    return list(array) if array.ndim == 2 else None


def _replace_by_copy(source: str, target: str) -> None:
    """Copies a file to where one may be whose memory is mapped, and so must not change."""
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    with tempfile.TemporaryDirectory(prefix=".ternary-", dir=os.path.dirname(target)) as folder:
        copy = shutil.copy(source, os.path.join(folder, "copy"))
        os.replace(copy, target)


def _make_sampler(temperature: float, top_p: float, seed: int) -> _ternary.Sampler:
    return _ternary.Sampler(temperature, top_p, check_seed(seed))
