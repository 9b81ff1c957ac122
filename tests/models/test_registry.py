"""Models by their names: what is built, refused with a line, and loaded."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from layers import randomized

from genbench import params
from genbench.models.base import registry
from genbench.networks import checkpoint
from genbench.utils.errors import InputError

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")


@pytest.mark.parametrize("shape", [(1, 7, 7), (1, 65, 65), (2, 8, 8), (1, 8, 9)], ids=str)
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match="square, 8 to 64 pixels, with 1 or 3 channels; got"):
        registry.build("vae", shape, classes=3, **SHIPPED.build_args("vae"))


@pytest.mark.parametrize(
    "name, change, line",
    [
        ("wgan", {"lrr": 0.1}, "zoo.wgan.lrr is not a known key"),
        ("wgan", {"name": "gan"}, "zoo.wgan.name is not a known key"),
        ("wgan", {"lr": "fast"}, "zoo.wgan.lr: input should be a valid number, got 'fast'"),
        ("wgan", {"n_critic": 5.5}, "zoo.wgan.n_critic: input should be a valid integer.*got 5.5"),
        ("wgan", {"clip": True}, "zoo.wgan.clip: input should be a valid number, got True"),
        ("wgan", {"clip": 0.0}, "zoo.wgan.clip: input should be greater than 0, got 0.0"),
        ("hvae", {"layers": 1}, "zoo.hvae.layers: input should be greater .* to 2, got 1"),
        ("conv_gan", {"dropout": 1.0}, "zoo.conv_gan.dropout: input should be less than 1, got"),
        ("vae", {"lr": float("nan")}, "zoo.vae.lr: input should be a finite number, got nan"),
        ("vae", {"likelihood": "cauchy"}, "likelihood: input should be 'auto', .* got 'cauchy'"),
        ("gan", {"lr": -1, "b": 0}, "zoo.gan.lr: .* than 0, got -1; zoo.gan.b is not a known key"),
    ],
)
def test_a_wrong_value_names_its_key(name, change, line):
    zoo = SHIPPED.zoo | {name: SHIPPED.zoo[name] | change}
    with pytest.raises(InputError, match=line):
        registry.check(SHIPPED.model_copy(update={"zoo": zoo}))


@pytest.mark.parametrize("name", registry.NAMES)
def test_every_number_of_a_model_is_bounded_at_both_ends(name):
    for key, value in SHIPPED.zoo[name].items():
        for beyond in (-1, 1e300) if isinstance(value, int | float) else ():
            args = SHIPPED.build_args(name) | {key: beyond}
            with pytest.raises(InputError, match=rf"^zoo.{name}.{key}: input should be .* got"):
                registry.build(name, (1, 8, 8), 10, **args)


def test_a_whole_number_may_be_written_as_a_float():
    model = registry.build(
        "vae", (1, 8, 8), 10, **SHIPPED.build_args("vae") | {"kl_warmup_images": 5e4}
    )
    assert model.kl_warmup_images == 50_000 and isinstance(model.kl_warmup_images, int)


@pytest.mark.parametrize(
    "name, smallest",
    [
        ("wgan", {"n_critic": 1, "clip": 1e-9}),
        ("wgan_gp", {"n_critic": 1, "penalty": 0}),
        ("cgan", {"d_steps_per_g_step": 1}),
        ("sngan", {"d_steps_per_g_step": 1}),
        ("conv_gan", {"dropout": 0}),
        ("beta_vae", {"kl_warmup_images": 0, "beta": 0, "capacity": 0, "capacity_images": 1}),
        ("res_vae", {"blocks": 1, "perceptual": 0}),
        ("flow_vae", {"couplings": 1}),
        ("hvae", {"layers": 2}),
    ],
)
def test_the_smallest_allowed_values_are_taken(name, smallest):
    args = SHIPPED.build_args(name) | {"width": 4, "latent_dim": 3} | smallest
    registry.build(name, (1, 8, 8), 10, **args)


def test_a_missing_key_is_named():
    args = SHIPPED.build_args("wgan")
    del args["clip"]
    with pytest.raises(InputError, match=r"zoo.wgan.clip is missing"):
        registry.build("wgan", (1, 8, 8), 10, **args)


@pytest.mark.parametrize(
    "lists, line",
    [
        ({"models": ["vae", "vea"]}, "models.*vea"),
        ({"sweep": SimpleNamespace(models=["vea"])}, "sweep.models.*vea"),
        ({"zoo": {"vea": {}}}, "zoo.*vea"),
    ],
)
def test_an_unknown_model_is_named_wherever_it_stands(lists, line):
    known = {"models": ["vae"], "sweep": SimpleNamespace(models=["vae"]), "zoo": {"vae": {}}}
    registry.check_names(SimpleNamespace(**known))
    with pytest.raises(InputError, match=line):
        registry.check_names(SimpleNamespace(**known | lists))


def test_a_file_that_lacks_a_weight_is_not_loaded(tmp_path):
    args = SHIPPED.build_args("gan") | {"name": "gan", "image_shape": (1, 8, 8), "classes": 4}
    model = registry.build(**args)
    model.generator[0][0].register_parameter("bias", None)
    checkpoint.save(tmp_path / "weights.pt", model, **args)
    with pytest.raises(InputError, match=r"Missing key.*generator\.0\.0\.bias"):
        registry.load_model(tmp_path / "weights.pt")


@torch.no_grad()
@pytest.mark.parametrize("name", registry.NAMES)
def test_a_loaded_model_makes_the_images_of_the_saved_one_and_goes_on_with_its_warm_up(
    name, tmp_path
):
    args = SHIPPED.build_args(name) | {"width": 4, "latent_dim": 3}
    args |= {"name": name, "image_shape": (3, 9, 9), "classes": 4}
    if "kl_warmup_images" in args:
        args |= {"kl_warmup_images": 100}
    model = randomized(registry.build(**args))
    if "kl_warmup_images" in args:
        model.images_seen.fill_(25)
    checkpoint.save(tmp_path / "weights.pt", model, **args)
    assert checkpoint.read(tmp_path / "weights.pt")["build_args"] == args
    loaded = registry.load_model(tmp_path / "weights.pt")
    assert not any(module.training for module in loaded.modules())
    z, y = torch.randn(6, model.latent_dim), torch.arange(6) % 4
    torch.testing.assert_close(loaded.decode(z, y), model.decode(z, y), rtol=0, atol=1e-3)
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    if "kl_warmup_images" in args:
        assert loaded.kl_weight() == 0.25
