"""Questions about everything that a curriculum can do, answered by a solver with concrete mice.

Importing the package needs no solver; ``checking`` does.
"""
