"""Numbers as the stages find them, made up: some of one model, by name."""

import numpy as np


def quality(fid, score):
    """What `quality.measure` finds, of one set of images."""
    found = {"fid": fid, "fid_infinity": fid - 1, "is": score, "is_std": 0.1, "kid": fid / 600}
    found |= {"kid_std": 0.001, "precision": 0.5, "recall": 0.4, "density": 0.9, "coverage": 0.8}
    found |= {"nearest_ratio": 0.98, "duplicates": 0.02}
    found = {
        f"{k.removesuffix('_std')}_classifier{'_std' * k.endswith('_std')}": v
        for k, v in found.items()
    }
    sure = {k: [0.95 * v, 1.05 * v] for k, v in found.items() if "_std" not in k and "inf" not in k}
    return found | {"intervals": sure}


def latent(k):
    """What is measured of a model with an encoder."""
    found = {"rate": 6.1, "distortion": 15.2, "active_units": 3, "mutual_information": 4.5}
    found |= {"marginal_kl": 1.6, "mmd": 0.002, "kl_per_latent": [2.1, 0.001, 1.9, 2.2], "n": 100}
    found |= {"psnr": 21.0, "ssim": 0.91, "psnr_train": 21.3, "ssim_train": 0.92}
    errors = {f"class <b>{i}</b> & more": 0.01 + i / 1000 for i in range(k)}
    return found | {"squared_error_by_class": errors, "arithmetic_accuracy": 0.7}


def losses(random, model, t, seen):
    noise = random.normal(0, 0.1, 8)
    if model == "vae":
        reconstruction, kl = 15 + 8 * np.exp(-5 * t) + noise[0], 6 - 3 * np.exp(-5 * t) + noise[1]
        row = {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
        row = {f"model/{k}": v for k, v in row.items()} | {f"val/{k}": v for k, v in row.items()}
        row |= {f"model/kl_layer_{i}": row["model/kl"] / i for i in (1, 2)}
        row |= {"val/active_units": 3, "val/diversity": 0.8}
        return {"images": seen, **row}
    if model == "wgan":
        row = {"critic/loss": -0.3 + noise[0], "critic/earth_movers_distance": 0.3 + noise[0]}
        row |= {"generator/loss": 0.1 + noise[1], "val/loss": -0.2}
        row |= {"val/earth_movers_distance": 0.2, "val/clip_saturation": 0.3}
        return {"images": seen, **row}
    row = {"discriminator/loss": 1.2 + noise[0], "discriminator/real": 0.6 + noise[1]}
    row |= {"discriminator/fake": 0.4 + noise[2], "generator/loss": 1 + t + noise[3]}
    row |= {"val/loss": 1.3, "val/real": 0.55, "val/fake": 0.4}
    return {"images": seen, **row, "alarm/mode_collapse": 1.0}


def rates(auroc):
    found = {"auroc": auroc, "auroc_low": auroc - 0.02, "auroc_high": auroc + 0.02}
    return found | {"aupr": 0.8, "aupr_normal": 0.7, "fpr95": 0.4}
