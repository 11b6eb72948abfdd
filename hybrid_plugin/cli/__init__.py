"""The command ``hybrid-ir``: one short file a family of commands, each of which parses, calls one function and prints.

In: words. Out: files, tables, and an exit status: 2 for what the user did, 1 for what we did. Options follow from the
settings' dataclasses (``options``), tables are printed by ``tables``, and ``main`` knows which file has which command.
"""
