"""Logistic regression on vectors, by Newton's method; the same bits for the same rows in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STRENGTHS = (0.01, 0.1, 1.0)
"""Tried factors of the data's loss beside half the squared length (scikit-learn's ``C``)."""

STEPS = 30
CONVERGED = 1e-7
"""Largest step, relative to the largest coefficient, after which the fit ends."""

WIDE = 400
"""Dimensions above which a Newton step costs more than many steps of L-BFGS."""

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Regression:
    """``coefficients`` float64 (d,) and ``intercept``; ``origin`` float64 (d,): the mean vector."""

    coefficients: Floats
    intercept: float
    origin: Floats

    def scores(self, vectors: Vectors) -> Floats:
        """Log odds, float64 (rows,)."""
        # Imported here because numba takes half a second to import, and most tasks never need it.
        from kindred.audiences.kernels import add_products

        scores = np.full(len(vectors), self.intercept)
        add_products(vectors, self.coefficients, scores)
        return scores

    def parts(self, vectors: Vectors, columns: NDArray[np.int32], count: int) -> Floats:
        """What each of ``count`` columns adds to the log odds, float64 (rows, count).

        Compared with the mean vector.
        """
        # Imported here because numba takes half a second to import, and most tasks never need it.
        from kindred.audiences.kernels import add_product_parts

        parts = np.zeros((len(vectors), count))
        add_product_parts(vectors, self.origin, self.coefficients, columns, parts)
        return parts

    def to_json(self) -> dict[str, Any]:
        """The state as plain JSON."""
        return {"coefficients": self.coefficients.tolist(), "intercept": self.intercept}


def fit_regressions(
    vectors: Vectors,
    is_positive: NDArray[np.bool_],
    weights: Floats,
    strengths: Sequence[float],
) -> list[Regression]:
    """One regression per strength, ascending; each starts from the one before.

    ``vectors`` float32 (m, d) with ``is_positive`` bool and ``weights`` float64 (m,).
    """
    design = np.ones((len(vectors), vectors.shape[1] + 1))
    design[:, :-1] = vectors
    origin = (design * weights[:, None]).sum(axis=0)[:-1] / weights.sum()
    positive, total = float(weights[is_positive].sum()), float(weights.sum())
    found = np.zeros(design.shape[1])
    found[-1] = np.log(positive / (total - positive))
    regressions = []
    for strength in strengths:
        penalty = np.full(design.shape[1], 1.0 / strength)
        penalty[-1] = 0.0
        fit = _by_newton if design.shape[1] <= WIDE else by_gradients
        found = fit(design, is_positive.astype(np.float64), weights, penalty, found)
        regressions.append(Regression(found[:-1].copy(), float(found[-1]), origin))
    return regressions


def _by_newton(
    design: Floats, answers: Floats, weights: Floats, penalty: Floats, start: Floats
) -> Floats:
    found = start
    loss, gradient, probabilities = penalised_loss(design, answers, weights, penalty, found)
    for _ in range(STEPS):
        spread = np.sqrt(weights * probabilities * (1.0 - probabilities))
        scaled = design * spread[:, None]
        curvature = scaled.T @ scaled
        # A tiny ridge: of people who are all alike the intercept is known, and nothing else.
        curvature[np.diag_indices_from(curvature)] += penalty + 1e-9
        step = np.linalg.solve(curvature, gradient)
        factor = 1.0
        for _ in range(STEPS):
            tried = found - factor * step
            candidate = penalised_loss(design, answers, weights, penalty, tried)
            if candidate[0] <= loss:
                break
            factor /= 2.0
        else:
            break
        found = tried
        loss, gradient, probabilities = candidate
        if factor * np.abs(step).max() <= CONVERGED * max(1.0, np.abs(found).max()):
            break
    return found


def by_gradients(
    design: Floats,
    answers: Floats,
    weights: Floats,
    penalty: Floats,
    start: Floats,
    least: Floats | None = None,
) -> Floats:
    """The coefficients of the least `penalised_loss` by L-BFGS, none below its ``least`` (d,)."""
    # Imported here because scipy.optimize takes time to import, and most tasks never need it.
    from scipy.optimize import Bounds, minimize

    def loss(found: Floats) -> tuple[float, Floats]:
        value, gradient, _ = penalised_loss(design, answers, weights, penalty, found)
        return value, gradient

    bounds = None if least is None else Bounds(least, np.inf)
    result = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200}
    )
    return np.asarray(result.x, dtype=np.float64)


def penalised_loss(
    design: Floats, answers: Floats, weights: Floats, penalty: Floats, found: Floats
) -> tuple[float, Floats, Floats]:
    """The penalised logistic loss of ``found``, its gradient, and the probabilities.

    ``design`` float64 (m, d), ``answers`` of 0 and 1 and ``weights`` (m,), ``penalty`` (d,).
    """
    margins = design @ found
    probabilities = 1.0 / (1.0 + np.exp(-np.clip(margins, -700.0, 700.0)))
    losses = np.logaddexp(0.0, margins) - answers * margins
    loss = float((weights * losses).sum() + 0.5 * (penalty * found * found).sum())
    gradient = (weights * (probabilities - answers)) @ design + penalty * found
    return loss, gradient, probabilities
