from .compare import compare as compare
from .comparison import COMPARISON as COMPARISON
from .comparison import Comparison as Comparison
from .load.published import published_figures as published_figures
from .load.systems import comparison_request as comparison_request
from .load.systems import named_systems as named_systems
from .present.tables import comparison_tables as comparison_tables
from .settings import ComparisonSettings as ComparisonSettings
