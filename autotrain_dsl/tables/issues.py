"""What is wrong with a table or with one session of it: values with a code, a subject and a session, no text places."""

from __future__ import annotations

from dataclasses import dataclass

from autotrain_dsl.diagnostics import Code


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault: of a session, of a subject (session None) or of a whole table (subject empty)."""

    code: Code
    message: str
    subject: str = ""
    session: int | None = None

    @property
    def key(self) -> tuple[str, int, str, str]:
        """For sorting: by subject, session and code."""
        return self.subject, self.session or 0, self.code.id, self.message

    def __str__(self) -> str:
        where = f"mouse {self.subject}" if self.subject else ""
        where += f" session {self.session}" if self.session is not None else ""
        return f"{where}: {self.message}" if where else self.message


class TableError(Exception):
    """A table that cannot be used at all; nothing may be changed because of it."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__("; ".join(str(issue) for issue in issues))
        self.issues = issues
