from .mine import Mined as Mined
from .mine import mine as mine
from .mine import pooled as pooled
from .settings import MiningSettings as MiningSettings
