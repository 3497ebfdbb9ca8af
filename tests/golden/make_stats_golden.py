#!/usr/bin/env python3
"""Writes tests/golden/stats/paired.json and factorial.json: what SciPy, statsmodels and scikit-learn
say of paired comparisons and of a two-level factorial. Run it in an environment of its own:

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install scipy statsmodels scikit-learn
    /tmp/golden/bin/python tests/golden/make_stats_golden.py
"""

import json
import math
import pathlib

import numpy as np
import scipy
import sklearn.metrics
import statsmodels
import statsmodels.api
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

FOLDER = pathlib.Path(__file__).parent / "stats"
VERSIONS = {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__,
            "scikit-learn": sklearn.__version__, "numpy": np.__version__}


def mcnemar_cases():
    pairs = [(0, 0), (1, 0), (5, 0), (6, 0), (7, 5), (5, 7), (20, 8), (100, 140), (1000, 1100)]
    return [{"first": b, "second": c,
             "p": mcnemar([[10, b], [c, 10]], exact=True).pvalue if b + c else 1.0}
            for b, c in pairs]


def newcombe(both, first, second, neither, confidence):
    """Newcombe (1998), method 10, from statsmodels' Wilson limits; difference second - first."""
    n = both + first + second + neither
    limits = [proportion_confint(both + only, n, 1 - confidence, "wilson")
              for only in (first, second)]
    p1, p2 = (both + first) / n, (both + second) / n
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    product = both * neither - first * second
    phi = (max(product - n / 2, 0) if product > 0 else product) / math.sqrt(margins) if margins else 0
    def length(a, b):
        return math.sqrt(a * a - 2 * phi * a * b + b * b)
    (l1, u1), (l2, u2) = limits
    return p2 - p1 - length(p2 - l2, u1 - p1), p2 - p1 + length(u2 - p2, p1 - l1)


def newcombe_cases():
    cases = []
    for table in [(36, 2, 12, 0), (600, 7, 5, 31), (600, 30, 5, 8), (10, 0, 0, 0), (5, 5, 5, 5),
                  (1, 9, 2, 3), (0, 0, 12, 8)]:
        for confidence in (0.9, 0.95, 0.99):
            low, high = newcombe(*table, confidence)
            cases.append({"table": table, "confidence": confidence, "low": low, "high": high})
    return cases


def holm_cases():
    lists = [[0.01], [0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.9], [1e-9, 0.02, 0.02, 0.6, 0.013]]
    return [{"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in lists]


def connor(n, share, alpha, power):
    z1, z2 = stats.norm.ppf(1 - alpha / 2), stats.norm.ppf(power)
    return optimize.brentq(lambda d: math.sqrt(n) * d - z1 * math.sqrt(share)
                           - z2 * math.sqrt(share - d * d), 0, share)


def exact_power(n, share, difference, alpha):
    """Probability that McNemar's exact test rejects, summed over all tables."""
    total = 0.0
    for m in range(n + 1):
        weight = stats.binom.pmf(m, n, share)
        if weight < 1e-12:
            continue
        k = np.arange(m + 1)
        rejects = np.minimum(1, 2 * stats.binom.cdf(np.minimum(k, m - k), m, 0.5)) < alpha
        total += weight * stats.binom.pmf(k, m, 0.5 + difference / share / 2)[rejects].sum()
    return total


def detectable_cases():
    cases = []
    for n, discordant in [(643, 12), (643, 60), (2000, 100), (10000, 300)]:
        share = discordant / n
        d = connor(n, share, 0.05, 0.8)
        cases.append({"n": n, "discordant": discordant, "difference": d,
                      "exact_power": exact_power(n, share, d, 0.05)})
    return cases


METRICS = {
    "accuracy": lambda y, p: np.mean(y == p),
    "f1": lambda y, p: sklearn.metrics.f1_score(y, p, zero_division=0),
    "matthews": sklearn.metrics.matthews_corrcoef,
    "pearson": lambda y, p: stats.pearsonr(y, p)[0],
    "spearman": lambda y, p: stats.spearmanr(y, p)[0],
}


def bootstrap_case(name, label, first, second):
    metric = METRICS[name]
    def difference(i):
        i = i.astype(int)
        return metric(label[i], second[i]) - metric(label[i], first[i])
    result = stats.bootstrap((np.arange(len(label)),), difference, n_resamples=10_000,
                             vectorized=False, method="percentile", random_state=1)
    drawn = result.bootstrap_distribution
    rarer = min((drawn >= 0).sum(), (drawn <= 0).sum())
    return {"metric": name, "label": label.tolist(), "first": first.tolist(),
            "second": second.tolist(), "difference": difference(np.arange(len(label))),
            "low": result.confidence_interval.low, "high": result.confidence_interval.high,
            "standard_error": result.standard_error, "p": min(1, 2 * (rarer + 1) / 10_001)}


def bootstrap_cases():
    random = np.random.default_rng(5)
    n = 240
    truth = random.normal(size=n)
    classes = (truth > 0).astype(int)
    def noisy(scale):
        return np.round(truth + scale * random.normal(size=n), 4)
    cases = []
    for name in ("f1", "matthews"):
        cases.append(bootstrap_case(name, classes, (noisy(0.5) > 0).astype(int),
                                    (noisy(0.9) > 0).astype(int)))
    for name in ("pearson", "spearman"):
        near = noisy(0.5)
        cases.append(bootstrap_case(name, np.round(truth, 4), near, noisy(0.7)))
        cases.append(bootstrap_case(name, np.round(truth, 4), near,
                                    np.round(near + 0.05 * random.normal(size=n), 4)))
    return cases


def factorial():
    """A 2^4 design; factor i is high where bit i of the index is set. Effects by least squares on
    columns of -1 and 1: twice the coefficient."""
    random = np.random.default_rng(9)
    k = 4
    signs = np.array([[1 if run >> i & 1 else -1 for i in range(k)] for run in range(2**k)])
    y = 3 + signs @ [0.5, -1, 0.25, 0] + 0.7 * signs[:, 0] * signs[:, 1] + 0.1 * random.normal(size=2**k)
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    columns = [signs[:, i] for i in range(k)] + [signs[:, i] * signs[:, j] for i, j in pairs]
    fit = statsmodels.api.OLS(y, statsmodels.api.add_constant(np.column_stack(columns))).fit()
    main = statsmodels.api.OLS(y, statsmodels.api.add_constant(signs)).fit()
    return {"factors": k, "responses": y.tolist(), "main": (2 * fit.params[1:k + 1]).tolist(),
            "interactions": [{"pair": p, "effect": e}
                             for p, e in zip(pairs, (2 * fit.params[k + 1:]).tolist())],
            "additive_fit": main.fittedvalues.tolist()}


def write(name, content):
    content = {"made_with": VERSIONS, **content}
    (FOLDER / name).write_text(json.dumps(content, indent=1) + "\n")


write("paired.json", {"mcnemar": mcnemar_cases(), "newcombe": newcombe_cases(), "holm": holm_cases(),
                      "quantiles": [{"p": p, "z": stats.norm.ppf(p)}
                                    for p in (0.5, 0.8, 0.975, 0.999, 1 - 1e-7)],
                      "detectable": detectable_cases(), "bootstrap": bootstrap_cases()})
write("factorial.json", factorial())
