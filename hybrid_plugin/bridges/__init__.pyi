from .pyserini import DocumentEncoder as DocumentEncoder
from .pyserini import QueryEncoder as QueryEncoder
from .pyserini import activate as activate
from .pyserini import run_module as run_module
