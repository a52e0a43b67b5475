import numpy as np
import pytest
from scipy import stats

from kindred.segments.profiles.effect import cohens_d, cohens_h, mean_interval, wilson_interval


def test_d_is_in_standard_deviations_of_everyone():
    np.testing.assert_allclose(cohens_d([12.0, 7.0], 10.0, 4.0), [0.5, -0.75])


def test_d_of_a_constant_column_or_of_no_value_is_not_defined():
    assert np.isnan(cohens_d([3.0, 3.0], 3.0, 0.0)).all()
    assert np.isnan(cohens_d([3.0], np.nan, np.nan)).all()
    np.testing.assert_array_equal(np.isnan(cohens_d([np.nan, 1.0], 0.0, 1.0)), [True, False])


def test_h_is_that_of_cohens_table():
    # Cohen 1988, table 6.2.2: phi = 2 arcsin(sqrt(p)) of .05, .50 and .95.
    phi = {0.05: 0.451, 0.50: 1.571, 0.95: 2.691}
    found = cohens_h([[0.05], [0.95]], [0.50])
    expected = [[phi[0.05] - phi[0.50]], [phi[0.95] - phi[0.50]]]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("everyone", [0.0, 1.0, np.nan])
def test_h_of_what_everybody_or_nobody_has_is_not_defined(everyone):
    assert np.isnan(cohens_h([[0.0, 1.0]], [everyone, everyone])).all()


@pytest.mark.parametrize(("successes", "customers"), [(0, 1), (1, 1), (0, 40), (3, 7), (400, 950)])
def test_wilson_is_that_of_scipy(successes, customers):
    expected = stats.binomtest(successes, customers).proportion_ci(0.95, "wilson")
    low, high = wilson_interval(successes, customers)
    np.testing.assert_allclose([low, high], [expected.low, expected.high], atol=1e-12)
    assert 0.0 <= low <= successes / customers <= high <= 1.0


def test_wilson_of_nobody_is_not_defined():
    low, high = wilson_interval([[0], [2]], [[0], [4]])
    np.testing.assert_array_equal(np.isnan(low), [[True], [False]])
    np.testing.assert_array_equal(np.isnan(high), [[True], [False]])


def test_the_interval_of_a_mean_is_that_of_students_t():
    values = np.array([3.0, 4.0, 8.0, 1.0, 5.5])
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    found = mean_interval(values.mean(), values.std(ddof=1), 5)
    np.testing.assert_allclose(found, [expected.low, expected.high])


def test_one_customer_has_no_interval():
    low, high = mean_interval([3.0, 3.0], [np.nan, 0.0], [1, 2])
    np.testing.assert_array_equal(low, [np.nan, 3.0])
    np.testing.assert_array_equal(high, [np.nan, 3.0])
