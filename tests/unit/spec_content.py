"""The content of a small spec, and the spec of it with a key changed."""

import copy

from kindred.spec.model import spec_from_dict

CONTENT = {
    "space": "profile",
    "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
    "features": {"income": "numeric", "is_active": "boolean", "state": {"kind": "categorical"}},
    "labels": ["churned"],
    "private": ["income"],
}


def changed(path, value, content=CONTENT):
    """The content with the key at a dotted path set, or taken out for None."""
    content = copy.deepcopy(content)
    *parents, key = path.split(".")
    place = content
    for parent in parents:
        place = place.setdefault(parent, {})
    if value is None:
        del place[key]
    else:
        place[key] = value
    return content


def spec(path=None, value=None):
    return spec_from_dict(CONTENT if path is None else changed(path, value), "profile.yaml")
