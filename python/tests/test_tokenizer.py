"""Tokenizers and chat templates."""

import json
import shutil

import pytest
import ternary
from built import SHAKESPEARE

TEXTS = ["ROMEO: O, she doth teach", "", " two  spaces ", "Zwölf Äpfel 🍎 日本", "line\nline\n"]


def decode(tokenizer, ids, at_start=True):
    decoder = tokenizer.decoder(at_start=at_start)
    return "".join(map(decoder.feed, ids)) + decoder.finish()


def test_sentencepiece():
    tokenizer = ternary.SentencePieceTokenizer.load(SHAKESPEARE / "tokenizer.model")
    assert len(tokenizer) == 1024
    for text in TEXTS:
        assert decode(tokenizer, tokenizer.encode(text)) == text
    import sentencepiece

    other = sentencepiece.SentencePieceProcessor(model_file=str(SHAKESPEARE / "tokenizer.model"))
    for text in TEXTS:
        assert tokenizer.encode(text) == other.encode(text)


def test_sentencepiece_special_tokens():
    tokenizer = ternary.SentencePieceTokenizer.load(SHAKESPEARE / "tokenizer.model")
    ids = tokenizer.encode("<s>ROMEO:</s>", special=True)
    assert ids[0] == 1 and ids[-1] == 2
    assert ids[1:-1] == tokenizer.encode("ROMEO:")
    assert 1 not in tokenizer.encode("<s>ROMEO:</s>")


def test_prompts_have_special_tokens(shakespeare):
    plain = shakespeare.encode("ROMEO:")
    assert shakespeare.encode("ROMEO:</s>") == [*plain, 2]
    assert shakespeare.encode("<s>ROMEO:") == plain  # one start is enough
    assert shakespeare.encode("<s><s>ROMEO:") == [1, *plain]
    assert shakespeare.encode("ROMEO:", add_special_tokens=False) == plain[1:]
    text = shakespeare.encode("ROMEO:</s>", special=False)
    assert text[: len(plain)] == plain and 2 not in text
    stopped = shakespeare.generate("ROMEO:</s>", max_new_tokens=8)
    assert stopped == shakespeare.generate([*plain, 2], max_new_tokens=8)
    assert stopped != shakespeare.generate("ROMEO:</s>", max_new_tokens=8, special=False)


def test_not_sentencepiece(tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(b"no")
    with pytest.raises(ternary.Error, match="expected a SentencePiece model"):
        ternary.SentencePieceTokenizer.load(tmp_path / "tokenizer.model")
    with pytest.raises(ternary.Error, match="cannot read the tokenizer"):
        ternary.SentencePieceTokenizer.load(tmp_path / "none.model")


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory):
    """A tokenizer.json of the kind that Llama 3 and BitNet have, trained on a few lines."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|begin|>", "<|end|>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS * 4, trainer)
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", 0)]
    )
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(path))
    return path


def test_hugging_face(byte_level):
    tokenizer = ternary.HuggingFaceTokenizer.load(byte_level)
    for text in TEXTS:
        assert decode(tokenizer, tokenizer.encode(text)) == text
    assert tokenizer.start() == [0]
    assert tokenizer.encode("a<|end|>", special=True)[-1] == 1
    assert 1 not in tokenizer.encode("a<|end|>")


def test_hugging_face_settings_for_training_play_no_part(byte_level):
    import tokenizers

    kept = tokenizers.Tokenizer.from_file(str(byte_level))
    kept.enable_truncation(max_length=4)
    kept.enable_padding(length=16, pad_id=1, pad_token="<|end|>")
    tokenizer = ternary.HuggingFaceTokenizer.parse(kept.to_str().encode())
    plain = ternary.HuggingFaceTokenizer.load(byte_level)
    text = "one two three four five six"
    assert len(plain.encode(text)) > 4
    assert tokenizer.encode(text) == plain.encode(text)
    assert tokenizer.encode("") == []
    assert tokenizer.start() == [0]


def test_hugging_face_ends_no_prompt(byte_level):
    """What a tokenizer puts after a text is not what the text starts with."""
    import tokenizers

    kept = tokenizers.Tokenizer.from_file(str(byte_level))
    kept.post_processor = tokenizers.processors.TemplateProcessing(
        single="<|begin|> $A <|end|>", special_tokens=[("<|begin|>", 0), ("<|end|>", 1)]
    )
    assert ternary.HuggingFaceTokenizer(kept).start() == [0]
    kept.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A <|end|>", special_tokens=[("<|end|>", 1)]
    )
    assert ternary.HuggingFaceTokenizer(kept).start() == []


def test_hugging_face_holds_back_parts_of_characters(byte_level):
    tokenizer = ternary.HuggingFaceTokenizer.load(byte_level)
    ids = tokenizer.encode("🦉")
    assert len(ids) > 1
    decoder = tokenizer.decoder()
    pieces = [decoder.feed(id) for id in ids]
    assert pieces == [""] * (len(ids) - 1) + ["🦉"]
    decoder = tokenizer.decoder()
    assert decoder.feed(ids[0]) == ""
    assert decoder.finish() == "\ufffd"


def test_not_hugging_face(tmp_path):
    pytest.importorskip("tokenizers")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ternary.Error, match="expected a tokenizer"):
        ternary.HuggingFaceTokenizer.load(tmp_path / "tokenizer.json")


def test_generates_with_hugging_face_tokenizer(shakespeare, byte_level):
    model = ternary.Model.load(shakespeare.path, tokenizer=byte_level)
    assert isinstance(model.tokenizer, ternary.HuggingFaceTokenizer)
    assert model.encode("two")[0] == 0
    assert model.generate("two", max_new_tokens=5) != shakespeare.generate("two", max_new_tokens=5)


TEMPLATE = """{{ bos_token }}{% for message in messages %}
  {%- if message.role not in ('system', 'user', 'assistant') %}
    {{- raise_exception('unknown role ' + message.role) }}
  {%- endif %}
{{ message.role | upper }}:
{% generation %}{{ message.content }}{% endgeneration %}


{% endfor %}
{% if add_generation_prompt %}
ASSISTANT:
{% endif %}"""
MESSAGES = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Ho"}]


@pytest.fixture
def chat_directory(tmp_path):
    """The demo model with a chat template."""
    directory = tmp_path / "chatty"
    shutil.copytree(SHAKESPEARE, directory)
    path = directory / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["chat_template"] = TEMPLATE
    config["bos_token"] = {"content": "<s>"}
    path.write_text(json.dumps(config))
    return directory


def test_template(chat_directory):
    pytest.importorskip("jinja2")
    template = ternary.ChatTemplate.load(chat_directory)
    expected = "<s>USER:\nHello\n\nASSISTANT:\nHo\n\nASSISTANT:\n"
    assert template.render(MESSAGES) == expected
    without = template.render(MESSAGES, add_generation_prompt=False)
    assert without == expected.removesuffix("ASSISTANT:\n")


def test_template_is_that_of_transformers(byte_level):
    pytest.importorskip("jinja2")
    transformers = pytest.importorskip("transformers")
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(byte_level), bos_token="<s>", chat_template=TEMPLATE
    )
    ours = ternary.ChatTemplate(TEMPLATE, {"bos_token": "<s>"})
    for flag in (True, False):
        assert ours.render(MESSAGES, add_generation_prompt=flag) == theirs.apply_chat_template(
            MESSAGES, tokenize=False, add_generation_prompt=flag
        )
    for content in ("Ho", " Ho ", "Ho\n"):
        messages = [MESSAGES[0], {"role": "assistant", "content": content}]
        assert ours.render(messages, continue_final_message=True) == theirs.apply_chat_template(
            messages, tokenize=False, continue_final_message=True
        )


def test_variables_of_a_template():
    pytest.importorskip("jinja2")
    template = ternary.ChatTemplate(
        "{% for m in messages %}{{ m.content | trim }};{% endfor %}{{ word }}"
        "{% if tools is none and add_generation_prompt %}"
        "{{ (documents or [1]) | length }}{% endif %}",
        {"word": "a"},
    )
    assert template.render(MESSAGES) == "Hello;Ho;a1"
    assert template.render(MESSAGES, word="b", documents=[1, 2]) == "Hello;Ho;b2"
    assert template.render(MESSAGES, tools=[]) == "Hello;Ho;a"
    messages = [MESSAGES[0], {"role": "assistant", "content": " Ho "}]
    assert template.render(messages, continue_final_message=True) == "Hello;Ho"
    with pytest.raises(ternary.Error, match="expected one of add_generation_prompt and continue"):
        template.render(MESSAGES, add_generation_prompt=True, continue_final_message=True)
    for messages in ([], [{"role": "user"}], [{"role": "user", "content": "Ho"}]):
        silent = ternary.ChatTemplate("nothing") if messages else template
        with pytest.raises(ternary.Error, match="expected a last message whose content"):
            silent.render(messages, continue_final_message=True)


def test_templates_in_other_places(chat_directory):
    pytest.importorskip("jinja2")
    assert ternary.ChatTemplate.load(SHAKESPEARE) is None
    path = chat_directory / "tokenizer_config.json"
    config = json.loads(path.read_text())
    named = [{"name": "default", "template": "{{ messages | tojson }}"}, {"name": "tools"}]
    path.write_text(json.dumps({**config, "chat_template": named}))
    assert json.loads(ternary.ChatTemplate.load(chat_directory).render(MESSAGES)) == MESSAGES
    (chat_directory / "chat_template.jinja").write_text(
        "{% for m in messages %}{% break %}{% endfor %}!"
    )
    assert ternary.ChatTemplate.load(chat_directory).render(MESSAGES) == "!"


def test_templates_run_in_a_sandbox():
    pytest.importorskip("jinja2")
    for template, message in [
        ("{{ raise_exception('no such role') }}", "no such role"),
        ("{{ messages.__class__.__mro__ }}", "unsafe"),
        ("{{ messages.append(1) }}", "not safe|unsafe"),
        ("{{ nothing.at.all }}", "undefined"),
        ("{{ 1 / 0 }}", "division"),
    ]:
        with pytest.raises(ternary.Error, match=f"cannot apply the chat template: .*({message})"):
            ternary.ChatTemplate(template).render(MESSAGES)
    with pytest.raises(ternary.Error, match="expected a chat template"):
        ternary.ChatTemplate("{% if %}")


def test_chat_ids(chat_directory, shakespeare):
    pytest.importorskip("jinja2")
    model = ternary.Model.load(shakespeare.path, tokenizer=chat_directory)
    ids = model.encode_chat(MESSAGES)
    assert ids[0] == 1 and ids.count(1) == 1
    assert decode(model.tokenizer, ids) == model.chat_template.render(MESSAGES).removeprefix("<s>")
    assert model.stop_ids == {2}
    (chat_directory / "generation_config.json").write_text('{"eos_token_id": [2, 7]}')
    assert model.stop_ids == {2, 7}
    with pytest.raises(ternary.Error, match="expected a chat template in tokenizer_config.json"):
        shakespeare.encode_chat(MESSAGES)


def test_a_template_writes_all_that_is_there(chat_directory, shakespeare):
    """As in Transformers: no start that it has not written, and the tokens that it names."""
    pytest.importorskip("jinja2")
    (chat_directory / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m.content }}</s>{% endfor %}"
    )
    model = ternary.Model.load(shakespeare.path, tokenizer=chat_directory)
    expected = [*model.tokenizer.encode("Hello"), 2, *model.tokenizer.encode("Ho"), 2]
    assert model.encode_chat(MESSAGES) == expected
    assert model.encode_chat(MESSAGES, add_special_tokens=True) == [1, *expected]
    ids = model.encode_chat([{"role": "user", "content": "a<s>b"}])
    assert ids == [*model.encode("a<s>b", add_special_tokens=False), 2]
    assert 1 in ids
