"""The glossary: every term that the page's tables use, in one place, to which they link."""

from collections.abc import Iterable
from typing import NamedTuple

from ..results import curve_metrics, detail_metrics, latent_metrics, metrics
from ..results.metric import Metric

CHAPTERS: dict[str, Iterable[Metric]] = {
    "Generated images": (*metrics.QUALITY, *metrics.SAMPLES, metrics.BOUND, *metrics.DETECTION),
    "Latent spaces": (*latent_metrics.LATENT, *latent_metrics.FACTORS, *latent_metrics.EMBEDDING),
    "Detection": (
        *detail_metrics.DETECTION,
        detail_metrics.PIXEL_AUROC,
        *detail_metrics.DECISIONS,
        *detail_metrics.SHIFT,
    ),
    "Several trainings": (*detail_metrics.SEEDS, *detail_metrics.PAIRS),
    "Training": (
        *curve_metrics.PARTS,
        detail_metrics.PARAMETERS,
        detail_metrics.FLOPS,
        detail_metrics.WARNINGS,
    ),
}


PRECISION = "Kynkäänniemi et al. 2019, arXiv:1904.06991"
DENSITY = "Naeem et al. 2020, arXiv:2002.09797"
PATHS = "Karras et al. 2019, arXiv:1812.04948"
VAE = "Kingma & Welling 2014, arXiv:1312.6114"
SURGERY = "Hoffman & Johnson 2016, ELBO surgery"
RATE = "Alemi et al. 2018, arXiv:1711.00464"
DCI = "Eastwood & Williams 2018, A framework for the quantitative evaluation of disentanglement"
GAN = "Goodfellow et al. 2014, arXiv:1406.2661"
SOURCES: dict[str, str | None] = {
    "fid": "Heusel et al. 2017, arXiv:1706.08500",
    "fid_infinity": "Chong & Forsyth 2020, arXiv:1911.07023",
    "is": "Salimans et al. 2016, arXiv:1606.03498",
    "kid": "Bińkowski et al. 2018, arXiv:1801.01401",
    "precision": PRECISION,
    "recall": PRECISION,
    "density": DENSITY,
    "coverage": DENSITY,
    "copying_z": "Meehan et al. 2020, arXiv:2004.05675",
    "duplicates": "birthday paradox: Arora et al. 2018, arXiv:1706.08224",
    "negative_elbo": VAE,
    "pixel_auroc": "Bergmann et al. 2019, MVTec AD, CVPR; Obuchowski 1997, Biometrics 53:567",
    "path_length": PATHS,
    "path_length_median": PATHS,
    "ssim": "Wang et al. 2004, IEEE TIP 13:600",
    "rate": RATE,
    "distortion": RATE,
    "importance_weighted": "Burda et al. 2016, arXiv:1509.00519",
    "active_units": "Burda et al. 2016, arXiv:1509.00519",
    "mutual_information": SURGERY,
    "marginal_kl": SURGERY,
    "mmd": "Gretton et al. 2012, JMLR 13:723; Tolstikhin et al. 2018, arXiv:1711.01558",
    "trustworthiness": "Venna & Kaski 2001",
    "silhouette": "Rousseeuw 1987, J. Comput. Appl. Math. 20:53",
    "mig": "Chen et al. 2018, arXiv:1802.04942",
    "sap": "Kumar et al. 2018, arXiv:1711.00848",
    "dci_disentanglement": DCI,
    "dci_completeness": DCI,
    "dci_informativeness": DCI,
    "factor_vae": "Kim & Mnih 2018, arXiv:1802.05983",
    "difference": "Welch 1947, Biometrika 34:28",
    "chance": "Newcombe 2006, Statistics in Medicine 25:559",
    "Detection/precision": None,  # the word of decisions, not of manifolds
    "Detection/recall": None,
    "auroc": "interval: DeLong et al. 1988, Biometrics 44:837",
    "kl": VAE,
    "reconstruction": VAE,
    "jensen_shannon": GAN,
    "earth_movers_distance": "Arjovsky et al. 2017, arXiv:1701.07875",
    "penalty": "Gulrajani et al. 2017, arXiv:1704.00028",
    "perceptual": "Hou et al. 2017, arXiv:1610.00291",
}
"""Who defined it, by the key of the metric."""


class Term(NamedTuple):
    """An entry; `id` is that of its place in the page."""

    id: str
    metric: Metric
    source: str | None


class Glossary:
    """The terms that were asked for so far."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        self.terms: dict[str, list[Term]] = {}
        self.ids: dict[str, str] = {}
        for chapter, members in CHAPTERS.items():
            for metric in members:
                if metric.note and metric.note not in self.ids:
                    name = f"glossary-{chapter.lower().replace(' ', '-')}-{metric.key}"
                    self.ids[metric.note] = name
                    source = SOURCES.get(f"{chapter}/{metric.key}", SOURCES.get(metric.key))
                    self.terms.setdefault(chapter, []).append(Term(name, metric, source))

    def link(self, metric: Metric) -> str | None:
        """Where a metric is explained; None if it needs no explanation."""
        name = self.ids.get(metric.note or "")
        if name is None:
            return None
        self.used.add(name)
        return f"#{name}"

    def chapters(self) -> dict[str, list[Term]]:
        """The terms that were asked for, by chapter."""
        used = {
            chapter: [term for term in terms if term.id in self.used]
            for chapter, terms in self.terms.items()
        }
        return {chapter: terms for chapter, terms in used.items() if terms}
