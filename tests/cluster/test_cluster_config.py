"""`cluster.yaml`: what it must not say, and how that is said, in one line each."""

import re
import subprocess
import sys

import pytest

from genbench.cluster import config
from genbench.utils.errors import InputError

pytest.importorskip("parsl", reason="needs Parsl, which `make setup` installs")

GOOD = "cpu:\n  provider: slurm\n  nodes: 4\n  options:\n    partition: short\n"
MISTAKES = {
    "": "the file: input should be a valid dictionary or instance of Cluster, got None",
    "cpu: [": "line 1, column 7: not valid YAML: ",
    "gpu:\n  provider: local\n": "cpu is missing",
    "cpu: {}\n": "cpu.provider is missing",
    "cpu:\n  provider: slrum\n": "cpu.provider: input should be 'local', 'slurm', 'pbs', ",
    GOOD + "  nodse: 3\n": "cpu.nodse is not a known key",
    GOOD.replace("4", "0"): "cpu.nodes: input should be greater than or equal to 1, got 0",
    GOOD.replace("4", "'4'"): "cpu.nodes: input should be a valid integer, got '4'",
    GOOD.replace("partition", "queue"): "cpu.options: unknown queue; known: account, clusters, ",
    GOOD + "    max_blocks: 3\n": "cpu.options: unknown max_blocks; known: ",
    GOOD + "    walltime: 90\n": 'cpu.options: argument "walltime" (int) is not an instance of str',
    GOOD + "  gpus_per_node: 2\n  stages_per_node: 3\n": (
        "cpu: stages_per_node is 3, more than gpus_per_node, 2: a stage gets a GPU of its own"
    ),
    GOOD + "exchange: ftp\n": "exchange: input should be 'folder' or 'remote', got 'ftp'",
    GOOD + "exchange: remote\n": "scratch must be given for `exchange: remote`, and only for it",
    GOOD + "scratch: /tmp\n": "scratch must be given for `exchange: remote`, and only for it",
    GOOD + "exchange: remote\nscratch: here\n": "scratch must start at /, ~ or $, got 'here'",
    "cpu:\n  provider: kubernetes\n  options:\n    image: x\n": "kubernetes",
    "cpu:\n  provider: kubernetes\n": "cpu.options: ",
}


@pytest.mark.parametrize("text", MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_one_line_with_the_file_the_key_and_what_is_allowed(tmp_path, text):
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(MISTAKES[text])) as error:
        config.load(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_what_is_not_said_of_a_slurm_job_is_not_a_whole_node(tmp_path):
    path = tmp_path / "cluster.yaml"
    path.write_text(GOOD)
    machines = config.load(path).cpu
    provider = config.make_provider(machines, "", "source env")
    assert provider.max_blocks == 4 and provider.partition == "short"
    assert provider.worker_init.strip() == "source env" and not provider.exclusive


def test_examples_of_the_documentation_are_valid(tmp_path):
    text = (config.Path(__file__).parents[2] / "docs" / "cluster.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(examples) >= 3
    for example in examples:
        path = tmp_path / "cluster.yaml"
        path.write_text(example)
        try:
            config.load(path)
        except InputError as error:
            assert "Kubernetes" in str(error) or "kubernetes" in str(error)


@pytest.mark.parametrize(
    "name, line",
    [
        ("absent.yaml", "error: absent.yaml: there is no such file; docs/cluster.md has examples"),
        ("a b/x.yaml", "error: Parsl cannot use a folder with a space in its name: rename "),
    ],
)
def test_the_command_says_it_and_touches_nothing(tmp_path, name, line):
    folder = tmp_path / name.rpartition("/")[0]
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "genbench.cluster", "repro", "--config", name.rpartition("/")[2]],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stdout == "" and not list(folder.iterdir())
    assert done.stderr.startswith(line) and done.stderr.count("\n") == 1
