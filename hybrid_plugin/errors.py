"""What the user can mend, in one sentence that names the file, line or id at fault and what to do."""


class UserError(ValueError):
    """Something the user gave is missing, damaged or contradictory. The command line exits with status 2."""
