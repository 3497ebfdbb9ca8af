#!/usr/bin/env python3
"""Writes tests/golden/stats/search.json: the hypervolumes that Optuna's NSGA-II and random search
reach on a synthetic landscape, which tests/experiments/sweep/test_search.cpp computes likewise.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install optuna
    /tmp/golden/bin/python tests/golden/make_search_golden.py
"""

import json
import math
import pathlib
import statistics

import optuna

GENES, TRIALS, POPULATION, SEEDS = 24, 200, 16, 20


def landscape(g):
    """Loss and time of a genome of zeros and ones, both in [0, 1]; neighbours make each other worse."""
    loss = [(7 * i) % 11 + 1 for i in range(GENES)]
    gain = [(5 * i) % 13 + 1 for i in range(GENES)]
    def squares(g):
        return sum(loss[i] ** 2 * g[i] for i in range(GENES)) + 2 * sum(
            loss[i] * g[i] * g[i + 1] for i in range(GENES - 1))
    worst = squares([1] * GENES)
    return (math.sqrt(squares(g) / worst),
            1 - 0.8 * sum(b * x for b, x in zip(gain, g)) / sum(gain))


def hypervolume(points):
    """Area that the points dominate in the unit square."""
    area, ceiling = 0.0, 1.0
    for x, y in sorted(points):
        if y < ceiling:
            area += (1 - x) * (ceiling - y)
            ceiling = y
    return area


def run(sampler):
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    study.optimize(lambda t: landscape([t.suggest_categorical(f"g{i}", [0, 1]) for i in range(GENES)]),
                   n_trials=TRIALS)
    return hypervolume([t.values for t in study.trials])


def summary(make_sampler):
    values = [run(make_sampler(seed)) for seed in range(SEEDS)]
    return {"mean": statistics.mean(values), "standard_deviation": statistics.stdev(values)}


optuna.logging.set_verbosity(optuna.logging.WARNING)
content = {
    "made_with": {"optuna": optuna.__version__},
    "genes": GENES, "trials": TRIALS, "population": POPULATION, "seeds": SEEDS,
    "examples": [{"genome": [int(i % k == 0) for i in range(GENES)],
                  "objectives": landscape([int(i % k == 0) for i in range(GENES)])}
                 for k in (1, 2, 5)],
    "nsga2": summary(lambda seed: optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)),
    "random": summary(lambda seed: optuna.samplers.RandomSampler(seed=seed)),
}
path = pathlib.Path(__file__).parent / "stats" / "search.json"
path.write_text(json.dumps(content, indent=1) + "\n")
