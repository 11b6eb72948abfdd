from .explorer import Explorer as Explorer
from .server import PageServer as PageServer
from .server import is_loopback as is_loopback
from .server import serve as serve
