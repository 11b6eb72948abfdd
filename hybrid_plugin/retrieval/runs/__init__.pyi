from .positions import rankings_of_run as rankings_of_run
from .reader import Run as Run
from .reader import read_run as read_run
from .writer import DEFAULT_DEPTH as DEFAULT_DEPTH
from .writer import RunWriter as RunWriter
from .writer import run_writer as run_writer
