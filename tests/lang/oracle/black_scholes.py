#!/usr/bin/env python3
"""black_scholes.py [-n N]: the prices of examples/black_scholes.tg to 200 bits, as JSON.

Input: the option. Output: calls and puts as doubles, for the strikes 20 + 0.01 i. The idea: the formula in MPFR, by gmpy2.
For the strike 40 (i = 2000) they are 4.76 and 0.81 (Hull, Options, futures and other derivatives).
"""
import argparse
import json

import gmpy2
from gmpy2 import mpfr


def normal_cdf(x):
    return gmpy2.erfc(-x / gmpy2.sqrt(mpfr(2))) / 2


def prices(i, spot=42.0, rate=0.1, volatility=0.2, years=0.5, lowest=20.0, step=0.01):
    spot, rate, volatility, years = (mpfr(v) for v in (spot, rate, volatility, years))
    strike = mpfr(lowest + step * i)  # rounded as the program rounds it
    deviation = volatility * gmpy2.sqrt(years)
    d1 = (gmpy2.log(spot / strike) + (rate + volatility * volatility / 2) * years) / deviation
    d2 = d1 - deviation
    present = strike * gmpy2.exp(-rate * years)
    return spot * normal_cdf(d1) - present * normal_cdf(d2), present * normal_cdf(-d2) - spot * normal_cdf(-d1)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=4001)
    gmpy2.get_context().precision = 200
    both = [prices(i) for i in range(options.parse_args().n)]
    print(json.dumps({"call": [float(c) for c, _ in both], "put": [float(p) for _, p in both]}))


if __name__ == "__main__":
    main()
