"""python -m ternary chat."""

import signal
import subprocess
import sys

import pytest
from built import SHAKESPEARE
from test_tokenizer import TEMPLATE, chat_directory  # noqa: F401  (a fixture)


@pytest.fixture
def run(environment):
    def run(*arguments: object, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ternary", *map(str, arguments)]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, env=environment, timeout=300
        )

    return run


def test_plain_text(run, shakespeare):
    flags = ["--temperature=0", "--max-new-tokens=20"]
    result = run("chat", shakespeare.path, *flags, text="ROMEO:\nJULIET:\n/reset\nROMEO:\n/exit\n")
    assert result.returncode == 0, result.stderr
    first = shakespeare.generate("ROMEO:", max_new_tokens=20)
    second = shakespeare.generate(f"ROMEO:{first}JULIET:", max_new_tokens=20)
    assert result.stdout == f"{first}\n{second}\n{first}\n"
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 3
    assert "20 tokens at" in lines[0] and "tokens/s" in lines[0]


def test_template(run, shakespeare, chat_directory):  # noqa: F811
    pytest.importorskip("jinja2")
    import ternary

    model = ternary.Model.load(shakespeare.path, tokenizer=chat_directory)
    flags = ["--temperature=0", "--max-new-tokens=12", f"--tokenizer={chat_directory}"]
    result = run("chat", shakespeare.path, *flags, "--system=Be brief", text="Hello\nWhy?\n")
    assert result.returncode == 0, result.stderr
    messages = [{"role": "system", "content": "Be brief"}]
    expected = ""
    for line in ("Hello", "Why?"):
        messages.append({"role": "user", "content": line})
        text = model.generate(model.encode_chat(messages), max_new_tokens=12)
        messages.append({"role": "assistant", "content": text})
        expected += text + "\n"
    assert result.stdout == expected


def test_directory(run):
    flags = ["--temperature=0", "--max-new-tokens=3", "--threads=1"]
    result = run("chat", SHAKESPEARE, *flags, text="ROMEO:\n")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() or result.stdout == "\n\n\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chat", "/no/such/model"], "no such file or directory"),
        (["chat", "/no/such/model.so"], "error: /no/such/model.so"),
        (["chat", SHAKESPEARE, "--tokenizer=x"], "expected no --tokenizer"),
        (["serve", "/no/such/model.so"], "error: "),
    ],
)
def test_errors(run, arguments, message):
    result = run(*arguments)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_error_of_a_turn(run, shakespeare, chat_directory):  # noqa: F811
    """Which is as if it had not been asked."""
    pytest.importorskip("jinja2")
    refusal = "{% if 'bad' in message.content %}{{ raise_exception('bad word') }}{% endif %}"
    template = TEMPLATE.replace("{% generation", refusal + "{% generation")
    (chat_directory / "chat_template.jinja").write_text(template)
    flags = ["--temperature=0", "--max-new-tokens=8", f"--tokenizer={chat_directory}"]
    whole = run("chat", shakespeare.path, *flags, text="Hello\nbad\nWhy?\n")
    assert whole.returncode == 0
    errors = [line for line in whole.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "bad word" in errors[0]
    assert "Traceback" not in whole.stderr
    expected = run("chat", shakespeare.path, *flags, text="Hello\nWhy?\n")
    assert whole.stdout == expected.stdout != ""


def test_terminal_of_another_encoding(run, shakespeare, environment):
    """Whose locale has fewer characters than texts have: hot enough, the model writes any bytes."""
    environment["PYTHONIOENCODING"] = "ascii:strict"
    flags = ["--temperature=1000", "--top-p=1", "--max-new-tokens=60"]
    result = run("chat", shakespeare.path, *flags, text="Zwölf\nROMEO:\n")
    assert result.returncode == 0, result.stderr
    assert "error: expected text in Unicode" in result.stderr
    expected = shakespeare.generate("ROMEO:", temperature=1000, max_new_tokens=60)
    assert not expected.isascii()
    assert result.stdout == expected.encode("ascii", "replace").decode() + "\n"


@pytest.mark.parametrize("what", ["interrupt", "pipe"])
def test_ends_without_traceback(shakespeare, environment, what):
    """Interrupted while it starts or compiles, or when nobody reads its answer."""
    model = SHAKESPEARE if what == "interrupt" else shakespeare.path
    command = [sys.executable, "-m", "ternary", "chat", model, "--max-new-tokens=1000000"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment
    ) as process:
        if what == "interrupt":
            assert "compiling" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
        else:
            process.stdin.write("ROMEO:\n")
            process.stdin.flush()
            process.stdout.read(5)
            process.stdout.close()
        error = process.stderr.read()
        assert process.wait(60) == 128 + (2 if what == "interrupt" else 13), error
    assert "Traceback" not in error and "Exception ignored" not in error


def test_system_without_template(run, shakespeare):
    result = run("chat", shakespeare.path, "--system=Be brief")
    assert result.returncode == 1
    assert "expected no --system for a model without a chat template" in result.stderr
