from .base import Found as Found
from .base import SearchBackend as SearchBackend
from .exact import ExactBackend as ExactBackend
from .faiss import FaissBackend as FaissBackend
from .milvus import MilvusBackend as MilvusBackend
from .named import backend_kinds as backend_kinds
