import math

import pytest
import torch

from genbench.networks import likelihoods, losses


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


def test_kl_agrees_with_monte_carlo():
    mean, log_variance = torch.tensor([[0.7, -1.2, 0.0]]), torch.tensor([[-1.0, 0.4, 0.0]])
    noise = torch.randn(400_000, 3, generator=torch.Generator().manual_seed(0))
    z = mean + (0.5 * log_variance).exp() * noise
    log_ratio = 0.5 * (z.square() - noise.square() - log_variance)
    got = losses.kl_to_standard_normal(mean, log_variance)
    torch.testing.assert_close(got, log_ratio.mean(0, keepdim=True), rtol=0.01, atol=0.003)


@pytest.mark.parametrize("channels", [1, 3])
def test_bernoulli_of_black_and_white_pixels_sums_to_one(channels):
    logits = torch.randn(1, channels, 1, 2, generator=torch.Generator().manual_seed(1))
    pixels = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * (2 * channels))
    x = pixels.reshape(-1, channels, 1, 2)
    total = (-likelihoods.bernoulli_nll(logits.expand_as(x), x)).exp().sum()
    assert total.item() == pytest.approx(1, rel=1e-5)


def test_gaussian_agrees_with_torch_distributions_and_sums_over_pixels():
    mean, x = torch.randn(2, 4, 3, 2, 2, generator=torch.Generator().manual_seed(2))
    sigma = torch.tensor(0.3)
    want = -torch.distributions.Normal(mean, sigma).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(likelihoods.gaussian_nll(mean, x, sigma.log()), want)


@pytest.mark.parametrize("sigma", [0.05, 0.7])
def test_a_gaussian_integrates_to_one(sigma):
    x = torch.linspace(-8, 8, 20_001, dtype=torch.float64)
    mean = torch.full((len(x), 1, 1, 1), 0.3, dtype=torch.float64)
    log_sigma = torch.tensor(sigma, dtype=torch.float64).log()
    density = (-likelihoods.gaussian_nll(mean, x.view(-1, 1, 1, 1), log_sigma)).exp()
    assert torch.trapezoid(density, x).item() == pytest.approx(1, abs=1e-6)


LEVELS = (torch.arange(256) / 127.5 - 1).view(-1, 1, 1, 1)


@pytest.mark.parametrize("mean", [-3.0, -1.0, 0.123, 1.0, 2.0])
@pytest.mark.parametrize("log_scale", [-6.0, -2.0, 1.0])
def test_the_discretized_logistic_sums_to_one_over_the_gray_levels(mean, log_scale):
    means = torch.full_like(LEVELS, mean)
    total = (-likelihoods.logistic_nll(means, LEVELS, torch.tensor(log_scale))).exp().sum()
    assert total.item() == pytest.approx(1, abs=1e-4)


def test_the_discretized_logistic_is_a_difference_of_sigmoids():
    means = torch.linspace(-0.9, 0.9, 256).view(-1, 1, 1, 1)
    x, mean = LEVELS.double(), means.double()
    low, high = (torch.sigmoid((x - mean + side) / 0.2) for side in (-1 / 255, 1 / 255))
    low[0], high[-1] = 0, 1
    got = likelihoods.logistic_nll(means, LEVELS, torch.tensor(0.2).log())
    torch.testing.assert_close(got.double(), -(high - low).log().flatten(), rtol=1e-4, atol=1e-5)


def test_the_discretized_logistic_has_a_gradient_where_both_sigmoids_are_one():
    mean = torch.full((1, 1, 1, 1), -1.0, requires_grad=True)
    loss = likelihoods.logistic_nll(mean, torch.full((1, 1, 1, 1), 0.9), torch.tensor(-5.0))
    loss.sum().backward()
    assert loss.isfinite().all() and mean.grad.item() == pytest.approx(-math.exp(5), rel=1e-3)


def test_the_hinge_loss_is_zero_beyond_the_margins_and_linear_inside():
    assert losses.hinge_loss(torch.tensor([1.0, 3.0]), torch.tensor([-1.0, -7.0])).item() == 0
    got = losses.hinge_loss(torch.tensor([0.5, -1.0]), torch.tensor([0.0, -3.0]))
    assert got.item() == pytest.approx((0.5 + 2) / 2 + (1 + 0) / 2)


def test_the_optimal_discriminator_estimates_the_jensen_shannon_divergence_exactly():
    # 10 images of 3 kinds, as often as these counts say; its logit is the log-ratio of the counts
    data, model = torch.tensor([5, 4, 1]), torch.tensor([1, 4, 5])
    logits = (data / model).log()
    loss = losses.discriminator_loss(*(logits.repeat_interleave(n) for n in (data, model)))
    p, q = data / 10, model / 10
    middle = (p + q) / 2
    want = ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2
    assert losses.jensen_shannon(loss).item() == pytest.approx(want.item(), rel=1e-5)


def test_the_jensen_shannon_estimate_goes_from_0_to_log_2():
    chance, confident = torch.zeros(4), torch.full((4,), 50.0)
    pairs = [(logits, -logits) for logits in (chance, confident)]
    estimates = [losses.jensen_shannon(losses.discriminator_loss(*pair)) for pair in pairs]
    assert [e.item() for e in estimates] == pytest.approx([0, math.log(2)], abs=1e-6)


def test_the_adversarial_losses_are_cross_entropies():
    real, fake = torch.randn(2, 8, generator=torch.Generator().manual_seed(3))
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    want = bce(real, torch.ones(8)) + bce(fake, torch.zeros(8))
    torch.testing.assert_close(losses.discriminator_loss(real, fake), want)
    torch.testing.assert_close(losses.generator_loss(fake), bce(fake, torch.ones(8)))


def test_the_generators_gradient_does_not_vanish_where_the_discriminator_is_confident():
    fake = torch.tensor([-100.0], requires_grad=True)
    losses.generator_loss(fake).backward()
    assert fake.grad.item() == pytest.approx(-1)
    assert losses.generator_loss(fake).item() == pytest.approx(100, abs=math.exp(-50))


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 5, 5)], ids=str)
@pytest.mark.parametrize("target", [1.0, 0.0])
@pytest.mark.parametrize("norm", [0.2, 5.0])
def test_the_gradient_penalty_of_a_linear_critic_is_known_from_its_weights(shape, target, norm):
    w = torch.nn.functional.normalize(torch.randn(shape), dim=(0, 1, 2)) * norm
    real, fake = torch.randn(2, 6, *shape)
    got = losses.gradient_penalty(lambda x: (w * x).flatten(1).sum(1), real, fake, target)
    assert got.item() == pytest.approx((norm - target) ** 2, rel=1e-5)


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


NLL = {
    "bernoulli": lambda output, x, _: likelihoods.bernoulli_nll(output, x),
    "gaussian": likelihoods.gaussian_nll,
    "logistic": likelihoods.logistic_nll,
}


@pytest.mark.parametrize("kind", NLL)
def test_a_likelihood_is_that_of_its_name_and_its_scale_is_learned(kind):
    likelihood = likelihoods.Likelihood(kind, (1, 3, 3))
    output, x = 3 * torch.randn(2, 4, 1, 3, 3), torch.rand(4, 1, 3, 3) * 2 - 1
    scale = torch.tensor(math.exp(likelihoods.INITIAL_LOG_SCALE))
    nll = likelihood.nll(output[0], x)
    torch.testing.assert_close(nll, NLL[kind](output[0], x, scale.log()))
    means = {"bernoulli": 2 / (1 + (-output[0]).exp()) - 1}.get(kind, output[0].clip(-1, 1))
    torch.testing.assert_close(likelihood.mean(output[0]), means)
    learned = list(likelihood.parameters())
    assert len(learned) == (kind != "bernoulli")
    assert 0.1 < scale < 1  # some of the pixels' range of 2, and not all of it
    for parameter in learned:
        (gradient,) = torch.autograd.grad(nll.sum(), parameter)
        assert gradient.abs() > 0


def test_a_bernoullis_nll_is_a_cross_entropy_to_gray_levels_in_0_to_1():
    p = torch.tensor([0.2, 0.5, 0.9]).view(1, 1, 1, 3)
    x = torch.tensor([-0.6, 0.5, 1.0]).view(1, 1, 1, 3)  # 0.2, 0.75, 1
    want = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8) + math.log(0.5) + math.log(0.9))
    assert likelihoods.bernoulli_nll(p.logit(), x).item() == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("channels, kind", [(1, "bernoulli"), (3, "gaussian")])
def test_auto_is_bernoulli_for_grayscale_and_gaussian_for_color(channels, kind):
    assert likelihoods.Likelihood("auto", (channels, 8, 8)).kind == kind


def test_bits_per_dim_of_pixels_that_are_all_alike_are_those_of_their_probability():
    # 2^-3 for each of 12 pixels; for a Gaussian that is a density of 2^-3 per level of 2/255
    nats = torch.tensor(12 * 3 * math.log(2))
    density = nats - 12 * math.log(255 / 2)
    for kind, value in (("logistic", nats), ("gaussian", density)):
        likelihood = likelihoods.Likelihood(kind, (3, 2, 2))
        assert likelihood.bits_per_dim(value).item() == pytest.approx(3, rel=1e-5)


def test_a_gradient_penalty_reaches_the_critics_weights():
    w = torch.tensor([3.0, 4.0], requires_grad=True)  # norm 5: (5 - 1)^2, slope 2 (5 - 1) w / 5
    real, fake = torch.randn(2, 6, 1, 1, 2)
    penalty = losses.gradient_penalty(lambda x: (w * x).flatten(1).sum(1), real, fake)
    (gradient,) = torch.autograd.grad(penalty, w)
    assert gradient.tolist() == pytest.approx([8 * 3 / 5, 8 * 4 / 5], rel=1e-5)


def posteriors(n, latents, seed=0):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(3, n, latents, generator=random, dtype=torch.float64)


def test_the_three_parts_of_the_kl_sum_to_it():
    mean, log_variance, _ = posteriors(8, 3)
    total = torch.zeros(8, dtype=torch.float64)
    for seed in range(4000):
        noise = posteriors(8, 3, seed + 1)[2]
        total += sum(losses.parts_of_kl(mean, log_variance, noise, 100)) / 4000
    want = losses.kl_to_standard_normal(mean, log_variance).sum(1)
    assert total.tolist() == pytest.approx(want.tolist(), abs=0.15)


def test_the_total_correlation_of_correlated_codes_is_that_of_a_gaussian():
    means, _, noise = posteriors(1500, 2)
    log_variance = torch.full_like(means, math.log(0.1))
    correlated = torch.stack([means[:, 0], 0.8 * means[:, 0] + 0.6 * means[:, 1]], 1)
    r = 0.8 / 1.1  # of codes, whose variances are 1.1
    for mean, want in ((correlated, -0.5 * math.log(1 - r**2)), (means, 0.0)):
        parts = losses.parts_of_kl(mean, log_variance, noise, 1500)
        assert parts.total_correlation.mean().item() == pytest.approx(want, abs=0.05)


def test_codes_that_say_nothing_of_the_image_have_no_information_and_no_correlation():
    _, _, noise = posteriors(5, 3)
    nothing = torch.zeros(5, 3, dtype=torch.float64)
    for n, training_images in ((5, 5), (5, 1000), (1, 1000), (2, 0)):
        parts = losses.parts_of_kl(nothing[:n], nothing[:n], noise[:n], training_images)
        assert all(part.abs().max() < 1e-9 for part in parts)
