"""The local server of the page: three files and four questions, all answered with GET."""

from __future__ import annotations

import ipaddress
import json
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hybrid_plugin.errors import UserError
from hybrid_plugin.explore.explorer import Explorer

# All that is ever read from disk, by the path that asks for it: no path of a request becomes a path of a file.
_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class PageServer(ThreadingHTTPServer):
    """Listens from the start, so that a port in use is known before anything is encoded.

    Parameters
    ----------
    port : 0 takes a free one.

    Raises
    ------
    UserError
        The address cannot be listened on.
    """

    explorer: Explorer

    def __init__(self, host: str = "127.0.0.1", port: int = 0):
        self.host = host
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise UserError(
                f"cannot serve on {host} port {port}: {error.strerror or error}; choose others with --host and --port"
            ) from error

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.server_address[1]}/"

    def knows(self, host: str | None) -> bool:
        """Whether a ``Host`` header means this machine.

        A page from elsewhere can point a name of its own at this address (DNS rebinding) and would then read the
        collection; an address or one of our own names it cannot own.
        """
        try:
            name = urlsplit(f"//{host or ''}").hostname or ""
        except ValueError:
            return False
        return name in ("localhost", self.host.lower(), socket.gethostname().lower()) or _address(name) is not None

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, ConnectionError):  # a browser that left before its answer
            print(f"hybrid-ir: {type(error).__name__}: {error}", file=sys.stderr)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server on this address."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "hybrid-ir"
    sys_version = ""

    def do_GET(self) -> None:
        if not self.server.knows(self.headers.get("Host")):
            return self.send_error(HTTPStatus.FORBIDDEN, "the Host header names another machine than this one")
        path, _, query = self.path.partition("?")
        if path in _FILES:
            name, kind = _FILES[path]
            return self._send(HTTPStatus.OK, kind, (files("hybrid_plugin.explore") / name).read_bytes())
        if path not in _ANSWERS:
            return self.send_error(HTTPStatus.NOT_FOUND, "there is no such page")
        asked = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
        try:
            answer = _ANSWERS[path](self.server.explorer, asked)
        except UserError as error:
            return self.send_error(HTTPStatus.BAD_REQUEST, str(error))
        except Exception as error:  # of the model, perhaps; the server goes on
            return self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")
        return self._send_json(HTTPStatus.OK, answer)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """As JSON with one sentence, also for what http.server itself refuses."""
        self._send_json(code, {"error": message or HTTPStatus(code).phrase})

    def _send_json(self, code: int, value: Any) -> None:
        self._send(code, "application/json; charset=utf-8", json.dumps(value, allow_nan=False).encode())

    def _send(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the page shows its errors itself."""


def _number(asked: dict[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UserError(f"{name} is '{text}'; it must be a number")
    return int(text)


def _rank(explorer: Explorer, asked: dict[str, str]) -> Any:
    languages = [lang for lang in asked["languages"].split(",") if lang] if "languages" in asked else None
    return explorer.rank(asked.get("query"), asked.get("text"), languages, _number(asked, "depth", 10))


_ANSWERS: dict[str, Callable[[Explorer, dict[str, str]], Any]] = {
    "/api/benchmark": lambda explorer, asked: explorer.describe(),
    "/api/questions": lambda explorer, asked: explorer.search(
        asked.get("words", ""), asked.get("lang") or None, _number(asked, "limit", 50)
    ),
    "/api/random": lambda explorer, asked: explorer.draw(asked.get("lang") or None),
    "/api/rank": _rank,
}


def serve(server: PageServer, explorer: Explorer, *, browser: bool = False) -> None:
    """Answer until the process is interrupted (Ctrl-C).

    Parameters
    ----------
    browser : open the page in the user's browser.
    """
    server.explorer = explorer
    if browser:  # aside, since a browser for the terminal would hold us up
        threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
