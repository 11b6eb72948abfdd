"""What goes wrong with a collection, in one sentence that names the file, line or id at fault."""


class CollectionError(ValueError):
    """A collection's files are missing, damaged or contradictory. The message says which and what to do."""
