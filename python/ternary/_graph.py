"""Graphs: a model before it is compiled, and the IR of every phase of its compilation."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy.typing as npt

from ternary import _svg, _ternary
from ternary._arguments import as_weights, check_seed, check_text, check_threads
from ternary._ir import Operation, read_operation
from ternary._model import Model
from ternary._tokenizer import ModelFiles, Tokenizer, open_tokenizer

Path = str | os.PathLike[str]


def phases() -> list[str]:
    """The phases of compilation in order."""
    return [name for name, _ in _ternary.phases()]


def _find_phase(name: str) -> str:
    """The phase of that name, or of its participle: "fused" is what is there after "fuse"."""
    known = phases()
    for phase in known:
        participle = phase + ("d" if phase.endswith("e") else "ed")
        if name in (phase, participle):
            return phase
    raise _ternary.Error(f"expected a phase of {', '.join(known)}, got '{name}'")


class Graph:
    """A model as a graph of layers, with its weights and tokenizer where it has them.

    A graph does not change: what edits it gives a new one.
    """

    def __init__(
        self,
        source: _ternary.Source,
        *,
        function: str = "generate",
        files: ModelFiles | None = None,
        rebuild: Callable[..., Graph] | None = None,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        """For the functions that make graphs: `load`, `Graph.parse`, `nn.Module.graph`."""
        self._source = source
        self._function = function
        self._files = files
        self._rebuild = rebuild  # for another batch or epsilon
        self._tokenizer = tokenizer

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        name: str = "graph",
        weights: Mapping[str, npt.NDArray[Any]] | int | None = None,
        function: str = "generate",
        tokenizer: Tokenizer | Path | None = None,
        rebuild: Callable[..., Graph] | None = None,
    ) -> Graph:
        """A graph from its text.

        `weights` are arrays of float32, float16 or bfloat16 by the names of the parameters, or
        the seed of random ones. Without any, a graph can be looked at but not compiled.
        `tokenizer` is as for `Model.load`. `rebuild` makes the graph for another `batch` or
        `epsilon`, which are as the text says otherwise.
        """
        check_text(text)
        source = _ternary.Source(name, text)
        if isinstance(weights, int):
            source = source.with_random_weights(check_seed(weights))
        elif weights is not None:
            source = source.with_arrays({key: as_weights(weights[key]) for key in weights})
        tokenizer, files = open_tokenizer(tokenizer)
        return cls(
            _verify(source, function),
            function=function,
            files=files,
            rebuild=rebuild,
            tokenizer=tokenizer,
        )

    def replace(self, text: str) -> Graph:
        """The graph in `text`, with this one's weights and tokenizer."""
        check_text(text)
        source = _verify(self._source.with_text(text), self._function)
        return Graph(source, function=self._function, files=self._files, tokenizer=self._tokenizer)

    @property
    def source(self) -> _ternary.Source:
        """For `compile`."""
        return self._source

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def function(self) -> str:
        """What the graph is for: "generate" or "train"."""
        return self._function

    @property
    def has_weights(self) -> bool:
        return self._source.has_weights

    def __str__(self) -> str:
        return self._source.text

    def __repr__(self) -> str:
        return f"<ternary.Graph '{self.name}' of {len(self.operations)} operations>"

    @functools.cached_property
    def module(self) -> Operation:
        """The operation that holds all others."""
        description = json.loads(_ternary.describe(self._source.text, self.name))
        return read_operation(description, {})

    @functools.cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations in order, each before those that are nested in it."""
        return tuple(self.module.walk())

    def walk(self) -> Iterator[Operation]:
        return iter(self.operations)

    def phase(self, name: str, **options: Any) -> Graph:
        """The IR at the end of a phase (see `phases`), compiled as `compile` would with the same
        options. "fused" stands for "fuse", "packed" for "pack", and so on.

        What comes back is to be looked at: only graphs of the first phase compile.
        """
        batch, epsilon = options.pop("batch", None), options.pop("epsilon", None)
        graph = self._with_shape(batch, epsilon)
        lowered = _ternary.lower(
            make_options(self._function, **options), _find_phase(name), graph._source
        )
        return Graph(lowered, function=self._function, files=self._files)

    def compile(
        self,
        target: str = "cpu",
        *,
        output: Path | None = None,
        batch: int | None = None,
        threads: int | None = None,
        tokenizer: Tokenizer | Path | None = None,
        parallel: str = "threads",
        weights: str = "embed",
        mtriple: str = "",
        mcpu: str = "",
        mattr: str = "",
        kernel: str = "",
        fuse: bool | None = None,
        epsilon: float | None = None,
        self_test: int | None = None,
        progress: bool = False,
    ) -> Model:
        """Compiles the graph and loads the result.

        The shared object is written to `output`, or to a temporary folder that goes with the
        model. `threads` is what sessions of the model use when they are not told otherwise, by
        default all that there are. `tokenizer`, as for `Model.load`, stands in for the graph's own.
        All else is as for `ternary-compile`.
        """
        check_threads(threads)
        given, files = open_tokenizer(tokenizer)
        graph = self._with_shape(batch, epsilon)
        if self._function != "generate":
            raise _ternary.Error(
                f"expected a graph that generates text, got one for function '{self._function}'"
            )
        options = make_options(
            self._function,
            target=target,
            parallel=parallel,
            weights=weights,
            mtriple=mtriple,
            mcpu=mcpu,
            mattr=mattr,
            kernel=kernel,
            fuse=fuse,
            self_test=self_test,
            progress=progress,
        )
        folder = None
        if output is None:
            folder = tempfile.TemporaryDirectory(prefix="ternary-")
            output = pathlib.Path(folder.name) / "model.so"
        options.output = os.fspath(output)
        _ternary.compile(options, graph._source)
        return Model(
            _ternary.CompiledModel(os.fspath(pathlib.Path(output).absolute())),
            threads=threads,
            tokenizer=self._tokenizer if given is None else given,
            files=files or self._files,
            folder=folder,
        )

    def svg(self, function: str | None = None) -> str:
        """A picture of one of its functions, by default the last, as SVG."""
        return _svg.draw(self.module, function)

    def _repr_svg_(self) -> str:
        return self.svg()

    def _with_shape(self, batch: int | None, epsilon: float | None) -> Graph:
        """The graph for another batch or epsilon, which were decided when it was made."""
        changes = {"batch": batch, "epsilon": epsilon}
        changes = {name: value for name, value in changes.items() if value is not None}
        if not changes:
            return self
        if self._rebuild is None:
            raise _ternary.Error(
                f"expected no {' and no '.join(changes)} with a graph from text, which has its own"
            )
        return self._rebuild(**changes)


def make_options(
    function: str,
    target: str = "cpu",
    parallel: str | None = None,
    weights: str = "embed",
    mtriple: str = "",
    mcpu: str = "",
    mattr: str = "",
    kernel: str = "",
    fuse: bool | None = None,
    raise_linalg: bool = True,
    self_test: int | None = None,
    progress: bool = False,
) -> _ternary.CompileOptions:
    """The command line of ternary-compile for what `function` says: "generate", ..."""
    if parallel not in (None, "threads", "openmp", "none"):
        raise _ternary.Error(f"expected parallel='threads' or 'none', got '{parallel}'")
    if weights not in ("embed", "external"):
        raise _ternary.Error(f"expected weights='embed' or 'external', got '{weights}'")
    options = _ternary.CompileOptions()
    options.target = target
    options.function = function
    if target != "reference" and parallel is not None:
        options.threads = parallel != "none"
    options.embed_weights = weights == "embed"
    options.triple, options.cpu, options.attributes = mtriple, mcpu, mattr
    options.kernel = kernel
    options.fuse = fuse
    options.raise_linalg = raise_linalg
    options.self_test_tokens = self_test
    options.progress = progress
    return options


def _verify(source: _ternary.Source, function: str) -> _ternary.Source:
    """The same source, after its text was parsed and found to be a graph."""
    options = _ternary.CompileOptions()
    options.function = function
    _ternary.lower(options, "graph", source)
    return source


def load(
    path: Path,
    *,
    function: str = "generate",
    batch: int | None = None,
    epsilon: float | None = None,
    random_weights: int | None = None,
    max_tokens: int | None = None,
    kv_cache: str | None = None,
    i2s_blocks: int | None = None,
    recognize_ternary: bool | None = None,
) -> Graph:
    """Imports a model: whatever ternary-compile takes as input, such as a directory in the Hugging
    Face layout, a GGUF file or a graph in a .mlir file.

    `batch`, 1 if it is not given, is how many sequences a session has, `max_tokens` how many tokens
    it can take, fewer than the model says, and `kv_cache`, "f32", "f16" or "int8", what keys and
    values are kept in. `random_weights` is the seed of weights for a directory that has just a
    config.json; `i2s_blocks`, 128 or 64, is the layout of I2_S tensors, which GGUF files do not
    tell; `recognize_ternary=False` leaves float weights floats that are 0, s and -s alone;
    `function="train"` gives the loss to differentiate instead of the steps that generate text.
    """
    if random_weights is not None:
        random_weights = check_seed(random_weights)
    options = _ternary.CompileOptions()
    options.max_tokens, options.kv_cache, options.i2s_blocks = max_tokens, kv_cache, i2s_blocks
    options.recognize_ternary = recognize_ternary
    options.input = os.fspath(path)
    options.function = function
    options.batch, options.epsilon = batch, epsilon
    options.random_weights = random_weights
    source = _ternary.lower(options, "graph")
    rebuild = None
    if not options.input.endswith(".mlir"):
        rebuild = functools.partial(
            load,
            path,
            function=function,
            batch=batch,
            epsilon=epsilon,
            random_weights=random_weights,
            max_tokens=max_tokens,
            kv_cache=kv_cache,
            i2s_blocks=i2s_blocks,
            recognize_ternary=recognize_ternary,
        )
    return Graph(
        source,
        function=function,
        files=None if options.input.endswith(".mlir") else ModelFiles(path),
        rebuild=rebuild,
    )
