"""Every number has bounds, within which it is taken and beyond which it is named."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from genbench import params
from genbench.models.base import registry
from genbench.models.base.variational import NOISE_BANK_SIZE
from genbench.params.load import Params
from genbench.params.schema import Model
from genbench.utils.errors import InputError

SHIPPED = Path(__file__).parents[2] / "params.yaml"
NO_NUMBERS = (math.nan, math.inf, -math.inf, 1e300, 10**20, "many", True, {})


def bounds(schema):
    """The lowest and the highest number that a schema allows."""
    step = 1 if schema["type"] == "integer" else 1e-9
    words = {"minimum": 0, "ge": 0, "exclusiveMinimum": step, "gt": step}
    low = [schema[word] + inwards for word, inwards in words.items() if word in schema]
    words = {"maximum": 0, "le": 0, "exclusiveMaximum": step, "lt": step}
    high = [schema[word] - inwards for word, inwards in words.items() if word in schema]
    return max(low, default=-math.inf), min(high, default=math.inf)


def numbers(schema, root=None, *above):
    """(keys, kind, lowest, highest) of every number in a JSON schema of pydantic's."""
    root = root or schema
    if name := schema.get("$ref", "").removeprefix("#/$defs/"):
        schema = root["$defs"][name]
    for key, value in schema.get("properties", {}).items():
        yield from numbers(value, root, *above, key)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from numbers(schema[key], root, *above, key)
    kinds = [schema, *schema.get("anyOf", [])]
    of_number = [kind for kind in kinds if kind.get("type") in ("integer", "number")]
    if of_number and "enum" not in of_number[0]:
        yield above, of_number[0]["type"], *bounds(of_number[0] | schema)
    else:
        for each in schema.get("anyOf", []):
            yield from numbers(each, root, *above)


def all_numbers():
    """Those of params.yaml; a model's own are at zoo.<model>."""
    yield from numbers(Params.model_json_schema())
    for name in registry.NAMES:
        for (key,), *bounds in numbers(registry.arguments(name).model_json_schema()):
            if key not in Model.model_fields:
                yield ("zoo", name, key), *bounds


NUMBERS = list(all_numbers())


def load(tmp_path, values):
    """The shipped choices with others at some keys, as the stage `params` checks them."""
    tree = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    for (*blocks, last), value in values.items():
        place = tree
        for key in blocks[:-1] if last == "items" else blocks:
            place = place[key]
        place[blocks[-1] if last == "items" else last] = [value] if last == "items" else value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    choices = params.load(path)
    registry.check(choices)
    return choices


def test_every_number_has_a_lowest_and_a_highest_value():
    assert {("seed",), ("sweep", "beta", "items"), ("zoo", "vae", "lr")} <= {n[0] for n in NUMBERS}
    for keys, _, low, high in NUMBERS:
        assert -1 < low < high < 2**63, keys


def test_no_image_needs_more_noise_than_there_is():
    highest = {keys: high for keys, _, _, high in NUMBERS}
    for keys in (("anomaly", "iterative", "draws"), ("latent", "iwae_samples")):
        assert highest[keys] <= NOISE_BANK_SIZE


@pytest.mark.parametrize("seed", range(3))
def test_any_numbers_within_their_bounds_build_every_model(tmp_path, seed):
    random = np.random.default_rng(seed)
    values = {}
    for keys, kind, low, high in NUMBERS:
        if "additionalProperties" not in keys:
            between = random.uniform(low, high)
            value = [low, high, between][random.integers(3)]
            values[keys] = int(value) if kind == "integer" else float(value)
    before = torch.get_rng_state()
    choices = load(tmp_path, values)
    assert choices.zoo["vae"]["lr"] == values["zoo", "vae", "lr"]
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "keys, kind, low, high", NUMBERS, ids=lambda v: "-".join(v) if isinstance(v, tuple) else ""
)
def test_what_is_beyond_its_bounds_is_one_line_with_its_key(tmp_path, keys, kind, low, high):
    if "additionalProperties" in keys:
        keys = tuple("mine" if key == "additionalProperties" else key for key in keys)
        mine = {"path": "x", "size": 8, "channels": 1, "ood": ["noise"]}
        values = {keys[:-1]: mine}
    else:
        values = {}
    random = np.random.default_rng(len(".".join(keys)))
    step = 1 if kind == "integer" else 2e-9
    beyond = [low - step, high + step * max(1, abs(high)), *NO_NUMBERS]
    if kind == "integer":
        beyond.append(low + 0.5)
    for i in {0, 1, *random.integers(2, len(beyond), 1)}:
        with pytest.raises(InputError) as error:
            load(tmp_path, values | {keys: beyond[i]})
        line = str(error.value)
        assert ".".join(key for key in keys if key != "items") in line, beyond[i]
        assert "\n" not in line
