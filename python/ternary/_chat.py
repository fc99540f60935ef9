"""Chat templates: Jinja2 in tokenizer_config.json, as Transformers has them."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from ternary._ternary import Error
from ternary._tokenizer import ModelFiles

Message = Mapping[str, Any]
"""A turn of a conversation: {"role": "user", "content": "..."}."""


class ChatTemplate:
    """Turns the messages of a conversation into the text that a model goes on from.

    `variables` are what the template may use beside the messages, such as bos_token. Templates
    come with models, so they run in a sandbox.
    """

    def __init__(self, template: str, variables: Mapping[str, Any] | None = None) -> None:
        try:
            import jinja2
            import jinja2.ext
            import jinja2.nodes
            import jinja2.sandbox
        except ImportError as error:
            raise Error("expected the package jinja2; pip install ternary[chat]") from error

        class Generation(jinja2.ext.Extension):
            """`{% generation %}` marks what to train on; here it is nothing but its body."""

            tags = {"generation"}

            def parse(self, parser: Any) -> Any:
                line = next(parser.stream).lineno
                body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
                return jinja2.nodes.Scope(body, lineno=line)

        def raise_exception(message: str) -> None:
            raise jinja2.TemplateError(message)

        def to_json(value: Any, **options: Any) -> str:
            return json.dumps(value, ensure_ascii=False, **options)

        environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[Generation, jinja2.ext.loopcontrols],
        )
        environment.filters["tojson"] = to_json
        environment.globals["raise_exception"] = raise_exception
        environment.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
        self._failure = jinja2.TemplateError
        try:
            self._template = environment.from_string(template)
        except jinja2.TemplateError as error:
            raise Error(f"expected a chat template: {error}") from error
        self._variables = dict(variables or {})

    @classmethod
    def load(cls, model: str | os.PathLike[str]) -> ChatTemplate | None:
        """The template of a model directory or a GGUF file; None if it has none."""
        return cls.find(ModelFiles(model))

    @classmethod
    def find(cls, files: ModelFiles) -> ChatTemplate | None:
        """The same with the files of a model."""
        config = files.read_json("tokenizer_config.json")
        template = config.get("chat_template")
        if isinstance(template, list):
            template = {item.get("name"): item.get("template") for item in template}.get("default")
        if (separate := files.read("chat_template.jinja")) is not None:
            template = separate.decode("utf-8", "replace")
        if template is None:
            return None
        if not isinstance(template, str):
            place = files.locate("tokenizer_config.json")
            raise Error(f"{place}: expected chat_template to be text")
        tokens = {}
        for name, value in config.items():
            if name.endswith("_token") and value is not None:
                token = value.get("content") if isinstance(value, dict) else value
                if isinstance(token, str):
                    tokens[name] = token
        return cls(template, tokens)

    def render(
        self,
        messages: Iterable[Message],
        *,
        add_generation_prompt: bool | None = None,
        continue_final_message: bool = False,
        **variables: Any,
    ) -> str:
        """The text up to where the model's answer starts; with `continue_final_message`, to the
        end of the last message's content, which the answer goes on with. `variables` are for the
        template, such as enable_thinking or documents."""
        if continue_final_message and add_generation_prompt:
            raise Error(
                "expected one of add_generation_prompt and continue_final_message, got both"
            )
        if add_generation_prompt is None:
            add_generation_prompt = not continue_final_message
        messages = list(messages)
        values = {
            "tools": None,
            "documents": None,
            **self._variables,
            **variables,
            "messages": messages,
            "add_generation_prompt": add_generation_prompt,
        }
        try:
            text = self._template.render(values)
        except self._failure as error:
            raise Error(f"cannot apply the chat template: {error}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise Error(f"cannot apply the chat template: {error}") from error
        return _end_in_last_message(text, messages) if continue_final_message else text


def _end_in_last_message(text: str, messages: list[Message]) -> str:
    """The text of a conversation to the end of the last message's content. A template may have
    removed spaces around it."""
    content = messages[-1].get("content") if messages else None
    stripped = content.strip() if isinstance(content, str) else ""
    at = text.rfind(stripped)
    if not stripped or at < 0:
        raise Error("expected a last message whose content the chat template writes, to go on with")
    whole = content.lstrip()
    return text[: at + len(whole if text.startswith(whole, at) else stripped)]
