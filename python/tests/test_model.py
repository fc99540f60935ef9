"""Compiled models: logits, generation, sessions, and what they refuse."""

import contextlib
import gc
import pathlib
import signal
import subprocess
import sys
import threading
import time
import zlib

import numpy as np
import pytest
import ternary
from built import BITNET, BUILD, HGRN, SHAKESPEARE
from safetensors.numpy import load_file

IDS = load_file(HGRN / "expected.safetensors")["input_ids"]


def run_tool(model: ternary.Model, *flags: str) -> str:
    command = [BUILD / "bin" / "ternary-run", model.path, *flags]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_information(shakespeare):
    assert shakespeare.info["name"] == "shakespeare"
    assert shakespeare.info["vocab"] == 1024
    assert "shakespeare" in repr(shakespeare)
    assert shakespeare.stats()["packed_weight_bytes"] > 0
    shakespeare.verify()


@pytest.mark.parametrize("options", [{}, {"temperature": 0.8, "top_p": 0.9, "seed": 5}])
@pytest.mark.parametrize("prompt", ["ROMEO:", "", "Zwölf Äpfel", "<s>ROMEO:</s>"])
def test_generates_what_the_tool_does(shakespeare, prompt, options):
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    for special, more in ((True, []), (False, ["--plain-prompt"])):
        text = shakespeare.generate(prompt, max_new_tokens=60, special=special, **options)
        tool = run_tool(shakespeare, f"--prompt={prompt}", "--tokens=60", *flags, *more)
        assert tool.removesuffix("\n") == (prompt + text).removesuffix("\n")


def test_stream(shakespeare):
    generation = shakespeare.stream("ROMEO:", max_new_tokens=40)
    pieces = list(generation)
    assert len(pieces) > 10
    assert "".join(pieces) == generation.text == shakespeare.generate("ROMEO:", max_new_tokens=40)
    assert generation.finish_reason == "length"
    assert len(generation.tokens) == 40
    assert generation.prompt_tokens == len(shakespeare.encode("ROMEO:"))
    assert generation.tokens_per_second > 0
    streamed = shakespeare.generate("ROMEO:", max_new_tokens=40, stream=True)
    assert "".join(streamed) == generation.text


def test_stop(shakespeare):
    whole = shakespeare.generate("ROMEO:", max_new_tokens=60)
    word = whole.split()[3]
    generation = shakespeare.stream("ROMEO:", max_new_tokens=60, stop=["@@", word])
    assert "".join(generation) == whole[: whole.index(word)]
    assert generation.finish_reason == "stop"
    # A stop text that ends within a token, and one of which only the start comes.
    inside = whole[whole.index(word) : whole.index(word) + 2]
    text = shakespeare.generate("ROMEO:", max_new_tokens=60, stop=inside)
    assert text == whole[: whole.index(inside)]
    assert shakespeare.generate("ROMEO:", max_new_tokens=60, stop=whole[-5:] + "@") == whole
    token = shakespeare.stream("ROMEO:", max_new_tokens=10)
    list(token)
    generation = shakespeare.stream("ROMEO:", max_new_tokens=10, stop=token.tokens[4])
    list(generation)
    assert generation.tokens == token.tokens[: token.tokens.index(token.tokens[4])]
    for stop in (np.int64(token.tokens[4]), np.array(token.tokens[4:5])):
        assert shakespeare.generate("ROMEO:", max_new_tokens=10, stop=stop) == generation.text
    assert shakespeare.generate("ROMEO:", max_new_tokens=60, stop=None) == whole
    assert shakespeare.generate("ROMEO:", max_new_tokens=0) == ""


def test_batch_is_as_if_alone(shakespeare):
    graph = ternary.load(SHAKESPEARE)
    three = graph.compile(batch=3, self_test=0)
    prompts = ["ROMEO:", "", "JULIET:\nO Romeo, Romeo! wherefore art thou"]
    options = {"max_new_tokens": 40, "temperature": 0.8, "stop": ["\n\n"]}
    together = three.generate(prompts, seed=3, **options)
    alone = [shakespeare.generate(p, seed=3 + i, **options) for i, p in enumerate(prompts)]
    assert together == alone
    ids = [shakespeare.encode(prompt) for prompt in prompts]
    options["max_new_tokens"] = 5
    together = three.generate(ids, **options)
    assert together[1] == shakespeare.generate(ids[1], seed=1, **options)
    with pytest.raises(ternary.Error, match="expected as many prompts as the batch of 3, got 2"):
        three.generate(prompts[:2])
    with pytest.raises(ternary.Error, match="expected a model with batch 1"):
        three.generate("ROMEO:")
    ids = np.stack([IDS[0][:5] % 1024] * 3)
    assert three.logits(ids).shape == (3, 5, 1024)
    with three.session() as session:
        assert session.decode([1, 2, 3]).shape == (3, 1024)


def test_long_prompt_in_a_batch(hgrn_graph, hgrn):
    """Longer than what one call of the compiled code takes."""
    one, two = hgrn, hgrn_graph.compile(batch=2, self_test=0)
    chunk = one.info["prefill_chunk"]
    generator = np.random.default_rng(1)
    ids = generator.integers(0, one.info["vocab"], (2, 2 * chunk + 3))
    together = two.logits(ids)
    for row in range(2):
        assert together[row].tobytes() == one.logits(ids[row]).tobytes()
        with one.session() as session:
            assert session.prefill(ids[row]).tobytes() == together[row, -1].tobytes()
    with two.session() as session:
        assert session.prefill(ids).tobytes() == together[:, -1].tobytes()


def test_logits_share_memory(hgrn):
    with hgrn.session() as session:
        tensor = session._session.prefill_all(np.ascontiguousarray(IDS[:1], dtype=np.int32))
    first, second = np.from_dlpack(tensor), np.from_dlpack(tensor)
    assert first.ctypes.data == second.ctypes.data
    assert first.dtype == np.float32 and first.shape == tensor.shape
    copy = first.copy()
    del tensor, second
    gc.collect()
    assert first.tobytes() == copy.tobytes()
    assert tuple(hgrn.session()._step(IDS[:1]).__dlpack_device__()) == (1, 0)


def test_dlpack_arguments(hgrn):
    tensor = hgrn.session()._step(IDS[:1])
    assert "dltensor_versioned" in repr(tensor.__dlpack__(max_version=(1, 0)))
    assert "dltensor_versioned" not in repr(tensor.__dlpack__())
    for arguments in ({"dl_device": (2, 0)}, {"copy": True}, {"stream": "now"}):
        with pytest.raises(BufferError, match="expected"):
            tensor.__dlpack__(**arguments)


def test_ids_of_any_kind(hgrn):
    expected = hgrn.logits(IDS[0]).tobytes()
    for kind in (np.int32, np.int64, np.uint16, np.uint64):
        assert hgrn.logits(IDS[0].astype(kind)).tobytes() == expected
    assert hgrn.logits(IDS[0].tolist()).tobytes() == expected
    spread = np.repeat(IDS[0], 2)[::2]
    assert hgrn.logits(spread).tobytes() == expected
    assert hgrn.logits(IDS[:1]).shape == (1, *hgrn.logits(IDS[0]).shape)


class OnDevice:
    def __init__(self, kind: int) -> None:
        self.kind = kind

    def __dlpack_device__(self) -> tuple[int, int]:
        return (self.kind, 0)

    def __dlpack__(self, **arguments: object) -> object:
        raise BufferError("not here")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.zeros(3, np.float32), "expected ids of an integer type, got float32"),
        (np.zeros((2, 3), np.int32), r"expected ids of shape \[1, T\], got \[2, 3\]"),
        (np.zeros((1, 2, 3), np.int32), r"expected ids of shape \[1, T\]"),
        (np.zeros(0, np.int32), r"expected ids of shape \[1, T\], got \[1, 0\]"),
        ([], r"expected ids of shape \[1, T\], got \[1, 0\]"),
        (np.int64(3), r"expected ids of shape \[1, T\], got \[\]"),
        ([1, 2**40], "expected token ids from 0 to"),
        ([1, -1], "expected token ids from 0 to .*, got -1"),
        ([[1, 2], [3]], "expected ids of one length"),
        ("text", "expected ids of an integer type"),
        (OnDevice(2), "expected ids in the CPU's memory, got DLPack device 2"),
        (OnDevice(1), "expected ids that NumPy can take"),
    ],
)
def test_wrong_ids(hgrn, ids, message):
    with pytest.raises(ternary.Error, match=message):
        hgrn.logits(ids)


def test_the_extension_refuses_too(hgrn):
    session = ternary._ternary.CompiledSession(hgrn._compiled, 1)
    zeros = np.zeros((1, 4), np.int32)
    for bad in (zeros[:, :0], zeros[0], zeros[:, ::2], zeros - 1, zeros + 10**6):
        with pytest.raises(ternary.Error, match="expected"):
            session.prefill(bad)
    for bad in (zeros.astype(np.int64), zeros.astype(np.float32), bytes(4)):
        with pytest.raises(ternary.Error, match="expected"):
            session.prefill_all(bad)
    for wrong in ([[1]], None, "text"):
        with pytest.raises(TypeError):
            session.prefill_all(wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "expected a temperature of at least 0, got -1"),
        ({"temperature": float("nan")}, "expected a temperature"),
        ({"top_p": 0.0}, "expected top_p above 0"),
        ({"top_p": 1.5}, "expected top_p above 0"),
        ({"seed": -1}, "expected a seed from 0"),
        ({"seed": 1.0}, "expected the seed to be an integer, got 1.0"),
        ({"max_new_tokens": -1}, "expected max_new_tokens of at least 0, got -1"),
        ({"max_new_tokens": 2.5}, "expected max_new_tokens to be an integer, got 2.5"),
        ({"max_new_tokens": float("inf")}, "expected max_new_tokens to be an integer, got inf"),
        ({"stop": ""}, "expected stop to be texts and token ids"),
        ({"stop": [None]}, "expected stop to be texts and token ids"),
        ({"stop": b"\n"}, "expected stop to be texts and token ids, got b"),
        ({"stop": True}, "expected stop to be texts and token ids, got True"),
        ({"stop": [np.bool_(1)]}, "expected stop to be texts and token ids"),
        ({"stop": 2.5}, "expected stop to be texts and token ids, got 2.5"),
        ({"threads": 0}, "expected from 1 to 1024 threads, got 0"),
        ({"threads": "2"}, "expected threads to be an integer, got '2'"),
    ],
)
def test_wrong_options(shakespeare, options, message):
    with pytest.raises(ternary.Error, match=message):
        shakespeare.generate("ROMEO:", **options)


def test_no_tokenizer(hgrn, hgrn_graph):
    ids = IDS[0][:3]
    for prompt in ("hello", ids):
        with pytest.raises(ternary.Error, match="expected a tokenizer in the model, got none"):
            hgrn.stream(prompt)  # before the first piece
    tokens = hgrn.generate_ids(ids, max_new_tokens=8)
    assert len(tokens) == 8
    model = hgrn_graph.compile(tokenizer=Numbers(), self_test=0)
    text = model.generate(" ".join(map(str, ids)), max_new_tokens=8)
    assert text.split() == list(map(str, tokens))
    assert model.generate(ids, max_new_tokens=8) == text
    two = hgrn_graph.compile(batch=2, self_test=0)
    both = two.generate_ids(np.stack([ids, ids[::-1]]), max_new_tokens=8)
    assert both == [tokens, hgrn.generate_ids(ids[::-1], max_new_tokens=8)]
    with pytest.raises(ternary.Error, match="expected a tokenizer in the model, got none"):
        two.generate([ids, ids])
    assert (
        hgrn.generate_ids(ids, max_new_tokens=8, stop=tokens[2])
        == (tokens[: tokens.index(tokens[2])])
    )
    with pytest.raises(ternary.Error, match="expected stop to be token ids, got 'x'"):
        hgrn.generate_ids(ids, stop="x")


def test_prompts_of_any_kind(shakespeare):
    ids = shakespeare.encode("ROMEO:")
    text = shakespeare.generate("ROMEO:", max_new_tokens=5)
    for prompt in (np.array(ids), np.array(ids, np.uint16), tuple(ids), list(np.array(ids))):
        assert shakespeare.generate(prompt, max_new_tokens=np.int64(5)) == text
    assert "".join(shakespeare.stream(np.array(ids), max_new_tokens=5)) == text
    assert shakespeare.generate(np.array([ids]), max_new_tokens=5) == [text]
    with pytest.raises(ternary.Error, match="expected ids of an integer type, got float64"):
        shakespeare.generate(np.zeros(3))


def test_session_steps(hgrn):
    expected = hgrn.logits(IDS[0])
    with hgrn.session(threads=2) as session:
        assert session.prefill(IDS[0][:5]).tobytes() == expected[4].tobytes()
        assert session.position == 5
        for position in range(5, 9):
            got = session.decode(int(IDS[0][position]))
            assert got.tobytes() == expected[position].tobytes()
        session.reset()
        assert session.position == 0
        assert session.prefill_all(IDS[0]).tobytes() == expected.tobytes()
        with pytest.raises(ternary.Error, match="expected one token for each of 1 sequences"):
            session.decode([1, 2])


def test_saved_session(hgrn, shakespeare):
    expected = hgrn.logits(IDS[0])
    session = hgrn.session()
    session.prefill(IDS[0][:7])
    saved = session.save()
    session.reset()
    other = hgrn.session()
    other.restore(saved)
    assert other.position == 7
    assert other.prefill_all(IDS[0][7:]).tobytes() == expected[7:].tobytes()

    before = other.save()
    for bad, message in [
        (b"", "not a saved session"),
        (b"what is this? no session that anybody saved, it seems", "not a saved session"),
        (saved[:-1], "saved session is damaged"),
        (saved[:100] + bytes([saved[100] ^ 1]) + saved[101:], "saved session is damaged"),
        (shakespeare.session().save(), "saved session belongs to another model"),
    ]:
        with pytest.raises(ternary.Error, match=message):
            other.restore(bad)
    assert other.save() == before


def test_prompts_go_on_in_a_session(shakespeare, monkeypatch):
    start = shakespeare.encode("First Citizen:\nBefore we proceed any further, hear me speak.\n")
    whole = [*start, *shakespeare.encode("All:")[1:]]
    expected = shakespeare.generate(whole, max_new_tokens=10)
    session = shakespeare.session()
    session.prefill(start)
    saved = session.save()

    read = []
    step = ternary.Session._consume

    def consume(session, ids, **options):
        read.append(len(ids[0]))
        return step(session, ids, **options)

    monkeypatch.setattr(ternary.Session, "_consume", consume)

    def generate(session):
        read.clear()
        assert "".join(shakespeare.stream(whole, max_new_tokens=10, session=session)) == expected
        return read[0]

    assert generate(session) == len(whole) - len(start)
    assert generate(session) == len(whole)  # what was generated since is not the prompt's
    session.restore(saved, start)
    assert generate(session) == len(whole) - len(start)
    session.restore(saved)
    assert generate(session) == len(whole)
    with pytest.raises(ternary.Error, match=f"expected the {len(start)} ids that were consumed"):
        session.restore(saved, start[:3])
    assert session.position == len(whole) + 9
    for bad in (b"", b"TERNARYS", bytes(100)):
        with pytest.raises(ternary.Error, match="not a saved session|session is damaged"):
            session.restore(bad, start)


@pytest.mark.parametrize(
    "use",
    [
        lambda session: session.reset(),
        lambda session: session.decode(5),
        lambda session: session.prefill_all([5, 6]),
        lambda session: session.restore(session.save()),
        lambda session: next(session.model.stream("JULIET:", session=session)),
    ],
)
def test_session_used_between_pieces(shakespeare, use):
    with shakespeare.session() as session:
        generation = shakespeare.stream("ROMEO:", session=session)
        next(generation)
        use(session)
        with pytest.raises(ternary.Error, match="expected a session that nothing else uses"):
            next(generation)
        assert list(generation) == []
        # What only looks is no use.
        generation = shakespeare.stream("ROMEO:", session=session, max_new_tokens=5)
        for _ in generation:
            session.save()
        assert generation.text == shakespeare.generate("ROMEO:", max_new_tokens=5)


class Numbers:
    """A tokenizer whose texts are numbers."""

    def encode(self, text, *, special=False):
        return [int(word) for word in text.split()]

    def start(self):
        return []

    def decoder(self, *, at_start=False):
        return self

    def feed(self, token):
        return f"{token} "

    def finish(self):
        return ""


def test_saved_session_of_other_types(tmp_path):
    """As many bytes of state, which mean something else, and codes."""
    sessions = [
        ternary.load(BITNET, max_tokens=most, kv_cache=kind)
        .compile("reference", self_test=0)
        .session()
        for most, kind in ((32, "f32"), (64, "f16"), (32, "int8"))
    ]
    sessions[0].prefill([3, 4, 5])
    saved = sessions[0].save()
    assert abs(len(saved) - len(sessions[1].save())) < 8
    for session in sessions[1:]:
        with pytest.raises(ternary.Error, match="saved session belongs to another model"):
            session.restore(saved)
    sessions[2].prefill([3, 4, 5])
    saved = sessions[2].save()
    logits = sessions[2].decode(6)
    sessions[2].reset()
    sessions[2].restore(saved)
    assert sessions[2].decode(6).tobytes() == logits.tobytes()


def test_transformer(tmp_path):
    """Its state has a position and room for only so many tokens."""
    graph = ternary.load(BITNET)
    model = graph.compile("reference", self_test=0)
    most, vocab = model.info["max_tokens"], model.info["vocab"]
    assert most > 0
    ids = np.random.default_rng(0).integers(3, vocab, most)
    expected = model.logits(ids)
    with model.session() as session:
        session.prefill(ids[:5])
        saved = session.save()
        with model.session() as other:
            other.restore(saved)
            assert other.prefill_all(ids[5:]).tobytes() == expected[5:].tobytes()
            assert other.is_full
            # Whose count of tokens, at the end of the state, says that there are more than fit.
            forged = bytearray(saved)
            forged[-4:] = (most + 1).to_bytes(4, "little")
            forged[12:16] = zlib.crc32(forged[16:]).to_bytes(4, "little")
            with pytest.raises(ternary.Error, match="saved session is damaged"):
                other.restore(bytes(forged))
            with pytest.raises(ternary.Error, match=f"expected at most {most} tokens"):
                other.decode(3)
        with pytest.raises(ternary.Error, match=f"expected at most {most} tokens"):
            session.prefill(ids)
        assert session.position == 5

    model = ternary.Model.load(model.path, tokenizer=Numbers())
    generation = model.stream(ids[:-3].tolist(), max_new_tokens=100)
    text = "".join(generation)
    assert generation.finish_reason in ("length", "stop")
    assert len(generation.tokens) <= 4
    assert model.encode(text) == generation.tokens
    graph.compile("reference", batch=2, output=tmp_path / "two.so", self_test=0)
    two = ternary.Model.load(tmp_path / "two.so", tokenizer=Numbers())
    together = two.generate([ids[:-3].tolist(), ids[:3].tolist()], max_new_tokens=100)
    assert together[0] == text
    alone = model.generate(ids[:3].tolist(), max_new_tokens=100)
    assert alone.startswith(together[1])


def test_closed_session(hgrn):
    session = hgrn.session()
    session.close()
    for use in (
        lambda: session.prefill(IDS[0]),
        lambda: session.decode(1),
        session.reset,
        session.save,
        lambda: session.restore(b""),
        lambda: session.position,
    ):
        with pytest.raises(ternary.Error, match="expected an open session"):
            use()
    session.close()
    with hgrn.session() as session:
        session.close()


def test_session_outlives_model(hgrn_graph):
    model = hgrn_graph.compile("reference", self_test=0)
    expected = model.logits(IDS[0])
    session = model.session()
    folder = pathlib.Path(model.path).parent
    del model
    gc.collect()
    assert folder.exists()
    assert session.prefill_all(IDS[0]).tobytes() == expected.tobytes()


def test_threads_run_at_once_but_not_in_one_session(shakespeare):
    ids = np.tile(np.arange(3, 1000), 12)
    session = shakespeare.session(threads=1)
    ticks, errors = [], []
    running = threading.Event()

    def work() -> None:
        running.set()
        done = False
        while not done:
            with contextlib.suppress(ternary.Error):  # the other thread may be the first
                session.prefill(ids)
                done = True

    thread = threading.Thread(target=work)
    thread.start()
    running.wait()
    while thread.is_alive():
        ticks.append(time.perf_counter())
        try:
            session.save()
        except ternary.Error as error:
            errors.append(str(error))
        time.sleep(0.001)
    thread.join()
    assert len(ticks) > 5
    assert "expected a session that no other thread is using" in errors


INTERRUPTED = """
import sys, numpy as np, ternary
model = ternary.Model.load(sys.argv[1])
session = model.session()
print("ready", flush=True)
try:
    if sys.argv[2] == "prompt":
        session.prefill(np.tile(np.arange(3, 1000), 3000))
    else:
        for _ in model.stream("ROMEO:", max_new_tokens=10**9): pass
except KeyboardInterrupt:
    session.reset()
    session.prefill([1, 2, 3])
    print("stopped", flush=True)
"""


@pytest.mark.parametrize("where", ["prompt", "generation"])
def test_interrupt(shakespeare, environment, where):
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, shakespeare.path, where],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    start = time.perf_counter()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out == "stopped\n"
    assert time.perf_counter() - start < 5


def test_no_shared_object(tmp_path):
    bad = tmp_path / "bad.so"
    bad.write_bytes(b"not an object")
    with pytest.raises(ternary.Error, match="bad.so"):
        ternary.Model.load(bad)
    with pytest.raises(ternary.Error, match="none.so"):
        ternary.Model.load(tmp_path / "none.so")


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_ids_that_change_while_they_are_read(shakespeare, monkeypatch, dtype):
    """Another thread may write to the caller's array once the ids were checked."""
    ids = np.array([5, 6, 7], dtype)
    with shakespeare.session() as session:
        expected = session.prefill_all([5, 6, 7])
        session.reset()
        check = session._check

        def check_and_change(array):
            checked = check(array)
            ids[:] = 10**6
            return checked

        monkeypatch.setattr(session, "_check", check_and_change)
        assert session.prefill_all(ids).tobytes() == expected.tobytes()
        assert session._consumed == [5, 6, 7]
