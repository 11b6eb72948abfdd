from .bm25 import evaluate_bm25 as evaluate_bm25
from .encoder import evaluate as evaluate
from .runs import evaluate_runs as evaluate_runs
from .scores import PER_QUERY as PER_QUERY
from .scores import RUNS as RUNS
from .scores import Scores as Scores
from .settings import EvaluationSettings as EvaluationSettings
from .vectors import evaluate_vectors as evaluate_vectors
