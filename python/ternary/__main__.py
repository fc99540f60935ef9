"""python -m ternary chat MODEL | python -m ternary serve MODEL"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence

from ternary._generation import Generation
from ternary._graph import load
from ternary._model import Model
from ternary._session import Session
from ternary._ternary import Error


def open_model(args: argparse.Namespace) -> Model:
    """The model in a shared object, or the one that a directory, file or graph is compiled to."""
    path = args.model
    if path.endswith(".so"):
        if args.i2s_blocks is not None:
            raise Error("expected no --i2s-blocks with a compiled model")
        return Model.load(path, tokenizer=args.tokenizer, threads=args.threads)
    if args.tokenizer is not None:
        raise Error("expected no --tokenizer with a model to compile, which has its own")
    print(f"compiling {path} ...", file=sys.stderr, flush=True)
    graph = load(path, i2s_blocks=args.i2s_blocks)
    with _ending_by_exception(), tempfile.TemporaryDirectory(prefix="ternary-") as folder:
        # Once it is loaded nobody needs the file, so that nothing can be left of it.
        return graph.compile(output=os.path.join(folder, "model.so"), threads=args.threads)


@contextlib.contextmanager
def _ending_by_exception() -> Iterator[None]:
    """Signals that would end the process at once raise SystemExit, so that files are removed."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    numbers = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) == signal.SIG_DFL
    ]
    try:
        for number in numbers:
            signal.signal(number, end)
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


class Conversation:
    """Turns with a model: by its chat template, or as one text if it has none."""

    def __init__(self, model: Model, system: str | None) -> None:
        self._model = model
        self._session: Session = model.session()
        self._system = system
        self._has_template = model.chat_template is not None
        if system and not self._has_template:
            raise Error("expected no --system for a model without a chat template")
        self.reset()

    def reset(self) -> None:
        self._messages = [{"role": "system", "content": self._system}] if self._system else []
        self._text = ""

    def ask(self, line: str, **options: object) -> Iterator[Generation]:
        """Gives the answer in the making once; it is remembered as far as it came. After an error
        it is as if nothing had been asked."""
        messages, text = self._messages, self._text
        if self._has_template:
            messages = [*messages, {"role": "user", "content": line}]
            prompt: str | Sequence[int] = self._model.encode_chat(messages)
        else:
            text += line
            prompt = text
        generation = self._model.stream(prompt, session=self._session, **options)  # type: ignore[arg-type]
        yield generation
        self._text = text + generation.text
        self._messages = [*messages, {"role": "assistant", "content": generation.text}]


def chat(args: argparse.Namespace) -> int:
    # What the terminal's encoding has no characters for is shown as "?", and bytes that are none of
    # its characters are no text, which is an error of the turn.
    sys.stdout.reconfigure(errors="replace")
    sys.stdin.reconfigure(errors="surrogateescape")
    model = open_model(args)
    conversation = Conversation(model, args.system)
    ask = contextlib.contextmanager(conversation.ask)
    interactive = sys.stdin.isatty()
    if interactive:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  (makes input() edit lines)
        print(f"{model!r}\n/reset starts over, /exit or Ctrl-D ends, Ctrl-C stops an answer.")
    turn = 0
    while True:
        try:
            line = input("> " if interactive else "")
        except EOFError:
            return 0
        except KeyboardInterrupt:
            print()
            return 0
        if line == "/exit":
            return 0
        if line == "/reset":
            conversation.reset()
            continue
        try:
            with ask(
                line,
                max_new_tokens=args.max_new_tokens,
                temperature=args.temperature,
                top_p=args.top_p,
                seed=args.seed + turn,
            ) as generation:
                try:
                    for piece in generation:
                        print(piece, end="", flush=True)
                except KeyboardInterrupt:
                    print(" [stopped]", end="")
        except Error as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
            continue
        print()
        print(
            f"[{generation.prompt_tokens} tokens of prompt in {generation.prompt_seconds:.2f} s, "
            f"{len(generation.tokens)} tokens at {generation.tokens_per_second:.1f} tokens/s]",
            file=sys.stderr,
            flush=True,
        )
        turn += 1


def serve(args: argparse.Namespace) -> int:
    try:
        import uvicorn

        from ternary import _server
    except ImportError as error:
        raise Error(f"expected the package {error.name}; pip install ternary[serve]") from error
    model = open_model(args)
    name = args.name
    if name is None and not args.model.endswith(".so"):
        name = pathlib.Path(os.path.abspath(args.model)).stem
    app = _server.create_app(model, name, allowed_origins=args.allowed_origins)
    uvicorn.run(app, host=args.host, port=args.port, timeout_graceful_shutdown=5)
    return 0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ternary", description="Ternary models.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: object, summary: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        command.add_argument(
            "model", help="model directory, model.gguf, graph.mlir, or compiled model.so"
        )
        command.add_argument(
            "--tokenizer", help="for a .so: a tokenizer, a model directory or a .gguf"
        )
        command.add_argument(
            "--i2s-blocks", type=int, choices=(128, 64), help="for a .gguf: the layout of I2_S"
        )
        command.add_argument("--threads", type=int, help="all by default")
        return command

    command = add("chat", chat, "Talk with a model in the terminal.")
    command.add_argument("--system", help="what the model is told first")
    command.add_argument("--max-new-tokens", type=int, default=512, help="of an answer (512)")
    command.add_argument("--temperature", type=float, default=0.7, help="0: the likeliest (0.7)")
    command.add_argument("--top-p", type=float, default=0.95, help="(0.95)")
    command.add_argument("--seed", type=int, default=0)

    command = add("serve", serve, "Serve a model over HTTP, as OpenAI's API does.")
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=8000)
    command.add_argument("--name", help="what clients call it; the directory's name by default")
    command.add_argument(
        "--allowed-origins",
        nargs="+",
        metavar="ORIGIN",
        help="of web pages that may use it, such as https://example.org, or '*' for all; those of "
        "this machine by default",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    args = make_parser().parse_args(arguments)
    try:
        return args.run(args)
    except Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Nobody reads what is left to be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


if __name__ == "__main__":
    sys.exit(main())
