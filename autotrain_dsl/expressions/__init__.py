"""The language of conditions: parsed from text, checked completely, then evaluated."""
