"""Of a training the best weights are kept: which, and what is said of them."""

import numpy as np
import pytest
import torch
from test_training_run import averages
from toy_game import Game, batches, run, spec, train

from genbench.evaluation.fid import fid
from genbench.models.base import sampling
from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier, extract_features
from genbench.training import selection
from genbench.utils import seeds

pytestmark = pytest.mark.usefixtures("workspace")
SCORES = [9, 8, 7, 6, 5, 4, 3, 9, 3, 5, 4, 9, 9, 9, 9, 9, 9, 9, 9, 9]
"""Of the 20 iterations on validation images; the lowest first after the seventh."""
BEST = {"train": {"select": "best"}}


@pytest.fixture
def judged(monkeypatch):
    """How often the judge was asked with images of either part, of 7 gray levels each."""
    asked = {"val": 0, "test": 0}

    def make_judge(trainer, classifier, train_y, seed):
        def judge(x):
            part = "test" if x[0, 0, 0, 0] >= 200 else "val"
            asked[part] += 1
            if part == "test":
                return trainer.model.net.running_mean.item()
            return 4.5 if trainer.iterations == asked["val"] - 1 else SCORES[trainer.iterations - 1]

        return judge

    monkeypatch.setattr(run, "make_judge", make_judge)
    return asked


def test_the_averaged_weights_of_the_lowest_score_are_kept_and_the_first_of_equals(judged):
    trained = train(**BEST)
    averaged = averages(trained, half_life=5)
    assert trained.model.copy_net()["weight"].item() == pytest.approx(averaged[7]["weight"])
    found = trained.selection
    assert (found.images, found.val_fid, found.last_val_fid) == (7 * 8, 3, 4.5)
    assert found.test_fid == pytest.approx(averaged[7]["running_mean"], rel=1e-4)
    assert found.last_test_fid == pytest.approx(averaged[20]["running_mean"], rel=1e-4)
    assert judged == {"val": 21, "test": 2}
    assert trained.summary().selection == found


def test_training_goes_on_as_if_nothing_were_judged_and_without_the_choice_nothing_is(judged):
    last, best = train(), train(**BEST)
    assert last.history == best.history and batches(last) == batches(best)
    assert last.selection is None and last.summary().selection is None
    assert judged == {"val": 21, "test": 2}


def test_a_training_that_stops_after_its_best_goes_on_and_keeps_it(judged):
    whole = train(**BEST)
    judged.update(val=0, test=0)
    choices = {"train": BEST["train"] | {"checkpoint_every": 1e-9}}

    def stop(row):
        if row["images"] == 80:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(stop, **choices)
    judged["val"] = 9  # the tenth iteration was not yet saved
    rest = train(**choices)
    assert len(batches(rest)) == 2 * 11
    assert rest.selection == whole.selection
    assert rest.model.copy_net() == whole.model.copy_net()


def test_the_judge_is_the_frechet_distance_of_the_same_samples_and_draws_nothing(monkeypatch):
    monkeypatch.setattr(selection, "N_IMAGES", 60)
    torch.manual_seed(0)
    args = {"image_shape": (1, 8, 8), "classes": 3, "width": 4, "network": "cnn", "lr": 0.1}
    network = Classifier(**args).eval()
    checkpoint.save(run.Path("perceptual.pt"), network, **args)
    trainer, _, _ = run._prepare(spec())
    before = torch.random.get_rng_state()
    train_y = np.array([0, 1, 1, 2])
    judge = selection.make_judge(trainer, run.Path("perceptual.pt"), train_y, seed=5)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert isinstance(trainer.model, Game)
    x = np.random.default_rng(0).integers(0, 256, (80, 1, 8, 8)).astype(np.uint8)
    latents = seeds.sample_latents(60, trainer.latent_dim, 5)
    fake = sampling.decode(trainer.model, latents, sampling.proportional_labels(60, train_y))
    pair = (extract_features(network, each)[0] for each in (x[:60], fake))
    assert judge(x) == pytest.approx(fid(*pair), rel=1e-4)
