"""Keys of params.yaml that have changed their name or are gone, and what to write instead."""

RENAMED = {
    "train.history": "train.log_points",
    "evaluate.seeds": "evaluate.sample_sets",
    "evaluate.splits": "evaluate.is_splits",
    "sample.n": "evaluate.n",
    "anomaly.slow": "anomaly.iterative",
    "latent.paths": "latent.ppl_samples",
    "latent.draws": "latent.iwae_samples",
    "tsne.neighbours": "tsne.n_neighbors",
    "zoo.wgan.critic_moves": "zoo.wgan.n_critic",
    "zoo.wgan_gp.critic_moves": "zoo.wgan_gp.n_critic",
    "zoo.sngan.discriminator_moves": "zoo.sngan.d_steps_per_g_step",
    "zoo.cgan.discriminator_moves": "zoo.cgan.d_steps_per_g_step",
}
REMOVED = {
    "train.cuda_graphs": "it was never measured",
    "evaluate.bootstrap": "intervals come from 40 halves of the images",
    "zoo.vae.reduction": "the loss is always summed, in nats per image",
}


def old_keys(tree: dict) -> list[str]:
    """A line for each old key in a raw params.yaml, with its new name."""
    lines = [f"{old} is now called {new}" for old, new in RENAMED.items() if _holds(tree, old)]
    gone = [f"{key} is gone: {why}" for key, why in REMOVED.items() if _holds(tree, key)]
    return lines + gone


def _holds(tree: object, key: str) -> bool:
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return False
        tree = tree[part]
    return True


def first_names(choices: dict[str, object]) -> dict[str, object]:
    """Flattened choices of one run under the names that they had at first.

    A run in MLflow is found by a digest of its choices, and so under later names as well.
    """
    first = {_first_name(key): value for key, value in choices.items()}
    first["evaluate.n"] = choices["evaluate.n"]  # how many to generate was a choice of its own
    first["evaluate.bootstrap"] = 200
    if choices["data_seed"] == choices["seed"]:  # one seed was that of all
        del first["data_seed"]
    if not choices["portable"]:  # nothing was, and the number of threads no choice
        del first["portable"], first["train.threads"]
    if choices["model_name"] == "vae":
        first["zoo.vae.reduction"] = "sum"
    return first


def _first_name(key: str) -> str:
    for old, new in RENAMED.items():
        if key == new or key.startswith(f"{new}."):
            return old + key[len(new) :]
    return key
