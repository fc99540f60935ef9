"""Models of odd shapes with random weights: all targets compute the same bits."""

import json
import pathlib

import numpy as np
import pytest
from conftest import KERNEL_FEATURES, SELF_TEST, UNOPTIMIZED, run_tool, supports_kernel

# hidden, intermediate, layers, vocabulary: nothing a multiple of what kernels work in.
SHAPES = [(1, 1, 1, 2), (17, 45, 2, 33), (33, 31, 1, 97), (96, 70, 2, 130), (129, 200, 1, 65)]
LENGTHS = [1, 2, 5, 12, 13, 29, 48, 301]


def write_config(directory: pathlib.Path, shape: tuple[int, int, int, int]) -> pathlib.Path:
    hidden, intermediate, layers, vocab = shape
    config = {
        "model_type": "hgrn_bit",
        "architectures": ["HGRNBitForCausalLM"],
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "vocab_size": vocab,
    }
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return directory


@pytest.mark.parametrize("shape", SHAPES)
def test_same_bits(tmp_path, compile_model, compute_logits, shape):
    model = write_config(tmp_path / "model", shape)
    flags = (f"--random-weights={sum(shape)}", UNOPTIMIZED)
    reference = compile_model(model, "--target=reference", *flags)
    kernels = ["portable"] + [name for name in KERNEL_FEATURES if supports_kernel(name)]
    libraries = [
        compile_model(model, *flags, f"--kernel={kernel}", SELF_TEST) for kernel in kernels
    ]
    rng = np.random.default_rng(sum(shape))
    for library in libraries:
        result = run_tool("ternary-run", library, "--self-test", "--threads=2")
        assert result.returncode == 0, result.stderr
        assert "8 tokens agree with the reference" in result.stdout
    for length in LENGTHS:
        ids = rng.integers(0, shape[3], size=(1, length))
        expected = compute_logits(reference, ids)
        assert np.isfinite(expected).all()
        for library in libraries:
            for threads in (1, 2):
                got = compute_logits(library, ids, threads)
                assert got.tobytes() == expected.tobytes(), (length, threads)
            assert compute_logits(library, ids, 2, step=True).tobytes() == expected.tobytes()


def test_table_that_is_looked_up_stays_out_of_memory(tmp_path):
    """Of a table of 64 MB only the rows of the ids that were fed become resident."""
    model = write_config(tmp_path / "model", (512, 64, 1, 65536))
    for weights in ("embed", "external"):
        library = tmp_path / f"{weights}.so"
        flags = ("--random-weights=1", "--self-test=0", f"--weights={weights}")
        result = run_tool("ternary-compile", model, "-o", library, *flags)
        assert result.returncode == 0, result.stderr
        flags = ("--repeats=1", "--threads=1", "--prompt-tokens=256", "--generate-tokens=8")
        result = run_tool("ternary-bench", library, "--json", *flags)
        assert result.returncode == 0, result.stderr
        report = json.loads(result.stdout)
        assert report["resident_bytes"] < report["packed_weight_bytes"] + (40 << 20)


def test_long_prompt_is_worked_off_in_pieces(tmp_path, compile_model, compute_logits):
    model = write_config(tmp_path / "model", (32, 64, 1, 50))
    library = compile_model(model, "--random-weights=1")
    ids = np.random.default_rng(0).integers(0, 50, size=(1, 1100))
    whole = compute_logits(library, ids, 2)
    assert whole.tobytes() == compute_logits(library, ids, 1, step=True).tobytes()
