"""Compiled models and sessions with them."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral
from types import TracebackType
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
from ternary._tokenizer import (
    ModelFiles,
    SentencePieceTokenizer,
    TextDecoder,
    Tokenizer,
    open_tokenizer,
)

Path = str | os.PathLike[str]
Floats = npt.NDArray[np.float32]
Prompt = str | Sequence[int] | npt.NDArray[np.integer[Any]]


# As many as keep kernels busy, and few enough for a model of billions of weights to take no longer
# than seconds.
_TOKENS_OF_PART = 128


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


class Session:
    """Sequences in progress. One thread at a time may use it."""

    def __init__(self, model: Model, threads: int | None = None) -> None:
        self.model = model
        threads = model.threads if threads is None else check_threads(threads)
        self._session = _ternary.CompiledSession(model._compiled, threads)
        # What has been consumed, if that is known: of one sequence that was not restored.
        self._consumed: list[int] | None = []
        self._changes = 0  # counted, so that a text in the making knows of others

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees its memory. Nothing but this can be called after it."""
        if not self._session.closed:
            self._session.close()

    @property
    def position(self) -> int:
        """How many tokens of each sequence have been consumed."""
        return self._session.position

    @property
    def is_full(self) -> bool:
        """Whether the model allows no more tokens."""
        return 0 < self.model.info["max_tokens"] <= self.position

    def reset(self) -> None:
        """Back to the start."""
        self._session.reset()
        self._changes += 1
        self._consumed = []

    def prefill(self, ids: Any) -> Floats:
        """Consumes ids [B, T], any number of tokens, and returns the logits [B, V] that follow;
        for one sequence, ids may be [T] and the logits are [V]."""
        return self._drop_batch(ids, _to_numpy(self._step(ids)))

    def prefill_all(self, ids: Any) -> Floats:
        """The same with the logits at every position, [B, T, V] or [T, V]."""
        array = self._check(ids)
        with self._consuming(array):
            logits = self._session.prefill_all(array)
        return self._drop_batch(ids, _to_numpy(logits))

    def decode(self, ids: Any) -> Floats:
        """Consumes one token of each sequence, ids [B] or a single one; logits [B, V] or [V]."""
        array = np.asarray(ids)
        if array.ndim > 1 or array.size != self.model.batch:
            raise _ternary.Error(
                f"expected one token for each of {self.model.batch} sequences, "
                f"got shape {list(array.shape)}"
            )
        logits = _to_numpy(self._step(array.reshape(-1, 1)))
        return logits if array.ndim else logits[0]

    def save(self) -> bytes:
        """All that has been consumed, as bytes from which `restore` goes on. They are as large as
        the state of the model: of a recurrent one small, of attention over long texts not."""
        return self._session.save()

    def restore(self, saved: bytes, ids: Sequence[int] | None = None) -> None:
        """Goes on from where a session of the same model was saved. Damaged bytes and those of
        another model are refused, and the session stays as it is.

        `ids` are what the saved session had consumed. With them, `Model.stream` can tell whether
        a prompt goes on from there; without, it starts over.
        """
        consumed = None if ids is None else as_ids(ids, 1, self.model.info["vocab"])[0].tolist()
        saved = bytes(saved)
        if consumed is not None:
            position = self._session.saved_position(saved)
            if position != len(consumed):
                raise _ternary.Error(
                    f"expected the {position} ids that were consumed, got {len(consumed)}"
                )
        self._session.restore(saved)
        self._changes += 1
        self._consumed = consumed

    def _check(self, ids: Any) -> npt.NDArray[np.int32]:
        info = self.model.info
        array = as_ids(ids, info["batch"], info["vocab"])
        most, position = info["max_tokens"], self.position
        if most and position + array.shape[1] > most:
            raise _ternary.Error(
                f"expected at most {most} tokens in a sequence, got {position} and "
                f"{array.shape[1]} more"
            )
        return array

    @contextlib.contextmanager
    def _consuming(self, array: npt.NDArray[np.int32]) -> Iterator[None]:
        """Whoever is interrupted does not know how much has been consumed."""
        consumed, self._consumed = self._consumed, None
        self._changes += 1
        yield
        if consumed is not None and self.model.batch == 1:
            consumed.extend(array[0].tolist())
            self._consumed = consumed

    def _consume(self, ids: Any, *, wanted: bool) -> _ternary.Tensor | None:
        """Consumes ids [B, T]; the logits that follow, if they are wanted."""
        array = self._check(ids)
        with self._consuming(array):
            return self._session.prefill(array, wanted)

    def _step(self, ids: Any) -> _ternary.Tensor:
        logits = self._consume(ids, wanted=True)
        assert logits is not None
        return logits

    def _parts_missing(self, ids: Sequence[int]) -> list[list[int]]:
        """What is missing of a sequence, or all of it if something else was consumed, in parts
        between which there is time to look whether to go on."""
        known = self._consumed
        if known is None or len(known) >= len(ids) or list(ids[: len(known)]) != known:
            self.reset()
            known = []
        missing = list(ids[len(known) :])
        self._check([missing])
        return [
            missing[at : at + _TOKENS_OF_PART] for at in range(0, len(missing), _TOKENS_OF_PART)
        ]

    def _drop_batch(self, ids: Any, logits: Floats) -> Floats:
        return logits[0] if np.ndim(ids) == 1 else logits


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


def _to_numpy(tensor: _ternary.Tensor) -> Floats:
    return cast(Floats, np.from_dlpack(tensor))


def _make_sampler(temperature: float, top_p: float, seed: int) -> _ternary.Sampler:
    return _ternary.Sampler(temperature, top_p, check_seed(seed))
