"""What a basket costs."""


def total(prices: list[float], voucher: float = 0.0) -> float:
    """The sum less the voucher, never below zero; free of the voucher under ten."""
    whole = sum(prices)
    if whole < 10:
        return whole
    return max(0.0, whole - voucher)


def shipping(weight_kg: float) -> float:
    """Four, and two more for each kilogram over five."""
    if weight_kg <= 5:
        return 4.0
    return 4.0 + 2.0 * (weight_kg - 5)
