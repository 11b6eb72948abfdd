from .cross_encoder import CrossEncoder as CrossEncoder
from .load import load_scorer as load_scorer
from .score import Scored as Scored
from .score import score as score
from .scorer import EncoderScorer as EncoderScorer
from .scorer import Scorer as Scorer
