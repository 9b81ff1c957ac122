"""dvc.yaml: a stage has what it declares and no more, needs all of it, and gets the right paths."""

import itertools

import pytest
from known import make_params
from stages_alone import (
    CODE,
    ROOT,
    Stage,
    digests,
    expand,
    link,
    load_pipeline,
    run_alone,
    run_command,
)

ORDER = {"data/params.validated", "portable"}
"""Declared so that a stage waits for another, or as genbench reads it when it is imported."""
PIPELINE = load_pipeline()
STAGES = expand(PIPELINE, make_params(ROOT))
KINDS = list(dict.fromkeys(stage.kind for stage in STAGES))


def expected_paths(stage: Stage) -> dict[str, str]:
    """What every option that names a path is, for a stage of one dataset."""
    dataset = stage.item["dataset"]
    model = "-".join(str(value) for axis, value in stage.item.items() if axis != "dataset")
    details = f"metrics/details/{{}}/{dataset}"
    return {
        "--raw": f"data/downloaded/{dataset}",
        "--data": f"data/processed/{dataset}.npz",
        "--classifier": f"data/classifiers/{dataset}",
        "--reference": details.format("reference"),
        "--own": "data/code/evaluate",
        "--code": f"data/code/{stage.item.get('model')}.py",
        "--perceptual": f"data/perceptual/{dataset}/{stage.item.get('model')}.pt",
        "--training": f"data/models/{dataset}/{model}",
        "--samples": f"data/samples/{dataset}/{model}",
        "--latent": details.format("latent"),
        "--evaluate": details.format("evaluate"),
        "--out": stage.outs[0],
    }


WITHOUT_DATASET = {
    "params": {"--out": "data/params.validated", "--code": "data/code"},
    "report": {
        "--data": "data",
        "--details": "metrics/details",
        "--summary": "metrics/summary.json",
        "--out": "reports",
    },
}


def wrong_options(stage: Stage) -> dict[str, str]:
    """Options of a stage that are not what their name says, with the values that they have."""
    right = expected_paths(stage) if stage.item else WITHOUT_DATASET[stage.kind]
    right = right | {f"--{k}": str(v) for k, v in stage.item.items()}
    return {name: value for name, value in stage.options.items() if right.get(name) != value}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_option_of_a_command_names_what_it_says(stage):
    assert not wrong_options(stage)
    assert stage.command[:2] == ["python", f"stages/{script(stage)}.py"]
    inputs = {v for k, v in stage.options.items() if "/" in v and k not in ("--out", "--summary")}
    assert inputs - set(stage.outs) <= set(stage.deps), "a path of the command is not declared"


def script(stage: Stage) -> str:
    """Trials have stages by what differs, and two scripts."""
    kind = stage.kind.removesuffix("_train")
    if kind not in ("replicate", "sweep", "rate_distortion"):
        return stage.kind
    return f"trial{stage.kind.removeprefix(kind)}"


@pytest.mark.parametrize("kind", KINDS)
def test_any_two_swapped_paths_of_a_command_are_noticed(kind):
    stage = next(stage for stage in STAGES if stage.kind == kind)
    paths = {k: v for k, v in stage.options.items() if k.strip("-") not in stage.item}
    for (a, first), (b, second) in itertools.combinations(paths.items(), 2):
        options = stage.options | {a: second, b: first}
        words = [word for pair in options.items() for word in pair]
        swapped = Stage(**{**vars(stage), "command": [*stage.command[:2], *words]})
        assert wrong_options(swapped).keys() == {a, b}


def used_lines(run, kind: str) -> dict[str, set[str]]:
    """What the stages of one kind opened and read under each line of their deps and params."""
    used: dict[str, set[str]] = {}
    entry = PIPELINE["stages"][kind]
    for stage in (stage for stage in run.stages if stage.kind == kind):
        reads = run.reads[stage.name]
        for line, dep in zip(entry["deps"], stage.deps, strict=True):
            under = {p for p in reads.opened if p == dep or p.startswith(f"{dep}/")}
            used[str(line)] = used.get(str(line), set()) | under
        for line, key in zip(entry.get("params", []), stage.params, strict=True):
            under = {p for p in reads.params if key in ("params.yaml", p) or related(p, key)}
            used[str(line)] = used.get(str(line), set()) | under
    return used


def related(key: str, other: str) -> bool:
    """Whether one of two choices is part of the other."""
    return key.startswith(f"{other}.") or other.startswith(f"{key}.")


@pytest.mark.parametrize("kind", KINDS)
def test_any_line_that_is_removed_from_a_stage_is_missed(run, kind):
    used = used_lines(run, kind)
    for line, reads in used.items():
        elsewhere = set().union(*(other for key, other in used.items() if key != line))
        assert reads - elsewhere or line in ORDER, f"{kind} declares {line} and does not need it"


@pytest.mark.parametrize(
    "name, line",
    [
        ("train@spots-res_vae", "train.ema_images"),
        ("train@spots-res_vae", "zoo.res_vae"),
        ("sample@spots-cgan", "data/processed/spots.npz"),
        ("sample@spots-cgan", "data/code/cgan.py"),
        ("perceptual_classifier@spots", "zoo.res_vae.perceptual"),
    ],
)
def test_a_stage_alone_lacks_what_it_does_not_declare(run, tmp_path, name, line):
    (stage,) = (stage for stage in run.stages if stage.name == name)
    lists = {key: [v for v in getattr(stage, key) if v != line] for key in ("deps", "params")}
    lacking = Stage(**{**vars(stage), **lists})
    try:
        run_alone(lacking, run.root, tmp_path / "alone")
    except AssertionError as error:
        assert f"{name} ends with 1" in str(error)
    else:
        assert digests(stage, tmp_path / "alone") != digests(stage, run.root)


def test_downloads_wait_for_the_check_of_params():
    for stage in STAGES:
        assert (stage.kind == "download") == ("data/params.validated" in stage.deps)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stage_writes_what_it_declares_and_nothing_else(run, kind):
    for stage in (stage for stage in run.stages if stage.kind == kind):
        # files are written under temporary names beside their own
        folders = {out.rpartition("/")[0] for out in stage.outs} | {".genbench"}
        extra = {p for p in run.reads[stage.name].written if not p.startswith(tuple(folders))}
        assert {p for p in extra if not p.startswith(("mlflow.db", "mlartifacts"))} == set()


def test_stages_alone_make_the_bytes_of_a_whole_run(run, tmp_path):
    for name, target in {**dict.fromkeys(CODE, ROOT), "params.yaml": run.root}.items():
        link(tmp_path / name, target / name)
    for stage in run.stages:
        run_command(stage, tmp_path, None)
        assert digests(stage, tmp_path) == digests(stage, run.root), stage.name
