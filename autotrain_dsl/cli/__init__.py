"""The command line: one thin module per command.

Only here something is printed, the program exits, and the clock and the environment are read.
"""
