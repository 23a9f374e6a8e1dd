"""The language server: speaks with an editor over standard input and output. The only module that uses pygls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from autotrain_dsl import __version__, formatting
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.lsp.completion import Kind, proposals
from autotrain_dsl.lsp.lines import cursor
from autotrain_dsl.lsp.meaning import meaning
from autotrain_dsl.lsp.texts import Text
from autotrain_dsl.source import Span

_PAUSE = 0.15  # s without a key stroke before a text is checked
_KINDS = {
    Kind.KEY: types.CompletionItemKind.Property,
    Kind.STAGE: types.CompletionItemKind.EnumMember,
    Kind.BLOCK: types.CompletionItemKind.Module,
    Kind.METRIC: types.CompletionItemKind.Variable,
    Kind.PARAMETER: types.CompletionItemKind.Property,
    Kind.CONSTANT: types.CompletionItemKind.Constant,
    Kind.FUNCTION: types.CompletionItemKind.Function,
    Kind.VALUE: types.CompletionItemKind.Value,
    Kind.FILE: types.CompletionItemKind.File,
}


def serve() -> None:
    """Serve one editor until it ends the connection."""
    logging.getLogger("pygls").setLevel(logging.ERROR)
    _Server().start_io()


class _Server(LanguageServer):
    def __init__(self) -> None:
        super().__init__("autotrain-dsl", __version__)
        self.waiting: dict[str, asyncio.Task[None]] = {}
        for method, handler in (
            (types.TEXT_DOCUMENT_DID_OPEN, self._opened),
            (types.TEXT_DOCUMENT_DID_CHANGE, self._changed),
            (types.TEXT_DOCUMENT_DID_SAVE, self._saved),
            (types.TEXT_DOCUMENT_DID_CLOSE, self._closed),
            (types.TEXT_DOCUMENT_HOVER, self._hover),
            (types.TEXT_DOCUMENT_DEFINITION, self._definition),
            (types.TEXT_DOCUMENT_FORMATTING, self._formatting),
        ):
            self.feature(method)(_function(handler))
        triggers = types.CompletionOptions(trigger_characters=[":", " ", "[", ",", "{", "-"])
        self.feature(types.TEXT_DOCUMENT_COMPLETION, triggers)(_function(self._completion))

    # What an editor tells

    async def _opened(self, params: types.DidOpenTextDocumentParams) -> None:
        self._check(params.text_document.uri)

    async def _changed(self, params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        if (before := self.waiting.pop(uri, None)) is not None:
            before.cancel()
        self.waiting[uri] = asyncio.create_task(self._later(uri))

    async def _saved(self, _params: types.DidSaveTextDocumentParams) -> None:
        self._check_all()

    async def _closed(self, params: types.DidCloseTextDocumentParams) -> None:
        self._publish(params.text_document.uri, [])
        self._check_all()

    async def _later(self, uri: str) -> None:
        await asyncio.sleep(_PAUSE)
        self.waiting.pop(uri, None)
        self._check_all(first=uri)

    def _check_all(self, first: str = "") -> None:
        """Check every open text, since those that extend another depend on it."""
        for uri in sorted(self.workspace.text_documents, key=lambda each: each != first):
            self._check(uri)

    def _check(self, uri: str) -> None:
        text = self._text(uri)
        if text is not None and uri in self.workspace.text_documents:
            self._publish(uri, [self._diagnostic(each) for each in text.diagnostics()])

    def _publish(self, uri: str, found: Sequence[types.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=list(found)))

    # What an editor asks

    async def _completion(self, params: types.CompletionParams) -> types.CompletionList:
        text = self._text(params.text_document.uri)
        if text is None:
            return types.CompletionList(is_incomplete=False, items=[])
        number, column = self._within(text, params.position)
        at = cursor(text.content.split("\n"), number, column)
        start = types.Position(params.position.line, self._client(text, number, column - len(at.word)))
        end = types.Position(params.position.line, self._client(text, number, column + len(at.rest)))
        replaced = types.Range(start, end)
        line = text.content.split("\n")[number : number + 1]
        follows = bool(line) and line[0][column + len(at.rest) :].lstrip().startswith(":")
        items = [
            types.CompletionItem(
                label=each.word,
                kind=_KINDS[each.kind],
                documentation=each.about or None,
                text_edit=types.TextEdit(replaced, each.word if follows else each.insert or each.word),
                sort_text=f"{place:04}",
            )
            for place, each in enumerate(proposals(text, at))
        ]
        return types.CompletionList(is_incomplete=False, items=items)

    async def _hover(self, params: types.HoverParams) -> types.Hover | None:
        text = self._text(params.text_document.uri)
        found = meaning(text, *self._within(text, params.position)) if text is not None else None
        if found is None:
            return None
        content = types.MarkupContent(types.MarkupKind.Markdown, found.about)
        return types.Hover(content, self._range(found.span))

    async def _definition(self, params: types.DefinitionParams) -> types.Location | None:
        text = self._text(params.text_document.uri)
        found = meaning(text, *self._within(text, params.position)) if text is not None else None
        if found is None or found.defined is None:
            return None
        uri = from_fs_path(str(Path(found.defined.source.name).resolve()))
        return types.Location(uri, self._range(found.defined)) if uri is not None else None

    async def _formatting(self, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        text = self._text(params.text_document.uri)
        if text is None:
            return None
        done = formatting.checked(text.content.encode("utf-8", "surrogatepass"), text.path)
        if done.text is None or done.text == text.content:
            return None
        end = types.Position(text.content.count("\n") + 1, 0)
        return [types.TextEdit(types.Range(types.Position(0, 0), end), done.text)]

    # Texts and positions

    def _text(self, uri: str) -> Text | None:
        """An open text as the program reads it; None for one that has no place in a file system."""
        path = to_fs_path(uri)
        if path is None or uri not in self.workspace.text_documents:
            return None
        others = {
            Path(other): document.source
            for each, document in self.workspace.text_documents.items()
            if each != uri and (other := to_fs_path(each)) is not None
        }
        return Text(Path(path), self.workspace.get_text_document(uri).source, others)

    def _within(self, text: Text, position: types.Position) -> tuple[int, int]:
        """Line and column, in characters, of a position that counts in the units of the editor."""
        lines = text.content.split("\n")
        line = lines[position.line] if position.line < len(lines) else ""
        column = units = 0
        while column < len(line) and units < position.character:
            units += self._units(line[column])
            column += 1
        return position.line, column

    def _client(self, text: Text, number: int, column: int) -> int:
        lines = text.content.split("\n")
        return self._units(lines[number][:column] if number < len(lines) else "")

    def _units(self, text: str) -> int:
        return int(self.workspace.position_codec.client_num_units(text))

    def _range(self, span: Span) -> types.Range:
        def position(line: int, column: int) -> types.Position:
            units = self.workspace.position_codec.client_num_units(span.source.line(line)[: column - 1])
            return types.Position(line - 1, units)

        end = span.source.position(min(span.end, len(span.source.text)))
        return types.Range(position(span.line, span.column), position(*end))

    def _diagnostic(self, each: Diagnostic) -> types.Diagnostic:
        severity = types.DiagnosticSeverity.Error if each.is_error else types.DiagnosticSeverity.Warning
        notes = [note for note in each.notes if note.span is not None]
        related = [
            types.DiagnosticRelatedInformation(types.Location(uri, self._range(note.span)), note.text)
            for note in notes
            if note.span is not None and (uri := from_fs_path(str(Path(note.span.source.name).resolve()))) is not None
        ]
        message = "\n".join([each.message, *([each.hint] if each.hint else [])])
        return types.Diagnostic(
            range=self._range(each.span),
            message=message,
            severity=severity,
            code=each.code.id,
            source="autotrain-dsl",
            related_information=related or None,
        )


def _function(method: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    """A method as a function, since pygls notes on a handler what it is for."""

    async def handle(params: Any) -> Any:
        return await method(params)

    return handle
