"""Real files whose whole way takes long; ``make soak`` runs this."""

from test_infer_real_files import ALGORITHMS, layout, walk_the_whole_way  # noqa: F401, the fixture


def test_reviews(laboratory, layout):  # noqa: F811
    """Density takes most of a minute on the many dimensions of their texts."""
    walk_the_whole_way(laboratory, layout, "womens_clothing_reviews", ALGORITHMS[:1])


def test_telco_churn(laboratory, layout):  # noqa: F811
    walk_the_whole_way(laboratory, layout, "telco_churn", ALGORITHMS)
