"""Loops written by hand around genbench's networks: the bare one, and the one most people write.

A loop is a function of (model, images (N, C, H, W) uint8, batch size, iterations) that trains.
"""

import itertools

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

from genbench.networks.losses import gradient_penalty
from genbench.utils.images import to_float


def bare(step, model, x, batch_size, iterations):
    """Images as floats in memory, a permutation per pass, and nothing but the arithmetic."""
    x = to_float(torch.from_numpy(x))
    order = torch.empty(0, dtype=torch.long)
    if any(w.dim() == 4 for w in model.parameters()):
        model = model.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    update = step(model)
    size = batch_size * len(model.update_order)
    for _ in range(iterations):
        if len(order) < size:
            order = torch.randperm(len(x))
        batches, order = order[:size].split(batch_size), order[size:]
        update(x[batch] for batch in batches)


def adam(parameters, lr=2e-4, betas=(0.5, 0.999)):
    return torch.optim.Adam(parameters, lr, betas=betas, fused=True)


def vae_step(model):
    optimizer = adam(model.parameters(), 1e-3, (0.9, 0.999))

    def step(batches):
        (x,) = batches
        mean, log_variance = model.encoder(x).chunk(2, dim=1)
        out = model.decoder(mean + (0.5 * log_variance).exp() * torch.randn_like(mean))
        if x.shape[1] == 1:
            nll = F.binary_cross_entropy_with_logits(out, x.add(1).div(2), reduction="sum")
        else:
            log_sigma = model.likelihood.log_scale
            nll = 0.5 * ((x - out) * (-log_sigma).exp()).square().sum() + x.numel() * log_sigma
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
        optimizer.zero_grad()
        ((nll + kl) / len(x)).backward()
        optimizer.step()

    return step


def gan_step(model):
    d_optimizer = adam(model.discriminator.parameters())
    g_optimizer = adam(model.generator.parameters())

    def step(batches):
        x, _ = batches
        with torch.no_grad():
            fake = model.generator(torch.randn(len(x), model.latent_dim))
        real, fake = model.discriminator(x), model.discriminator(fake)
        d_optimizer.zero_grad()
        (F.softplus(-real).mean() + F.softplus(fake).mean()).backward()
        d_optimizer.step()
        model.discriminator.requires_grad_(False)
        fake = model.discriminator(model.generator(torch.randn(len(x), model.latent_dim)))
        g_optimizer.zero_grad()
        F.softplus(-fake).mean().backward()
        g_optimizer.step()
        model.discriminator.requires_grad_(True)

    return step


def wgan_gp_step(model):
    d_optimizer = adam(model.critic.parameters(), 1e-4, (0.0, 0.9))
    g_optimizer = adam(model.generator.parameters(), 1e-4, (0.0, 0.9))

    def step(batches):
        *critic_batches, _ = batches
        for x in critic_batches:
            with torch.no_grad():
                fake = model.generator(torch.randn(len(x), model.latent_dim))
            gap = model.critic(x).mean() - model.critic(fake).mean()
            d_optimizer.zero_grad()
            (10 * gradient_penalty(model.critic, x, fake) - gap).backward()
            d_optimizer.step()
        model.critic.requires_grad_(False)
        g_optimizer.zero_grad()
        (-model.critic(model.generator(torch.randn(len(x), model.latent_dim))).mean()).backward()
        g_optimizer.step()
        model.critic.requires_grad_(True)

    return step


class MNISTLike(MNIST):
    """torchvision's dataset with images of ours: what it does with each of them is its own."""

    def __init__(self, x, *steps):
        self.data, self.targets = torch.from_numpy(x[:, 0]), torch.zeros(len(x), dtype=torch.long)
        self.transform = transforms.Compose([transforms.ToTensor(), *steps])
        self.target_transform = None


def loader(x, batch_size, *steps):
    return DataLoader(MNISTLike(x, *steps), batch_size=batch_size, shuffle=True, drop_last=True)


def endless(batches):
    return itertools.chain.from_iterable(itertools.repeat(batches))


def vae_recipe(model, x, batch_size, iterations):
    """As in pytorch/examples/vae: probabilities, summed losses, `.item()` in every step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    total = 0
    for data, _ in itertools.islice(endless(loader(x, batch_size)), iterations):
        optimizer.zero_grad()
        mean, log_variance = model.encoder(data).chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        probability = torch.sigmoid(model.decoder(z))
        loss = F.binary_cross_entropy(probability, data, reduction="sum")
        loss = loss - 0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        loss.backward()
        total += loss.item()
        optimizer.step()


def gan_recipe(model, x, batch_size, iterations):
    """As in the usual one-file GANs: labels, BCE on probabilities, `.item()` in every step."""
    loss = nn.BCELoss()
    shift = transforms.Normalize([0.5], [0.5])
    generator = model.generator
    discriminator = nn.Sequential(model.discriminator, nn.Sigmoid())
    g_optimizer, d_optimizer = (
        torch.optim.Adam(net.parameters(), lr=0.0002, betas=(0.5, 0.999))
        for net in (generator, discriminator)
    )
    losses = []
    for real, _ in itertools.islice(endless(loader(x, batch_size, shift)), iterations):
        valid = torch.ones(len(real), 1)
        invalid = torch.zeros(len(real), 1)
        g_optimizer.zero_grad()
        fake = generator(torch.randn(len(real), model.latent_dim))
        g_loss = loss(discriminator(fake), valid)
        g_loss.backward()
        g_optimizer.step()
        d_optimizer.zero_grad()
        d_loss = loss(discriminator(real), valid) + loss(discriminator(fake.detach()), invalid)
        (d_loss / 2).backward()
        d_optimizer.step()
        losses.append((g_loss.item(), d_loss.item()))
