"""Ternary: a compiler for language models whose weights are -1, 0 or +1.

graph = ternary.load("models/shakespeare")
print(graph.phase("fuse"))
model = graph.compile()
print(model.generate("ROMEO:", max_new_tokens=100, temperature=0.8))
"""

from ternary import nn
from ternary._chat import ChatTemplate
from ternary._functions import Function, Functions, compile
from ternary._generation import Generation
from ternary._graph import Graph, load, phases
from ternary._ir import Block, Operation, Value
from ternary._model import Model
from ternary._session import Session
from ternary._ternary import Error, __version__
from ternary._tokenizer import HuggingFaceTokenizer, SentencePieceTokenizer, Tokenizer
from ternary._torch import from_torch, torch_module

__all__ = [
    "Block",
    "ChatTemplate",
    "Error",
    "Function",
    "Functions",
    "Generation",
    "Graph",
    "HuggingFaceTokenizer",
    "Model",
    "Operation",
    "SentencePieceTokenizer",
    "Session",
    "Tokenizer",
    "Value",
    "__version__",
    "compile",
    "from_torch",
    "load",
    "nn",
    "phases",
    "torch_module",
]
