"""Who is held back: by chance, and always the same people."""

import hashlib

import numpy as np
import pytest

from kindred.audiences.control_group import control_warnings, first_key, is_control, keyed_hashes

KEY = first_key("default", "spring")
MANY = 40_000


def drawn(customers, share, key=KEY):
    return is_control(keyed_hashes(key, customers)[0], share)


def test_sizes_without_control_group_or_without_members_are_told():
    sizes, counts = (0.01, 0.1, 0.5), (1, 5, 20)
    drawn = np.zeros(20, dtype=bool)
    [sentence] = control_warnings(drawn, sizes, counts, 0.01)
    assert sentence.startswith("no control group up to 1%, 10%, 50%: of the 20 customers there, a")
    drawn[3] = True
    [sentence] = control_warnings(drawn, sizes, counts, 0.01)
    assert sentence.startswith(
        "no control group up to 1%: of the 1 customers there, a control_share"
    )
    drawn[:3] = True
    [sentence] = control_warnings(drawn, sizes, counts, 0.5)
    assert sentence.startswith("no members up to 1%: the 1 customers there are all in the control")
    drawn[0] = False
    drawn[1:5] = True
    assert len(control_warnings(drawn, sizes, counts, 0.5)) == 1
    assert control_warnings(np.zeros(20, dtype=bool), sizes, counts, 0.0) == ()


def test_a_customer_is_drawn_whoever_else_there_is_and_in_whatever_order():
    everybody = drawn(range(MANY), 0.05)
    others = np.random.default_rng(1).permutation(MANY)[: MANY // 3]
    np.testing.assert_array_equal(drawn(others.tolist(), 0.05), everybody[others])


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_the_share_is_what_was_asked_for_but_for_chance(share):
    deviation = (share * (1 - share) / MANY) ** 0.5
    assert abs(drawn(range(MANY), share).mean() - share) < 4 * deviation


def test_a_larger_share_keeps_who_was_drawn():
    few, more = drawn(range(MANY), 0.02), drawn(range(MANY), 0.1)
    assert few.any()
    assert more[few].all()


def test_nobody_or_everybody():
    hashes = np.array([0, 1, 2**64 - 1], dtype=np.uint64)
    assert is_control(hashes, 0.0).tolist() == [False] * 3
    assert is_control(hashes, 0.5).tolist() == [True, True, False]
    assert is_control(hashes, 1.0).tolist() == [True] * 3


def test_audiences_and_spaces_draw_independently():
    keys = {first_key(*names) for names in (("a", "b"), ("a", "c"), ("b", "b"), ("a/b", "c"))}
    assert len(keys) == 4
    one, other = drawn(range(MANY), 0.5), drawn(range(MANY), 0.5, first_key("default", "autumn"))
    assert abs((one & other).mean() - 0.25) < 0.02


def test_training_does_not_choose_by_the_hash_that_draws_the_group():
    of_group, of_training = keyed_hashes(KEY, range(MANY))
    chosen = np.argsort(of_training)[: MANY // 10]
    assert abs(is_control(of_group[chosen], 0.2).mean() - 0.2) < 0.03


def test_the_hash_is_that_of_the_key_as_text_so_that_it_can_be_found_again_anywhere():
    for customer in (17, -3, "17", "Zoë", "f2a4b8de-0000-4000-8000-000000000001"):
        digest = hashlib.blake2b(str(customer).encode(), key=KEY, digest_size=16).digest()
        found = [int(hashes[0]) for hashes in keyed_hashes(KEY, [customer])]
        assert found == [int.from_bytes(digest[:8]), int.from_bytes(digest[8:])]
    assert keyed_hashes(KEY, [])[0].shape == (0,)
