#!/usr/bin/env python3
"""Records how llama.cpp cuts text into tokens of byte pairs.

    make_gguf_tokenizer_golden.py --out DIR

It needs the packages gguf, llama-cpp-python and tokenizers. It trains one vocabulary, with the
license of this project as text, and writes for each name of a way to cut text

    DIR/PRE.gguf       a file of tokens alone, with tokenizer.ggml.pre = PRE

and DIR/tokens.json: by PRE and text, the ids with names of special tokens as plain text and as
these tokens, and by PRE what a text starts with.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import gguf
import llama_cpp
import tokenizers

LICENSE = Path(__file__).resolve().parents[2] / "LICENSE"

# None: the file does not say.
NAMES = {
    "llama-bpe": "llama-bpe",
    "falcon3": "falcon3",
    "qwen2": "qwen2",
    "gpt-2": "gpt-2",
    "smollm": "smollm",
    "default": "default",
    "none": None,
}
CONTROL = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
USER_DEFINED = ["<think>", "    "]
UNUSED = ["[UNUSED]"]
TOKENS = 600

# Beside the license, so that there are tokens that ways of cutting differ in.
CORPUS = """I'm you're he's it's we've don't they'll she'd I'M YOU'RE HE'S IT'S WE'VE DON'T THEY'LL
1 12 123 1234 12345 2024 2025 1000 10000 3.14 100% $42 <= >= != == += -> => ... --- !!! ??
Zwölf Äpfel, größer als fünf Übungen; naïve café déjà vu
日本語 日本 中文 русский язык ελληνικά العربية
🍎🍎 🦉 👩‍👩‍👧 ½ ² Ⅻ ٣
if (x > 0) {
    return x;
}


	tabs	and  two   three    four     spaces
"""

TEXTS = [
    "",
    " ",
    "  ",
    "\n",
    "\r\n\r\n",
    "Licensed under the Apache License, Version 2.0",
    " leading space",
    "   three leading spaces",
    "trailing spaces   ",
    "two  spaces   three    four     five",
    "line\nline\n\nline\n\n\n  indented\n\ttab\t\ttabs \n \n",
    "I'm sure you're right, he's we've don't they'll she'd",
    "I'M SURE YOU'RE RIGHT, HE'S WE'VE DON'T THEY'LL SHE'D",
    "'sand 'twas 'll' l'l",
    "1 12 123 1234 12345 1234567890",
    "2024-11-28T04:33:59, 3.14159e-10, 100%, $1,000.00",
    "x123y 4z ½ ² Ⅻ ٣٤٥٦ 12½",
    'a<=b>=c!=d==e+=f->g=>h ... --- !!! ??! ("quoted") [x_y] {z} `code` ~^| $+',
    "Zwölf Äpfel, größer als fünf Übungen; naïve café déjà vu",
    "cafe\u0301 A\u030a \u1e9b\u0323",
    "日本語 日本 中文、русский язык! ελληνικά العربية ไทย हिन्दी",
    "🍎🍎 🦉👩‍👩‍👧 a🍎b 🇩🇪",
    "\u00a0no\u00a0break \u2003em\u3000wide\u200bzero \u0085next \u000bvertical \u000cform",
    "if (x > 0) {\n    return x;\n}\n",
    "<|begin_of_text|>user<|eot_id|>\n\n<think>hm</think> <|eot_id|> <|end_of_text|>",
    "<think> think <|eot|> <| eot_id |>",
    "[UNUSED] [ UNUSED ] UNUSED",
    "a\u0000b\u0001c\ufffd\ufeffd",
]


def train() -> tuple[list[str], list[str]]:
    """The tokens and merges of a vocabulary."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    # Digits in any number and words with the space before them.
    pattern = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+"
    pre = tokenizers.pre_tokenizers
    tokenizer.pre_tokenizer = pre.Sequence(
        [
            pre.Split(tokenizers.Regex(pattern), "isolated"),
            pre.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=TOKENS - len(CONTROL) - len(USER_DEFINED) - len(UNUSED),
        initial_alphabet=pre.ByteLevel.alphabet(),
        show_progress=False,
    )
    text = LICENSE.read_text(encoding="utf-8")
    tokenizer.train_from_iterator([text, *10 * [CORPUS]], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return tokens, [" ".join(pair) for pair in model["merges"]]


def write(path: Path, pre: str | None, tokens: list[str], merges: list[str]) -> None:
    """Writes a file of tokens alone."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(256)
    writer.add_embedding_length(64)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens + CONTROL + USER_DEFINED + UNUSED)
    types = gguf.TokenType
    writer.add_token_types(
        len(tokens) * [types.NORMAL]
        + len(CONTROL) * [types.CONTROL]
        + len(USER_DEFINED) * [types.USER_DEFINED]
        + len(UNUSED) * [types.UNUSED]
    )
    writer.add_token_merges(merges)
    writer.add_bos_token_id(len(tokens))
    writer.add_eos_token_id(len(tokens) + 1)
    writer.add_chat_template(
        "{{ bos_token }}{% for message in messages %}{{ message.role }}: {{ message.content }}"
        "<|eot_id|>{% endfor %}assistant:"
    )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def record(path: Path) -> dict[str, object]:
    """What llama.cpp makes of the texts."""
    model = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)

    def tokenize(text: str, special: bool) -> list[int]:
        return model.tokenize(text.encode(), add_bos=False, special=special)

    return {
        "start": model.tokenize(b"", add_bos=True, special=False),
        "texts": [[text, tokenize(text, False), tokenize(text, True)] for text in TEXTS],
    }


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="directory to write")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokens, merges = train()
    recorded = {}
    for name, pre in NAMES.items():
        path = arguments.out / f"{name}.gguf"
        write(path, pre, tokens, merges)
        recorded[name] = record(path)
    lines = [
        f"{json.dumps(name)}: {{\n"
        f'"start": {json.dumps(entry["start"])},\n"texts": [\n'
        + ",\n".join(json.dumps(text, ensure_ascii=True) for text in entry["texts"])
        + "\n]}"
        for name, entry in recorded.items()
    ]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (arguments.out / "tokens.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
