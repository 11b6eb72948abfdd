from .compare import compare as compare
from .comparison import COMPARISON as COMPARISON
from .comparison import Comparison as Comparison
from .published import published_figures as published_figures
from .settings import ComparisonSettings as ComparisonSettings
from .systems import comparison_request as comparison_request
from .systems import named_systems as named_systems
from .tables import comparison_tables as comparison_tables
