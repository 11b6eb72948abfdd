"""How often comparisons of systems that do not differ find a difference, and how often their intervals cover the truth.

    python tests/benchmarks/false_positives.py [--quick] [--simulations 2000]

Values between 0 and 1 with the shape of average precision, of questions in three languages, one of which lacks half of
them, in clusters of one to nine questions. What is hard about a cluster, a question and a query is partly common to
both systems, partly a system's own and partly a run's; the correlation is that of two questions of one cluster.
Another seed moves a run by a normal deviate, whose standard deviation is given in units of the standard error that
clusters alone give the difference of two runs. A system of one run is compared as that run: here it has the figure
that its training gives on average.

Each row is so many simulated comparisons of XQuAD-R's 240 clusters, or of 48, decided as ``compare`` decides: by the
randomisation test where both systems have one run, else by the t-test, at 5 percent, and by its intervals of the
difference and of the figure of the first system. "Before" is version 0.1: the paired t-test over questions of the means
of runs, and the percentiles of a bootstrap of questions. The standard error of a rate of 5 percent is half a percent
with 2,000 simulations. About 12 minutes of two cores with 2,000 simulations, a tenth of it with --quick (200).

Outside of what is wanted are figures of a system of two runs whose seeds differ far more than clusters explain (runs
2, 2, seeds 4.0): their intervals cover about 91 percent, since a variance of two values can be anything. Verdicts call
such intervals rough.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"  # a process a core

import numpy as np
from scipy import stats
from scipy.special import ndtr
from tqdm import tqdm

from hybrid_plugin.inference.infer.chance import randomization_test
from hybrid_plugin.inference.infer.design import Asked, Outcome, Pair
from hybrid_plugin.inference.infer.estimates import bootstrap, interval

ALPHA = 0.05
RESAMPLES = 1000  # of the randomisation test, and of the bootstrap
FALSE_POSITIVES, COVERAGE = (0.03, 0.07), (0.93, 0.97)  # what each row shall be in
CHUNK = 100  # simulations that a process does at a time
BEFORE = 200  # samples of the bootstrap of before

QUESTIONS = 9  # of the largest cluster
LEVEL = 0.3  # the mean of the latent values, of which values are the normal distribution function
COMMON, SYSTEM, RUN = 1.0, 0.3, 0.15  # their variances: of both systems, of a system, of a run
LANGUAGES = np.array(["de", "en", "zh"])
EVERY = np.ones(len(LANGUAGES), bool)
SCALE = np.sqrt(1 + COMMON + SYSTEM + RUN)  # the mean of values is the distribution function of LEVEL / SCALE


class Case(NamedTuple):
    """What a row of the table simulates.

    Parameters
    ----------
    runs : of the two systems.
    seeds : the standard deviation over seeds, in units of the standard error from clusters.
    """

    clusters: int
    correlation: float
    runs: tuple[int, int]
    seeds: float


class Result(NamedTuple):
    """Whether a comparison found a difference and its intervals cover the truth, now and before."""

    differs: bool
    covers_difference: bool
    covers_figure: bool
    differed: bool
    covered: bool


def cases() -> Iterator[Case]:
    for clusters, correlation in product((240, 48), (0.0, 0.1, 0.3)):
        yield Case(clusters, correlation, (1, 1), 0.0)
        for runs, seeds in product(((2, 2), (3, 3), (5, 5), (3, 1)), (0.0, 0.25, 1.0, 4.0)):
            yield Case(clusters, correlation, runs, seeds)


def questions_of(clusters: int, generator: np.random.Generator) -> Asked:
    """Clusters of unequal sizes, whose questions are asked in all languages, half of them not in German."""
    cluster = np.repeat(np.arange(clusters), generator.integers(1, QUESTIONS + 1, clusters))
    every = np.arange(len(cluster))
    german = generator.permutation(every)[: len(every) // 2]
    questions = np.concatenate([german, every, every])
    tasks = np.repeat([0, 1, 2], [len(german), len(every), len(every)])
    return Asked("multi", LANGUAGES, np.full(len(LANGUAGES), "multi"), LANGUAGES, tasks, questions, cluster[questions])


def latent(asked: Asked, variance: float, correlation: float, generator: np.random.Generator) -> np.ndarray:
    """Normal values of the queries, float [n]: those of one cluster correlate, those of one question more so."""
    apart = (1 - correlation) / 2
    found = np.zeros(len(asked.tasks))
    for units, share in ((asked.clusters, correlation), (asked.questions, apart), (np.arange(len(found)), apart)):
        found += np.sqrt(variance * share) * generator.standard_normal(units.max() + 1)[units]
    return found


def simulated(case: Case, spread: float, generator: np.random.Generator) -> tuple[Outcome, float]:
    """The outcome of two systems, a and b, that do not differ, and the figure that both truly have.

    Parameters
    ----------
    spread : the standard deviation over seeds of the latent values.
    """
    asked = questions_of(case.clusters, generator)
    truth = LEVEL / np.sqrt(SCALE**2 + spread**2)
    common = latent(asked, COMMON, case.correlation, generator)
    values = {}
    for system, runs in zip("ab", case.runs, strict=True):
        own = common + latent(asked, SYSTEM, case.correlation, generator)
        levels = LEVEL + spread * generator.standard_normal(runs) if runs > 1 else [truth * SCALE]
        values[system] = ndtr([own + level + latent(asked, RUN, case.correlation, generator) for level in levels])
    return Outcome("AP", asked, values, values), float(ndtr(truth))


def cluster_error(clusters: int, correlation: float) -> float:
    """The standard error that clusters give the difference of two runs, as a deviation of latent values."""
    generator = np.random.default_rng(0)
    alike = Case(clusters, correlation, (1, 1), 0.0)
    outcomes = (simulated(alike, 0.0, generator)[0] for _ in range(500))
    error = np.std([float(np.nanmean(Pair.of(outcome, "a", "b").shares(EVERY))) for outcome in outcomes])
    return float(error * SCALE / stats.norm.pdf(LEVEL / SCALE))


def result(outcome: Outcome, truth: float, seed: int) -> Result:
    """How the comparison of a and b comes out, decided as ``compare`` decides, and as it once did."""
    pair = Pair.of(outcome, "a", "b")
    figure = pair.a.average(EVERY)
    difference = figure - pair.b.average(EVERY)
    alone = not difference.runs  # one run a system
    p = randomization_test(pair.totals(EVERY)[:, None], RESAMPLES, seed)[0] if alone else difference.t_test()
    drawn = bootstrap([difference, figure], RESAMPLES, seed)
    (low, high), (figure_low, figure_high) = map(interval, (difference, figure), drawn.T, (ALPHA, ALPHA))
    shares = pair.shares(EVERY)
    picks = np.random.default_rng(seed).integers(0, len(shares), (BEFORE, len(shares)))
    low_before, high_before = np.quantile(shares[picks].mean(1), [ALPHA / 2, 1 - ALPHA / 2])
    return Result(
        p <= ALPHA,
        low <= 0 <= high,
        figure_low <= truth <= figure_high,
        stats.ttest_1samp(shares, 0).pvalue <= ALPHA,
        low_before <= 0 <= high_before,
    )


def counts(case: Case, spread: float, seed: int) -> np.ndarray:
    """Of a chunk of simulations how many are as the fields of Result say, int [fields]."""
    generator = np.random.default_rng(seed)
    seeds = generator.integers(2**31, size=CHUNK)
    return np.sum([result(*simulated(case, spread, generator), int(one)) for one in seeds], axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=2000, help=f"of each row; a multiple of {CHUNK}")
    parser.add_argument("--quick", action="store_const", dest="simulations", const=200, help="200 of each row")
    chunks = parser.parse_args().simulations // CHUNK
    errors = {key: cluster_error(*key) for key in dict.fromkeys(case[:2] for case in cases())}
    each = [case for case in cases() for _ in range(chunks)]
    spreads = [case.seeds * errors[case[:2]] for case in each]
    with ProcessPoolExecutor() as pool:
        done = pool.map(counts, each, spreads, range(len(each)))
        found = np.array(list(tqdm(done, total=len(each), unit="chunk")))
    rates = found.reshape(-1, chunks, len(Result._fields)).sum(1) / (chunks * CHUNK)
    print("| clusters | correlation | runs | seeds | false positives | covered | of figures | before | covered |")
    print("|" + " ---: |" * 9)
    outside = 0
    for case, row in zip(cases(), rates, strict=True):
        within = FALSE_POSITIVES[0] <= row[0] <= FALSE_POSITIVES[1]
        within &= all(COVERAGE[0] <= rate <= COVERAGE[1] for rate in row[1:3])
        outside += not within
        runs = f"{case.runs[0]}, {case.runs[1]}" + ("" if within else " (outside)")
        said = [case.clusters, case.correlation, runs, case.seeds, *(f"{100 * rate:.1f}%" for rate in row)]
        print(f"| {' | '.join(map(str, said))} |")
    print("\nFrom the least to the most of these, by runs and seeds:\n")
    print("| runs | seeds | false positives | covered | of figures | before | covered |")
    print("|" + " ---: |" * 7)
    for runs, seeds in dict.fromkeys((case.runs, case.seeds) for case in cases()):
        own = rates[[(case.runs, case.seeds) == (runs, seeds) for case in cases()]] * 100
        ranges = [f"{low:.1f} to {high:.1f}%" for low, high in zip(own.min(0), own.max(0), strict=True)]
        print(f"| {runs[0]}, {runs[1]} | {seeds} | {' | '.join(ranges)} |")
    print(f"\n{len(rates) - outside} of {len(rates)} rows are inside: false positives 3 to 7%, coverage 93 to 97%")


if __name__ == "__main__":
    main()
