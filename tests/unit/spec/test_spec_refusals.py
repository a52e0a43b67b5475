"""Feature specs: what is refused, and with which words."""

import math

import pytest

from kindred.errors import SpecError
from kindred.spec.model import spec_from_dict
from unit.spec_content import changed, spec

RANDOM = [
    ("R 2 * * *", "R"), ("r 2 * * *", "r"), ("R R * * *", "R"), ("R(0-5) 2 * * *", "R(0-5)"),
    ("R/15 2 * * *", "R/15"), ("0 2 R(1-5)/2 * *", "R(1-5)/2"), ("0 2 * R *", "R"),
    ("0 2 * * R", "R"),
]  # fmt: skip
"""Lines of cron with fields that croniter draws anew whenever it reads them, and the first."""


def refusal(path, value):
    with pytest.raises(SpecError) as caught:
        spec(path, value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("metric", "L2", "metric: allowed are l2, cosine, ip (found 'L2'); did you mean 'l2'?"),
        ("k", 0, "k: a whole number from 1 to 1,000 is required (found 0)"),
        ("k", 1001, "k: a whole number from 1 to 1,000 is required (found 1001)"),
        ("k", 2.5, "k: a whole number from 1 to 1,000 is required (found 2.5)"),
        ("target_recall", 0, "target_recall: a number above 0, at most 1 is required (found 0)"),
        (
            "target_recall",
            1.01,
            "target_recall: a number above 0, at most 1 is required (found 1.01)",
        ),
        (
            "target_recall",
            math.nan,
            "target_recall: a number above 0, at most 1 is required (found nan)",
        ),
        ("index_target_recall", -1, "index_target_recall: a number above 0, at most 1 is required"),
        ("rewrite_share", 2, "rewrite_share: a number from 0 to 1 is required (found 2)"),
        ("source", None, "source: is missing; a mapping with the keys connection, table, query"),
        ("source.key", None, "source.key: is missing; a text is required, such as customer_id"),
        (
            "source.updated_at",
            None,
            "source.updated_at: is missing; a text is required, such as updated_at",
        ),
        (
            "source.key",
            5,
            "source.key: a text is required (found 5, which is a number to YAML: put it in quotes)",
        ),
        ("source.history", "all", "source.history: allowed are current, versions (found 'all')"),
        (
            "source.deletes",
            "never",
            "source.deletes: allowed are ignore, tombstone, compare_keys (found 'never')",
        ),
        ("features", None, "features: is missing; a mapping of columns is required"),
        ("features", {}, "features: at least one column must be given, such as 'income: numeric'"),
        ("features", ["income"], "features: at least one column must be given"),
        (
            "features.income",
            "number",
            "features.income.kind: allowed are numeric, boolean, categorical, text, date, recency,"
            " count, distinct_count, sum, mean, share, days_between, items, ignore, label (found"
            " 'number'); did you mean 'numeric'?",
        ),
        (
            "features.income",
            {"weight": 1},
            "features.income.kind: is missing; allowed are numeric, boolean",
        ),
        (
            "features.income",
            {"kind": "numeric", "clip": 0},
            "features.income.clip: a number above 0 is required (found 0)",
        ),
        (
            "features.income",
            {"kind": "text", "max_terms": 5000},
            "features.income.max_terms: a whole number from 1 to 4,096 is required (found 5000)",
        ),
        (
            "features.income",
            {"kind": "text", "method": "sentence"},
            "features.income: 'method: sentence' and 'model' go together: a folder with model.onnx",
        ),
        (
            "features.income",
            {"kind": "date", "cyclic": ["year"]},
            "features.income.cyclic.0: allowed are month, weekday (found 'year')",
        ),
        (
            "features.income",
            {"kind": "numeric", "weight": -1},
            "features.income.weight: a number from 0 to 1,000,000 is required (found -1)",
        ),
        (
            "features.income",
            {"kind": "numeric", "weight": math.inf},
            "features.income.weight: a number from 0 to 1,000,000 is required (found inf)",
        ),
        (
            "features.income",
            {"kind": "numeric", "transform": "sqrt"},
            "features.income.transform: allowed are none, log1p, quantile (found 'sqrt')",
        ),
        (
            "features.state.transform",
            "log1p",
            "features.state.transform: there is no such key; allowed are kind, weight,"
            " max_categories, min_frequency (found 'log1p')",
        ),
        (
            "features.state.max_categories",
            0,
            "features.state.max_categories: a whole number from 1 to 1,000 is required (found 0)",
        ),
        (
            "features.state.min_frequency",
            0,
            "features.state.min_frequency: a whole number of at least 1 is required (found 0)",
        ),
        (
            "clustering.algorithms",
            [],
            "clustering.algorithms: a list of at least one of kmeans, hdbscan, dbscan",
        ),
        (
            "clustering.algorithms",
            ["optics"],
            "clustering.algorithms.0: allowed are kmeans, hdbscan, dbscan, ivfflat, plpython (found"
            " 'optics')",
        ),
        (
            "clustering.kmeans.k",
            0,
            "clustering.kmeans.k: a whole number from 1 to 10,000 or auto is",
        ),
        ("clustering.kmeans.k", "many", "clustering.kmeans.k: a whole number from 1"),
        ("clustering.kmeans.k_min", 21, "clustering.kmeans: k_min 21 is above k_max 20"),
        ("clustering.dbscan.eps", 0, "clustering.dbscan.eps: a number above 0 is required"),
        (
            "clustering.dbscan.min_samples",
            1,
            "clustering.dbscan.min_samples: a whole number from 2",
        ),
        ("clustering.plpython.k", 10_001, "clustering.plpython.k: a whole number from 1 to"),
        ("clustering.plpython.memory_mb", 0, "clustering.plpython.memory_mb: a whole number"),
        ("clustering.hdbscan.min_cluster_size", 1, "clustering.hdbscan.min_cluster_size: a whole"),
        ("clustering.hdbscan.min_samples", 201, "clustering.hdbscan.min_samples: a whole number"),
        (
            "clustering.algorithms",
            ["kmeans", "dbscan", "kmeans"],
            "clustering.algorithms: found kmeans twice; each is allowed once: take one out",
        ),
        ("clustering.hdbscan.exact_limit", 1, "clustering.hdbscan.exact_limit: a whole number"),
        ("gates.min_customers", 0, "gates.min_customers: a whole number of at least 1 is"),
        ("gates.max_rejected_share", 1.5, "gates.max_rejected_share: a number from 0 to 1 is"),
        ("gates.max_deleted_share", -0.1, "gates.max_deleted_share: a number from 0 to 1"),
        ("gates.max_noise_share", 1.5, "gates.max_noise_share: a number from 0 to 1 is"),
        ("gates.min_clusters", -1, "gates.min_clusters: a whole number of at least 0 is"),
        ("gates.recall_tolerance", 2, "gates.recall_tolerance: a number from 0 to 1"),
        ("schedule", "0 2 * *", "schedule: '0 2 * *' is not a cron line of five fields"),
        ("schedule", "@daily", "schedule: '@daily' is not a cron line of five fields"),
        ("schedule", "0 24 * * *", "schedule: '0 24 * * *' is not a cron line of five fields"),
        ("schedule", "H 2 * * *", "schedule: 'H 2 * * *' is not a cron line of five fields"),
        *(
            ("schedule", line, f"schedule: '{line}' has a random field: found '{field}', which")
            for line, field in RANDOM
        ),
        *(
            (
                "schedule",
                f"0 2 {day} * {weekday}",
                f"schedule: '0 2 {day} * {weekday}' says both a day of the month and a weekday",
            )
            for day, weekday in [("1", "fri#1"), ("15W", "mon"), ("L", "L5"), ("w3", "1-5")]
        ),
        ("schedule", 5, "schedule: a text or a mapping with the keys cron, timezone is required"),
        ("space", "Profile", "space: 'Profile' cannot name a space: lower-case letters, digits"),
        ("space", "a" * 32, f"space: '{'a' * 32}' cannot name a space"),
        ("space", "1st", "space: '1st' cannot name a space"),
        ("space", "pro file", "space: 'pro file' cannot name a space"),
        (
            "source.key",
            ["shop", "number"],
            "source.key: a composite key ['shop', 'number'] was found, but a customer has one key",
        ),
        ("source.query", "select", "source: exactly one of 'table' and 'query' must be given"),
        ("source.table", None, "source: exactly one of 'table' and 'query' must be given"),
        *(
            (
                "source.source_timezone",
                name,
                f"source.source_timezone: {name!r} is a file beside the time zones and not",
            )
            for name in ("localtime", "posixrules", "right/Europe/Berlin", "Factory")
        ),
        *(
            (
                "source.source_timezone",
                name,
                f"source.source_timezone: {name!r} names no time zone: write 'source_timezone:",
            )
            for name in ("", "  ", "\t")
        ),
        (
            "source.source_timezone",
            "Berlin",
            "source.source_timezone: 'Berlin' is not a time zone name such as Europe/Berlin",
        ),
        (
            "source.deletes",
            "tombstone",
            "source: 'deletes: tombstone' needs the column's name in 'tombstone'",
        ),
        (
            "features.customer_id",
            "numeric",
            "spec: column 'customer_id' is the source's key and cannot be encoded or used as a",
        ),
        (
            "labels",
            ["updated_at"],
            "spec: column 'updated_at' is the source's updated_at and cannot be encoded or used",
        ),
        (
            "labels",
            ["income"],
            "spec: column 'income' is a label (an outcome) and must not be encoded too",
        ),
        ("private", ["zip"], "spec: private names columns that the spec does not use: 'zip'"),
        (
            "private",
            ["Income"],
            "spec: private names columns that the spec does not use: 'Income';",
        ),
        (
            "metric",
            "ip",
            "spec: metric 'ip' is not a distance, so clustering.algorithms cannot use",
        ),
    ],
)
def test_a_refusal_names_file_key_found_and_allowed(path, value, message):
    assert refusal(path, value).startswith(f"profile.yaml: {message}")


@pytest.mark.parametrize(
    ("path", "found", "some_allowed"),
    [
        ("metrics", "'l2'", "space, source, schedule, metric, k,"),
        ("source.columns", "'l2'", "connection, table, query, where, events,"),
        ("features.state.wieght", "'l2'", "kind, weight, max_categories, min_frequency"),
        ("clustering.optics", "'l2'", "algorithms, kmeans, hdbscan, dbscan, plpython"),
        ("clustering.kmeans.clusters", "'l2'", "k, k_min, k_max (found"),
        ("clustering.dbscan.k", "'l2'", "eps, min_samples (found"),
        ("clustering.hdbscan.k", "'l2'", "min_cluster_size, min_samples"),
        ("gates.max_noise", "'l2'", "min_customers, max_rejected_share"),
    ],
)
def test_an_unknown_key_is_refused_with_those_there_are(path, found, some_allowed):
    text = refusal(path, "l2")
    assert text.startswith(f"profile.yaml: {path}: ")
    assert f"; allowed are {some_allowed}" in text
    assert f"(found {found})" in text


def test_all_problems_are_told_at_once():
    content = changed("k", 0, changed("metric", "L2"))
    with pytest.raises(SpecError) as caught:
        spec_from_dict(content, "profile.yaml")
    assert [line.split(": ")[1] for line in str(caught.value).split("\n")] == ["metric", "k"]


def test_what_was_found_is_cut_short():
    line = refusal("metric", "x" * 500)
    assert len(line) < 200
    assert line.endswith("...)")


def test_a_tombstone_cannot_be_encoded():
    content = changed("source.tombstone", "is_active")
    with pytest.raises(SpecError, match="column 'is_active' is the source's tombstone"):
        spec_from_dict(content, "profile.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cron": "@daily"}, "cron: '@daily' is not a cron line of five fields such as"),
        ({"cron": "0 R * * *"}, "cron: '0 R * * *' has a random field: found 'R', which would be"),
        ({"cron": "0 0 30 2 *"}, "cron: '0 0 30 2 *' never occurs; correct its day or month"),
        (
            {"timezone": "Berlin"},
            "timezone: 'Berlin' is not a time zone name such as Europe/Berlin",
        ),
        (
            {"timezone": "localtime"},
            "timezone: 'localtime' is a file beside the time zones and not",
        ),
        ({"timezone": " "}, "timezone: ' ' names no time zone: write 'timezone: Europe/Berlin'"),
        ({"timezone": 2}, "timezone: a text is required (found 2"),
        ({"timezone": None}, "timezone: is missing; a text is required, such as Europe/Berlin"),
        ({"zone": "UTC"}, "zone: there is no such key; allowed are cron, timezone"),
    ],
)
def test_a_schedule_in_a_time_zone_is_refused_likewise(change, message):
    given = {"cron": "0 2 * * *", "timezone": "Europe/Berlin"} | change
    kept = {key: value for key, value in given.items() if value is not None}
    assert refusal("schedule", kept).startswith(f"profile.yaml: schedule.{message}")


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ("Berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("europe/berln", "Europe/Berlin"),
        ("Asia/Calcuta", "Asia/Calcutta"),
    ],
)
def test_a_time_zone_may_have_been_meant(found, meant):
    schedule = {"cron": "0 2 * * *", "timezone": found}
    for text in (refusal("schedule", schedule), refusal("source.source_timezone", found)):
        assert f"; did you mean {meant!r}?" in text
