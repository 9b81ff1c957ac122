import re
from pathlib import Path

import pytest
import yaml

from genbench import params
from genbench.params.renamed import first_names
from genbench.utils.errors import InputError
from genbench.utils.portable import is_asked_for
from genbench.utils.provenance import digest

SHIPPED = Path(__file__).parents[2] / "params.yaml"


def changed(tmp_path, *keys, value=None, remove=False):
    """The shipped params.yaml with one key set or removed."""
    tree = yaml.safe_load(SHIPPED.read_text())
    block = tree
    for key in keys[:-1]:
        block = block[key]
    block[keys[-1]] = value
    if remove:
        del block[keys[-1]]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def test_the_shipped_file_is_valid_and_frozen():
    p = params.load(SHIPPED)
    assert p.datasets == ["digits"]
    with pytest.raises(ValueError, match="frozen"):
        p.seed = 1


@pytest.mark.parametrize(
    "keys, value, line",
    [
        (["train"], "x" * 500, "train: input should be a valid .*, got 'x{99}\\.\\.\\.$"),
        (["sede"], 1, "sede is not a known key"),
        (["model", "latentdim"], 1, "model.latentdim is not a known key"),
        (["model", "latent_dim"], 0, "model.latent_dim: input should be greater .* 1, got 0"),
        (["model", "latent_dim"], 1.5, "model.latent_dim: input should be a valid integer, got"),
        (["train", "images"], "many", "train.images: input should be a valid integer, got 'many'"),
        (["tracking", "enabled"], "yes", "tracking.enabled: input should be a valid boolean"),
        (["classifier", "lr"], -1.0, "classifier.lr: input should be greater than 0, got -1.0"),
        (["device"], "gpu", "device: input should be 'auto', 'cpu', 'cuda' or 'mps', got 'gpu'"),
        (["datasets"], ["mnits"], "datasets: unknown mnits; known: digits, mnist, "),
        (["datasets"], [], "datasets: list should have at least 1 item"),
        (["datasets"], ["digits", "digits"], "datasets: a value stands twice"),
        (["data", "mnist", "ood"], ["mars"], "data.mnist.ood: unknown mars; known: .*noise"),
        (["data", "mnist", "ood"], ["mnist"], "mnist.ood: mnist cannot be its own OOD dataset"),
        (["data", "mnist", "ood"], ["noise", "noise"], "data.mnist.ood: a value stands twice, got"),
        (["data", "noise"], {"path": "x"}, "data.noise: the name of an OOD dataset; give yours an"),
        (["data", "photos"], {"path": "x"}, "data.photos: the name of an OOD dataset; give yours"),
        (["data", "cifar100"], {}, "data.cifar100: the name of an OOD dataset; give yours another"),
        (["zoo", "own"], {"samples": {}}, "zoo.own.samples: dictionary should have at least 1 it"),
        (["zoo", "own"], {"samples": "x"}, "zoo.own.samples: input should be a valid dictionary"),
        (["zoo", "own"], {"samples": {"digits": "nowhere"}}, "zoo.own.samples.digits: no such fi"),
        (["zoo", "own"], {"samples": {"mars": "."}}, "zoo.own.samples: unknown mars; known: cif"),
        (["zoo", "own"], {"samples": {"digits": "metrics"}}, "own.samples.digits: .*may be replac"),
        (["zoo", "own"], {"samples": {"digits": "x"}, "lr": 1}, "zoo.own.lr is not a known key"),
        (["zoo", "vae"], {"samples": {"digits": "tests"}}, "sweep.models: vae is not trained here"),
        (["sweep", "beta"], [1, 1.0], "sweep.beta: a value stands twice, got"),
        (["anomaly", "iterative", "scores"], ["latent_inversion"] * 2, "scores: a value stands tw"),
        (["data", "mnist", "size"], 32, "data.mnist: path, size and channels are for images"),
        (["data", "mine"], {"path": "x"}, "data.mine: images of your own need path, size"),
        (["evaluate", "extractor"], "vgg", "evaluate.extractor: input should be 'auto', 'classif"),
        (["evaluate", "resize"], "lanczos", "evaluate.resize: input should be 'tensorflow' or"),
        (["evaluate", "is_splits"], 0, "evaluate.is_splits: input should be greater .* 1, got 0"),
        (["evaluate", "inception_weights"], "no.pth", "there is no file .*no.pth"),
        (["classifier", "images"], 10, "classifier.images: input should be a valid dictionary"),
        (["anomaly", "quantile"], 1.0, "anomaly.quantile: input should be less than 1"),
        (["anomaly", "corruptions", "rain"], 1, "anomaly.corruptions.rain is not a known key"),
        (["anomaly", "corruptions", "occlusion"], 2.0, "occlusion: input should be less .* 1, got"),
        (["anomaly", "corruptions"], {"noise": None}, "anomaly.corruptions: none is left"),
        (["anomaly", "iterative", "scores"], ["magic"], "iterative.scores.0: input should be 'imp"),
        (["sweep", "width"], [2], "sweep.width.0: input should be greater than or equal to 4"),
        (["seeds"], [1, 1], "seeds: a value stands twice, got"),
        (["seeds"], [-1], "seeds.0: input should be greater than or equal to 0, got -1"),
        (["seeds"], ["a"], "seeds.0: input should be a valid integer, got 'a'"),
        (["seeds"], 3, "seeds: input should be a valid list, got 3"),
        (["data_seed"], -1, "data_seed: input should be greater than or equal to 0, got -1"),
        (["sweep", "seeds"], [], "sweep.seeds: list should have at least 1 item"),
    ],
)  # fmt: skip
def test_a_wrong_choice_is_one_line_with_its_dotted_key(tmp_path, keys, value, line):
    with pytest.raises(InputError, match=line) as error:
        params.load(changed(tmp_path, *keys, value=value))
    assert "\n" not in str(error.value)


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(InputError, match="model.width is missing"):
        params.load(changed(tmp_path, "model", "width", remove=True))


def test_all_mistakes_are_told_at_once(tmp_path):
    path = changed(tmp_path, "model", value={"latent_dim": 0, "width": "wide", "depth": 3})
    with pytest.raises(InputError, match="latent_dim: .*; model.width: .*; model.depth is not"):
        params.load(path)


@pytest.mark.parametrize(
    "text, line",
    [
        ("a: 1\nseed: [1\n", "line 3, column 1: not valid YAML"),
        ("a: 1\n\tb: 2", "line 2, column 1: not valid YAML: found character"),
        ("seed: 1\nseed: 2", 'line 2, column 1: .*duplicate key "seed" with value "2"'),
        (b"seed: \xff", "params.yaml: not valid YAML: .*utf-8"),
        ("seed: é".encode("latin-1"), "params.yaml: not valid YAML: .*utf-8"),
        ("seed: 0\n".encode("utf-16"), "params.yaml: not valid YAML: .*utf-8"),
        (f"seed: {'[' * 5000}{']' * 5000}", "params.yaml: not valid YAML: maximum recursion depth"),
        ("seed: 2001-99-99", "params.yaml: not valid YAML: month must be in 1..12"),
        ("seed: !!bool maybe", "params.yaml: not valid YAML: 'maybe'"),
        (f"seed: {'9' * 5000}", "params.yaml: not valid YAML: .* 5000 digits"),
        ("<<<<<<< HEAD\nseed: 0\n=======\nseed: 1\n>>>>>>> x", "line 2, column 5: not valid YAML"),
        ("model:\n  width: 4\n  width: 5", 'line 3, column 3: .*duplicate key "width"'),
    ],
)
def test_a_file_that_is_not_yaml_is_one_line_with_its_place(tmp_path, text, line):
    path = tmp_path / "params.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=line) as error:
        params.load(path)
    assert "\n" not in str(error.value)


def test_a_number_that_python_cannot_write_is_named(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED.read_text().replace("seed: 0", f"seed: 0x{'f' * 5000}"))
    with pytest.raises(InputError, match="seed: .*, got a number of more than 4300 digits"):
        params.load(path)


def keys_of_whole_numbers(tree=None, *above):
    tree = params.load(SHIPPED).model_dump(exclude={"zoo"}) if tree is None else tree
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from keys_of_whole_numbers(value, *above, key)
        elif type(value) is int:
            yield *above, key


@pytest.mark.parametrize("keys", list(keys_of_whole_numbers()), ids=".".join)
def test_a_whole_number_may_be_written_as_a_float(tmp_path, keys):
    value = params.load(changed(tmp_path, *keys, value=1e2))
    for key in keys:
        value = getattr(value, key)
    assert value == 100 and type(value) is int
    with pytest.raises(InputError, match=rf"{'.'.join(keys)}.*: .*integer.*, got 100.5"):
        params.load(changed(tmp_path, *keys, value=100.5))


def test_images_of_your_own_have_whole_numbers_too(tmp_path):
    mine = {"path": "x", "size": 16.0, "channels": 3.0, "ood": ["noise"]}
    block = params.load(changed(tmp_path, "data", "mine", value=mine)).data["mine"]
    assert (block.size, block.channels) == (16, 3)
    assert {type(block.size), type(block.channels)} == {int}


def test_numbers_that_become_names_of_files_are_written_as_they_are(tmp_path):
    with pytest.raises(InputError, match="sweep.latent_dim.0: .* valid integer, got 8.0"):
        params.load(changed(tmp_path, "sweep", "latent_dim", value=[8.0]))


def test_a_name_in_another_form_of_unicode_is_named(tmp_path):
    tree = yaml.safe_load(SHIPPED.read_text())
    tree["data"]["cafe\u0301"] = {"path": "x", "size": 8, "channels": 1, "ood": ["noise"]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    with pytest.raises(InputError, match="data.cafe\u0301: not in Unicode's composed normal form"):
        params.load(tmp_path / "params.yaml")


def test_a_number_below_one_in_ten_thousand_is_a_number(tmp_path):
    text = SHIPPED.read_text().replace("lr: 0.002 ", "lr: 1e-05 ")
    (tmp_path / "params.yaml").write_text(text)
    assert params.load(tmp_path / "params.yaml").classifier.lr == 0.00001


def test_images_of_your_own_are_a_dataset_and_a_partner(tmp_path):
    mine = {"path": "x", "size": 16, "channels": 3, "ood": ["noise"]}
    path = changed(tmp_path, "data", "mine", value=mine)
    tree = yaml.safe_load(path.read_text()) | {"datasets": ["mine"]}
    tree["data"]["digits"]["ood"].append("mine")
    path.write_text(yaml.safe_dump(tree))
    assert params.load(path).data["mine"].size == 16


def test_a_run_is_described_by_what_it_depends_on():
    p = params.load(SHIPPED)
    run = p.of_run("digits", "vae")
    assert run["zoo.vae.lr"] == p.zoo["vae"]["lr"] and run["model.latent_dim"] == 16
    assert not [k for k in run if k.startswith(("zoo.gan", "sweep", "tracking", "datasets"))]


def test_a_point_of_the_sweep_differs_in_three_choices():
    p = params.load(SHIPPED)
    before, after = (
        p.of_run("digits", "vae"),
        p.at_point({"latent_dim": 3, "width": 8}).of_run("digits", "vae"),
    )
    changed = {k: after[k] for k in before if before[k] != after[k]}
    assert changed == {"model.latent_dim": 3, "model.width": 8, "train.images": p.sweep.images}


@pytest.mark.parametrize(
    "old, line",
    [
        ("train.history", "train.history is now called train.log_points"),
        ("anomaly.slow", "anomaly.slow is now called anomaly.iterative"),
        ("sample.n", "sample.n is now called evaluate.n"),
        ("zoo.wgan.critic_moves", "zoo.wgan.critic_moves is now called zoo.wgan.n_critic"),
        ("evaluate.bootstrap", "evaluate.bootstrap is gone: intervals come from 40 halves"),
        ("zoo.vae.reduction", "zoo.vae.reduction is gone: the loss is always summed"),
    ],
)
def test_an_old_key_is_answered_with_its_new_name(tmp_path, old, line):
    tree = yaml.safe_load(SHIPPED.read_text())
    *blocks, key = old.split(".")
    place = tree
    for block in blocks:
        place = place.setdefault(block, {})
    place[key] = 1
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(tree))
    with pytest.raises(InputError, match=re.escape(line)):
        params.load(path)


def test_renamed_keys_leave_a_run_its_key():
    """Digests of the shipped choices at the commit before any key was renamed (19c7182)."""
    p = params.load(SHIPPED).model_copy(update={"portable": False})
    for model, key in {
        "gan": "0f9790d2533ad220",
        "wgan": "03c6d4fc95f2058f",
        "vae": "577ec3de4b9a4632",
    }.items():
        assert digest(first_names(p.of_run("digits", model))) == key


def test_what_is_portable_and_the_number_of_its_threads_are_part_of_the_question():
    p = params.load(SHIPPED)
    threads = p.model_copy(update={"train": p.train.model_copy(update={"threads": 2})})
    fast = p.model_copy(update={"portable": False})
    keys = [digest(first_names(each.of_run("digits", "vae"))) for each in (p, threads, fast)]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    "text, portable",
    [
        ("seed: 0\n", True),
        ("portable: true\n", True),
        ("portable: false  # fast\n", False),
        ("zoo:\n  portable: false\n", True),
    ],
)
def test_a_glance_at_the_file_tells_whether_results_are_portable(tmp_path, text, portable):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert is_asked_for(path) == portable


def test_a_glance_at_a_file_that_cannot_be_read_is_no_error(tmp_path):
    assert is_asked_for(tmp_path)
    (tmp_path / "params.yaml").write_bytes("é: 1\nportable: false\n".encode("latin-1"))
    assert not is_asked_for(tmp_path / "params.yaml")


def test_portable_must_stand_where_a_glance_finds_it(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED.read_text().replace("portable: true", '"portable": false'))
    with pytest.raises(InputError, match="portable: must be true, or false on a line of its own"):
        params.load(path)


def test_a_portable_run_takes_no_number_of_threads_from_the_machine(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED.read_text().replace("threads: 1 ", "threads: auto "))
    with pytest.raises(InputError, match="train.threads: auto, one per core, is for"):
        params.load(path)
    path.write_text(path.read_text().replace("portable: true", "portable: false"))
    assert params.load(path).train.threads == "auto"


def test_the_choices_of_a_point_are_its_own_and_the_others_stay():
    p = params.load(SHIPPED)
    grid = p.at_point({"latent_dim": 3, "width": 8})
    assert (grid.model.latent_dim, grid.model.width) == (3, 8) and grid.zoo == p.zoo
    beta = p.at_point({"beta": 7.5})
    assert beta.zoo["beta_vae"] == p.zoo["beta_vae"] | {"beta": 7.5} and beta.model == p.model
    for point in (grid, beta):
        assert point.train == p.train.model_copy(update={"images": p.sweep.images})
        assert point.evaluate == p.evaluate and point.seed == p.seed
    assert {key: p.zoo[key] for key in p.zoo if key != "beta_vae"}.items() <= beta.zoo.items()


def test_another_seed_changes_nothing_else_and_keeps_the_budget():
    p = params.load(SHIPPED)
    assert p.at_point({"seed": 7}) == p.model_copy(update={"seed": 7})
    grid = p.at_point({"latent_dim": 3, "width": 8, "seed": 7})
    assert (grid.seed, grid.data_seed) == (7, p.data_seed)
    assert grid == p.at_point({"latent_dim": 3, "width": 8}).model_copy(update={"seed": 7})


def test_the_choices_of_a_run_are_all_that_its_results_depend_on():
    p = params.load(SHIPPED)
    choices = p.of_run("digits", "vae")
    assert choices["seed"] == p.seed and choices["zoo.vae.lr"] == p.zoo["vae"]["lr"]
    assert choices["data.ood"] == p.data["digits"].ood and choices["dataset"] == "digits"
    assert not [key for key in choices if key.startswith(("zoo.gan", "sweep", "tracking"))]
    elsewhere = {"train.checkpoint_every", "device", "datasets", "models"}
    assert not elsewhere & choices.keys()
    assert {"train.images", "evaluate.n", "anomaly.quantile", "tsne.n"} <= choices.keys()


def test_gray_images_get_the_small_classifier_and_color_the_large_one():
    automatic = params.load(SHIPPED).classifier
    assert (automatic.network_for(1), automatic.network_for(3)) == ("cnn", "resnet")
    own = automatic.model_copy(update={"network": "cnn"})
    assert own.network_for(3) == "cnn"


def test_only_corruptions_with_a_severity_are_measured():
    anomaly = params.load(SHIPPED).anomaly
    none = anomaly.corruptions.model_copy(update={"blur": None})
    severities = anomaly.model_copy(update={"corruptions": none}).severities
    assert severities == {k: v for k, v in anomaly.severities.items() if k != "blur"}
