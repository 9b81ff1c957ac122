"""Models of the user's own: what is found, refused in a line, and tied to its code."""

import shutil
import sys
from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.models.base import plugins, registry
from genbench.networks import checkpoint
from genbench.utils.errors import InputError
from genbench.utils.files import save_json

ROOT = Path(__file__).parents[2]
SHIPPED = params.load(ROOT / "params.yaml")
PLAIN = """
import torch
from torch import nn

from genbench.models.base.interface import GenerativeModel


class Model(GenerativeModel):
    def __init__(self, image_shape, classes, *, latent_dim, width, lr=0.1):
        super().__init__()
        self.latent_dim, self.lr, self.shape = latent_dim, lr, image_shape
        self.layer = nn.Linear(latent_dim, torch.Size(image_shape).numel())

    def loss(self, player, x, y):
        z = torch.randn(len(x), self.latent_dim)
        return {"loss": (self.decode(z, y) - x).square().mean()}

    def decode(self, z, y):
        return self.layer(z).tanh().view(-1, *self.shape)

    def features(self, x, y):
        return x.flatten(1)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty repository; what is imported in it is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    for name in ("plugins", "packages", "data"):
        (tmp_path / name).mkdir()
    before = dict(sys.modules)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(("genbench.models.", "wheel"))]:
        del sys.modules[name]
    sys.modules.update(before)


def choices(**zoo):
    """params.yaml with models of one's own, `mine` among them."""
    zoo = {"mine": {"class_path": "plugins/mine.py:Model"}} | zoo
    return SHIPPED.model_copy(update={"models": ["mine"], "zoo": SHIPPED.zoo | zoo})


def check(code=PLAIN, **zoo):
    """What the stage `params` does with such a file."""
    Path("plugins/mine.py").write_text(code)
    shutil.rmtree(plugins.COPIES, ignore_errors=True)
    registry.copy_code(choices(**zoo), plugins.COPIES)
    registry.check(choices(**zoo), plugins.COPIES)


def build():
    return build_by(choices())


def build_by(choices, name="mine"):
    torch.manual_seed(0)
    source = {"class_path": choices.class_path(name)}
    return registry.build(name, (1, 8, 8), 10, **source, **choices.build_args(name))


def save(model):
    """As a training saves it."""
    args = choices().build_args("mine")
    args |= {"name": "mine", "image_shape": (1, 8, 8), "classes": 10}
    folder = Path("data/models")
    checkpoint.save(folder / "weights.pt", model, **args)
    save_json(folder / plugins.RECORD, plugins.facts("mine", "plugins/mine.py:Model"))
    return folder / "weights.pt"


def test_a_file_is_a_model_with_the_defaults_of_its_keywords():
    check()
    assert build().lr == 0.1 and build().latent_dim == 16
    assert {path.stem for path in plugins.COPIES.glob("*")} >= {"mine", "vae"}


@pytest.mark.parametrize(
    "old, new, line",
    [
        ("class Model", "class Model)", r"line 8: SyntaxError: "),
        (
            "import torch\n",
            "import torhc\n",
            r"line 2: ModuleNotFoundError: No module named 'torhc'",
        ),
        ("class Model", "class Other", r"there is no class Model that is a .*\.GenerativeModel$"),
        ("(GenerativeModel)", "(nn.Module)", r"there is no class Model that is a"),
        ("def features", "def feature", r"Model lacks features$"),
        (
            "classes, *, ",
            "",
            r"Model must take \(image_shape, classes, \*, latent_dim, width, ...\)",
        ),
        (
            ", width",
            "",
            r"Model must take .*, got \(image_shape, classes, \*, latent_dim, lr=0.1\)",
        ),
        ("self.latent_dim, ", "self.latent, ", r"AttributeError: .*latent_dim"),
        ("nn.Linear(latent_dim", "nn.Linear(7.5", r"line 12: TypeError: "),
        ("square().mean()", "log().mean()", r"the loss of model is not finite$"),
        ("square().mean()", "square()", r"the loss of model must have the shape \(\), got \(4, 1"),
        ('{"loss"', '{"los"', r"KeyError: 'loss'"),
        (
            "*self.shape)",
            "8, 8, 1)",
            r"what decode returns must have the shape \(4, 1, 8, 8\), got \(4, 8",
        ),
        (".tanh()", ".exp()", r"what decode returns must lie in \[-1, 1\]$"),
        ("x.flatten(1)", "x[0, 0, :3]", r"what features returns must have the shape \(4, 8\), got"),
    ],
)
def test_a_broken_file_is_one_line_before_anything_is_trained(old, new, line):
    assert old in PLAIN
    with pytest.raises(
        InputError, match=rf"^zoo.mine.class_path: plugins/mine.py: {line}"
    ) as error:
        check(PLAIN.replace(old, new, 1))
    assert "\n" not in str(error.value)


def test_a_bound_without_a_kind_of_likelihood_is_refused():
    bound = "    def scores(self, x, y):\n        return {'negative_elbo': x.flatten(1).sum(1)}\n"
    with pytest.raises(InputError, match="negative_elbo must declare its likelihood_kind$"):
        check(PLAIN + bound)
    check(PLAIN + bound + "    likelihood_kind = 'density'\n")


@pytest.mark.parametrize(
    "class_path, line",
    [
        (3, r"must be plugins/<file>.py:<name> or <package>.<module>:<name>, got 3"),
        ("plugins/mine.py", "must be plugins/<file>.py:<name> or"),
        ("plugins/mine.py:a b", "must be plugins/<file>.py:<name> or"),
        ("plugins/other.py:Model", "plugins/other.py: there is no such file"),
        ("plugins/../secret.py:Model", r"plugins/../secret.py: must lie in plugins/"),
        ("/tmp/mine.py:Model", r"/tmp/mine.py: must lie in plugins/, on which stages depend"),
        ("nowhere.models:Model", "nowhere.models: .*No module named 'nowhere'"),
        ("nowhere:Model", "nowhere: there is no such module"),
    ],
)
def test_a_class_path_that_leads_nowhere_says_so(class_path, line):
    with pytest.raises(InputError, match=rf"^zoo.mine.class_path: {line}"):
        check(mine={"class_path": class_path})


def test_a_model_may_have_a_keyword_called_samples():
    code = PLAIN.replace("lr=0.1", "lr=0.1, samples=3")
    check(code, mine={"class_path": "plugins/mine.py:Model", "samples": 5})


def test_a_name_that_is_none_of_pythons_is_refused():
    zoo = {"my-model": {"class_path": "plugins/mine.py:Model"}}
    with pytest.raises(InputError, match=r"^params.yaml: zoo.my-model: must be a name of letters"):
        check(**zoo)


def test_images_made_elsewhere_need_a_name_that_no_model_has():
    zoo = {"gan": {"samples": {"digits": "plugins"}}}
    with pytest.raises(InputError, match="zoo.gan.samples: gan is a model of genbench; give"):
        check(**zoo)


def test_keywords_are_checked_as_those_of_our_models_are():
    bounded = PLAIN.replace("lr=0.1", "lr: Rate").replace(
        "from torch import nn", "from torch import nn\nfrom genbench.utils.choices import Rate"
    )
    for keys, line in (({}, " is missing"), ({"lr": -1}, ": input should be greater than 0")):
        with pytest.raises(InputError, match=f"^zoo.mine.lr{line}"):
            check(bounded, mine={"class_path": "plugins/mine.py:Model"} | keys)


def test_a_class_of_an_installed_package_is_a_model_until_it_changes():
    module = Path("packages/wheel/nets.py")
    module.parent.mkdir()
    module.write_text(PLAIN.replace("class Model", "class Net"))
    zoo = {"mine": {"class_path": "wheel.nets:Net"}}
    check(**zoo)
    assert type(build_by(choices(**zoo))).__module__ == "wheel.nets"
    module.write_text(module.read_text() + "# a release later\n")
    with pytest.raises(InputError, match="it has changed; run `dvc repro --force params`"):
        build_by(choices(**zoo))


def test_weights_are_loaded_with_the_code_that_they_were_trained_with_and_no_other():
    check()
    model = build()
    weights = save(model)
    z, y = torch.randn(3, 16), torch.zeros(3, dtype=torch.long)
    assert torch.equal(registry.load_model(weights).decode(z, y), model.eval().decode(z, y))
    check(PLAIN + "# another\n")
    with pytest.raises(
        InputError, match=r"^plugins/mine.py:Model is not the code that the weights of mine"
    ):
        registry.load_model(weights)


@pytest.mark.parametrize("name", ["vae", "gan"])
def test_a_model_of_ours_that_was_moved_has_the_same_weights(name):
    shutil.copy(ROOT / "src" / "genbench" / "models" / f"{name}.py", "plugins/moved.py")
    own = SHIPPED.zoo[name] | {"class_path": "plugins/moved.py:Model"}
    check(**{name: own})
    pair = [build_by(each, name) for each in (SHIPPED, choices(**{name: own}))]
    first, second = (model.state_dict() for model in pair)
    assert type(pair[0]) is not type(pair[1])
    assert all(torch.equal(first[key], second[key]) for key in first | second)


def test_the_shipped_example_is_a_model():
    code = (ROOT / "plugins" / "lsgan.py").read_text()
    check(code, mine={"class_path": "plugins/mine.py:Model", "lr": 0.0002})
