"""Elementwise functions with the same bits on every machine, for numpy arrays and plain numbers in float64.

IEEE 754 fixes the bits of + - * /, square roots, comparisons, rounding to whole numbers and scaling by powers of two,
and numpy has one call for each, so that there is nothing that a compiler could fuse. All else is up to a library: exp,
log, powers and cos of numpy differ with the vector unit, of libm with its version, and PyTorch's float64 square
root is Intel's and off by one unit in the last place on some processors. So what is wanted of these is formed here by
fixed sequences of such operations: arguments are reduced, and a series is summed by Horner's rule. Errors are a few
units in the last place (tests compare with arbitrary precision), and are the same few everywhere. No margin has to be
checked for that, however the results are rounded later.

What may be called directly: `np.sqrt`, `np.abs`, `np.floor`, `np.rint`, `np.round`, `np.sign`, `np.ldexp`,
`np.frexp`, `np.maximum`, `np.clip` and `math.sqrt`. A test keeps the others out of what decides a result.
"""

from math import factorial
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import float64, ndarray

Numbers = Any  # whatever numpy makes an array of
Array = ndarray | float64  # numpy makes numbers of arrays without axes


def _ratio(numerator: int, denominator: int) -> float:
    """The quotient of two integers, which Python rounds correctly."""
    return numerator / denominator


def _constant(scaled: int, bits: int) -> tuple[float, float]:
    """scaled * 2^-128 as a number of few bits, whose products with small integers are exact, and what is left of it."""
    high = scaled >> (128 - bits)
    return high / 2**bits, (scaled - (high << (128 - bits))) / 2**128


def _log_2(bits: int = 128) -> int:
    """log(2) * 2^bits: sum_k 2 / ((2k + 1) 3^(2k + 1)), in integers."""
    total, k, part = 0, 0, (2 << (bits + 16)) // 3
    while part:
        total, k, part = total + part // (2 * k + 1), k + 1, part // 9
    return total >> 16


def _pi(bits: int = 128) -> int:
    """pi * 2^bits: 16 arctan(1/5) - 4 arctan(1/239) (Machin 1706), in integers."""

    def arctan_of_one_over(x: int) -> int:
        total, k, part = 0, 0, (1 << (bits + 16)) // x
        while part:
            total, k, part = total + (-1) ** k * (part // (2 * k + 1)), k + 1, part // (x * x)
        return total

    return (16 * arctan_of_one_over(5) - 4 * arctan_of_one_over(239)) >> 16


LOG_2_HIGH, LOG_2_LOW = _constant(_log_2(), 32)  # times an exponent of at most 11 bits the first is exact
LOG_2 = _ratio(_log_2(), 2**128)
HALF_PI_HIGH, HALF_PI_LOW = _constant(_pi() >> 1, 30)  # times a quarter turn's number of at most 23 bits likewise
PI = _ratio(_pi(), 2**128)
LOG_10 = 2.302585092994045684018  # log(10)
TURNS = 2.0**22  # quarter turns, up to which angles are reduced exactly enough
# Terms of each series, and with them the relative error at the largest reduced argument: all below 2^-55.
EXP_TERMS = [_ratio(1, factorial(k)) for k in range(15)]  # |r| <= log(2) / 2
LOG_TERMS = [_ratio(1, 2 * k + 1) for k in range(12)]  # of artanh, |s| <= 3 - 2 sqrt(2)
SIN_TERMS = [_ratio((-1) ** k, factorial(2 * k + 1)) for k in range(10)]  # |r| <= pi / 4
COS_TERMS = [_ratio((-1) ** k, factorial(2 * k)) for k in range(11)]
ARCTAN_TERMS = [_ratio((-1) ** k, 2 * k + 1) for k in range(13)]  # |t| <= tan(pi / 16)


def _horner(coefficients: list[float], x: Array) -> Array:
    """The polynomial with these coefficients, lowest first."""
    total: Array = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x
        total = total + coefficient
    return total


def exp(x: Numbers) -> ndarray:
    """e^x; 0 far below -745 and infinity above 709.8, as float64 has it."""
    x = np.asarray(x, dtype=np.float64)
    bounded = np.clip(np.where(np.isnan(x), 0.0, x), -800.0, 800.0)
    k = np.rint(bounded * (1 / LOG_2))
    r = (bounded - k * LOG_2_HIGH) - k * LOG_2_LOW
    with np.errstate(over="ignore", under="ignore"):
        return _with_nan(np.ldexp(_horner(EXP_TERMS, r), k.astype(np.int32)), x)


def log(x: Numbers) -> ndarray:
    """The natural logarithm: -infinity at 0, NaN below."""
    x = np.asarray(x, dtype=np.float64)
    inside = (x > 0) & (x < np.inf)
    fraction, exponent = np.frexp(np.where(inside, x, 1.0))  # 0.5 <= fraction < 1
    low = fraction < np.sqrt(0.5)
    fraction, k = np.where(low, 2 * fraction, fraction), (exponent - low).astype(np.float64)
    # log(1 + f) = 2 artanh(f / (2 + f)); what is large of it is kept apart from what is small (f is exact).
    f = fraction - 1
    s = f / (2 + f)
    squared = s * s
    rest = s * (squared * _horner(LOG_TERMS[1:], squared))  # artanh s - s
    half = 0.5 * f * f
    # 2 s = f - s f = f - (f^2 / 2 - s f^2 / 2), in which no digits of f are lost.
    small = half - (s * half + (2 * rest + k * LOG_2_LOW))
    found = k * LOG_2_HIGH - (small - f)
    edges = np.where(x == 0, -np.inf, np.where(x == np.inf, np.inf, np.nan))
    return np.where(inside, found, edges)


def log1p(x: Numbers) -> ndarray:
    """log(1 + x), to the last digits of x near 0 too (Kahan's correction of what 1 + x rounds away)."""
    x = np.asarray(x, dtype=np.float64)
    whole = 1 + x
    kept = whole - 1
    with np.errstate(invalid="ignore"):
        found = np.where(kept == 0, x, log(whole) * (x / np.where(kept == 0, 1.0, kept)))
    return np.where(x == np.inf, np.inf, found)


def log10(x: Numbers) -> ndarray:
    """The decimal logarithm, a whole number at powers of ten."""
    x = np.asarray(x, dtype=np.float64)
    found = log(x) / LOG_10
    with np.errstate(invalid="ignore"):
        whole = np.clip(np.nan_to_num(np.rint(found)), -300, 300).astype(int)
    return np.where(TENS[whole + 300] == x, whole, found)


TENS = np.array([float(f"1e{k}") for k in range(-300, 301)])


def power(base: Numbers, exponent: Numbers) -> ndarray:
    """base^exponent of base >= 0; whole exponents up to 1024 by repeated multiplication, of any base."""
    base, exponent = np.broadcast_arrays(np.asarray(base, np.float64), np.asarray(exponent, np.float64))
    whole = (exponent == np.rint(exponent)) & (np.abs(exponent) <= 1024)
    if whole.all():
        return _whole_power(base, exponent)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = exp(exponent * log(base))
    found = np.where((base == 0) & (exponent > 0), 0.0, found)
    return np.where(whole, _whole_power(base, np.where(whole, exponent, 0.0)), found)


def _whole_power(base: Array, exponent: Array) -> ndarray:
    """By squaring, the same products for each element whatever its neighbours are."""
    left = np.abs(exponent).astype(np.int64)
    total, square = np.ones_like(base), base
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        while left.any():
            total = np.where(left % 2 == 1, total * square, total)
            left = left // 2
            square = square * square
        return np.where(exponent < 0, 1 / total, total)


def _quarter(x: Array) -> tuple[Array, Array]:
    """The number of the nearest multiple of pi/2, modulo 4, and how far x is from it."""
    k = np.rint(x / (PI / 2))
    if bool((np.abs(k) > TURNS).any()):
        raise ValueError(f"angles of up to {np.abs(x).max():g} radians; at most {TURNS * PI / 2:g}")
    return k % 4, (x - k * HALF_PI_HIGH) - k * HALF_PI_LOW


def _sin_cos(x: Numbers) -> tuple[ndarray, ndarray]:
    x = np.asarray(x, dtype=np.float64)
    quarter, r = _quarter(x)
    squared = r * r
    sine, cosine = r * _horner(SIN_TERMS, squared), _horner(COS_TERMS, squared)
    odd = quarter % 2 == 1
    s, c = np.where(odd, cosine, sine), np.where(odd, sine, cosine)
    return np.where(quarter >= 2, -s, s), np.where((quarter == 1) | (quarter == 2), -c, c)


def sin(x: Numbers) -> ndarray:
    """Of radians, up to 6e6; infinite ones are refused."""
    return _sin_cos(x)[0]


def cos(x: Numbers) -> ndarray:
    """Of radians, up to 6e6; infinite ones are refused."""
    return _sin_cos(x)[1]


def tan(x: Numbers) -> ndarray:
    sine, cosine = _sin_cos(x)
    return np.asarray(sine / cosine)


def arctan(x: Numbers) -> ndarray:
    x = np.asarray(x, dtype=np.float64)
    size = np.abs(x)
    over = size > 1
    with np.errstate(divide="ignore"):
        t = np.where(over, 1 / np.where(size > 0, size, 1.0), size)
    for _ in range(2):  # arctan t = 2 arctan (t / (1 + sqrt(1 + t^2)))
        t = t / (1 + np.sqrt(1 + t * t))
    found = 4 * (t * _horner(ARCTAN_TERMS, t * t))
    found = np.where(over, PI / 2 - found, found)
    return np.where(x < 0, -found, np.where(np.isnan(x), np.nan, found))


def arctan2(y: Numbers, x: Numbers) -> ndarray:
    """The angle of (x, y) in (-pi, pi]; 0 of the origin."""
    y, x = np.broadcast_arrays(np.asarray(y, np.float64), np.asarray(x, np.float64))
    steep = np.abs(y) > np.abs(x)
    over, under = np.asarray(np.where(steep, x, y)), np.asarray(np.where(steep, y, x))
    angle = arctan(over / np.where(under == 0, 1.0, under))
    flat = np.where(x < 0, np.where(y < 0, angle - PI, angle + PI), angle)
    found = np.where(steep, np.where(y < 0, -PI / 2 - angle, PI / 2 - angle), flat)
    return np.asarray(found + 0.0)  # no -0.0


def arccos(x: Numbers) -> ndarray:
    """Of numbers in [-1, 1]; NaN outside."""
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * arctan2(np.sqrt(1 - x), np.sqrt(1 + x)))


def hypot(x: Numbers, y: Numbers) -> ndarray:
    """sqrt(x^2 + y^2), where neither square leaves the range."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    first, second = x * x, y * y
    return np.asarray(np.sqrt(first + second))


def degrees(x: Numbers) -> ndarray:
    return np.asarray(np.asarray(x, dtype=np.float64) * (180 / PI))


def radians(x: Numbers) -> ndarray:
    return np.asarray(np.asarray(x, dtype=np.float64) * (PI / 180))


def geometric_space(start: float, stop: float, num: int) -> Float[ndarray, " {num}"]:
    """`num` >= 2 numbers > 0 of equal ratio, from `start` to `stop`, both of them exactly."""
    between = exp(log(start) + (log(stop) - log(start)) * (np.arange(num) / (num - 1)))
    between[0], between[-1] = start, stop
    return between


def normal_density(x: Numbers) -> ndarray:
    x = np.asarray(x, dtype=np.float64)
    return np.asarray(exp(-0.5 * (x * x)) / np.sqrt(2 * PI))


def normal_tail(x: Numbers) -> ndarray:
    """The probability that a standard normal variate is above x.

    Up to |x| = 3 from x + x^3/3 + x^5/(3 5) + ..., beyond by Laplace's continued fraction 1/(x + 1/(x + 2/(x + ...)))
    (Abramowitz & Stegun 26.2.11 and 26.2.14).
    """
    x = np.asarray(x, dtype=np.float64)
    size = np.abs(x)
    near, squared = np.minimum(size, 3.0), np.minimum(size, 3.0) * np.minimum(size, 3.0)
    term = series = near
    for k in range(3, 100, 2):
        term = term * squared / k
        series = series + term
    far = np.maximum(size, 3.0)
    fraction: Array = far
    for k in range(200, 0, -1):
        fraction = far + k / fraction
    density = normal_density(size)
    upper = np.where(size <= 3, 0.5 - density * series, density / fraction)
    return np.where(x < 0, 1 - upper, upper)


def normal_quantile(p: Numbers) -> ndarray:
    """The number that a standard normal variate is below with probability p, 0 < p < 1, to about 16 digits.

    Wichura 1988, "Algorithm AS 241: The Percentage Points of the Normal Distribution", PPND16.
    """
    p = np.asarray(p, dtype=np.float64)
    q = p - 0.5
    centre = np.abs(q) <= 0.425
    r = np.where(centre, 0.180625 - q * q, 0.0)
    near = q * _horner(CENTRE[0], r) / _horner(CENTRE[1], r)
    r = np.sqrt(-log(np.where(centre, 0.5, np.minimum(p, 1 - p))))
    tail = [_horner(above, r - shift) / _horner(below, r - shift) for (above, below), shift in ((TAIL, 1.6), (FAR, 5))]
    far = np.where(r <= 5, *tail)
    return np.where(centre, near, np.where(q < 0, -far, far))


CENTRE = (
    [3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3],
    [1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3],
)  # fmt: skip
TAIL = (
    [1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4],
    [1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9],
)  # fmt: skip
FAR = (
    [6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7],
    [1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15],
)  # fmt: skip


def _with_nan(found: Array, x: Array) -> ndarray:
    return np.where(np.isnan(x), np.nan, found)
