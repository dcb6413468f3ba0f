"""Numbers: checked 64-bit integers, exact decimals with PostgreSQL's scales, IEEE doubles with PostgreSQL's checks."""

from __future__ import annotations

import decimal
import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from liq.model.values import DECIMAL_DIGITS_MAX, INT_MAX, INT_MIN
from liq.reference.errors import division_by_zero, invalid_argument, out_of_range

EXACT = decimal.Context(
    prec=4000, Emax=999_999, Emin=-999_999, rounding=ROUND_HALF_UP,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""Wide enough that nothing is rounded but where a function below says so."""

SCALE_LIMIT = 2000
"""What PostgreSQL clamps the second argument of round and trunc to."""


# ------------------------------------------------------------------------------------------------- integers
def checked_int(value: int, bits: int = 64) -> int:
    """The integer, if it fits."""
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        out_of_range("integer")
    return value


def int_divide(a: int, b: int) -> int:
    """Division that truncates towards zero; MIN / -1 overflows."""
    if b == 0:
        division_by_zero()
    quotient = abs(a) // abs(b)
    return checked_int(quotient if (a < 0) == (b < 0) else -quotient)


def int_modulo(a: int, b: int) -> int:
    """The remainder, with the sign of the dividend."""
    if b == 0:
        division_by_zero()
    return abs(a) % abs(b) * (-1 if a < 0 else 1)


# ------------------------------------------------------------------------------------------------- decimals
def scale_of(value: Decimal) -> int:
    """Digits behind the point."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def checked_decimal(value: Decimal) -> Decimal:
    """The decimal with a scale of at least zero and without a negative zero, if it has at most 38 digits."""
    if not value.is_finite():
        out_of_range("decimal")
    before = value.adjusted() + 1 if value else 0
    if max(before, 0) + scale_of(value) > DECIMAL_DIGITS_MAX:
        out_of_range("decimal")
    return rescaled(value, scale_of(value))


def rescaled(value: Decimal, scale: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """The value with exactly ``scale`` digits behind the point, rounded half away from zero unless said otherwise."""
    result = value.quantize(Decimal(1).scaleb(-scale), rounding=rounding, context=EXACT)
    return result if result else result.copy_abs()


def sized(value: Decimal, precision: int, scale: int) -> Decimal:
    """``value::decimal(precision, scale)``."""
    result = rescaled(value, scale)
    if result and result.adjusted() + 1 > precision - scale:
        out_of_range("decimal")
    return checked_decimal(result)


def decimal_add(a: Decimal, b: Decimal) -> Decimal:
    """The exact sum; the greater scale."""
    return checked_decimal(EXACT.add(a, b))


def decimal_subtract(a: Decimal, b: Decimal) -> Decimal:
    """The exact difference; the greater scale."""
    return checked_decimal(EXACT.subtract(a, b))


def decimal_multiply(a: Decimal, b: Decimal) -> Decimal:
    """The exact product; the sum of the scales."""
    return checked_decimal(EXACT.multiply(a, b))


def decimal_divide(a: Decimal, b: Decimal) -> Decimal:
    """The quotient, rounded to PostgreSQL's result scale."""
    return checked_decimal(quotient(a, b))


def quotient(a: Decimal, b: Decimal) -> Decimal:
    """The quotient at PostgreSQL's result scale, of operands of any size."""
    if not b:
        division_by_zero()
    return rescaled(EXACT.divide(a, b), division_scale(a, b))


def division_scale(a: Decimal, b: Decimal) -> int:
    """PostgreSQL's ``select_div_scale``: at least 16 significant digits, counted in its base-10000 digits."""
    (weight_a, first_a), (weight_b, first_b) = _leading(a), _leading(b)
    weight = weight_a - weight_b - (1 if first_a <= first_b else 0)
    return min(max(16 - 4 * weight, scale_of(a), scale_of(b), 0), 1000)


def _leading(value: Decimal) -> tuple[int, int]:
    """Weight and value of the first base-10000 digit that is not zero."""
    if not value:
        return 0, 0
    weight = value.adjusted() // 4
    return weight, int(EXACT.scaleb(value.copy_abs(), -4 * weight).to_integral_value(ROUND_DOWN))


def decimal_modulo(a: Decimal, b: Decimal) -> Decimal:
    """The remainder, with the sign of the dividend; the greater scale."""
    if not b:
        division_by_zero()
    return checked_decimal(rescaled(EXACT.remainder(a, b), max(scale_of(a), scale_of(b))))


def decimal_round(value: Decimal, digits: int = 0) -> Decimal:
    """Rounded half away from zero; negative digits round before the point."""
    return _to_digits(value, digits, ROUND_HALF_UP)


def decimal_truncate(value: Decimal, digits: int = 0) -> Decimal:
    """Cut off towards zero."""
    return _to_digits(value, digits, ROUND_DOWN)


def _to_digits(value: Decimal, digits: int, rounding: str) -> Decimal:
    digits = max(-SCALE_LIMIT, min(SCALE_LIMIT, digits))
    return checked_decimal(rescaled(rescaled(value, digits, rounding), max(digits, 0)))


def decimal_floor(value: Decimal) -> Decimal:
    """The greatest whole number not above."""
    return checked_decimal(rescaled(value, 0, decimal.ROUND_FLOOR))


def decimal_ceiling(value: Decimal) -> Decimal:
    """The least whole number not below."""
    return checked_decimal(rescaled(value, 0, decimal.ROUND_CEILING))


def decimal_sign(value: Decimal) -> Decimal:
    """-1, 0 or 1."""
    return Decimal((value > 0) - (value < 0))


def decimal_negate(value: Decimal) -> Decimal:
    """The negative, never a negative zero."""
    return value if not value else value.copy_negate()


# ------------------------------------------------------------------------------------------------- floats
def _checked_float(result: float, infinite_before: bool) -> float:
    if math.isinf(result) and not infinite_before:
        out_of_range("float")
    return result


def float_add(a: float, b: float) -> float:
    """The sum; overflow is an error."""
    return _checked_float(a + b, math.isinf(a) or math.isinf(b))


def float_subtract(a: float, b: float) -> float:
    """The difference; overflow is an error."""
    return _checked_float(a - b, math.isinf(a) or math.isinf(b))


def float_multiply(a: float, b: float) -> float:
    """The product; overflow and underflow to zero are errors."""
    result = a * b
    if result == 0 and a != 0 and b != 0:
        out_of_range("float")
    return _checked_float(result, math.isinf(a) or math.isinf(b))


def float_divide(a: float, b: float) -> float:
    """The quotient; overflow and underflow to zero are errors, so is a zero divisor of anything but NaN."""
    if b == 0:
        if math.isnan(a):
            return a
        division_by_zero()
    result = a / b
    if result == 0 and a != 0 and not math.isinf(b):
        out_of_range("float")
    return _checked_float(result, math.isinf(a))


def float_round(value: float) -> float:
    """Rounded to a whole number, half to even."""
    return value if not math.isfinite(value) else math.copysign(float(round(value)), value)


def float_floor(value: float) -> float:
    """The greatest whole number not above."""
    return value if not math.isfinite(value) else math.copysign(float(math.floor(value)), value)


def float_ceiling(value: float) -> float:
    """The least whole number not below."""
    return value if not math.isfinite(value) else math.copysign(float(math.ceil(value)), value)


def float_truncate(value: float) -> float:
    """Cut off towards zero."""
    return value if not math.isfinite(value) else math.copysign(float(math.trunc(value)), value)


def float_sign(value: float) -> float:
    """-1, 0 or 1; 0 for NaN."""
    return float((value > 0) - (value < 0))


def float_sqrt(value: float) -> float:
    """The square root; of negative numbers there is none."""
    if value < 0:
        invalid_argument("square root of a negative number")
    return value if math.isnan(value) or math.isinf(value) else math.sqrt(value)


def float_exp(value: float) -> float:
    """e to a power; overflow and underflow are errors."""
    if math.isinf(value):
        return value if value > 0 else 0.0
    try:
        result = math.exp(value)
    except OverflowError:
        out_of_range("float")
    if result == 0:
        out_of_range("float")
    return result


def float_ln(value: float) -> float:
    """The natural logarithm of a positive number."""
    if value <= 0:
        invalid_argument("logarithm of a number that is not positive")
    return math.log(value)


def float_power(base: float, exponent: float) -> float:
    """A power, with PostgreSQL's special cases."""
    if math.isnan(base) or math.isnan(exponent):
        return 1.0 if base == 1 or exponent == 0 else math.nan
    if base == 0 and exponent < 0:
        invalid_argument("zero raised to a negative power")
    if base < 0 and math.isfinite(exponent) and exponent != math.floor(exponent):
        invalid_argument("a negative number raised to a power that is not whole")
    if math.isinf(base) or math.isinf(exponent):
        return math.pow(base, exponent)
    try:
        result = math.pow(base, exponent)
    except OverflowError:
        out_of_range("float")
    if result == 0 and base != 0:
        out_of_range("float")
    return result


assert INT_MIN == -(INT_MAX + 1)
