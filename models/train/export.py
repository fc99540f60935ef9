"""Writes the trained model as a Hugging Face directory, and what goes with it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import sentencepiece
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from .data import BOS, IGNORED, HeldOutText
from .hgrn import HGRNBitConfig, HGRNBitForCausalLM, quantize_weight
from .optimise import Run

# Steps of one float16 that a weight may be moved to keep its trit, and the relative error of
# mean|W| that must not change a trit.
MAX_NUDGES = 100
SCALE_MARGIN = 1e-5
CARD_START, CARD_END = "<!-- measured: begin -->", "<!-- measured: end -->"
PROMPT = "ROMEO:\n"
GOLDEN_PROMPTS = (
    "ROMEO:\n",
    "JULIET:\n",
    "MENENIUS:\nThe belly answer'd: ",
    "KING RICHARD III:\nA horse",
    "First Citizen:\nBefore we proceed",
    "GLOUCESTER:\nNow is the winter",
    "To be, or not to be",
    "HERMIONE:\nSir, ",
    "DUKE VINCENTIO:\nGood morning to you",
    "PETRUCHIO:\nCome, come",
)
SPECIAL_PIECES = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}


def write_atomically(path: Path, contents: bytes) -> None:
    """Writes a file so that a reader sees the old one or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def as_json(value: object) -> bytes:
    """Indented JSON that ends in a newline, with text left readable."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def tokenizer_config(length: int) -> dict[str, object]:
    """`tokenizer_config.json` for a SentencePiece model without a dummy prefix."""
    special = {
        str(n): {
            "content": piece,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for n, piece in enumerate(SPECIAL_PIECES.values())
    }
    return SPECIAL_PIECES | {
        "tokenizer_class": "LlamaTokenizer",
        "add_bos_token": True,
        "add_eos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": special,
        "clean_up_tokenization_spaces": False,
        "legacy": False,
        "model_max_length": length,
        "sp_model_kwargs": {},
        "spaces_between_special_tokens": False,
    }


def as_float16(weight: Tensor) -> Tensor:
    """A BitLinear's weight in 16 bits, rounded so that it still means the same trits.

    Training leaves many weights within a hair of the threshold between two trits, where they
    were pushed to and fro until the rate was zero; 16 bits would move them across at random.
    Such a weight takes the next float16 on its own side, with a margin that makes the trits
    independent of the order in which an implementation sums mean|W|.
    """
    trits, _ = quantize_weight(weight)
    half = weight.half()
    for _ in range(MAX_NUDGES):
        _, scale = quantize_weight(half.float())
        low, high = (
            (half.float() * (scale * factor)).round().clamp(-1, 1)
            for factor in (1 - SCALE_MARGIN, 1 + SCALE_MARGIN)
        )
        wrong = (low != trits) | (high != trits)
        if not wrong.any():
            return half
        # The bits of a float16 after its sign count its magnitude up in the smallest steps.
        step = torch.where(trits == 0, -1, 1).to(torch.int16)
        half = torch.where(wrong, half.view(torch.int16) + step, half.view(torch.int16))
        half = half.view(torch.float16)
    raise ValueError(f"expected float16 to keep all trits, got {int(wrong.sum())} that change")


def write_checkpoint(
    out: Path, config: HGRNBitConfig, weights: dict[str, Tensor], tokenizer: bytes
) -> None:
    """Writes configuration, tokenizer and float16 weights; the weights come last."""
    halves = {}
    for name, tensor in weights.items():
        # A weight with a norm beside it is a BitLinear's.
        is_ternary = f"{name.removesuffix('.weight')}.norm.weight" in weights
        tensor = tensor.cpu().contiguous()
        halves[name] = as_float16(tensor) if is_ternary else tensor.half()
    generation = {
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.eos_token_id,
        "do_sample": True,
        "temperature": 0.8,
        "max_new_tokens": config.max_position_embeddings // 2,
    }
    write_atomically(out / "config.json", as_json(config.to_json("float16")))
    write_atomically(out / "generation_config.json", as_json(generation))
    write_atomically(out / "special_tokens_map.json", as_json(SPECIAL_PIECES))
    write_atomically(
        out / "tokenizer_config.json", as_json(tokenizer_config(config.max_position_embeddings))
    )
    write_atomically(out / "tokenizer.model", tokenizer)
    write_atomically(out / "model.safetensors", save(halves, metadata={"format": "pt"}))


def load_checkpoint(out: Path) -> HGRNBitForCausalLM:
    """The model of a directory in float32 on the CPU, ready for inference."""
    config = HGRNBitConfig.from_json(json.loads((out / "config.json").read_text()))
    model = HGRNBitForCausalLM(config)
    weights = load((out / "model.safetensors").read_bytes())
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    return model.eval()


@torch.no_grad()
def generate(
    model: HGRNBitForCausalLM, prompt: list[int], count: int, temperature: float, seed: int = 0
) -> tuple[list[int], Tensor]:
    """`count` ids after `prompt`, one step each, and the logits [count,V] each was chosen from."""
    generator = torch.Generator().manual_seed(seed)
    ids: list[int] = []
    rows = []
    logits, states = model.step(torch.tensor([prompt]))
    for _ in range(count):
        row = logits[0, -1]
        rows.append(row)
        if temperature > 0:
            ids.append(
                int(torch.multinomial((row / temperature).softmax(0), 1, generator=generator))
            )
        else:
            ids.append(int(row.argmax()))
        logits, states = model.step(torch.tensor([ids[-1:]]), states)
    return ids, torch.stack(rows)


@torch.no_grad()
def carried_loss(model: HGRNBitForCausalLM, held_out: HeldOutText) -> float:
    """Nats per character when the whole held-out text is read once, from its start to its end."""
    stride = held_out.targets.shape[1] // 2
    targets = torch.cat([held_out.targets[0, :stride], held_out.targets[:, stride:].flatten()])
    targets = targets[targets != IGNORED]
    inputs = torch.cat([torch.tensor([BOS]), targets[:-1]])
    total, states = 0.0, None
    for x, y in zip(inputs.split(512), targets.split(512), strict=True):
        logits, states = model.step(x[None], states)
        total += nn.functional.cross_entropy(logits[0], y, reduction="sum").item()
    return total / held_out.characters


def golden(
    model: HGRNBitForCausalLM,
    tokenizer: sentencepiece.SentencePieceProcessor,
    prompts: Sequence[str],
    count: int,
) -> dict[str, object]:
    """What any implementation must reproduce: a prompt's ids, logits and greedy continuation.

    Logits are whole numbers times one scale, so that two can tie. Of the prompts, the one is
    taken whose closest choice is the widest: it hangs least on how floats are rounded.
    """
    candidates = []
    for prompt in prompts:
        prompt_ids = [BOS, *tokenizer.encode(prompt)]
        ids, rows = generate(model, prompt_ids, count, temperature=0)
        best = rows.topk(2, dim=-1).values
        margin = float((best[:, 0] - best[:, 1]).min())
        candidates.append((margin, prompt, prompt_ids, ids, rows))
    margin, prompt, prompt_ids, ids, rows = max(candidates, key=lambda candidate: candidate[0])
    top = rows[0].topk(5)
    return {
        "prompt": prompt,
        "prompt_ids": prompt_ids,
        "top5_logits_after_prompt": [
            {"id": int(i), "piece": tokenizer.id_to_piece(int(i)), "logit": float(v)}
            for v, i in zip(top.values, top.indices, strict=True)
        ],
        "greedy_ids": ids,
        "greedy_text": tokenizer.decode(ids),
        "smallest_greedy_margin": margin,
    }


def draw_curves(path: Path, runs: dict[str, Run]) -> None:
    """Held-out loss over steps, one line a model, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    pyplot.rcParams |= {"svg.hashsalt": "ternary", "font.size": 10}
    lowest = min(run.best_loss for run in runs.values())
    figure, axes = pyplot.subplots(figsize=(6.4, 3.6), layout="constrained")
    for (label, run), colour in zip(runs.items(), ("#c2410c", "#1d4ed8"), strict=False):
        steps, losses = zip(*run.curve, strict=True)
        axes.plot(steps, losses, color=colour, linewidth=1.6, label=label)
        axes.plot(run.best_step, run.best_loss, "o", color=colour, markersize=4)
        axes.annotate(
            f"{run.best_loss:.3f}",
            (run.best_step, run.best_loss),
            xytext=(0, -14 if run.best_loss == lowest else 8),
            textcoords="offset points",
            ha="right",
            color=colour,
        )
    axes.set(xlabel="step", ylabel="held-out loss, nats per character", ylim=(lowest - 0.1, 2.2))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e7eb", linewidth=0.8)
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    figure.savefig(temporary, format="svg", metadata={"Date": None})
    os.replace(temporary, path)
    pyplot.close(figure)


def card_section(
    runs: list[Run], parameters: int, size: int, scores: dict[str, float], sample: str
) -> str:
    """The measured part of the model card, in Markdown."""
    by_model: dict[str, list[Run]] = {}
    for run in runs:
        by_model.setdefault(run.model, []).append(run)
    best = {name: min(group, key=lambda run: run.best_loss) for name, group in by_model.items()}
    lines = [
        f"{parameters:,} parameters; `model.safetensors` is {size / 1e6:.2f} MB.",
        "",
        "| held-out loss | nats per character |",
        "|---|---|",
        *(f"| {name} | {loss:.4f} |" for name, loss in scores.items()),
        "",
        "Learning rates (lowest held-out loss while training):",
        "",
        "| model | peak rate | steps run | lowest loss | at step |",
        "|---|---|---|---|---|",
    ]
    for run in runs:
        lines.append(
            f"| {run.model} | {run.peak_rate:g} | {run.curve[-1][0]} | {run.best_loss:.4f} "
            f"| {run.best_step} |"
        )
    steps = [step for step, _ in next(iter(best.values())).curve]
    shown = [step for step in steps if step in steps[:3] or step % 200 == 0]
    lines += [
        "",
        "Held-out loss over steps, each model at its best rate:",
        "",
        "| step | " + " | ".join(best) + " |",
        "|---|" + "---|" * len(best),
    ]
    for step in shown:
        losses = [dict(run.curve).get(step) for run in best.values()]
        cells = ["" if loss is None else f"{loss:.4f}" for loss in losses]
        lines.append(f"| {step} | " + " | ".join(cells) + " |")
    lines += ["", "A sample at temperature 0.8, the first that was drawn:", "", "```"]
    return "\n".join([*lines, *sample.splitlines(), "```"])


def update_card(path: Path, section: str) -> None:
    """Replaces what stands between the two marks of a model card; makes the card if need be."""
    card = path.read_text("utf-8") if path.exists() else f"{CARD_START}\n{CARD_END}\n"
    before, found, rest = card.partition(CARD_START)
    _, also_found, after = rest.partition(CARD_END)
    if not (found and also_found):
        raise ValueError(f"expected {path} to hold {CARD_START!r} and, after it, {CARD_END!r}")
    contents = f"{before}{CARD_START}\n\n{section}\n\n{CARD_END}{after}"
    write_atomically(path, contents.encode())
