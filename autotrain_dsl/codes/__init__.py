"""Every kind of finding, by hundred: the registry from which the manual pages are made."""

from autotrain_dsl.codes import (
    configuration,
    document,
    expressions,
    graph,
    kit,
    legacy,
    resolver,
    schema,
    tables,
    verification,
)
from autotrain_dsl.diagnostics import Code

ALL: tuple[Code, ...] = (
    *document.ALL,
    *schema.ALL,
    *resolver.ALL,
    *expressions.ALL,
    *graph.ALL,
    *tables.ALL,
    *configuration.ALL,
    *legacy.ALL,
    *kit.ALL,
    *verification.ALL,
)
BY_ID: dict[str, Code] = {code.id: code for code in ALL}
