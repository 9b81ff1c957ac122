"""How well each latent stands for one known factor: MIG, SAP, DCI, the FactorVAE score.

Everywhere `codes` is (N, D) float, latent codes, and `factors` (N, F) int, values from 0 on, each
factor with a number of values of its own; a score is in [0, 1], and larger is better. Compare at
equal N only: with few images latents look informative. A constant factor is left out.
"""

import numpy as np
from scipy.stats import entropy
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import mutual_info_score

from ..models.base.variational import ACTIVE_VARIANCE

N_BINS = 20
"""Of equal width, for the mutual information with a code."""
N_TREES = 50
MIN_LEAF = 5
"""Images in a leaf of a tree: with fewer, latents of pure noise get importance."""
N_VOTES = 2000
"""Of the FactorVAE score, for training and again for testing."""
VOTE_BATCH = 64
"""Images behind a vote."""


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
    dci_scores = {f"dci_{name}": value for name, value in dci(codes, factors, seed).items()}
    return {
        "mig": mig(codes, factors),
        "sap": sap(codes, factors),
        **dci_scores,
        "factor_vae": factor_vae(codes, factors, seed),
    }


def mig(codes: np.ndarray, factors: np.ndarray) -> float:
    """Mutual information gap between the two latents that are most informative of a factor.

    As a share of the factor's entropy; the mean over factors. 1: one latent has all information
    and no other any; 0: the best two have as much.
    Source: Chen et al. 2018, arXiv:1802.04942, with N_BINS bins as in Locatello et al. 2019,
    arXiv:1811.12359.
    """
    codes, factors = _check(codes, factors)
    entropies = np.array([entropy(np.bincount(factor)) for factor in factors.T])
    return _mean_gap(mutual_information(codes, factors) / entropies)


def sap(codes: np.ndarray, factors: np.ndarray) -> float:
    """Separated attribute predictability: the gap in R^2 between the best two latents of a factor.

    R^2 is that of the factor's number as a linear function of one latent, the squared correlation:
    the paper's for factors that have an order. A factor without one (`shape`) counts by its
    numbers all the same, so that a latent which orders its values differently scores lower.
    Source: Kumar et al. 2018, arXiv:1711.00848.
    """
    codes, factors = _check(codes, factors)
    correlation = _standardize(codes).T @ _standardize(factors) / len(codes)
    return _mean_gap(correlation**2)


def dci(codes: np.ndarray, factors: np.ndarray, seed: int) -> dict[str, float]:
    """How concentrated the importance of latents for factors is, by forests that predict factors.

    Each factor is predicted from all latents by a random forest of N_TREES trees, each of which
    considers every latent at every split, trained on a random half of the images. A latent's
    importance is the impurity that its splits remove.

    Returns
    -------
    disentanglement : 1 where each latent matters for one factor only; latents are weighted by
        their importance
    completeness : 1 where only one latent matters for each factor
    informativeness : accuracy on the other half of the images, mean over factors; by chance it is
        the share of a factor's most frequent value

    Source: Eastwood & Williams 2018, openreview.net/forum?id=By-7dz-AZ, with accuracy for their
    error, as in Locatello et al. 2019, arXiv:1811.12359.
    """
    codes, factors = _check(codes, factors)
    importance, accuracy = _forests(codes, factors, seed)
    weights = importance.sum(1) / max(importance.sum(), 1e-12)
    return {
        "disentanglement": float(weights @ _concentration(importance)),
        "completeness": float(_concentration(importance.T).mean()),
        "informativeness": accuracy,
    }


def factor_vae(codes: np.ndarray, factors: np.ndarray, seed: int) -> float:
    """Accuracy of predicting which factor is fixed in a batch from the latent that varies least.

    For a vote, a factor is drawn, one of its values as often as images have it, and VOTE_BATCH
    images of that value with repetition; it goes to the latent whose variance in the batch is the
    smallest share of its variance over all images. Each latent then predicts the factor of most of
    its votes; the accuracy is that of new votes. Latents with a variance below ACTIVE_VARIANCE
    (Burda et al. 2016, arXiv:1509.00519) have no vote; 0 if none has. By chance it is 1 / F.
    Source: Kim & Mnih 2018, arXiv:1802.05983.
    """
    codes, factors = _check(codes, factors)
    active = codes[:, codes.var(0) >= ACTIVE_VARIANCE]
    if not active.shape[1]:
        return 0.0
    rng = np.random.default_rng(seed)
    train, test = (_votes(_standardize(active), factors, rng) for _ in range(2))
    predicted = train.argmax(1)
    return float(test[np.arange(len(test)), predicted].sum() / test.sum())


def mutual_information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Mutual information of each latent, in N_BINS bins of equal width, and each factor.

    Returns
    -------
    (D, F) float, in nats
    """
    low = codes.min(0)
    high = codes.max(0)
    width = np.where(high > low, high - low, 1)
    bins = np.minimum((codes - low) / width * N_BINS, N_BINS - 1).astype(int)
    return np.array([[mutual_info_score(c, f) for f in factors.T] for c in bins.T])


def _mean_gap(table: np.ndarray) -> float:
    """Mean over factors of the largest less the second largest of (D, F); 0 is second of one."""
    first, second = np.sort(np.vstack([table, np.zeros(table.shape[1])]), axis=0)[:-3:-1]
    return float((first - second).mean().clip(0, 1))


def _concentration(importance: np.ndarray) -> np.ndarray:
    """For each row, 1 less its entropy as a share of the largest possible; 0 for a row of 0."""
    entropies = entropy(importance, axis=1) / np.log(max(importance.shape[1], 2))
    return np.where(importance.any(1), 1 - entropies, 0).clip(0, 1)


def _forests(codes: np.ndarray, factors: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Importance (D, F), each column of sum 1 or 0, and mean accuracy on the other half."""
    codes = _standardize(codes)  # the trees compute in float32
    train, test = np.array_split(np.random.default_rng(seed).permutation(len(codes)), 2)
    importance = []
    accuracy = []
    for factor in factors.T:
        forest = RandomForestClassifier(
            N_TREES, max_features=None, min_samples_leaf=MIN_LEAF, random_state=seed
        )
        forest.fit(codes[train], factor[train])
        importance.append(forest.feature_importances_)
        accuracy.append(forest.score(codes[test], factor[test]))
    return np.stack(importance, axis=1), float(np.mean(accuracy))


def _votes(codes: np.ndarray, factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How often each latent of (N, D), scaled to variance 1, varies least in a batch: (D, F)."""
    votes = np.zeros((codes.shape[1], factors.shape[1]), int)
    rows = [[np.flatnonzero(f == value) for value in range(f.max() + 1)] for f in factors.T]
    for _ in range(N_VOTES):
        factor = rng.integers(factors.shape[1])
        image = rng.integers(len(codes))
        batch = rng.choice(rows[factor][factors[image, factor]], VOTE_BATCH)
        votes[codes[batch].var(0).argmin(), factor] += 1
    return votes


def _standardize(values: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1; constant ones become 0, whatever rounding leaves."""
    constant = _is_constant(values)
    return np.where(constant, 0, values - values.mean(0)) / np.where(constant, 1, values.std(0))


def _is_constant(values: np.ndarray) -> np.ndarray:
    """For each column, whether all its values are equal."""
    return values.min(0) == values.max(0)


def _check(codes: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes as float64, and the factors that have more than one value."""
    codes = np.asarray(codes, np.float64)
    factors = np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise ValueError(f"expected (N, D) and (N, F), got {codes.shape} and {factors.shape}")
    if not np.isfinite(codes).all():
        raise ValueError("codes must be finite")
    if factors.dtype.kind not in "iu" or factors.min(initial=0) < 0:
        raise ValueError("factors must be whole numbers from 0 on")
    varied = factors[:, ~_is_constant(factors)]
    if not varied.size:
        raise ValueError("no factor has more than one value")
    return codes, varied
