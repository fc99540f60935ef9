"""Tokenizers: SentencePiece, as compiled models carry it, and Hugging Face's tokenizer.json."""

from __future__ import annotations

import functools
import itertools
import json
import os
import pathlib
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ternary import _ternary

if TYPE_CHECKING:
    import tokenizers


class ModelFiles:
    """What a model has beside its weights, by the names of files: those of a model directory, or
    what the keys of a GGUF file say instead."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = pathlib.Path(path)

    @functools.cached_property
    def _keys(self) -> tuple[dict[str, bytes], list[str]]:
        return _ternary.read_gguf_tokenizer(os.fspath(self.path))

    @property
    def _is_gguf(self) -> bool:
        return self.path.suffix == ".gguf" and not self.path.is_dir()

    @property
    def warnings(self) -> list[str]:
        """What of the tokenizer in a GGUF file could not be read."""
        return self._keys[1] if self._is_gguf else []

    def locate(self, name: str) -> str:
        """Where it is, for messages."""
        return f"{self.path}: {name}" if self._is_gguf else str(self.path / name)

    def read(self, name: str) -> bytes | None:
        """The contents of a file, None if there is no such file."""
        if self._is_gguf:
            return self._keys[0].get(name)
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _ternary.Error(f"{self.path / name}: cannot read: {error.strerror}") from error

    def read_json(self, name: str) -> dict[str, Any]:
        """The object in a JSON file, empty if there is no such file."""
        text = self.read(name)
        if text is None:
            return {}
        try:
            value = json.loads(text)
        except ValueError as error:
            raise _ternary.Error(f"{self.locate(name)}: expected a JSON file: {error}") from error
        if not isinstance(value, dict):
            raise _ternary.Error(
                f"{self.locate(name)}: expected a JSON object, got {type(value).__name__}"
            )
        return value

    def read_specials(self) -> dict[str, int]:
        """The ids of special tokens by name, as tokenizer_config.json lists them."""
        added = self.read_json("tokenizer_config.json").get("added_tokens_decoder", {})
        try:
            return {token["content"]: int(id) for id, token in added.items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _ternary.Error(
                f"{self.locate('tokenizer_config.json')}: expected added_tokens_decoder to map ids "
                "to tokens with content"
            ) from error

    def load_tokenizer(self) -> Tokenizer | None:
        """The tokenizer; None if there is none."""
        if (model := self.read("tokenizer.model")) is not None:
            name = self.locate("tokenizer.model")
            return SentencePieceTokenizer(model, name=name, specials=self.read_specials())
        if (text := self.read("tokenizer.json")) is not None:
            return HuggingFaceTokenizer.parse(text, name=self.locate("tokenizer.json"))
        return None


class TextDecoder(Protocol):
    """Turns tokens into text as they come: holds back what is only the start of a character."""

    def feed(self, token: int) -> str: ...

    def finish(self) -> str: ...


class Tokenizer(Protocol):
    """What a model needs of a tokenizer."""

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """The ids of a text, without those that a sequence starts with. With `special`, names of
        special tokens in the text, such as "</s>", are these tokens, otherwise plain text."""
        ...

    def start(self) -> list[int] | None:
        """What a sequence starts with; None: as the model says."""
        ...

    def decoder(self, *, at_start: bool = False) -> TextDecoder:
        """For the text of a sequence, from its start on or from somewhere within."""
        ...


class SentencePieceTokenizer:
    """A SentencePiece model. `specials` are the ids of special tokens by their names, beside those
    that it has itself: control tokens and the unknown one."""

    def __init__(
        self, model: bytes, *, name: str = "tokenizer", specials: Mapping[str, int] | None = None
    ) -> None:
        self._model = _ternary.SentencePiece(model, name, dict(specials or {}))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SentencePieceTokenizer:
        """From tokenizer.model, with the special tokens of the tokenizer_config.json beside it."""
        path = pathlib.Path(path)
        specials = ModelFiles(path.parent).read_specials()
        return cls(_read(path), name=str(path), specials=specials)

    def __len__(self) -> int:
        return len(self._model)

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        return self._model.encode(text, special)

    def start(self) -> list[int] | None:
        return None

    def decoder(self, *, at_start: bool = False) -> TextDecoder:
        return _SentencePieceDecoder(self._model, at_start)


class _SentencePieceDecoder:
    def __init__(self, model: _ternary.SentencePiece, at_start: bool) -> None:
        self._model = model
        self._stream = _ternary.TextStream()
        # The first space is not part of the text if encoding always adds one.
        self._drops_space = at_start and model.adds_prefix_space

    def feed(self, token: int) -> str:
        text = self._model.text(token)
        if self._drops_space:
            text = text.removeprefix(b" ")
            self._drops_space = False
        return self._stream.feed(text)

    def finish(self) -> str:
        return self._stream.finish()


class HuggingFaceTokenizer:
    """A tokenizer.json, read by the package `tokenizers`."""

    def __init__(self, tokenizer: tokenizers.Tokenizer) -> None:
        self._tokenizer = tokenizer
        # What the tokenizer was trained with and saved in the file says nothing about prompts.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        # Whether names are special is a state of the tokenizer, which must not change while
        # another thread encodes or decodes.
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> HuggingFaceTokenizer:
        return cls.parse(_read(pathlib.Path(path)), name=os.fspath(path))

    @classmethod
    def parse(cls, text: bytes, *, name: str = "tokenizer.json") -> HuggingFaceTokenizer:
        """From the contents of a tokenizer.json; `name` says in errors where it is from."""
        try:
            import tokenizers
        except ImportError as error:
            raise _ternary.Error(
                f"{name}: expected the package tokenizers to read it; pip install ternary[chat]"
            ) from error
        try:
            return cls(tokenizers.Tokenizer.from_str(text.decode("utf-8", "replace")))
        except Exception as error:  # the package raises nothing more specific
            raise _ternary.Error(f"{name}: expected a tokenizer: {error}") from error

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size()

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        with self._lock:
            self._tokenizer.encode_special_tokens = not special
            return self._tokenizer.encode(text, add_special_tokens=False).ids

    def start(self) -> list[int] | None:
        """What the tokenizer's own template puts before a text. What it puts after one, such as
        the end of the text, is not for a text to go on from."""
        with self._lock:
            encoding = self._tokenizer.encode("a", add_special_tokens=True)
        tokens = zip(encoding.ids, encoding.sequence_ids, strict=True)
        return [id for id, _ in itertools.takewhile(lambda token: token[1] is None, tokens)]

    def decoder(self, *, at_start: bool = False) -> TextDecoder:
        return _HuggingFaceDecoder(self._decode)

    def _decode(self, tokens: list[int]) -> str:
        with self._lock:
            return self._tokenizer.decode(tokens)


class _HuggingFaceDecoder:
    """Decodes the last few tokens again with each one that comes: decoders of tokenizer.json may
    make the text of a token depend on those before it."""

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._shown = 0  # tokens whose text has been given out
        self._before = 0  # where what they are decoded together with starts

    def _pending(self) -> str:
        shown = self._decode(self._tokens[self._before : self._shown])
        return self._decode(self._tokens[self._before :])[len(shown) :]

    def feed(self, token: int) -> str:
        self._tokens.append(token)
        text = self._pending()
        if text.endswith("\ufffd"):
            return ""
        self._before, self._shown = self._shown, len(self._tokens)
        return text

    def finish(self) -> str:
        return self._pending() if self._shown < len(self._tokens) else ""


def _read(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _ternary.Error(f"{path}: cannot read the tokenizer: {error.strerror}") from error


def open_tokenizer(
    tokenizer: Tokenizer | str | os.PathLike[str] | None,
) -> tuple[Tokenizer | None, ModelFiles | None]:
    """A tokenizer, or that of a file, a model directory or a GGUF file, and what is with it."""
    if not isinstance(tokenizer, str | os.PathLike):
        return tokenizer, None
    path = pathlib.Path(tokenizer)
    if path.is_dir() or path.suffix == ".gguf":
        files = ModelFiles(path)
        return files.load_tokenizer(), files
    kind = HuggingFaceTokenizer if path.suffix == ".json" else SentencePieceTokenizer
    return kind.load(path), ModelFiles(path.parent)
