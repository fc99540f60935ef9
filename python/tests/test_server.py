"""The HTTP server, asked by OpenAI's own client."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
import ternary
from built import SHAKESPEARE
from test_tokenizer import MESSAGES, chat_directory  # noqa: F401  (a fixture)

pytest.importorskip("jinja2")
openai = pytest.importorskip("openai")
uvicorn = pytest.importorskip("uvicorn")
server = pytest.importorskip("ternary._server")

NAME = "demo"


@contextlib.contextmanager
def serving(model: ternary.Model, **options):
    """A client of a server with this model."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(server.create_app(model, NAME, **options), log_level="warning")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        while not running.started and thread.is_alive():
            time.sleep(0.01)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with openai.OpenAI(base_url=address, api_key="none", max_retries=0, timeout=60) as client:
            yield client
        running.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def client(shakespeare):
    with serving(shakespeare) as client:
        yield client


@pytest.fixture
def chat_client(shakespeare, chat_directory):  # noqa: F811
    with serving(ternary.Model.load(shakespeare.path, tokenizer=chat_directory)) as client:
        yield client


def test_models(client):
    assert [model.id for model in client.models.list()] == [NAME]
    assert client.models.retrieve(NAME).owned_by == "ternary"
    with pytest.raises(openai.NotFoundError, match="expected the model 'demo', got 'gpt'") as error:
        client.models.retrieve("gpt")
    assert error.value.code == "model_not_found"


def test_completion(client, shakespeare):
    answer = client.completions.create(
        model=NAME, prompt="ROMEO:", max_tokens=30, temperature=0.8, top_p=0.9, seed=4
    )
    expected = shakespeare.generate("ROMEO:", max_new_tokens=30, temperature=0.8, top_p=0.9, seed=4)
    assert answer.object == "text_completion"
    assert answer.choices[0].text == expected
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.prompt_tokens == len(shakespeare.encode("ROMEO:"))
    assert answer.usage.completion_tokens == 30
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 30


def test_completions_of_several_prompts(client, shakespeare):
    ids = shakespeare.encode("JULIET:")
    for prompt, texts in [
        (["ROMEO:", "JULIET:"], ["ROMEO:", "JULIET:"]),
        (ids, ["JULIET:"]),
        ([ids, ids], ["JULIET:", "JULIET:"]),
    ]:
        answer = client.completions.create(
            model=NAME, prompt=prompt, n=2, max_tokens=8, temperature=0.9, seed=1
        )
        expected = [
            shakespeare.generate(text, max_new_tokens=8, temperature=0.9, seed=seed)
            for text in texts
            for seed in (1, 2)
        ]
        assert [choice.text for choice in answer.choices] == expected
        assert [choice.index for choice in answer.choices] == list(range(len(expected)))


def test_completion_that_stops(client, shakespeare):
    whole = shakespeare.generate("ROMEO:", max_new_tokens=40)
    word = whole.split()[4]
    answer = client.completions.create(
        model=NAME, prompt="ROMEO:", max_tokens=40, temperature=0, stop=[word], echo=True
    )
    assert answer.choices[0].text == "ROMEO:" + whole[: whole.index(word)]
    assert answer.choices[0].finish_reason == "stop"


def test_completion_stream(client, shakespeare):
    stream = client.completions.create(
        model=NAME,
        prompt="ROMEO:",
        max_tokens=30,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert len(chunks) > 10
    text = "".join(choice.text for chunk in chunks for choice in chunk.choices)
    assert text == shakespeare.generate("ROMEO:", max_new_tokens=30)
    assert chunks[-1].usage.completion_tokens == 30
    assert chunks[-2].choices[0].finish_reason == "length"


def test_chat(chat_client, shakespeare, chat_directory):  # noqa: F811
    model = ternary.Model.load(shakespeare.path, tokenizer=chat_directory)
    expected = model.generate(model.encode_chat(MESSAGES), max_new_tokens=20)
    answer = chat_client.chat.completions.create(
        model=NAME, messages=MESSAGES, max_completion_tokens=20, temperature=0
    )
    assert answer.object == "chat.completion"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == expected
    assert answer.usage.prompt_tokens == len(model.encode_chat(MESSAGES))

    stream = chat_client.chat.completions.create(
        model=NAME, messages=MESSAGES, max_tokens=20, temperature=0, stream=True
    )
    chunks = [chunk.choices[0] for chunk in stream]
    assert chunks[0].delta.role == "assistant"
    assert "".join(chunk.delta.content or "" for chunk in chunks) == expected
    assert chunks[-1].finish_reason == "length"

    # The conversation goes on in the session of the turn before.
    longer = [*MESSAGES, {"role": "assistant", "content": expected}, MESSAGES[0]]
    answer = chat_client.chat.completions.create(
        model=NAME, messages=longer, max_tokens=10, temperature=0
    )
    assert answer.choices[0].message.content == model.generate(
        model.encode_chat(longer), max_new_tokens=10
    )
    with pytest.raises(openai.BadRequestError, match="unknown role tool"):
        chat_client.chat.completions.create(
            model=NAME, messages=[{"role": "tool", "content": "x", "tool_call_id": "1"}]
        )


@pytest.mark.parametrize(
    ("options", "message", "param"),
    [
        ({"temperature": 3}, "less than or equal to 2", "temperature"),
        ({"top_p": 0}, "greater than 0", "top_p"),
        ({"n": 0}, "greater than or equal to 1", "n"),
        ({"max_tokens": -1}, "greater than or equal to 0", "max_tokens"),
        ({"logprobs": 3}, "expected no logprobs, which is not supported", "logprobs"),
        ({"logprobs": 0}, "expected no logprobs, which is not supported", "logprobs"),
        ({"presence_penalty": 1}, "expected no presence_penalty", "presence_penalty"),
        ({"best_of": 3}, "expected no best_of", "best_of"),
        ({"extra_body": {"top_k": 1}}, "expected no top_k", "top_k"),
        ({"extra_body": {"min_p": 0.1}}, "expected no min_p", "min_p"),
        ({"extra_body": {"unheard_of": 1}}, "expected no unheard_of", "unheard_of"),
        ({"extra_body": {"messages": []}}, "expected no messages", "messages"),
        ({"extra_body": {"repeat_penalty": 2}}, "expected no repeat_penalty", "repeat_penalty"),
        ({"extra_body": {"n_predict": -2}}, "greater than or equal to -1", "n_predict"),
        ({"logit_bias": {"5": 1}}, "expected no logit_bias", "logit_bias"),
        (
            {"stream_options": {"unheard_of": True}},
            "expected no unheard_of",
            "stream_options.unheard_of",
        ),
        ({"prompt": [True]}, "expected texts or token ids, got true or false", "prompt"),
        ({"prompt": [[1, False]]}, "expected texts or token ids, got true or false", "prompt"),
        ({"prompt": [5000]}, "expected token ids from 0 to 1023, got 5000", None),
        ({"prompt": []}, "expected at least one prompt", "prompt"),
        ({"stop": ""}, "expected stop to be texts", None),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_bad_requests(client, options, message, param, stream):
    request = {"model": NAME, "prompt": "ROMEO:", "stream": stream, **options}
    with pytest.raises(openai.BadRequestError, match=message) as error:
        client.completions.create(**request)
    assert error.value.type == "invalid_request_error"
    assert error.value.param == param


def test_null_is_the_default(client, shakespeare):
    names = ("max_tokens", "temperature", "top_p", "n", "stream", "stop", "logprobs", "suffix")
    nothing = {"top_k": -1, "frequency_penalty": 0.0, "logit_bias": {}, "unheard_of": None}
    nothing |= {"user": "me", "cache_prompt": True, "mirostat": 0, "mirostat_tau": 5.0}
    answer = client.completions.create(
        model=NAME, prompt="ROMEO:", seed=4, extra_body=nothing | dict.fromkeys(names)
    )
    assert len(answer.choices) == 1
    assert answer.usage.completion_tokens == 16
    assert answer.choices[0].text == shakespeare.generate(
        "ROMEO:", max_new_tokens=16, temperature=1, seed=4
    )


def test_special_tokens_in_a_prompt(client, shakespeare):
    prompt = "<s>ROMEO:</s>"
    for fields, ids in [
        ({}, shakespeare.encode("ROMEO:") + [2]),
        ({"special": False}, shakespeare.encode(prompt, special=False)),
        ({"add_special_tokens": False, "prompt": "a"}, shakespeare.encode("a")[1:]),
    ]:
        answer = client.completions.create(
            model=NAME,
            max_tokens=4,
            temperature=0,
            extra_body={"prompt": prompt} | fields,
            prompt="",
        )
        assert answer.usage.prompt_tokens == len(ids)
        assert answer.choices[0].text == shakespeare.generate(ids, max_new_tokens=4)


def test_fields_of_other_servers(client, shakespeare):
    ids = shakespeare.generate_ids(shakespeare.encode("ROMEO:"), max_new_tokens=20)
    for fields, count in [
        ({"n_predict": 3, "max_tokens": 7}, 3),
        ({"stop_token_ids": [ids[5]]}, ids.index(ids[5])),
        ({"n_predict": -1, "stop_token_ids": ids[4:6]}, min(map(ids.index, ids[4:6]))),
    ]:
        answer = client.completions.create(
            model=NAME, prompt="ROMEO:", temperature=0, extra_body=fields
        )
        assert answer.usage.completion_tokens == count


@pytest.fixture
def thinking_client(shakespeare, chat_directory):  # noqa: F811
    """Its template has variables, and writes neither a start nor an end."""
    (chat_directory / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}"
        "{% if enable_thinking is defined and not enable_thinking %}</s>{% endif %}"
        "{% for d in documents or [] %}{{ d.text }}{% endfor %}"
        "{% if add_generation_prompt %}</s></s></s>{% endif %}"
    )
    with serving(ternary.Model.load(shakespeare.path, tokenizer=chat_directory)) as client:
        yield client


def test_fields_for_the_template(thinking_client, shakespeare):
    def read(**fields) -> int:
        answer = thinking_client.chat.completions.create(
            model=NAME, messages=MESSAGES, max_tokens=1, extra_body=fields
        )
        return answer.usage.prompt_tokens

    text = "user: Helloassistant: Ho"
    plain = len(shakespeare.encode(text, add_special_tokens=False))
    assert read() == plain + 3
    assert read(chat_template_kwargs={"enable_thinking": False}) == plain + 4
    assert read(chat_template_kwargs={"enable_thinking": True}) == plain + 3
    assert read(chat_template_kwargs={"add_generation_prompt": False}) == plain
    assert read(add_generation_prompt=False) == plain
    assert read(add_generation_prompt=False, add_special_tokens=True) == plain + 1
    assert read(continue_final_message=True) == plain
    documents = [{"text": "</s>"}, {"text": "</s>"}]
    assert read(documents=documents, add_generation_prompt=False) == plain + 2


@pytest.mark.parametrize(
    ("fields", "message", "param"),
    [
        (
            {"chat_template_kwargs": {"messages": []}},
            "expected no messages in chat_template_kwargs",
            "chat_template_kwargs",
        ),
        (
            {"add_generation_prompt": True, "continue_final_message": True},
            "expected one of add_generation_prompt and continue_final_message, got both",
            None,
        ),
        *(
            ({name: value}, f"expected no {name}, which is not supported", name)
            for name, value in {
                "allowed_token_ids": [5],
                "bad_words": ["a"],
                "chat_template": "{{ messages }}",
                "dry_multiplier": 0.8,
                "enable_thinking": False,
                "grammar": "root ::= [a]",
                "guided_json": {},
                "guided_regex": "[0-9]+",
                "include_stop_str_in_output": True,
                "json_schema": {},
                "mirostat": 2,
                "prompt": "a",
                "reasoning_effort": "low",
                "repeat_penalty": 2.0,
                "skip_special_tokens": False,
                "structured_outputs": {"regex": "[0-9]+"},
                "typical": 0.5,
                "unheard_of": 1,
                "xtc_probability": 0.5,
            }.items()
        ),
    ],
)
def test_what_is_not_obeyed_is_refused(thinking_client, fields, message, param):
    with pytest.raises(openai.BadRequestError, match=message) as error:
        thinking_client.chat.completions.create(
            model=NAME, messages=MESSAGES, max_tokens=1, extra_body=fields
        )
    assert error.value.param == param


def ask(url: str, method: str, **headers: str) -> tuple[int, dict[str, str]]:
    """The status and the headers of an answer."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


@pytest.mark.parametrize(
    ("allowed", "origin", "is_allowed"),
    [
        (None, "http://localhost:3000", True),
        (None, "https://127.0.0.1", True),
        (None, "http://[::1]:80", True),
        (None, "https://example.org", False),
        (None, "http://localhost.example.org", False),
        (["https://example.org"], "https://example.org", True),
        (["https://example.org"], "http://localhost:3000", False),
        (["*"], "https://example.org", True),
        ([], "http://localhost:3000", False),
    ],
)
def test_pages_of_other_origins(shakespeare, allowed, origin, is_allowed):
    with serving(shakespeare, allowed_origins=allowed) as client:
        status, headers = ask(
            f"{client.base_url}chat/completions",
            "OPTIONS",
            Origin=origin,
            Access_Control_Request_Method="POST",
            Access_Control_Request_Headers="authorization, content-type",
        )
        assert (status == 200) == is_allowed
        assert ("access-control-allow-origin" in headers) == is_allowed
        if is_allowed:
            assert headers["access-control-allow-headers"] == "authorization, content-type"
        # Whether a page may read an answer is up to its browser, by the same header.
        for path, expected in (("models", 200), ("none", 404)):
            status, headers = ask(f"{client.base_url}{path}", "GET", Origin=origin)
            assert status == expected
            assert ("access-control-allow-origin" in headers) == is_allowed


def test_chat_in_parts(chat_client):
    options = {"model": NAME, "max_tokens": 5, "temperature": 0}
    options["extra_body"] = {"logprobs": False, "tools": [], "max_completion_tokens": None}
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]
    answers = [
        chat_client.chat.completions.create(messages=messages, **options)
        for messages in (
            [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": ""}],
            [{"role": "user", "content": parts}, {"role": "assistant", "content": None}],
        )
    ]
    assert answers[0].choices[0].message.content == answers[1].choices[0].message.content
    assert answers[0].usage == answers[1].usage


@pytest.mark.parametrize(
    ("options", "message", "param"),
    [
        ({"messages": [{"content": "x"}]}, "expected a message with a role", "messages.0.role"),
        (
            {"messages": [MESSAGES[0], {"role": "user"}]},
            "expected content that is text",
            "messages.1.content",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "expected parts of type text, got image_url",
            "messages.0.content",
        ),
        (
            {"messages": [{"role": "user", "content": ["x"]}]},
            "expected parts of type text, got str",
            "messages.0.content",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]}]},
            "expected no x, which is not supported",
            "messages.0.content.x",
        ),
        ({"messages": []}, "at least 1 item", "messages"),
        ({"tool_choice": "auto"}, "expected no tool_choice", "tool_choice"),
        ({"logprobs": True}, "expected no logprobs", "logprobs"),
        ({"top_logprobs": 3}, "expected no top_logprobs", "top_logprobs"),
        ({"response_format": {"type": "json_object"}}, "no response_format", "response_format"),
    ],
)
def test_bad_chats(chat_client, options, message, param):
    with pytest.raises(openai.BadRequestError, match=message) as error:
        chat_client.chat.completions.create(**{"model": NAME, "messages": MESSAGES, **options})
    assert error.value.type == "invalid_request_error"
    assert error.value.param == param


def test_no_tokenizer(hgrn):
    with pytest.raises(ternary.Error, match="expected a tokenizer in the model, got none"):
        server.create_app(hgrn)


def test_long_prompts_stop_nobody(client, shakespeare, monkeypatch):
    """Others are answered while one is encoded."""
    encode = shakespeare.encode
    begun, release = threading.Event(), threading.Event()

    def slow(prompt, **options):
        begun.set()
        assert release.wait(30)
        return encode(prompt, **options)

    monkeypatch.setattr(shakespeare, "encode", slow)
    asking = threading.Thread(
        target=client.completions.create, kwargs={"model": NAME, "prompt": "ROMEO:"}
    )
    asking.start()
    assert begun.wait(30)
    assert [model.id for model in client.models.list()] == [NAME]
    monkeypatch.undo()
    release.set()
    asking.join()


@pytest.mark.parametrize("stream", [False, True])
def test_nothing_starts_for_a_client_that_has_left(client, shakespeare, monkeypatch, stream):
    prompts = []
    start = shakespeare.stream
    monkeypatch.setattr(
        shakespeare,
        "stream",
        lambda ids, **options: prompts.append(ids) or start(ids, **options),
    )
    request = {"model": NAME, "temperature": 0, "max_tokens": 100000, "stream": True}
    first = client.completions.create(prompt="ROMEO:", **request)
    next(iter(first))
    with pytest.raises(openai.APITimeoutError):
        request |= {"stream": stream, "timeout": 0.5}
        client.completions.create(prompt="JULIET:", **request)
    first.close()
    answer = client.completions.create(model=NAME, prompt="A:", max_tokens=5, temperature=0)
    assert answer.usage.completion_tokens == 5
    assert prompts == [shakespeare.encode("ROMEO:"), shakespeare.encode("A:")]


def test_other_errors(client):
    with pytest.raises(openai.NotFoundError) as error:
        client.completions.create(model="gpt", prompt="")
    assert error.value.param == "model"
    with pytest.raises(openai.BadRequestError, match="expected a chat template"):
        client.chat.completions.create(model=NAME, messages=MESSAGES)
    with pytest.raises(openai.NotFoundError, match="Not Found"):
        client.embeddings.create(model=NAME, input="x")


@pytest.mark.parametrize("stream", [False, True])
def test_client_that_leaves_during_a_prompt(client, shakespeare, monkeypatch, stream):
    """The rest of it is not read."""
    consumed = []
    step = ternary.Session._consume

    def slow(session, ids, **options):
        consumed.append(len(ids[0]))
        time.sleep(0.1)
        return step(session, ids, **options)

    monkeypatch.setattr(ternary.Session, "_consume", slow)
    prompt = [5] * 128 * 100
    with pytest.raises(openai.APITimeoutError):
        client.completions.create(model=NAME, prompt=prompt, stream=stream, timeout=0.5)
    answer = client.completions.create(model=NAME, prompt=[5, 6], max_tokens=1)
    assert answer.usage.completion_tokens == 1
    *long, short = consumed
    assert short == 2
    assert set(long) == {128}
    assert len(long) < 20


def test_client_that_leaves(client, shakespeare):
    stream = client.completions.create(
        model=NAME, prompt="ROMEO:", max_tokens=100000, temperature=0, stream=True
    )
    next(iter(stream))
    stream.close()
    start = time.perf_counter()
    answer = client.completions.create(model=NAME, prompt="ROMEO:", max_tokens=5, temperature=0)
    assert answer.choices[0].text == shakespeare.generate("ROMEO:", max_new_tokens=5)
    assert time.perf_counter() - start < 30


def test_requests_at_once(client, shakespeare):
    expected = [shakespeare.generate(f"{name}:", max_new_tokens=20) for name in "ABCD"]
    answers = [""] * 4

    def ask(index: int) -> None:
        answer = client.completions.create(
            model=NAME, prompt=f"{'ABCD'[index]}:", max_tokens=20, temperature=0
        )
        answers[index] = answer.choices[0].text

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"model": "demo", "prompt": "\\ud800"}', "expected text in Unicode"),
        (b'{"model": "demo", "prompt": ', "JSON decode error"),
        (b"[]", "valid dictionary"),
        (b'{"prompt": "x"}', "Field required"),
    ],
)
def test_what_the_client_would_not_send(client, body, message):
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{client.base_url}completions", body, headers)
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    assert error.value.code == 400
    assert message in json.load(error.value)["error"]["message"]


def test_command(shakespeare, environment):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ternary", "serve", shakespeare.path, f"--port={port}"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "running on" in line:
            break
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models") as answer:
        assert json.load(answer)["data"][0]["id"] == "shakespeare", lines
    # It does not wait for an answer that has no end.
    with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none") as client:
        stream = client.completions.create(
            model="shakespeare", prompt="ROMEO:", max_tokens=10**9, stream=True
        )
        next(iter(stream))
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert process.returncode in (0, 128 + signal.SIGINT, -signal.SIGINT)
    assert "Traceback" not in rest


@pytest.mark.parametrize("ended", ["compiling", "serving"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_a_signal_leaves_nothing_behind(environment, tmp_path, ended, number):
    """Not even the one that a process cannot know of, once the model is loaded."""
    if ended == "compiling" and number == signal.SIGKILL:
        pytest.skip("nobody is there to remove what is half-written")
    command = [sys.executable, "-m", "ternary", "serve", SHAKESPEARE, "--port=0"]
    environment["TMPDIR"] = str(tmp_path)
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if ("compiling" if ended == "compiling" else "running on") in line:
            break
    if ended == "compiling":
        while not list(tmp_path.glob("*/*")) and process.poll() is None:
            time.sleep(0.01)
    process.send_signal(number)
    _, rest = process.communicate(timeout=120)
    assert process.returncode in (-number, 128 + number, 0), rest
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
