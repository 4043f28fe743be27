"""How long `lifetimes` takes for the fits that the bench beside this file makes: pip install lifetimes."""

import os
import statistics
import sys
import time
import warnings

import pandas
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter

warnings.filterwarnings("ignore")
here = os.path.dirname(os.path.abspath(__file__))
data = os.environ.get("RAPPORT_DATA", os.path.join(here, "../../../../../shared/data"))
rows = pandas.read_csv(os.path.join(data, "cdnow_2357_summary_39weeks.csv"))
repeats, recency, age, mean = (rows.iloc[:, column] for column in range(1, 5))
spent = repeats > 0


def median_ms(fit, times=20):
    took = []
    for _ in range(times):
        started = time.perf_counter()
        fit()
        took.append((time.perf_counter() - started) * 1e3)
    return statistics.median(took)


print(f"BG/NBD      {median_ms(lambda: BetaGeoFitter().fit(repeats, recency, age)):8.1f} ms")
print(f"Pareto/NBD  {median_ms(lambda: ParetoNBDFitter().fit(repeats, recency, age), 3):8.1f} ms")
print(f"Gamma-Gamma {median_ms(lambda: GammaGammaFitter().fit(repeats[spent], mean[spent])):8.1f} ms", file=sys.stdout)
