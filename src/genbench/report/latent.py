"""The report's chapter on latent spaces: what was measured there, walks, reconstructions."""

import math

from ..params import Params
from . import charts
from .findings.quality import listed
from .gallery import Gallery, row
from .html import Column, Html, join, number, rate, sentences, table, tag
from .results import DatasetResults, Result

FULL = 0.9
"""Above this share of log n, mutual information is too large for n images to show."""
COLUMNS = [
    Column(
        "path_length",
        "path length",
        "lower",
        "Squared speed at which the classifier's features change on the way between random latents,"
        " mean; 1 if all paths were straight, even and as long as two real images are apart. Lower"
        " is smoother, but a model that makes one image only has 0.",
    ),
    Column("path_length_median", "median", "lower", "The same, of the middle path."),
    Column("psnr", "PSNR", "higher", "Of reconstructions of test images, in dB."),
    rate("ssim", "SSIM", "Structural similarity of the same, 1 where equal."),
    Column(
        "rate",
        "rate",
        "",
        "KL of the posterior to the prior in nats per test image: what the code costs.",
    ),
    Column(
        "distortion",
        "distortion",
        "",
        "Negative log-likelihood of test images given their codes, in nats. Rate + distortion is"
        " the negative ELBO.",
    ),
    Column("importance_weighted", "IWAE", "lower", "Importance-weighted bound of -log p(x), nats."),
    Column(
        "active_units", "active", "", "Latents whose mean varies by more than 0.01 over images."
    ),
    Column(
        "mutual_information",
        "information",
        "higher",
        "Mutual information of image and code in nats, at most the logarithm of the number of"
        " images looked at.",
    ),
    Column(
        "marginal_kl",
        "marginal KL",
        "lower",
        "The rest of the rate: how far all codes together are from the prior, in nats; too high"
        " where the information is at its limit.",
    ),
    Column(
        "mmd",
        "MMD",
        "lower",
        "Squared maximum mean discrepancy of drawn codes and the prior; about 0 for equal ones.",
    ),
    rate(
        "arithmetic_accuracy",
        "arithmetic",
        "Share of test images that the classifier sees as another class once the means of the two"
        " classes were subtracted from and added to their codes; conditional models are also told"
        " the class.",
    ),
]
FACTORS = [
    rate("mig", "MIG", "Gap between the two latents that know most of a factor, mean."),
    rate("sap", "SAP", "The same for linear prediction."),
    rate("dci_disentanglement", "DCI disentanglement", "Does each latent serve one factor?"),
    rate("dci_completeness", "DCI completeness", "Is each factor in one latent?"),
    rate("dci_informativeness", "DCI informativeness", "Can the factors be told from codes?"),
    rate("factor_vae", "FactorVAE", "Does the stillest latent tell which factor was kept?"),
]
PICTURES = {
    "classes": "A row per class, the same latent down each column.",
    "reconstructions": "Odd rows: test images. Even rows: their reconstructions.",
    "reconstructions_train": "The same of training images.",
    "interpolation_lerp": "lerp: each row follows the straight line between {ends}.",
    "interpolation_slerp": "slerp: the same ends on the arc, which keeps the latents' length.",
    "traversals": (
        "Each row moves {start} along {axes} from \N{MINUS SIGN}3 to 3 standard deviations of the"
        " prior."
    ),
    "neighbourhood": (
        "Around {start}, the first column: random steps of 0.5, 1, 2 and 3 standard deviations of"
        " the prior, a row each."
    ),
    "arithmetic": (
        "First column: test images. Then their codes, the mean of a class added and that of their"
        " own subtracted{told}: a column per class."
    ),
}
BARS = (
    (
        "kl_per_latent",
        ("nats", "latents, sorted"),
        "KL of each latent to its prior, mean over test images.",
    ),
    (
        "direction_shares",
        ("share of all change", "directions, sorted"),
        "How much images change along each direction of the latents.",
    ),
)


def latent_chapter(study: DatasetResults, p: Params, gallery: Gallery) -> Html:
    """Numbers of all models, then each model's pictures: what it has of these."""
    ranked = study.ranked()
    rows = [{"name": r.model, **r.latent} for r in ranked]
    parts = [sentences(latent_findings(study)), table(COLUMNS, rows, first="model")]
    factors = [{"name": r.model, **r.latent["factors"]} for r in ranked if "factors" in r.latent]
    if factors:
        parts += [tag("h4", "Disentanglement of the known factors")]
        parts += [table(FACTORS, factors, first="model")]
    for r in ranked:
        said = _words(r)
        shown = [
            gallery.copy(path, f"{r.model}/{name}.png", caption.format(**said))
            for name, caption in PICTURES.items()
            if (path := r.pictures / f"{name}.png").exists()
        ]
        parts += [tag("h4", r.model), row([*shown, *_bars(r, gallery)])]
    return join(*parts)


def _words(r: Result) -> dict[str, str]:
    """What the captions say of this kind of model."""
    if not r.codes:
        axes = "one of the directions in which its images change most"
        return {"ends": "two random latents", "start": "a random latent", "axes": axes}
    by = "with the largest KL" if "kl_per_latent" in r.latent else "whose codes vary most"
    return {
        "ends": "the codes of two test images, which stand at the ends",
        "start": "a test image's code",
        "axes": f"one latent, those {by} first,",
        "told": " and the new class told" if "label_accuracy" in r.evaluate else "",
    }


def _bars(r: Result, gallery: Gallery) -> list[Html]:
    """What each latent, or each direction, is worth."""
    for key, words, said in BARS:
        if key in r.latent:
            values = sorted(r.latent[key], reverse=True)
            name = f"{r.model}/{key}.svg"
            return [gallery.chart(charts.bars, name, values, *words, caption=said)]
    return []


def latent_findings(study: DatasetResults) -> list[str]:
    """What the numbers say."""
    out, coded = [], [r for r in study.ranked() if r.codes]
    if len(study.results) > 1:
        smooth, *_, rough = sorted(study.results, key=lambda r: r.latent["path_length"])
        ends = (f"{r.model} ({number(r.latent['path_length'])})" for r in (smooth, rough))
        out.append(
            "Paths between random latents: {} has the smoothest, {} the roughest.".format(*ends)
        )
    if len(coded) > 1:
        best = max(coded, key=lambda r: r.latent["psnr"])
        out.append(f"{best.model} reconstructs best ({number(best.latent['psnr'])} dB).")
    for r in coded:
        errors = r.latent["squared_error_by_class"]
        hard, easy = (f(errors, key=errors.__getitem__) for f in (max, min))
        out.append(
            f"{r.model}: {r.latent['active_units']} latents say something about the image;"
            f" {hard} is hardest to reconstruct (squared error {number(errors[hard])} per pixel),"
            f" {easy} easiest ({number(errors[easy])})."
        )
    at_most = {r.model: math.log(r.latent["n"]) for r in coded}
    full = [r for r in coded if r.latent.get("mutual_information", 0) > FULL * at_most[r.model]]
    if full:
        n = full[0].latent["n"]
        out.append(
            f"The mutual information of {listed([r.model for r in full])} is near the logarithm of"
            f" {n:,}, {number(math.log(n))} nats, the most that so many images can show: their"
            " codes tell nearly every image apart."
        )
    return out
