"""Whole colonies judged in columns: the rules as numpy programs over all sessions of all subjects at once.

The interpreter is the definition; what is computed here is the same to the last bit, and tested to be.
"""
