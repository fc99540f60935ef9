"""Tokenizers of byte pairs in GGUF files, against llama.cpp and the package tokenizers."""

import json
import subprocess
import sys

import pytest
import ternary
from built import ROOT
from ternary._tokenizer import ModelFiles
from test_tokenizer import decode

DATA = ROOT / "integration" / "data"
TOKENIZERS = DATA / "gguf-tokenizers"
RECORDED = json.loads((TOKENIZERS / "tokens.json").read_text(encoding="utf-8"))
MESSAGES = [{"role": "user", "content": "Hello"}]

gguf = pytest.importorskip("gguf")
pytest.importorskip("tokenizers")
sys.path.insert(0, str(DATA))
import gguf_golden  # noqa: E402


def load(name):
    return ModelFiles(TOKENIZERS / f"{name}.gguf").load_tokenizer()


@pytest.mark.parametrize("name", RECORDED)
def test_tokens_are_those_of_llama_cpp(name):
    tokenizer = load(name)
    assert isinstance(tokenizer, ternary.HuggingFaceTokenizer)
    assert tokenizer.start() == RECORDED[name]["start"]
    for text, plain, special in RECORDED[name]["texts"]:
        assert tokenizer.encode(text) == plain, text
        assert tokenizer.encode(text, special=True) == special, text
        assert decode(tokenizer, plain) == text


def test_ways_to_cut_text_differ():
    """So that a name that is taken for another would be noticed."""
    texts = [[plain for _, plain, _ in RECORDED[name]["texts"]] for name in RECORDED]
    assert len({json.dumps(ids) for ids in texts}) == 5
    assert RECORDED["none"] == RECORDED["default"]
    assert RECORDED["falcon3"] == RECORDED["llama-bpe"]


def test_special_tokens():
    files = ModelFiles(TOKENIZERS / "llama-bpe.gguf")
    assert files.read_specials() == {
        "<|begin_of_text|>": 594,
        "<|end_of_text|>": 595,
        "<|eot_id|>": 596,
    }
    config = files.read_json("tokenizer_config.json")
    assert (config["bos_token"], config["eos_token"]) == ("<|begin_of_text|>", "<|end_of_text|>")
    assert set(files.read_json("generation_config.json")["eos_token_id"]) == {595, 596}
    assert files.read("vocab.json") is None


def add_tokenizer(writer, name, **changes):
    """Adds the keys of a file, with other values of `tokenizer.ggml.KEY`; None leaves a key out."""
    fields = gguf.GGUFReader(TOKENIZERS / f"{name}.gguf").fields
    values = {
        key: field.contents() for key, field in fields.items() if key.startswith("tokenizer.")
    }
    values |= {f"tokenizer.ggml.{key}": value for key, value in changes.items()}
    for key, value in values.items():
        if isinstance(value, list):
            writer.add_array(key, value)
        elif value is not None:
            writer.add_key_value(key, value, gguf.GGUFValueType.get_type(value))


def write(path, name, **changes):
    """A file of a tokenizer alone."""
    writer = gguf.GGUFWriter(path, "llama")
    add_tokenizer(writer, name, **changes)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def test_start_of_a_text(tmp_path):
    for name, flag, start in (("llama-bpe", False, []), ("qwen2", True, [594])):
        path = write(tmp_path / "model.gguf", name, add_bos_token=flag)
        assert ModelFiles(path).load_tokenizer().start() == start


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"token_type": [1] * 599}, "expected as many types as tokens, got 600 tokens and 599"),
        ({"token_type": [7] * 600}, "expected an array of integers from 1 to 6"),
        ({"tokens": ["a"] * 600}, "expected tokens that differ, got 'a' twice"),
        ({"merges": ["t\x01 q"]}, r"expected two tokens that make a third, got 't\\x01 q'"),
        ({"merges": ["t"]}, "expected two tokens that make a third, got 't'"),
        ({"merges": None}, "key 'tokenizer.ggml.merges': expected an array of strings, got none"),
        ({"bos_token_id": 600}, "bos_token_id': expected an integer from 0 to 599"),
        ({"pre": 3}, "key 'tokenizer.ggml.pre': expected a string"),
    ],
)
def test_keys_that_do_not_agree(tmp_path, keys, message):
    path = write(tmp_path / "model.gguf", "llama-bpe", **keys)
    with pytest.raises(ternary.Error, match=message) as error:
        ModelFiles(path).load_tokenizer()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"pre": "tekken"}, "expected one of llama-bpe, .*, default, got 'tekken'"),
        ({"model": "bert"}, "expected llama or gpt2, got 'bert'"),
    ],
)
def test_tokenizers_that_are_not_known(tmp_path, hgrn, keys, message):
    path = write(tmp_path / "model.gguf", "llama-bpe", **keys)
    model = ternary.Model.load(hgrn.path, tokenizer=path)
    assert model.generate_ids([1, 2], max_new_tokens=2)
    with pytest.raises(ternary.Error, match=f"expected a tokenizer in the model, .*{message}"):
        model.generate("a", max_new_tokens=1)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    """A model with random weights and a tokenizer of Llama 3's kind."""
    shape = gguf_golden.Model(
        "llama", 600, hidden=64, feed_forward=64, layers=1, heads=1, key_value_heads=1
    )
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    tensors = gguf_golden.make_tensors(shape, 1)
    gguf_golden.write(path, shape, tensors, lambda writer: add_tokenizer(writer, "llama-bpe"))
    return path


@pytest.fixture(scope="module")
def model(model_file):
    return ternary.load(model_file).compile(self_test=0)


def test_text(model):
    assert model.encode("It's 1234") == [594, *load("llama-bpe").encode("It's 1234")]
    assert model.stop_ids == {595, 596}
    text = model.generate("It's 1234", max_new_tokens=8, temperature=1, seed=1)
    ids = model.generate_ids(model.encode("It's 1234"), max_new_tokens=8, temperature=1, seed=1)
    assert text and text == decode(model.tokenizer, ids)


def test_chat(model):
    pytest.importorskip("jinja2")
    ids = model.encode_chat(MESSAGES)
    assert ids.count(594) == 1 and ids[0] == 594 and 596 in ids
    text = "<|begin_of_text|>user: Hello<|eot_id|>assistant:"
    assert model.chat_template.render(MESSAGES) == text
    assert ids == load("llama-bpe").encode(text, special=True)


def test_compiled_model_with_the_file(model, model_file):
    """As with a model directory."""
    other = ternary.Model.load(model.path, tokenizer=model_file)
    assert other.encode_chat(MESSAGES) == model.encode_chat(MESSAGES)
    with pytest.raises(ternary.Error, match="expected a tokenizer in the model, got none"):
        ternary.Model.load(model.path).generate("a")


def test_command(model_file, environment):
    result = subprocess.run(
        [sys.executable, "-m", "ternary", "chat", model_file, "--max-new-tokens=2"],
        input="Hello\n",
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "tokens of prompt" in result.stderr


def test_special_tokens_of_sentencepiece():
    source = DATA / "gguf" / "llama-tq2.gguf"
    files = ModelFiles(source)
    assert isinstance(files.load_tokenizer(), ternary.SentencePieceTokenizer)
    assert files.read_specials() == {"<unk>": 0, "<s>": 1, "</s>": 2}
    model = ternary.load(source).compile(self_test=0)
    assert model.encode("<s>", special=True) == [1]
    assert model.stop_ids == {2}
    assert model.chat_template is None
