import math

import pytest
import torch

from genbench import losses


def test_kl_of_the_prior_to_itself_is_zero():
    assert losses.kl_to_standard_normal(torch.zeros(2, 3), torch.zeros(2, 3)).abs().max() == 0


def test_kl_agrees_with_torch_distributions():
    mean, log_variance = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    normal = torch.distributions.Normal
    want = torch.distributions.kl_divergence(
        normal(mean, (0.5 * log_variance).exp()), normal(torch.zeros(5, 3), torch.ones(5, 3))
    )
    got = losses.kl_to_standard_normal(mean, log_variance)
    torch.testing.assert_close(got, want)


@pytest.mark.parametrize("channels", [1, 3])
def test_bernoulli_of_black_and_white_pixels_sums_to_one(channels):
    logits = torch.randn(1, channels, 1, 2, generator=torch.Generator().manual_seed(1))
    pixels = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * (2 * channels))
    x = pixels.reshape(-1, channels, 1, 2)
    total = (-losses.bernoulli_nll(logits.expand_as(x), x)).exp().sum()
    assert total.item() == pytest.approx(1, rel=1e-5)


def test_gaussian_agrees_with_torch_distributions_and_sums_over_pixels():
    mean, x = torch.randn(2, 4, 3, 2, 2, generator=torch.Generator().manual_seed(2))
    sigma = torch.tensor(0.3)
    want = -torch.distributions.Normal(mean, sigma).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(losses.gaussian_nll(mean, x, sigma.log()), want)


def test_the_adversarial_losses_are_cross_entropies():
    real, fake = torch.randn(2, 8, generator=torch.Generator().manual_seed(3))
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    want = bce(real, torch.ones(8)) + bce(fake, torch.zeros(8))
    torch.testing.assert_close(losses.discriminator_loss(real, fake), want)
    torch.testing.assert_close(losses.generator_loss(fake), bce(fake, torch.ones(8)))


def test_the_generators_gradient_lives_where_the_discriminator_is_sure():
    fake = torch.tensor([-100.0], requires_grad=True)
    losses.generator_loss(fake).backward()
    assert fake.grad.item() == pytest.approx(-1)
    assert losses.generator_loss(fake).item() == pytest.approx(100, abs=math.exp(-50))


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 5, 5)], ids=str)
@pytest.mark.parametrize("target", [1.0, 0.0])
def test_the_gradient_penalty_of_a_linear_critic_is_known_from_its_weights(shape, target):
    w = torch.randn(shape)
    real, fake = torch.randn(2, 6, *shape)
    got = losses.gradient_penalty(lambda x: (w * x).flatten(1).sum(1), real, fake, target)
    assert got.item() == pytest.approx((w.norm().item() - target) ** 2, rel=1e-5)


def test_the_gradient_penalty_looks_between_real_and_fake_images_each_by_itself():
    # |x|^2 / 2 has gradient x: between 2 and 4 times a unit vector norms are uniform on [2, 4]
    unit = torch.nn.functional.normalize(torch.randn(20_000, 4), dim=1).reshape(-1, 1, 2, 2)
    critic = lambda x: x.square().flatten(1).sum(1) / 2  # noqa: E731
    got = losses.gradient_penalty(critic, 2 * unit, 4 * unit, target=0.0)
    assert got.item() == pytest.approx((4**3 - 2**3) / 3 / 2, rel=0.02)


def test_the_gradient_penalty_is_float32_under_mixed_precision():
    net = torch.nn.Linear(4, 1)
    real, fake = torch.randn(2, 6, 1, 2, 2)
    plain, mixed = (
        _seeded(lambda: losses.gradient_penalty(lambda x: net(x.flatten(1)), real, fake), mixed)
        for mixed in (False, True)
    )
    assert mixed.dtype == torch.float32 and mixed.item() == plain.item()


def _seeded(f, mixed):
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        return f()
