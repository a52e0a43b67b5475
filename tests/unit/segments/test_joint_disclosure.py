"""What the segments of several nights together leave of the error of a guess."""

import numpy as np
import pytest
from scipy.cluster.vq import kmeans2

from kindred.segments.profiles.joint_disclosure import (
    Attack,
    PrivateColumn,
    SeenNight,
    in_random_order,
    revealed_beside_newer,
)

COUNT = 600
KMEANS = frozenset({"kmeans"})
RNG = np.random.default_rng(0)
SECRETS = RNG.normal(size=(COUNT, 1))
PUBLICS = [RNG.normal(size=(COUNT, 3)) for _ in range(3)]


def number(values):
    return {"secret": PrivateColumn(values, is_category=False)}


def night(public, labels, algorithm="kmeans"):
    return SeenNight(public, {algorithm: labels.astype(np.int32)}, np.ones(len(public), bool))


def night_of_kmeans(public, *private, k=8):
    vectors = np.column_stack([public, *private])
    return night(public, kmeans2(vectors, k, minit="++", rng=np.random.default_rng(1))[1])


def shares(attack, nights, *, is_convex=True):
    evidence, found = attack.nothing, []
    for one in nights:
        [algorithm] = one.labels
        evidence = evidence + attack.learn(one, algorithm, is_convex=is_convex)
        found += attack.error_shares(evidence).values()
    return found


def test_every_night_with_other_public_values_leaves_less():
    attack = Attack(PUBLICS[0], number(SECRETS))
    nights = [night_of_kmeans(public, SECRETS) for public in PUBLICS]
    first, second, third = shares(attack, nights)
    assert first > 0.55 > second > third
    assert revealed_beside_newer(attack, nights, KMEANS) == [
        {},
        {"kmeans": ["secret"]},
        {"kmeans": ["secret"]},
    ]


def test_the_same_night_again_hides_nothing():
    attack = Attack(PUBLICS[0], number(SECRETS))
    nights = [night_of_kmeans(PUBLICS[0], SECRETS)] * 3
    assert revealed_beside_newer(attack, nights, KMEANS) == [{}, {}, {}]


def test_segments_of_the_public_columns_say_nothing_whatever_these_say():
    secrets = np.square(PUBLICS[0][:, :1]) + 0.5 * SECRETS
    attack = Attack(PUBLICS[0], number(secrets))
    nights = [night_of_kmeans(public) for public in PUBLICS]
    assert min(shares(attack, nights)) > 0.85


def test_what_public_columns_say_is_no_news():
    secrets = PUBLICS[0][:, :1] + 0.01 * SECRETS
    attack = Attack(PUBLICS[0], number(secrets))
    assert min(shares(attack, [night_of_kmeans(PUBLICS[0], secrets)])) > 0.85


def test_categories_and_numbers_of_few_values_are_guessed_by_value():
    kinds = RNG.integers(0, 3, COUNT)
    hot = np.eye(3)[kinds]
    columns = {
        "kind": PrivateColumn(hot, is_category=True),
        "few": PrivateColumn(kinds[:, None] / 2.0, is_category=False),
        "other": PrivateColumn(SECRETS, is_category=False),
        "constant": PrivateColumn(np.zeros((COUNT, 2)), is_category=False),
    }
    attack = Attack(PUBLICS[0], columns)
    evidence = attack.learn(night(PUBLICS[0], kinds), "kmeans", is_convex=True)
    found = attack.error_shares(evidence)
    assert found["kind"] < 0.05
    assert found["few"] < 0.05
    assert found["other"] > 0.85
    assert found["constant"] == 1


def test_segments_that_are_not_convex_are_understood():
    """Whoever knows the public column knows the sign of the other."""
    labels = PUBLICS[0][:, 0] * SECRETS[:, 0] > 0
    attack = Attack(PUBLICS[0][:, :1], number(SECRETS))
    seen = night(PUBLICS[0][:, :1], labels, "hdbscan")
    assert shares(attack, [seen], is_convex=True)[0] > 0.85
    assert shares(attack, [seen], is_convex=False)[0] < 0.75


def test_who_was_not_there_is_asked_nothing():
    is_there = np.arange(COUNT) >= 100
    whole = night_of_kmeans(PUBLICS[0], SECRETS)
    attack = Attack(PUBLICS[0], number(SECRETS))
    partial = SeenNight(whole.public, whole.labels, is_there)
    evidence = attack.learn(partial, "kmeans", is_convex=True)
    assert not evidence[:100].any()
    assert evidence[100:].any(axis=1).all()


@pytest.mark.parametrize("keys", [np.arange(9), np.array([b"a", b"bb", b"\xc3\xa9", b"d"])])
def test_the_order_is_that_of_the_keys(keys):
    order = in_random_order(keys)
    turned = keys[::-1]
    assert keys[order].tolist() == turned[in_random_order(turned)].tolist()
    assert order.tolist() != list(range(len(keys)))
