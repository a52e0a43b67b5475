"""The state of a trained audience as plain JSON, without a single person's vector."""

from typing import Any

import numpy as np

from kindred.audiences.calibration import Calibration
from kindred.audiences.comparison import Comparison
from kindred.audiences.kinds import Kinds
from kindred.audiences.methods import Family


def model_state(
    comparison: Comparison, kinds: Kinds, calibration: Calibration | None
) -> dict[str, Any]:
    """The chosen model: what each of its families has learnt, and how places become probabilities.

    Centroids are those of all seeds, at least 20 each, and coefficients the means over the folds: a
    fold's own would show, beside another's, the few seeds that it leaves out.
    """
    return {
        "method": comparison.method.name,
        "settings": {family: str(comparison.settings[family]) for family in comparison.settings},
        "families": {
            family.value: _family_state(comparison, family) for family in comparison.method.families
        },
        "seed_groups": list(kinds.counts),
        "calibration": None if calibration is None else calibration.to_json(),
    }


def _family_state(comparison: Comparison, family: Family) -> Any:
    examples, models = comparison.examples, comparison.models[family]
    if family in (Family.CENTROID, Family.NEAREST):
        return examples.centroids(comparison.settings[family]).to_json()
    states = [model.to_json() for model in models]
    if family is Family.REGRESSION:
        return {
            "coefficients": np.mean([one["coefficients"] for one in states], axis=0).tolist(),
            "intercept": float(np.mean([one["intercept"] for one in states])),
        }
    return states
