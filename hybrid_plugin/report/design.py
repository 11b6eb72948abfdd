"""How a comparison was made, in few words: what was resampled, the runs, the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hybrid_plugin.inference.comparison import Comparison


def design(found: Comparison, labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What there is to say, each with a word before it.

    Parameters
    ----------
    labels : how systems are printed.
    """
    method = found.method
    yield "Resampled", _resampled(found)
    yield "Runs", _runs(method["runs"], labels)
    several = [count > 1 for count in method["runs"].values()]
    if method["tests"]:
        tests = [
            *([method["test"]["one run each"]] if not all(several) else []),
            *([method["test"]["several runs"]] if any(several) else []),
        ]
        yield "Test", ("; where a system has several runs, " if len(tests) > 1 else "").join(tests)
        corrected = f"p corrected by {method['correction']} over all of them"
        yield "Tests", f"{method['tests']}, {corrected}; significant at {method['alpha']:g}"
    over = {"question": "questions", "none": "queries"}.get(found.unit, "clusters")
    yield "Intervals", f"{found.level()}, {method['intervals'] if any(several) else f'bootstrap over {over}'}"


def _resampled(found: Comparison) -> str:
    clusters, questions, unit = found.method["clusters"], found.method["questions"], found.unit
    if unit == "none":
        return f"{clusters:,} queries, each by itself"
    if unit == "question":
        return f"{questions:,} questions, each in all its languages"
    return f"{clusters:,} {unit}{'s' * (clusters != 1)} with {questions:,} questions in all their languages"


def _runs(runs: Mapping[str, int], labels: Mapping[str, str]) -> str:
    if {*runs.values()} == {1}:
        return "one of each system" if len(runs) > 1 else "one"
    return ", ".join(f"{count} of {labels[system]}" for system, count in runs.items())
