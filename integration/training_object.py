"""A compiled training object, driven from Python: what ternary-train does, in small.

Mirrors runtime/include/ternary/training.h.
"""

import ctypes
import pathlib

import numpy as np


class Parameter(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rank", ctypes.c_int64),
        ("offset", ctypes.c_uint64),
        ("count", ctypes.c_uint64),
        ("decays", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    ]


class Optimizer(ctypes.Structure):
    _fields_ = [
        ("learning_rate", ctypes.c_float),
        ("final_fraction", ctypes.c_float),
        ("beta1", ctypes.c_float),
        ("beta2", ctypes.c_float),
        ("epsilon", ctypes.c_float),
        ("weight_decay", ctypes.c_float),
        ("clip_norm", ctypes.c_float),
        ("reserved", ctypes.c_int32),
        ("warmup_steps", ctypes.c_int64),
        ("total_steps", ctypes.c_int64),
        ("halve_at", ctypes.c_int64),
    ]


class Report(ctypes.Structure):
    _fields_ = [("learning_rate", ctypes.c_float), ("gradient_norm", ctypes.c_float)]


class Workspace(ctypes.Structure):
    _fields_ = [("fixed_bytes", ctypes.c_int64), ("bytes_per_token", ctypes.c_int64)]


_POINTER = ctypes.c_void_p
_GRADIENT = ctypes.CFUNCTYPE(
    ctypes.c_float, *[_POINTER] * 5, ctypes.c_int64, ctypes.c_float, ctypes.c_int32
)
_LOSS = ctypes.CFUNCTYPE(ctypes.c_float, *[_POINTER] * 4, ctypes.c_int64, ctypes.c_int32)
_UPDATE = ctypes.CFUNCTYPE(None, *[_POINTER] * 5, ctypes.c_int64, _POINTER, ctypes.c_int32)


class Descriptor(ctypes.Structure):
    _fields_ = [
        ("abi_version", ctypes.c_uint32),
        ("descriptor_bytes", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("model_type", ctypes.c_char_p),
        ("target", ctypes.c_char_p),
        ("triple", ctypes.c_char_p),
        ("cpu", ctypes.c_char_p),
        ("kernel", ctypes.c_char_p),
        ("batch", ctypes.c_int64),
        ("max_tokens", ctypes.c_int64),
        ("vocab", ctypes.c_int64),
        ("bos_id", ctypes.c_int64),
        ("eos_id", ctypes.c_int64),
        ("parameters", ctypes.POINTER(Parameter)),
        ("parameter_count", ctypes.c_int64),
        ("block_floats", ctypes.c_uint64),
        ("gradient_workspace", Workspace),
        ("loss_workspace", Workspace),
        ("archive", _POINTER),
        ("archive_bytes", ctypes.c_uint64),
        ("archive_file", ctypes.c_char_p),
        ("archive_header_crc32", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("config_json", ctypes.c_char_p),
        ("config_json_bytes", ctypes.c_uint64),
        ("tokenizer", _POINTER),
        ("tokenizer_bytes", ctypes.c_uint64),
        ("gradient", _GRADIENT),
        ("loss", _LOSS),
        ("update", _UPDATE),
        ("features", ctypes.c_char_p),
    ]


def _aligned(count: int, dtype) -> np.ndarray:
    """Zeros whose address is a multiple of 64."""
    size = np.dtype(dtype).itemsize
    raw = np.zeros(count * size + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + count * size].view(dtype)


class TrainingObject:
    """Parameters, gradients and moments of a training object, and its steps."""

    def __init__(self, library: pathlib.Path, threads: int = 1):
        self.library = ctypes.CDLL(str(library))
        self.info = Descriptor.in_dll(self.library, "ternary_training_descriptor_instance")
        self.threads = threads
        floats = self.info.block_floats
        self.parameters, self.gradients, self.first, self.second = (
            _aligned(floats, np.float32) for _ in range(4)
        )
        archive = ctypes.cast(self.info.archive, ctypes.POINTER(ctypes.c_uint8))
        prefix = np.ctypeslib.as_array(archive, (64,)).tobytes()
        offset = int.from_bytes(prefix[24:32], "little")
        last = self.info.parameters[self.info.parameter_count - 1]
        count = last.offset + last.count
        payload = np.ctypeslib.as_array(archive, (offset + 4 * count,))[offset:]
        self.parameters[:count] = payload.view(np.float32)

    def views(self, block: np.ndarray) -> dict[str, np.ndarray]:
        """The parameters of a block by name."""
        found = {}
        for p in self.info.parameters[: self.info.parameter_count]:
            shape = tuple(p.shape[i] for i in range(p.rank))
            found[p.name.decode()] = block[p.offset : p.offset + p.count].reshape(shape)
        return found

    def _workspace(self, size: Workspace, tokens: int) -> np.ndarray:
        return _aligned(size.fixed_bytes + size.bytes_per_token * (-(-tokens // 16) * 16), np.uint8)

    def gradient(self, ids: np.ndarray, targets: np.ndarray, scale: float = 1.0) -> float:
        """Adds to `gradients` and returns the loss; ids and targets are [batch, tokens]."""
        ids, targets = (np.ascontiguousarray(x, dtype=np.int32) for x in (ids, targets))
        workspace = self._workspace(self.info.gradient_workspace, ids.shape[1])
        return self.info.gradient(
            *(x.ctypes.data for x in (self.parameters, self.gradients, workspace, ids, targets)),
            ids.shape[1],
            scale,
            self.threads,
        )

    def loss(self, ids: np.ndarray, targets: np.ndarray) -> float:
        ids, targets = (np.ascontiguousarray(x, dtype=np.int32) for x in (ids, targets))
        workspace = self._workspace(self.info.loss_workspace, ids.shape[1])
        return self.info.loss(
            *(x.ctypes.data for x in (self.parameters, workspace, ids, targets)),
            ids.shape[1],
            self.threads,
        )

    def update(self, optimizer: Optimizer, step: int) -> Report:
        report = Report()
        blocks = (self.parameters, self.gradients, self.first, self.second)
        self.info.update(
            *(x.ctypes.data for x in blocks),
            ctypes.addressof(optimizer),
            step,
            ctypes.addressof(report),
            self.threads,
        )
        return report


def compute_gradients(
    library: pathlib.Path, ids: np.ndarray, threads: int = 1
) -> dict[str, np.ndarray]:
    """`loss` and all gradients for predicting each of ids [B, T] from those before, as
    ternary-train --gradients writes them."""
    training = TrainingObject(library, threads)
    batch, loss = training.info.batch, 0.0
    for rows in np.split(ids, range(batch, len(ids), batch)):
        share = len(rows) / len(ids)
        # Rows that the last group lacks have no targets.
        group = np.zeros((batch, ids.shape[1]), np.int32)
        group[: len(rows)] = rows
        targets = np.full_like(group, -1)
        targets[: len(rows), :-1] = rows[:, 1:]
        loss += share * training.gradient(group, targets, share)
    return {"loss": np.array([loss], np.float32), **training.views(training.gradients)}
