"""The page to look around in: explore."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from hybrid_plugin import encoding, tasks
from hybrid_plugin import explore as exploring
from hybrid_plugin.cli.options import BenchmarkName, flat, watched
from hybrid_plugin.explore.options import EachEncoderOptions

flat(EachEncoderOptions)


def explore(
    benchmark: BenchmarkName,
    /,
    *,
    encoder: Annotated[list[str], Parameter(help="As for evaluate; several stand side by side.")],
    vectors: Annotated[
        list[Path] | None, Parameter(help="What `hybrid-ir encode BENCHMARK` wrote, one for each encoder: no wait.")
    ] = None,
    host: Annotated[
        str, Parameter(help="The address to serve on; by default only this machine reaches it.")
    ] = "127.0.0.1",
    port: Annotated[int, Parameter(help="0 takes a free one.", validator=Number(gte=0, lte=65535))] = 0,
    browser: Annotated[bool, Parameter(negative="--no-browser", help="Open the page in your browser.")] = True,
    options: EachEncoderOptions = EachEncoderOptions(),
) -> None:
    """Look around in a benchmark: a local page that shows where encoders rank its documents for a question.

    All documents are encoded first, which takes as long as in evaluate, or taken from --vectors. Ctrl-C ends it.
    Pooling, prefixes, precision and transform are given once for all encoders or once for each, in their order; `none`
    leaves one as its own files say. For example, two encoders, and one without and with a transform:

        hybrid-ir explore xquad-r --encoder intfloat/multilingual-e5-small e5-hybrid \\
            --query-prefix query: --passage-prefix passage:
        hybrid-ir explore xquad-r --encoder e5-hybrid e5-hybrid --transform none centring.safetensors
    """
    found, each = tasks.load_benchmark(benchmark), options.of(len(encoder))
    with exploring.PageServer(host, port) as server:  # complain before the minutes that encoding may take
        loaded = [encoding.Encoder.load(name, one) for name, one in zip(encoder, each, strict=True)]
        explorer = exploring.Explorer.load(found, loaded, vectors or (), progress=watched())
        if not exploring.is_loopback(host):
            print(f"warning: everyone who reaches {host} can read {benchmark} and use the encoders", file=sys.stderr)
        print(f"{benchmark} is at {server.url} (Ctrl-C ends it)", flush=True)
        exploring.serve(server, explorer, browser=browser)
