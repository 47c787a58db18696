"""A lab of simulated machines: the real appliance, the real installer on loop disks, nothing emulated.

What is simulated: firmware and kernel (lab/simulated/shell), the Puppet server (lab.simulated.puppet). What is
real: web processes behind nginx with TLS, worker, database, IPMI, agent, installer, grub, first boot.
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from lab.ground.appliance import PUPPET_NAME, Appliance
from lab.ground.checkout import CHECKOUT, module
from lab.ground.process import Process, run, wait_until
from lab.ground.services import listens, nginx
from lab.ground.site import Lab
from lab.simulated.machine import SimulatedMachine, attach
from lab.simulated.puppet import PORT, make_ssl
from lab.simulated.root import build
from oci import config as configuration
from oci import processes
from oci.app import appliance as compose
from oci.context import Actor, Ctx
from oci.render.appliance import nginx as render
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import NetworkIn
from oci.schemas.machines.machines import AssignIn, BmcIn, MachineDetail
from oci.services.clusters import clusters, networks
from oci.services.machines import look, verbs

OPERATOR = Actor("olga", "operator")
# As a site's, but every time shortened; a phase that says nothing for long is a slow one on a busy host.
SETTINGS: dict[str, object] = {
    "dhcp_config": "off",
    "heartbeat_seconds": 1,
    "pulse_seconds": 2,
    "tick_seconds": 1,
    "takeover_seconds": 3,
    "silence_seconds": 12,
    "first_sign_seconds": 20,
    "firstboot_silence_seconds": 15,
    "attempts": 6,
    "install_seconds": 400,
    "configure_seconds": 400,
    "bmc_settle_seconds": 4,
    "root_password_hash": "$6$simulated$" + "x" * 86,
}
# Slow enough that the stream lasts some seconds and can be cut in its middle.
STREAM_RATE = "8m"


class SimulatedAppliance(Appliance):
    """The appliance without what needs real network cards: no DHCP, no TFTP, no door for browsers."""

    def start(self, port: int = 0) -> None:
        """Start web processes, worker, nginx and the Puppet server; wait until they serve."""
        self.processes["puppetserver"] = self._puppetserver().start()
        self.serve(processes.MACHINES, processes.PUPPET)
        blocks = render.machine_blocks(self.site(self.run_dir / "no-mirror.sock"))
        place = r"\.tar\.zst$ {"
        assert place in blocks
        slow = blocks.replace(place, f"{place} limit_rate {STREAM_RATE};")
        self.processes["nginx"] = nginx("machines", self.run_dir, slow, self.net).start()
        for name, at in (("nginx", 443), ("puppetserver", PORT)):
            self.processes[name].ready("its port", partial(listens, self.net, at))

    def _puppetserver(self) -> Process:
        words = ("--address", self.net.address, "--name", PUPPET_NAME, "--ssl", str(self.run_dir / "puppet-ssl"))
        argv = module("lab.simulated.puppet", *words, "--socket", str(self.socket(processes.PUPPET)))
        return Process("puppetserver", self.net.command(argv), self.run_dir, env=self.env, cwd=CHECKOUT)


class Simulation:
    """One appliance and as many machines as are asked for. Use `running`."""

    def __init__(self, name: str, settings: Mapping[str, object] | None = None) -> None:
        """`settings` of the appliance that differ from SETTINGS."""
        self.lab = Lab(name)
        self.settings = {**SETTINGS, **(settings or {})}
        self.password = secrets.token_urlsafe(9)
        self.machines: list[SimulatedMachine] = []
        self.lock = threading.Lock()
        self._idle: queue.LifoQueue[SimulatedMachine] = queue.LifoQueue()
        self._handles: list[int] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[Simulation]:
        """The simulation for the length of a `with` block; nothing is left after it."""
        try:
            yield self.up()
        finally:
            self.down()

    def up(self) -> Simulation:
        """Start the network, the appliance and what it talks to."""
        self.lab.up()
        run_dir = self.lab.run_dir
        build(run_dir / "images")
        # Its own copy: what is edited meanwhile must not change a machine that runs.
        shutil.copytree(CHECKOUT / "discovery", run_dir / "discovery")
        (run_dir / "sim").mkdir()
        (run_dir / "puppet-ssl").mkdir(mode=0o700)
        make_ssl(run_dir / "puppet-ssl", PUPPET_NAME)
        self.appliance = SimulatedAppliance(self.lab.net, run_dir, run_dir / "images", self.settings)
        self.appliance.configure()
        self.made = compose(configuration.load(str(self.appliance.config)), poke=lambda _job: None)
        networks.create_network(
            self.ctx(), NetworkIn(name="prov", cidr="10.77.0.0/21", first="10.77.1.1", last="10.77.2.250")
        )
        clusters.create_cluster(self.ctx(), ClusterIn(name="c1", domain="sim.test", network="prov"))
        self.appliance.start()
        return self

    def down(self) -> None:
        """End everything: processes, mounts, namespaces, loop devices."""
        for machine in self.machines:
            with contextlib.suppress(TimeoutError):
                machine.stop()
        for process in self.lab.processes():
            process.stop(deadline=5)
        for handle in self._handles:
            os.close(handle)
        self._handles.clear()
        self.lab.down()

    # -- the operator

    def ctx(self) -> Ctx:
        """An operator's context, for the use cases that REST, browser and command line call."""
        return self.made.ctx(OPERATOR)

    def show(self, machine: SimulatedMachine) -> MachineDetail:
        """The machine as an operator sees it."""
        return look.show(self.ctx(), machine.mac)

    def order(self, machine: SimulatedMachine, verb: str) -> None:
        """Install or release the machine."""
        if verb == "release":
            verbs.release(self.ctx(), machine.mac, self.show(machine).name)
        else:
            verbs.install(self.ctx(), machine.mac)

    # -- machines

    @contextlib.contextmanager
    def lease(self) -> Iterator[SimulatedMachine]:
        """A machine that is switched off and assigned or installed; one that made trouble is not given out again."""
        try:
            machine = self._idle.get_nowait()
        except queue.Empty:
            machine = self._new()
        self._settle(machine)
        yield machine
        machine.stop()
        machine.disarm()
        self._idle.put(machine)

    def _new(self) -> SimulatedMachine:
        with self.lock:
            number = len(self.machines) + 1
            name, run_dir = f"m{number}", self.lab.run_dir
            (run_dir / "sim" / name).mkdir()
            disk, handle = attach(run_dir / "sim" / name / "disk.img")
            self._handles.append(handle)
            machine = SimulatedMachine(
                name,
                f"52:54:00:79:{number // 256:02x}:{number % 256:02x}",
                f"SIM{number:04}",
                self.lab.net.name,
                str(run_dir),
                f"http://{self.lab.net.address}",
                disk,
            )
            self.machines.append(machine.save())
        address = self._bmc(machine, f"10.78.0.{number}")
        verbs.enrol(self.ctx(), machine.mac, BmcIn(address=address, username="operator", password=self.password))
        return machine

    def _bmc(self, machine: SimulatedMachine, address: str) -> str:
        self.lab.net.bmc_address(address)
        credentials = machine.path / "bmc.json"
        with os.fdopen(os.open(credentials, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(f'{{"operator": "{self.password}"}}')
        words = ("--machine", str(machine.path), "--address", address, "--credentials", str(credentials))
        argv = module("lab.simulated.bmc", *words)
        process = Process(
            f"bmc-{machine.name}", self.lab.net.command(argv), self.lab.run_dir, env=self.appliance.env, cwd=CHECKOUT
        )
        process.start().ready("its port", lambda: process.log.exists() and "listening" in process.log.read_text())
        return address

    def _settle(self, machine: SimulatedMachine) -> None:
        """Promised to the cluster, and no longer believed to wait in the live image."""
        beats = 5 * int(str(SETTINGS["heartbeat_seconds"])) + int(str(SETTINGS["pulse_seconds"]))
        wait_until("the last heartbeat to be old", lambda: time.time() - (self.show(machine).seen or 0) > beats, 30)
        if self.show(machine).state == "discovered":
            verbs.assign(self.ctx(), machine.mac, AssignIn(cluster="c1", role="network"))

    def leftovers(self) -> list[str]:
        """What is still there of the simulation: nothing, after `down`."""
        listed = run(["losetup", "--noheadings", "--list", "--output", "NAME,BACK-FILE"]).stdout
        found = [line for line in listed.splitlines() if str(self.lab.run_dir) in line]
        found += [f"process {pid} of {machine.name}" for machine in self.machines for pid in machine.pids()]
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        found += [line for line in mounts if str(self.lab.run_dir) in line]
        found += [self.lab.net.namespace] if self.lab.net.exists() else []
        return found + ([str(self.lab.run_dir)] if self.lab.run_dir.exists() else [])
