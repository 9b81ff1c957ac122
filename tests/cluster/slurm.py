"""A Slurm of its own: munge, the controller and two nodes' daemons, all on this machine."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
NODES = ("n1", "n2")
CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1
SlurmdTimeout=15
MessageTimeout=10
ReturnToService=2
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmctldPort={ports[0]}
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=500
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=500
PartitionName=test Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why Slurm cannot be tried here; "" where it can."""
    path = os.environ["PATH"] + ":/usr/sbin"
    absent = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    if absent:
        return f"needs Debian's slurm-wlm and munge: there is no {', '.join(absent)}"
    return "" if os.geteuid() == 0 else "Slurm's daemons need root"


class Slurm:
    """The daemons; a context manager, at whose end they are stopped."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.processes: dict[str, subprocess.Popen] = {}
        self.env = {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": os.environ["PATH"] + ":/usr/sbin",
        }

    def __enter__(self):
        folder = self.folder
        folder.mkdir(mode=0o755)
        (folder / "state").mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
        places = [f"--{option}={folder}/munge.{end}" for option, end in names.items()]
        self._start("munged", "--foreground", "--force", f"--log-file={folder}/munge.log", *places)
        self._wait_for(lambda: (folder / "munge.socket").exists())
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        ports = [each.getsockname()[1] for each in sockets]
        for each in sockets:
            each.close()
        host = socket.gethostname()
        (folder / "slurm.conf").write_text(CONFIG.format(folder=folder, host=host, ports=ports))
        self._start("slurmctld", "-D")
        for name in NODES:
            (folder / f"spool-{name}").mkdir()
            self._start("slurmd", "-D", "-N", name, name=name)
        self._wait_for(lambda: self.run("sinfo", "-h", "-o", "%D %t").split() == ["2", "idle"])
        return self

    def __exit__(self, *_):
        for name in NODES:
            self.kill_node(name)
        for process in reversed(self.processes.values()):
            process.kill()
            process.wait()

    def run(self, *command: str) -> str:
        """What one of Slurm's commands says."""
        done = subprocess.run(
            command, env={**os.environ, **self.env}, capture_output=True, text=True
        )
        return done.stdout

    def node_of(self, pid: int) -> str:
        """The node on which a process of a job runs."""
        return psutil.Process(pid).environ()["SLURMD_NODENAME"]

    def kill_node(self, name: str) -> None:
        """kill -9 of the daemon of a node, and of all that runs there, as in a power failure."""
        self.processes[name].kill()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                env = process.environ()
                if env.get("SLURM_CONF") == self.env["SLURM_CONF"]:
                    if env.get("SLURMD_NODENAME") == name:
                        process.kill()

    def _start(self, *command: str, name: str = "") -> None:
        log = (self.folder / f"{name or command[0]}.out").open("wb")
        self.processes[name or command[0]] = subprocess.Popen(
            command, env={**os.environ, **self.env}, stdout=log, stderr=log
        )

    def _wait_for(self, is_so) -> None:
        end = time.monotonic() + 30
        while not is_so():
            logs = {path.name: path.read_text()[-500:] for path in self.folder.glob("*.out")}
            assert time.monotonic() < end, logs
            time.sleep(0.1)
