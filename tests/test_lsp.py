"""The language server as an editor uses it: a process of its own, spoken with over standard input and output."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from autotrain_dsl import codes
from autotrain_dsl.lsp import lines as lines_module
from autotrain_dsl.lsp.completion import proposals
from autotrain_dsl.lsp.meaning import meaning
from autotrain_dsl.lsp.texts import Text

ROOT = Path(__file__).resolve().parent.parent
BOUND = 30  # s after which an answer is not expected any more

CURRICULUM = """dsl_version: 1
name: Ünïcode 🐭
version: "1.0"
task_schema: {name: two_ports, version: "1.0"}
constants: {enough: 100}
derived:
  works: pokes[-1] >= enough
blocks:
  small: {reward_volume: 2.0}
stages:
  FIRST:
    description: The first one.
    parameters: {reward_volume: 4.0, hint_light: true}
    transitions:
      - progress: SECOND
        when: works and correct[-1] >= 0.7
        because: "🐭🐭 it works"
  SECOND:
    inherits: FIRST
    use: [small]
    final: true
"""


class Editor:
    """An editor with a folder open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = LanguageClient("editor", "1")
        self.found: dict[str, list[types.Diagnostic]] = {}
        self.news = asyncio.Event()
        self.version = 1
        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(self._hear())

    def _hear(self) -> Callable[[types.PublishDiagnosticsParams], None]:
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.found[params.uri] = list(params.diagnostics)
            self.news.set()

        return published

    async def start(self) -> types.InitializeResult:
        await self.client.start_io(sys.executable, "-m", "autotrain_dsl", "lsp", "--stdio")
        result = await self.client.initialize_async(
            types.InitializeParams(capabilities=types.ClientCapabilities(), root_uri=self.folder.as_uri())
        )
        self.client.initialized(types.InitializedParams())
        return result

    async def stop(self) -> int | None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        server = self.client._server
        assert server is not None
        await asyncio.wait_for(server.wait(), BOUND)
        await self.client.stop()  # type: ignore[no-untyped-call]
        return server.returncode

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def open(self, name: str, text: str | None = None) -> list[types.Diagnostic]:
        content = (self.folder / name).read_text(encoding="utf-8") if text is None else text
        item = types.TextDocumentItem(self.uri(name), "yaml", self.version, content)
        self.news.clear()
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self._news(name)

    async def type(self, name: str, text: str) -> list[types.Diagnostic]:
        self.version += 1
        changed = types.VersionedTextDocumentIdentifier(self.version, self.uri(name))
        whole = [types.TextDocumentContentChangeWholeDocument(text)]
        self.news.clear()
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(changed, whole))
        return await self._news(name)

    async def _news(self, name: str) -> list[types.Diagnostic]:
        while self.uri(name) not in self.found or not self.news.is_set():
            await asyncio.wait_for(self.news.wait(), BOUND)
        return self.found[self.uri(name)]

    async def complete(self, name: str, line: int, character: int) -> dict[str, types.CompletionItem]:
        where = types.CompletionParams(types.TextDocumentIdentifier(self.uri(name)), types.Position(line, character))
        found = await self.client.text_document_completion_async(where)
        assert isinstance(found, types.CompletionList)
        return {item.label: item for item in found.items}

    async def hover(self, name: str, line: int, character: int) -> str:
        where = types.HoverParams(types.TextDocumentIdentifier(self.uri(name)), types.Position(line, character))
        found = await self.client.text_document_hover_async(where)
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return re.sub(r"\\([^\w\s])", r"\1", found.contents.value)  # as it is shown

    async def definition(self, name: str, line: int, character: int) -> tuple[str, int] | None:
        where = types.DefinitionParams(types.TextDocumentIdentifier(self.uri(name)), types.Position(line, character))
        found = await self.client.text_document_definition_async(where)
        if found is None:
            return None
        assert isinstance(found, types.Location)
        return found.uri.rpartition("/")[2], found.range.start.line

    async def format(self, name: str) -> Any:
        options = types.FormattingOptions(tab_size=2, insert_spaces=True)
        asked = types.DocumentFormattingParams(types.TextDocumentIdentifier(self.uri(name)), options)
        return await self.client.text_document_formatting_async(asked)


Session = Callable[[Editor], Awaitable[None]]


@pytest.fixture
def edit(tmp_path: Path) -> Callable[[Session], None]:
    """Run a session of an editor on a folder with a task schema and the lab's curriculums."""
    tasks = tmp_path / "schemas" / "tasks"
    tasks.mkdir(parents=True)
    shutil.copy(ROOT / "autotrain_dsl" / "starter" / "schemas" / "tasks" / "two_ports_1.0.yaml", tasks)
    shutil.copytree(ROOT / "curriculums", tmp_path / "curriculums")

    def run(session: Session) -> None:
        async def whole() -> None:
            editor = Editor(tmp_path)
            await editor.start()
            await session(editor)
            assert await editor.stop() == 0

        asyncio.run(whole())

    return run


def at(text: str, words: str, inside: str = "") -> tuple[int, int]:
    """Line and column, in UTF-16 units, of the beginning of some words, or of a part of them."""
    offset = text.index(words) + (words.index(inside) if inside else 0)
    before = text[:offset]
    line = before.count("\n")
    return line, len(before.rpartition("\n")[2].encode("utf-16-le")) // 2


def test_findings_appear_while_typing_and_go_again(edit: Callable[[Session], None]) -> None:
    broken = CURRICULUM.replace(
        '"🐭🐭 it works"\n', '"🐭🐭 it works"\n      - rollback: THIRD\n        otherwise: true\n'
    )

    async def session(editor: Editor) -> None:
        name = "curriculums/new.yaml"
        fine = CURRICULUM.replace("Ünïcode 🐭", "New")
        assert await editor.open(name, fine) == []
        (found,) = await editor.type(name, broken.replace("Ünïcode 🐭", "New"))
        assert (found.code, found.severity, found.source) == ("ATD401", types.DiagnosticSeverity.Error, "autotrain-dsl")
        assert "there is no stage `THIRD`" in found.message
        line, column = at(broken, "THIRD")
        assert found.range == types.Range(types.Position(line, column), types.Position(line, column + 5))
        assert await editor.type(name, fine) == []
        (found,) = await editor.type(name, fine + "  - [half typed")
        assert str(found.code) in codes.BY_ID

    edit(session)


def test_places_are_counted_in_the_units_of_the_editor(edit: Callable[[Session], None]) -> None:
    async def session(editor: Editor) -> None:
        (found,) = [each for each in await editor.open("curriculums/new.yaml", CURRICULUM) if each.code == "ATD106"]
        assert found.range.start == types.Position(1, 6)
        assert found.range.end.character == 6 + len("Ünïcode 🐭".encode("utf-16-le")) // 2

    edit(session)


def test_an_open_base_counts_as_it_is_typed(edit: Callable[[Session], None]) -> None:
    async def session(editor: Editor) -> None:
        base, name = (
            "curriculums/coupled_baiting/coupled_baiting_2.2.yaml",
            "curriculums/coupled_baiting/coupled_baiting_2.3.yaml",
        )
        assert await editor.open(name) == []
        text = (editor.folder / base).read_text(encoding="utf-8")
        await editor.open(base, text.replace("extends: coupled_baiting_2.1.yaml", "extends: coupled_baiting_9.yaml"))
        found = await editor.type(name, (editor.folder / name).read_text(encoding="utf-8") + "\n")
        assert editor.found[editor.uri(base)][0].code == "ATD201"
        assert found == []  # what is wrong with the base is said there

    edit(session)


def test_completion_knows_what_can_stand_where_the_cursor_is(edit: Callable[[Session], None]) -> None:
    lines = CURRICULUM.replace("Ünïcode 🐭", "New").splitlines()
    half = "\n".join([*lines[:14], "      - progress: S", *lines[15:]]) + "\n"
    number = 14

    async def session(editor: Editor) -> None:
        name = "curriculums/new.yaml"
        await editor.open(name, half)
        stages = await editor.complete(name, number, len("      - progress: S"))
        assert list(stages) == ["FIRST", "SECOND"]
        edited = stages["SECOND"].text_edit
        assert isinstance(edited, types.TextEdit)
        assert (edited.new_text, edited.range.start.character) == ("SECOND", len("      - progress: "))
        assert set(await editor.complete(name, *at(half, "works and"))) >= {
            "pokes", "correct", "enough", "works", "mean", "at_stage", "session_total",
        }  # fmt: skip
        assert list(await editor.complete(name, *at(half, "small]"))) == ["small"]
        keys = await editor.complete(name, *at(half, "because:"))
        assert set(keys) >= {"progress", "rollback", "when", "because"}
        assert "description" not in keys
        assert "The reason in plain words." in str(keys["because"].documentation)
        parameters = await editor.complete(name, *at(half, "hint_light"))
        assert set(parameters) == {"reward_volume", "hint_light", "session_minutes"}
        assert (
            parameters["reward_volume"].documentation == "Water for one reward, in microlitre; at least 1, at most 10"
        )
        assert list(await editor.complete(name, *at(half, "true}"))) == ["true", "false"]
        assert "inherits" in await editor.complete(name, *at(half, "inherits:"))
        assert "stages" in await editor.complete(name, *at(half, "blocks:"))
        # what is half typed is no YAML at all
        await editor.type(name, half + "  THIRD:\n    inherits: F")
        broken = (half + "  THIRD:\n    inherits: F").count("\n")
        assert set(await editor.complete(name, broken, len("    inherits: F"))) >= {"FIRST", "SECOND"}
        await editor.type(name, half + "  THIRD:\n    transitions: [{progress: ")
        assert set(await editor.complete(name, broken, len("    transitions: [{progress: "))) >= {"FIRST", "SECOND"}

    edit(session)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stages:\n  A:\n    # a comment\n    |", "inherits"),
        ("stages:\n  A:\n    adjustable:\n      - note\n    |", "inherits"),
        ("stages:\n  A:\n    description: >-\n      folded\n    |", "inherits"),
        ("stages:\n  A:\n    transitions:\n      - |", "progress"),
        ("stages:\n  A:\n    transitions:\n      - {progress: A, |", "when"),
        ("stages:\n  A:\n    transitions:\n    - progress: A\n      |", "because"),
        ("stages:\n  A: {parameters: {|", "reward_volume"),
        ("stages:\n  A:\n    parameters:\n      # why\n      |", "reward_volume"),
        ("stages:\n  A: {parameters: {hint_light: true}, |", "inherits"),
        ("stages:\n  A: {inherits: |", "SECOND"),
        ('"stages":\n  "A": {use: [|', "small"),
        ("stages:\n  A: {parameters: {hint_light: true,\n    |", "reward_volume"),
        ("stages:\n  A:\n    parameters: {hint_light: |", "true"),
        (
            "stages:\n  A:\n    transitions:\n      - progress: A\n        when:\n          all:\n            - |",
            "pokes",
        ),
        ("stages:\n  A:\n    transitions:\n      - when: >-\n          pokes[-1] > 3\n          and |", "correct"),
        ("# yaml-language-server: $schema=x\n|", "stages"),
        ("description: it's {odd\n|", "stages"),
    ],
)
def test_what_is_proposed_is_told_from_a_text_that_is_half_typed(text: str, expected: str, tmp_path: Path) -> None:
    tasks = tmp_path / "schemas" / "tasks"
    tasks.mkdir(parents=True)
    shutil.copy(ROOT / "autotrain_dsl" / "starter" / "schemas" / "tasks" / "two_ports_1.0.yaml", tasks)
    before = text.partition("|")[0]
    head = "\n".join(CURRICULUM.splitlines()[2:9]) + "\n"
    stages = "  FIRST: {final: true}\n  SECOND: {final: true}\n"
    content = head + before.replace("stages:\n", f"stages:\n{stages}").replace('"stages":\n', f'"stages":\n{stages}')
    lines = content.split("\n")
    at = lines_module.cursor(lines, len(lines) - 1, len(lines[-1]))
    assert expected in {each.word for each in proposals(Text(tmp_path / "new.yaml", content), at)}


def test_nothing_is_proposed_or_explained_in_comments_and_prose(tmp_path: Path) -> None:
    text = Text(tmp_path / "new.yaml", CURRICULUM.replace("description: The first one.", "description: all works"))
    lines = text.content.split("\n")
    number = next(n for n, line in enumerate(lines) if "all works" in line)
    assert meaning(text, number, lines[number].index("works")) is None
    commented = Text(tmp_path / "new.yaml", "constants: {enough: 3}\nderived:\n  a: enough  # all enough\n")
    assert meaning(commented, 2, 18) is None
    assert meaning(commented, 2, 6) is not None
    assert proposals(commented, lines_module.cursor(commented.content.split("\n"), 2, 18)) == []


def test_words_of_authors_are_no_markdown(tmp_path: Path) -> None:
    evil = "x\\n\\n[click](https://example.org) ![p](https://example.org/p.png) <b>"
    text = Text(tmp_path / "new.yaml", f'derived: {{evil: "{evil}", a: evil}}\n')
    found = meaning(text, 0, text.content.index("a: evil") + 4)
    assert found is not None
    assert "\n" not in found.about
    assert found.about.count("`") == 2
    shown = Text(tmp_path / "new.yaml", CURRICULUM.replace("The first one.", '"[x](https://e.org) www.e.org <b> @all"'))
    lines = shown.content.split("\n")
    number = next(n for n, line in enumerate(lines) if line.startswith("  FIRST"))
    stage = meaning(shown, number, 3)
    assert stage is not None
    assert "\\[x\\]\\(https\\:\\/\\/e\\.org\\) www\\.e\\.org \\<b\\> \\@all" in stage.about


def test_hover_says_the_effective_value_and_where_it_comes_from(edit: Callable[[Session], None]) -> None:
    text = CURRICULUM.replace("Ünïcode 🐭", "New").replace(
        "use: [small]", "use: [small]\n    parameters: {session_minutes: 30}"
    )

    async def session(editor: Editor) -> None:
        name = "curriculums/new.yaml"
        await editor.open(name, text)
        shown = await editor.hover(name, *at(text, "session_minutes"))
        assert "Length of a session, in minutes" in shown
        assert "effective: `30` (new.yaml:21)" in shown
        stage = await editor.hover(name, *at(text, "SECOND"))
        assert "- `reward_volume`: `2.0` (new.yaml:9 via block small)" in stage
        assert "- `hint_light`: `true` (new.yaml:13 via stage FIRST)" in stage
        assert "The first one." in await editor.hover(name, *at(text, "inherits: FIRST", "FIRST"))
        assert "metric pokes" in await editor.hover(name, *at(text, "pokes"))
        assert "`100`" in await editor.hover(name, *at(text, ">= enough", "enough"))
        assert "pokes[-1] >= enough" in await editor.hover(name, *at(text, "works and"))
        assert "The reason in plain words" in await editor.hover(name, *at(text, "because"))
        assert await editor.hover(name, *at(text, "0.7")) == ""
        base = "curriculums/coupled_baiting/coupled_baiting_2.3.yaml"
        await editor.open(base)
        content = (editor.folder / base).read_text(encoding="utf-8")
        assert "MaxTime" in await editor.hover(base, *at(content, "MaxTime"))
        silenced = "curriculums/coupled_baiting/coupled_baiting_2.0.yaml"
        await editor.open(silenced)
        content = (editor.folder / silenced).read_text(encoding="utf-8")
        assert "a window of sessions reaches" in await editor.hover(silenced, *at(content, "ATD416"))

    edit(session)


def test_definitions_are_found_in_this_file_and_in_others(edit: Callable[[Session], None]) -> None:
    text = CURRICULUM.replace("Ünïcode 🐭", "New")

    async def session(editor: Editor) -> None:
        name = "curriculums/new.yaml"
        await editor.open(name, text)
        assert await editor.definition(name, *at(text, "progress: SECOND", "SECOND")) == ("new.yaml", 17)
        assert await editor.definition(name, *at(text, "inherits: FIRST", "FIRST")) == ("new.yaml", 10)
        assert await editor.definition(name, *at(text, "[small]", "small")) == ("new.yaml", 8)
        assert await editor.definition(name, *at(text, ">= enough", "enough")) == ("new.yaml", 4)
        assert await editor.definition(name, *at(text, "works and")) == ("new.yaml", 6)
        assert await editor.definition(name, *at(text, "0.7")) is None
        late = "curriculums/coupled_baiting/coupled_baiting_2.3.yaml"
        content = (editor.folder / late).read_text(encoding="utf-8")
        await editor.open(late)
        assert await editor.definition(late, *at(content, "coupled_baiting_2.2.yaml")) == (
            "coupled_baiting_2.2.yaml",
            0,
        )
        tests = "curriculums/coupled_baiting/coupled_baiting_2.3.test.yaml"
        content = (editor.folder / tests).read_text(encoding="utf-8")
        assert await editor.open(tests) == []
        assert await editor.definition(tests, *at(content, "stage: STAGE_2", "STAGE_2")) == (
            "coupled_baiting_2.2.yaml",
            12,
        )

    edit(session)


def test_a_text_is_formatted_as_fmt_does_it(edit: Callable[[Session], None]) -> None:
    untidy = "version: '1.0'   # one\nname:    New\ndsl_version: 1\n"

    async def session(editor: Editor) -> None:
        name = "curriculums/new.yaml"
        await editor.open(name, untidy)
        (edited,) = await editor.format(name)
        assert edited.new_text == 'dsl_version: 1\nname: New\nversion: "1.0"   # one\n'
        assert edited.range.start == types.Position(0, 0)
        await editor.type(name, edited.new_text)
        assert await editor.format(name) is None
        await editor.type(name, "a: [b")
        assert await editor.format(name) is None

    edit(session)


HOSTILE = {
    "empty": "",
    "control": "\x00",
    "deep": "a: " + "[" * 30_000,
    "large": "x" * 300_000,
    "alias": "&a [*a]",
    "dashes": "- ".join("a" * 9_000),
    "loop": "stages: {A: &x {inherits: *x}}",
    "separators": "\u2028:\r: \x0b",
}


def test_hostile_texts_are_answered(edit: Callable[[Session], None]) -> None:
    async def session(editor: Editor) -> None:
        for name, text in HOSTILE.items():
            file = f"curriculums/{name}.yaml"
            assert await editor.open(file, text), name
            for position in ((0, 0), (0, 5), (3, 3)):
                await editor.complete(file, *position)
                await editor.hover(file, *position)
                await editor.definition(file, *position)
            assert await editor.format(file) is None

    edit(session)
