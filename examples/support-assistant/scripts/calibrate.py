"""Fits the confidence of assistant/answers.py on the calibration half of tests/golden.jsonl and prints the numbers.

    python scripts/calibrate.py

Logistic regression by Newton's method with a small ridge; the answer counts as right where the first document is an expected one.
"""

import numpy as np

from tests import golden


def fit(features, right, ridge=0.01, steps=50):
    """Weights (intercept first) of P(right | features)."""
    design = np.column_stack([np.ones(len(features)), features])
    weights = np.zeros(design.shape[1])
    penalty = ridge * np.diag([0.0, *np.ones(design.shape[1] - 1)])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (chance - right) + penalty @ weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        weights -= np.linalg.solve(curve, slope)
    return weights


def main():
    """Prints the three numbers."""
    cases = list(golden.judged("calibration"))
    features = np.array([[case.answer.sources[0].score, case.answer.sources[0].score - case.answer.sources[1].score] for case in cases])
    weights = fit(features, np.array([float(case.right) for case in cases]))
    print("INTERCEPT, PER_SCORE, PER_MARGIN =", ", ".join(f"{weight:.1f}" for weight in weights))


if __name__ == "__main__":
    main()
