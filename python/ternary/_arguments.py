"""Checks of arguments, and arrays of token ids and weights from whatever holds them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from ternary._ternary import Error, available_threads

_CPU = 1  # as DLPack numbers kinds of devices


def as_array(value: Any, what: str = "ids") -> npt.NDArray[Any]:
    """The array that `value` is, or that something with memory of its own shares by DLPack."""
    device = getattr(value, "__dlpack_device__", None)
    if device is not None and not isinstance(value, np.ndarray):
        kind = int(device()[0])
        if kind != _CPU:
            raise Error(f"expected {what} in the CPU's memory, got DLPack device {kind}")
        try:
            return np.from_dlpack(value)
        except (BufferError, RuntimeError, TypeError) as error:
            raise Error(f"expected {what} that NumPy can take: {error}") from error
    try:
        return np.asarray(value)
    except ValueError as error:
        raise Error(f"expected {what} of one length: {error}") from error


def as_ids(ids: Any, batch: int, vocab: int) -> npt.NDArray[np.int32]:
    """ids [B, T] or, for one sequence, [T], of any integer type, checked. It is a copy, since
    others may write to theirs between the check and the use."""
    array = np.array(as_array(ids), order="C")
    if array.dtype.kind not in "iu" and array.size > 0:
        raise Error(f"expected ids of an integer type, got {array.dtype}")
    if array.ndim == 1 and batch == 1:
        array = array[None]
    if array.ndim != 2 or array.shape[0] != batch or array.shape[1] == 0:
        raise Error(f"expected ids of shape [{batch}, T], got {list(array.shape)}")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= vocab:
        got = low if low < 0 else high
        raise Error(f"expected token ids from 0 to {vocab - 1}, got {got}")
    return array.astype(np.int32, copy=False)


def as_weights(array: npt.ArrayLike) -> tuple[str, npt.NDArray[Any]]:
    """The name of an array's type, and its memory, contiguous and of a type that the buffer
    protocol knows."""
    array = np.ascontiguousarray(array)
    name = array.dtype.name
    return name, array.view(np.uint16) if name == "bfloat16" else array


def as_integer(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise Error(f"expected {name} to be an integer, got {value!r}") from None


def check_count(name: str, count: int) -> int:
    count = as_integer(name, count)
    if count < 0:
        raise Error(f"expected {name} of at least 0, got {count}")
    return count


def check_threads(threads: int | None) -> int:
    if threads is None:
        return available_threads()
    threads = as_integer("threads", threads)
    if not 1 <= threads <= 1024:
        raise Error(f"expected from 1 to 1024 threads, got {threads}")
    return threads


def check_seed(seed: int) -> int:
    seed = as_integer("the seed", seed)
    if not 0 <= seed < 1 << 64:
        raise Error(f"expected a seed from 0 to 2^64 - 1, got {seed}")
    return seed


def check_text(text: str) -> None:
    """Strings may hold halves of characters, which UTF-8 has no bytes for."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Error(f"expected text in Unicode, got {text[error.start]!r}") from error
