"""The text: its split, its vocabulary, training batches and the held-out measure."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
import torch.nn.functional as F
from torch import Tensor

UNK, BOS, EOS = 0, 1, 2
IGNORED = -100


def split(text: str, held_out: float) -> tuple[str, str]:
    """The text without its last `held_out` share, and that share."""
    cut = int(len(text) * (1 - held_out))
    return text[:cut], text[cut:]


def train_tokenizer(text: str, pieces: int) -> bytes:
    """A SentencePiece BPE model over `text` that gives back every string it encodes.

    Nothing is normalised, a newline is a piece of its own, and a character that the text lacks
    falls back to its bytes.
    """
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.split("\n")),
        model_writer=model,
        model_type="bpe",
        vocab_size=pieces,
        byte_fallback=True,
        character_coverage=1.0,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        user_defined_symbols=["\n"],
        unk_id=UNK,
        bos_id=BOS,
        eos_id=EOS,
        pad_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def load_tokenizer(model: bytes | Path) -> sentencepiece.SentencePieceProcessor:
    """The tokenizer in a SentencePiece model, given as bytes or as a file."""
    proto = model if isinstance(model, bytes) else model.read_bytes()
    return sentencepiece.SentencePieceProcessor(model_proto=proto)


@dataclass(frozen=True)
class TrainingText:
    """One or more encodings of the training text, end to end, and where windows may start.

    The first encoding is the one that inference sees. The others leave out merges at random
    (BPE-dropout, arXiv 1910.13267): the same text in other pieces, which so small a text needs to
    be read many times without being learnt by heart.
    """

    ids: Tensor
    plain_starts: Tensor
    other_starts: Tensor

    @classmethod
    def encode(
        cls,
        tokenizer: sentencepiece.SentencePieceProcessor,
        text: str,
        length: int,
        variants: int,
        merge_dropout: float,
        seed: int,
    ) -> TrainingText:
        """Encodes `text` once plainly and `variants` times with dropout; windows start lines.

        SentencePiece 0.2.3 pays no heed to the seed: it leaves out other merges in each run.
        """
        sentencepiece.set_random_generator_seed(seed)
        lines = text.splitlines(keepends=True)
        ids: list[int] = []
        starts: list[list[int]] = []
        for variant in range(1 + variants):
            line_starts = []
            for line in lines:
                line_starts.append(len(ids))
                if variant == 0:
                    ids += tokenizer.encode(line)
                else:
                    ids += tokenizer.encode(line, enable_sampling=True, alpha=merge_dropout)
            starts.append([start for start in line_starts if start + length <= len(ids)])
        others = [start for variant in starts[1:] for start in variant]
        return cls(torch.tensor(ids), torch.tensor(starts[0]), torch.tensor(others or starts[0]))

    def to(self, device: torch.device) -> TrainingText:
        """The same on another device."""
        return TrainingText(
            self.ids.to(device), self.plain_starts.to(device), self.other_starts.to(device)
        )

    def batches(self, batch: int, length: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Endless (inputs, targets), each window after a BOS; half the rows in plain encoding."""
        device = self.ids.device
        generator = torch.Generator(device).manual_seed(seed)
        offsets = torch.arange(length, device=device)
        halves = ((self.plain_starts, batch - batch // 2), (self.other_starts, batch // 2))
        while True:
            chosen = [
                starts[torch.randint(len(starts), (rows,), generator=generator, device=device)]
                for starts, rows in halves
            ]
            targets = self.ids[torch.cat(chosen)[:, None] + offsets]
            yield F.pad(targets[:, :-1], (1, 0), value=BOS), targets


@dataclass(frozen=True)
class HeldOutText:
    """The held-out text cut into overlapping windows in which every token is scored once.

    Windows of `length` tokens follow each other at half their length. The first is scored whole,
    each later one in its second half, so that a token is read after at least length / 2 others.
    Every window's input begins with BOS.
    """

    inputs: Tensor
    targets: Tensor
    characters: int

    @classmethod
    def encode(
        cls, tokenizer: sentencepiece.SentencePieceProcessor, text: str, length: int
    ) -> HeldOutText:
        """Encodes `text` plainly and cuts it."""
        ids = torch.tensor(tokenizer.encode(text))
        stride = length // 2
        count = max(0, -(-(len(ids) - length) // stride)) + 1
        padded = F.pad(ids, (0, (count - 1) * stride + length - len(ids)), value=IGNORED)
        targets = padded.unfold(0, length, stride).clone()
        inputs = F.pad(targets[:, :-1].clamp_min(0), (1, 0), value=BOS)
        targets[1:, : length - stride] = IGNORED
        return cls(inputs, targets, len(text))

    def to(self, device: torch.device) -> HeldOutText:
        """The same on another device."""
        return HeldOutText(self.inputs.to(device), self.targets.to(device), self.characters)

    @torch.no_grad()
    def nats_per_character(self, logits_of: Callable[[Tensor], Tensor], batch: int) -> float:
        """-log p of the whole text over its number of characters."""
        total = 0.0
        for first in range(0, len(self.inputs), batch):
            inputs, targets = (
                self.inputs[first : first + batch],
                self.targets[first : first + batch],
            )
            missing = batch - len(inputs)
            # A batch that is not full would make torch.compile start again.
            inputs = F.pad(inputs, (0, 0, 0, missing))
            targets = F.pad(targets, (0, 0, 0, missing), value=IGNORED)
            logits = logits_of(inputs).float().flatten(0, 1)
            total += F.cross_entropy(
                logits, targets.flatten(), ignore_index=IGNORED, reduction="sum"
            ).item()
        return total / self.characters
