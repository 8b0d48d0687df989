"""The anomaly detector on the Numenta Anomaly Benchmark, and its speed and memory.

    python -m bench.nab [--corpus PATH] [--series 1000]

PATH is a folder in the benchmark's layout; a checkout of the whole corpus works too. The detector's own debounce stays
in force: a row's score counts only where it leads, that is, where it could have begun an alert. The shipped threshold's
score is the product's; the one at the best threshold is fitted on the labels, as the benchmark reports it.
The floor of the speed is an exponential smoothing with a running variance on the same arrays.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from app.domains.metrics.rules.detector import BYTES_PER_SERIES, KINDS, THRESHOLD, DetectorState, step
from numpy.typing import NDArray

from bench.common import report
from bench.nab_score import PROFILES, Series, best_threshold, load_corpus, normalise, row_values, score_at

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "data" / "nab"
WEEK_SECONDS = 7 * 86400.0
ROUNDS = 5

Scores = dict[str, NDArray[np.float64]]


def detect(corpus: Sequence[Series]) -> tuple[Scores, Counter[str], float]:
    """Every file's scores where they lead, how often each kind began, and the CPU seconds of all steps.

    All files advance together, row by row, as series of a running product would.
    """
    state = DetectorState.new(len(corpus))
    lengths = np.array([len(series.values) for series in corpus])
    scores = {series.name: np.zeros(len(series.values)) for series in corpus}
    kinds: Counter[str] = Counter()
    seconds = 0.0
    for row in range(int(lengths.max())):
        index = np.flatnonzero(lengths > row)
        present = [corpus[place] for place in index.tolist()]
        values = np.array([series.values[row] for series in present])
        at = np.array([series.at[row] for series in present])
        started = time.process_time()
        verdicts = step(state, index, values, at)
        seconds += time.process_time() - started
        for series, score, leads in zip(present, verdicts.score, verdicts.leads, strict=True):
            scores[series.name][row] = score if leads else 0.0
        kinds.update(KINDS[kind] for kind in verdicts.kind[verdicts.begins])
    return scores, kinds, seconds


def rate_false_alerts(corpus: Sequence[Series], scores: Scores) -> dict[str, float]:
    """Alerts per series and week at the shipped threshold: on files without windows, and outside windows on all."""
    alerts, weeks, quiet_alerts, quiet_weeks = 0, 0.0, 0, 0.0
    for series in corpus:
        _, window_of = row_values(series)
        outside = window_of < 0
        outside[: series.probation] = False
        found = int(np.sum(scores[series.name][outside] >= THRESHOLD))
        span = float(np.median(np.diff(series.at))) * int(outside.sum()) / WEEK_SECONDS
        alerts, weeks = alerts + found, weeks + span
        if not series.windows:
            quiet_alerts, quiet_weeks = quiet_alerts + found, quiet_weeks + span
    return {
        "false_alerts_per_series_and_week": round(alerts / weeks, 2),
        "alerts_per_series_and_week_without_windows": round(quiet_alerts / quiet_weeks, 2) if quiet_weeks else 0.0,
    }


def score_left_out(corpus: Sequence[Series], scores: Scores) -> float:
    """The standard score with each file at the threshold that is best on all the others."""
    standard, raw = PROFILES[0], 0.0
    for series in corpus:
        others = [other for other in corpus if other is not series]
        raw += score_at([series], scores, standard, best_threshold(others, scores, standard).threshold).raw
    return normalise(raw, sum(len(series.windows) for series in corpus), standard)


def score_halves(corpus: Sequence[Series], scores: Scores) -> dict[str, float]:
    """The standard score of each half of the files (by place) at the threshold that is best on the other half."""
    even, odd = corpus[::2], corpus[1::2]
    standard = PROFILES[0]
    return {
        "even_files": score_at(even, scores, standard, best_threshold(odd, scores, standard).threshold).normalised,
        "odd_files": score_at(odd, scores, standard, best_threshold(even, scores, standard).threshold).normalised,
    }


def list_files(corpus: Sequence[Series], scores: Scores) -> list[dict[str, Any]]:
    """One record for each file at the shipped threshold."""
    records = []
    for series in corpus:
        score = score_at([series], scores, PROFILES[0], THRESHOLD)
        windows = len(series.windows)
        records.append(
            {"file": series.name, "windows": windows, "found": score.found, "false_rows": score.false_rows}
            | {"standard": round(score.normalised, 1) if windows else None}
        )
    return records


def measure_speed(series: int, points: int) -> dict[str, Any]:
    """Points per CPU second: many series in a step, one series alone, and the floor; and the memory of the states."""
    random = np.random.default_rng(5)
    values = 50.0 + 10.0 * random.standard_normal((points, series)) + 20.0 * (random.random((points, series)) > 0.999)
    at = np.arange(points)[:, None] * 60.0 + np.zeros(series)
    before = psutil.Process().memory_info().rss
    state, index = DetectorState.new(series), np.arange(series)
    for row in range(points // 2):
        step(state, index, values[row], at[row])
    grown = psutil.Process().memory_info().rss - before
    rates: dict[str, list[float]] = {"ours": [], "floor": []}
    mean, variance = np.zeros(series), np.ones(series)
    for later in 60.0 * points * np.arange(1, ROUNDS + 1):
        started = time.process_time()
        for row in range(points // 2, points):
            step(state, index, values[row], at[row] + later)
        rates["ours"].append(points // 2 * series / (time.process_time() - started))
        started = time.process_time()
        for row in range(points):
            off = values[row] - mean
            mean += 0.1 * off
            variance += 0.1 * (off * off - variance)
            (np.abs(off) > 4.0 * np.sqrt(variance)).any()
        rates["floor"].append(points * series / (time.process_time() - started))
    alone, single = DetectorState.new(1), np.zeros(1, dtype=np.intp)
    started = time.process_time()
    for row in range(points):
        step(alone, single, values[row, :1], at[row, :1])
    one = points / (time.process_time() - started)
    return {
        "ours_points_per_cpu_second": round(max(rates["ours"])),
        "ours_points_per_cpu_second_one_series": round(one),
        "floor_points_per_cpu_second": round(max(rates["floor"])),
        "times_the_floor": round(max(rates["floor"]) / max(rates["ours"]), 1),
        "series_in_a_step": series,
        "bytes_per_series": BYTES_PER_SERIES,
        "resident_bytes_per_series": round(grown / series),
    }


def main() -> None:
    """Score the corpus when it is there, measure the speed, and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--series", type=int, default=1000)
    arguments = parser.parse_args()
    figures: dict[str, Any] = measure_speed(arguments.series, 1000)
    if arguments.corpus.is_dir():
        corpus = load_corpus(arguments.corpus)
        scores, kinds, seconds = detect(corpus)
        figures["rows"] = sum(len(series.values) for series in corpus)
        figures["corpus_points_per_cpu_second"] = round(figures["rows"] / seconds)
        figures["threshold"] = THRESHOLD
        for profile in PROFILES:
            shipped = score_at(corpus, scores, profile, THRESHOLD)
            best = best_threshold(corpus, scores, profile)
            figures[profile.name] = round(shipped.normalised, 1)
            figures[f"{profile.name}_at_its_best_threshold"] = round(best.normalised, 1)
        shipped = score_at(corpus, scores, PROFILES[0], THRESHOLD)
        figures |= {"windows_found": shipped.found, "windows_missed": shipped.missed}
        figures |= {"false_rows": shipped.false_rows} | rate_false_alerts(corpus, scores)
        figures["threshold_of_the_other_half"] = {
            name: round(value, 1) for name, value in score_halves(corpus, scores).items()
        }
        figures["halves_at_the_shipped_threshold"] = {
            name: round(score_at(half, scores, PROFILES[0], THRESHOLD).normalised, 1)
            for name, half in (("even_files", corpus[::2]), ("odd_files", corpus[1::2]))
        }
        figures["each_file_at_the_threshold_of_the_others"] = round(score_left_out(corpus, scores), 1)
        figures["kinds"] = dict(kinds)
        figures["files"] = list_files(corpus, scores)
    else:
        figures["corpus"] = "not run: the folder is absent"
    report("nab", **figures, goal="standard > 60, points per CPU second >= 50,000, bytes per series < 4,096")


if __name__ == "__main__":
    main()
