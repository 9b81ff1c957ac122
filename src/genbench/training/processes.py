"""The processes of one training, which torchrun has started; by default there is one."""

import contextlib
import os
import shlex
import sys

import torch
from torch import Tensor
from torch import distributed as dist

from ..utils.errors import InputError


def launch() -> None:
    """Start this program again by the command GENBENCH_LAUNCHER: torchrun with its options."""
    if command := shlex.split(os.environ.pop("GENBENCH_LAUNCHER", "")):
        try:
            os.execvp(command[0], [*command, *sys.argv])
        except FileNotFoundError:
            raise InputError(f"GENBENCH_LAUNCHER: there is no program {command[0]}") from None


def join(device: torch.device, batch_size: int) -> torch.device:
    """Meet the other processes, if torchrun started this one; the device for this one of them."""
    if not dist.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        return device
    gpu = device.type == "cuda"
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    if not gpu and device.type != "cpu":
        raise InputError(f"device: several processes train on cuda or cpu, got {device.type}")
    if gpu and here > torch.cuda.device_count():
        raise InputError(
            f"torchrun: {here} processes on a machine with {torch.cuda.device_count()} GPUs; start"
            " at most one per GPU (--nproc-per-node), or set device: cpu"
        )
    if int(os.environ["WORLD_SIZE"]) > batch_size:
        raise InputError(
            f"train.batch_size: {batch_size} images are too few for {os.environ['WORLD_SIZE']}"
            " processes; start at most one per image"
        )
    if gpu:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if gpu else "gloo")
    return device


def count() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that writes and shows what they all have computed."""
    return count() == 1 or dist.get_rank() == 0


def value_of_first(value):
    """The `value` of the first process, in all."""
    box = [value]
    if count() > 1:
        dist.broadcast_object_list(box)
    return box[0]


@contextlib.contextmanager
def only_first_prints():
    """What the other processes print in the block is not shown."""
    with contextlib.ExitStack() as stack:
        if not is_first():
            nowhere = stack.enter_context(open(os.devnull, "w"))
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield


def add_up(tensor: Tensor) -> Tensor:
    """Its sum over all processes, in its place: all that they ever send each other."""
    try:
        dist.all_reduce(tensor)
    except RuntimeError as error:
        if not is_first():
            sys.exit(1)  # the first process says it
        message = "a process of this training has ended; it says why, or torchrun does"
        raise ConnectionError(message) from error
    return tensor


def own_part(whole: Tensor) -> Tensor:
    """The rows of a batch (N, ...) that are for this process: N over their number, up or down."""
    return whole.tensor_split(count())[dist.get_rank()]
