"""The reference of a spec and its JSON schema say what the model says."""

import copy
import json
import re

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from kindred.cli import app
from kindred.errors import SpecError
from kindred.spec.features import MODELS
from kindred.spec.model import Spec, load_spec, spec_from_dict
from kindred.spec.reference import reference
from kindred.spec.schema import allowed, json_schema, node_at
from unit.spec.test_spec_fuzz import GOOD, spoiled_files
from unit.spec_content import CONTENT, changed

SCHEMA = json_schema(Spec)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EVENTS = {
    "purchases": {
        "table": "order_lines",
        "customer": "customer_id",
        "at": "ordered_at",
        "item": "product_id",
        "amount": "price",
        "quantity": "quantity",
    }
}
# What only the reader can say: it knows cron, time zones, characters and what other keys name.
NOT_OF_A_SCHEMA = re.compile(
    r"is given twice|half a surrogate pair|a NUL character|private names columns|never occurs"
    r"|is not the name of a table|is above k_max|is the source's|is a label|has a % in its name"
    r"|is not a cron line|time zone"
)


def test_the_document_is_what_the_model_gives(repository):
    text = (repository / "docs" / "spec.md").read_text(encoding="utf-8")
    assert text == reference(), "run: kindred spec-reference > docs/spec.md"
    assert CliRunner().invoke(app, ["spec-reference"]).stdout == text


def keys():
    """The place of every key, as the model names it."""
    mappings = [(), ("source",), ("clustering",), ("gates",)]
    mappings += [("clustering", name) for name in ("kmeans", "hdbscan", "dbscan", "plpython")]
    mappings += [("features", "a", kind) for kind in MODELS]
    mappings += [("events", "a"), ("recommendations",), ("recommendations", "catalogue")]
    return [(*place, key) for place in mappings for key in node_at(place, SCHEMA)["properties"]]


def test_every_key_has_a_meaning_and_what_is_allowed_and_a_row_of_the_document():
    text = reference()
    for place in keys():
        node = node_at(place, SCHEMA)
        assert len(node["description"]) > 5, place
        assert f"| `{place[-1]}` | {node['description']} |" in text
        assert allowed(node, SCHEMA), place
        assert "properties" in node or node["examples"], place
    assert len(keys()) > 60


@pytest.mark.parametrize("place", [p for p in keys() if "properties" not in node_at(p, SCHEMA)])
def test_an_example_is_a_value_that_the_reader_and_the_schema_take(place):
    for example in node_at(place, SCHEMA)["examples"]:
        content = copy.deepcopy(CONTENT) | {"private": [], "labels": ["churned"]}
        if place != ("events",):
            content["events"] = copy.deepcopy(EVENTS)
            content["features"]["basket"] = {"kind": "items", "of": "purchases", "days": 30}
        path = [{"a": "purchases"}.get(key, key) for key in place]
        if place[0] == "features":
            kind = str(place[2]) if len(place) > 2 else "numeric"
            required = node_at(("features", "a", kind), SCHEMA)["required"]
            filled = {key: node_at(("features", "a", kind, key), SCHEMA) for key in required}
            content["features"]["extra"] = {key: n["examples"][0] for key, n in filled.items()}
            path = ["features", "extra", place[-1]] if len(place) > 3 else ["features"]
        if place[0] == "recommendations":
            catalogue = {"table": "products", "key": "product_id"}
            content["recommendations"] = {"of": "purchases", "similar_by": "basket"}
            content["recommendations"]["catalogue"] = catalogue
        if place[-1] == "query":
            content = changed(".".join([*path[:-1], "table"]), None, content)
        if example == "sentence":
            content["features"]["extra"]["model"] = "minilm"
        if place[-1] == "model":
            content["features"]["extra"]["method"] = "sentence"
        content["features"]["income"] = "numeric"
        content = changed(".".join(map(str, path)), example, content)
        if place == ("source", "events"):
            content["source"] = {"events": example}
            content["features"], content["labels"] = {"basket": content["features"]["basket"]}, []
        spec_from_dict(content, "example")
        VALIDATOR.validate(content)


def test_the_printed_schema_is_valid_and_takes_every_spec_of_the_repository(repository):
    printed = json.loads(CliRunner().invoke(app, ["spec-schema"]).stdout)
    assert printed == SCHEMA
    jsonschema.Draft202012Validator.check_schema(printed)
    specs = [path.read_text() for path in (repository / "include" / "features").glob("*.yaml")]
    specs += re.findall(
        r"^ *```yaml\n(.*?source.*?features.*?)```", readme(repository), re.S | re.M
    )
    assert len(specs) >= 2
    for content in (*map(yaml.safe_load, specs), *GOOD.values()):
        VALIDATOR.validate(content)


def readme(repository):
    return (repository / "README.md").read_text()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metrik", "l2"),
        ("k", 0),
        ("k", "ten"),
        ("metric", "L2"),
        ("metric", "ip"),
        ("space", "Profile"),
        ("schedule", "@daily"),
        ("schedule", {"cron": "@daily", "timezone": "Europe/Berlin"}),
        ("schedule", {"cron": "0 2 * * *"}),
        ("schedule", "R 2 * * *"),
        ("schedule", {"cron": "0 2 * * r(1-5)", "timezone": "Europe/Berlin"}),
        ("labels", ["a", 5]),
        ("features", {}),
        ("features", {"income": "label"}),
        ("features.income", "number"),
        ("features.income", {"weight": 1}),
        ("features.state.wieght", 2),
        ("features.income", {"kind": "text", "method": "sentence"}),
        ("features.income", {"kind": "text", "model": "minilm"}),
        ("features.customer_id", "numeric"),
        ("features.100 %", "numeric"),
        ("source.key", None),
        ("source.query", "select 1"),
        ("source.table", None),
        ("source.deletes", "tombstone"),
        ("clustering.algorithms", []),
        ("clustering.algorithms", ["kmeans", "dbscan", "kmeans"]),
        ("clustering.kmeans.k", "many"),
        ("gates.max_noise", 1),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(path, value):
    content = changed(path, value)
    with pytest.raises(SpecError):
        spec_from_dict(content, "a.yaml")
    assert not VALIDATOR.is_valid(content)


def test_the_schema_and_the_reader_agree_on_spoiled_specs(tmp_path):
    """But for files that are no YAML, or whose keys JSON cannot write."""
    path = tmp_path / "spoiled.yaml"
    compared = 0
    for name, text in spoiled_files(each=11):
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            load_spec(path)
            refusal = ""
        except SpecError as error:
            refusal = str(error)
        if "cannot be read as YAML" in refusal or "required as key" in refusal:
            continue
        content = yaml.safe_load(text)
        if "l29" in content or "refers to itself" in refusal or "&" in text:
            continue  # endless for a validator
        compared += 1
        if VALIDATOR.is_valid(content):
            assert not refusal or NOT_OF_A_SCHEMA.search(refusal), (name, refusal)
        else:
            assert refusal, (name, list(VALIDATOR.iter_errors(content)))
    assert compared > 30
