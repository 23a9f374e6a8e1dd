"""autotrain-dsl: a declarative YAML rule engine for the automatic training of animals."""

__version__ = "0.1.0"
