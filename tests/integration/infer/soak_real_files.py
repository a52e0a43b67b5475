"""Real files whose whole way takes long; ``make soak`` runs this."""

from test_infer_real_files import layout, walk_the_whole_way  # noqa: F401, the fixture


def test_reviews(laboratory, layout):  # noqa: F811
    walk_the_whole_way(laboratory, layout, "womens_clothing_reviews")
