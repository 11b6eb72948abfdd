from .base import Transform as Transform
from .centring import Centring as Centring
from .fitted import FittedTransform as FittedTransform
from .lir import LIR as LIR
from .lsar import LSAR as LSAR
from .per_language import PerLanguage as PerLanguage
from .shift import Shift as Shift
