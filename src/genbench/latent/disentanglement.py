"""How far each latent of a code stands for one known factor: MIG, SAP, DCI, the FactorVAE score.

Everywhere `codes` is (N, D) float and `factors` (N, F) int, values from 0 on, each factor with a
number of values of its own; a score is in [0, 1], and larger is better. Compare at equal N only:
few images make latents look informative. A factor with one value only is left out.
"""

import numpy as np

BINS = 20  # of equal width, for the mutual information with a code
TREES, LEAF = 50, 5  # of a forest; images in a leaf: fewer, and latents that say nothing matter
VOTES, BATCH = 2000, 64  # votes to learn from, and as many to judge; images behind a vote
ACTIVE = 0.01  # variance of a code over images, from which on it is in use


def scores(codes: np.ndarray, factors: np.ndarray, seed: int) -> dict[str, float]:
    """All scores of codes (N, D) for factors (N, F), by name.

    Returns
    -------
    mig, sap, factor_vae : as the functions of these names
    dci_disentanglement, dci_completeness, dci_informativeness : as `dci`

    Raises
    ------
    ValueError : if shapes disagree, a code is not finite, or no factor has two values.
    """
    parts = dci(codes, factors, seed)
    found = {"mig": mig(codes, factors), "sap": sap(codes, factors)}
    found |= {f"dci_{name}": value for name, value in parts.items()}
    return found | {"factor_vae": factor_vae(codes, factors, seed)}


def mig(codes: np.ndarray, factors: np.ndarray) -> float:
    """Mutual information gap: what the best latent tells of a factor, less what the second does.

    As a share of the factor's entropy; the mean over factors. 1: one latent tells all of it and
    no other anything; 0: the best two tell the same.
    Source: Chen et al. 2018, arXiv:1802.04942, with BINS bins as in Locatello et al. 2019,
    arXiv:1811.12359.
    """
    codes, factors = _checked(codes, factors)
    entropies = np.array([_entropy(np.bincount(f) / len(f)) for f in factors.T])
    return _mean_gap(mutual_information(codes, factors) / entropies)


def sap(codes: np.ndarray, factors: np.ndarray) -> float:
    """Separated attribute predictability: the gap in R^2 between the best two latents of a factor.

    R^2 is that of the factor's number as a linear function of one latent, the squared correlation:
    the paper's for factors that have an order. A factor without one (`shape`) counts by its
    numbers all the same, so that a latent which orders its values differently scores lower.
    Source: Kumar et al. 2018, arXiv:1711.00848.
    """
    codes, factors = _checked(codes, factors)
    correlation = _standard(codes).T @ _standard(factors) / len(codes)
    return _mean_gap(correlation**2)


def dci(codes: np.ndarray, factors: np.ndarray, seed: int) -> dict[str, float]:
    """How concentrated the importance of latents for factors is, by forests that tell factors.

    Each factor is told from all latents by a random forest of TREES trees, each of which sees
    every latent at every split, learnt on a random half of the images. A latent's importance is
    the impurity that its splits remove.

    Returns
    -------
    disentanglement : 1 where each latent matters for one factor only; latents weigh as much as
        they matter
    completeness : 1 where one latent only matters for each factor
    informativeness : accuracy on the other half of the images, mean over factors; by chance it is
        the share of a factor's most frequent value

    Source: Eastwood & Williams 2018, openreview.net/forum?id=By-7dz-AZ, with accuracy for their
    error, as in Locatello et al. 2019, arXiv:1811.12359.
    """
    codes, factors = _checked(codes, factors)
    importance, accuracy = _forests(codes, factors, seed)
    weights = importance.sum(1) / max(importance.sum(), 1e-12)
    return {
        "disentanglement": float(weights @ _concentration(importance)),
        "completeness": float(_concentration(importance.T).mean()),
        "informativeness": accuracy,
    }


def factor_vae(codes: np.ndarray, factors: np.ndarray, seed: int) -> float:
    """Accuracy of telling which factor a batch shares from the latent that varies least in it.

    A vote draws a factor, a value as often as images have it, and BATCH images of that value with
    repetition; it goes to the latent whose variance in the batch is the smallest share of its
    variance over all images. Each latent then stands for the factor of most of its votes; the
    accuracy is that of new votes. Latents with a variance below ACTIVE, the bound of Burda et al.
    2016 (arXiv:1509.00519) on posterior means under a standard normal prior, have no vote; 0 if
    none has. By chance it is 1 / F.
    Source: Kim & Mnih 2018, arXiv:1802.05983.
    """
    codes, factors = _checked(codes, factors)
    active = codes[:, codes.var(0) >= ACTIVE]
    if not active.shape[1]:
        return 0.0
    rng = np.random.default_rng(seed)
    learnt, judged = (_votes(_standard(active), factors, rng) for _ in range(2))
    stands_for = learnt.argmax(1)
    return float(judged[np.arange(len(judged)), stands_for].sum() / judged.sum())


def mutual_information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Mutual information of each latent, in BINS bins of equal width, and each factor.

    Returns
    -------
    (D, F) float, in nats
    """
    low, high = codes.min(0), codes.max(0)
    width = np.where(high > low, high - low, 1)
    bins = np.minimum((codes - low) / width * BINS, BINS - 1).astype(int)
    return np.array([[_information(c, f) for f in factors.T] for c in bins.T])


def _information(a: np.ndarray, b: np.ndarray) -> float:
    """Mutual information of two labellings (N,), in nats."""
    joint = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(joint, (a, b), 1 / len(a))
    return _entropy(joint.sum(0)) + _entropy(joint.sum(1)) - _entropy(joint)


def _entropy(shares: np.ndarray) -> float:
    """Entropy of shares of sum 1, in nats."""
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())


def _mean_gap(table: np.ndarray) -> float:
    """Mean over factors of the largest less the second largest of (D, F); a lone latent's is it."""
    first, second = np.sort(np.vstack([table, np.zeros(table.shape[1])]), axis=0)[:-3:-1]
    return float((first - second).mean().clip(0, 1))


def _concentration(importance: np.ndarray) -> np.ndarray:
    """For each row, 1 less its entropy as a share of the largest possible; 0 for a row of 0."""
    shares = importance / np.where(importance.sum(1) > 0, importance.sum(1), 1)[:, None]
    entropies = np.array([_entropy(row) for row in shares]) / np.log(max(shares.shape[1], 2))
    return np.where(shares.any(1), 1 - entropies, 0).clip(0, 1)


def _forests(codes: np.ndarray, factors: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Importance (D, F), each column of sum 1 or 0, and mean accuracy on the other half."""
    from sklearn.ensemble import RandomForestClassifier  # 1 s, which nothing else here needs

    codes = _standard(codes)  # the trees count in float32
    order = np.random.default_rng(seed).permutation(len(codes))
    learn, judge = np.array_split(order, 2)
    importance, accuracy = [], []
    for factor in factors.T:
        forest = RandomForestClassifier(
            TREES, max_features=None, min_samples_leaf=LEAF, random_state=seed
        )
        forest.fit(codes[learn], factor[learn])
        importance.append(forest.feature_importances_)
        accuracy.append(forest.score(codes[judge], factor[judge]))
    return np.stack(importance, axis=1), float(np.mean(accuracy))


def _votes(codes: np.ndarray, factors: np.ndarray, rng) -> np.ndarray:
    """How often each latent of (N, D), of variance 1, varied least where a factor was shared."""
    votes = np.zeros((codes.shape[1], factors.shape[1]), int)
    rows = [[np.flatnonzero(f == value) for value in range(f.max() + 1)] for f in factors.T]
    for _ in range(VOTES):
        factor, image = rng.integers(factors.shape[1]), rng.integers(len(codes))
        batch = rng.choice(rows[factor][factors[image, factor]], BATCH)
        votes[codes[batch].var(0).argmin(), factor] += 1
    return votes


def _standard(values: np.ndarray) -> np.ndarray:
    """Columns brought to mean 0 and variance 1; constant ones to 0, whatever rounding leaves."""
    constant = _constant(values)
    return np.where(constant, 0, values - values.mean(0)) / np.where(constant, 1, values.std(0))


def _constant(values: np.ndarray) -> np.ndarray:
    return values.min(0) == values.max(0)


def _checked(codes: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes as float64, and the factors that have more than one value."""
    codes, factors = np.asarray(codes, np.float64), np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise ValueError(f"expected (N, D) and (N, F), got {codes.shape} and {factors.shape}")
    if not np.isfinite(codes).all():
        raise ValueError("codes must be finite")
    if factors.dtype.kind not in "iu" or factors.min(initial=0) < 0:
        raise ValueError("factors must be whole numbers from 0 on")
    varied = factors[:, ~_constant(factors)]
    if not varied.size:
        raise ValueError("no factor has more than one value")
    return codes, varied
