"""Sessions with compiled models."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from ternary import _ternary
from ternary._arguments import as_ids, check_threads

if TYPE_CHECKING:
    from ternary._model import Model

Floats = npt.NDArray[np.float32]

# As many as keep kernels busy, and few enough for a model of billions of weights to take no longer
# than seconds.
_TOKENS_OF_PART = 128


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


def _to_numpy(tensor: _ternary.Tensor) -> Floats:
    return cast(Floats, np.from_dlpack(tensor))
