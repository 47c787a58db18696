"""Parts of the tests with a real Puppet server: classification, the server's place, machines."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from catalogs import value
from oci_stub import Stub

from lab.containers.puppetserver import Puppetserver
from lab.containers.room import Room
from lab.ground.process import Process, run, wait_until
from oci.adapters.files.roles import load
from oci.domain.cluster.fleet import INSTALLED_OVER, Fleet, Member, Network, Site, Vip
from oci.domain.cluster.roles import Role
from oci.render.puppet.enc import text

ADDRESS, FQDN, DOMAIN = "10.77.0.1", "puppet.lab.test", "lab.test"
MODULES = Path(__file__).with_name("modules")  # an operator's own, as they stand in /etc/oci/modules
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample0 olga@example.org"


def cluster_of_all(ca: str, cluster: str = "blue", own: Mapping[str, Role] | None = None) -> Fleet:
    """A cluster with one machine of every role, `own` ones too: the machine of ROLE is ROLE1."""
    roles = {**load(Path("/nonexistent")), **(own or {})}
    mirror = f"http://{ADDRESS}/debian"
    site = Site((ADDRESS,), (("oci", ca),), (KEY,), mirror, "trixie", "main", FQDN, ADDRESS)
    members = tuple(
        Member(i, f"{name}1", f"{name}1.{DOMAIN}", name, 1, ((INSTALLED_OVER, f"10.77.0.{10 + i}"),))
        for i, name in enumerate(roles)
    )
    networks = (Network("one", INSTALLED_OVER, "10.77.0.0/24"),)
    vips = (Vip(f"api.{DOMAIN}", INSTALLED_OVER, "10.77.0.100"),)
    return Fleet(cluster, DOMAIN, members, roles, site, networks=networks, vips=vips)


def classification(role: str, ca: str, cluster: str = "blue", own: Mapping[str, Role] | None = None) -> str:
    """The YAML that OCI answers for the machine ROLE1 of a cluster with one machine of every role, `own` ones too."""
    fleet = cluster_of_all(ca, cluster, own)
    return text(fleet, fleet.with_role(role)[0], value)


@dataclass
class Place:
    """The running Puppet server, the stub of OCI behind it, and the place for machines."""

    server: Puppetserver
    stub: Stub
    netns: str
    directory: Path

    @property
    def ca(self) -> str:
        """The CA's certificate, PEM."""
        return (self.server.ssl_dir / "certs/ca.pem").read_text()

    def curl(self, *words: str) -> tuple[int, str]:
        """Status and body of a request to the Puppet server in its network; `words` end with a path."""
        url = f"https://{FQDN}:8140{words[-1]}"
        done = run(
            [
                "ip",
                "netns",
                "exec",
                self.netns,
                "curl",
                "-sS",
                "--max-time",
                "300",
                "--cacert",
                str(self.server.ssl_dir / "certs/ca.pem"),
                "--resolve",
                f"{FQDN}:8140:{ADDRESS}",
                "-w",
                "\n%{http_code}",
                *words[:-1],
                url,
            ],
            timeout=310,
        )
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def admin(self) -> list[str]:
        """curl's words for the server's own certificate, which may administer the CA."""
        ssl = self.server.ssl_dir
        return ["--cert", str(ssl / f"certs/{FQDN}.pem"), "--key", str(ssl / f"private_keys/{FQDN}.pem")]

    def identity(self, name: str) -> list[str]:
        """curl's words for the certificate of a machine that was asked for by hand."""
        return ["--cert", str(self.directory / f"{name}.pem"), "--key", str(self.directory / f"{name}.key")]


class AgentMachine:
    """A Debian tree with puppet-agent that lives until `close`, in the network of the Puppet server."""

    def __init__(self, place: Place, root: Path, certname: str) -> None:
        self.certname = certname
        self.room = Room(root, place.directory / certname, place.netns)
        conf = f"[main]\nserver = {FQDN}\ncertname = {certname}\nkey_type = ec\n[agent]\nreport = true\n"
        self.room.write("etc/puppet/puppet.conf", conf)
        self.room.write("etc/hosts", f"127.0.0.1 localhost\n{ADDRESS} {FQDN}\n")
        # Whatever the clock of this host says, chrony must leave it alone.
        self.room.write("etc/default/chrony", 'DAEMON_OPTS="-F 0 -x"\n')
        self.process = Process(f"machine-{certname}", self.room.argv(["sleep", "infinity"]), place.directory)
        self.process.start()
        self._first = wait_until("the machine to be furnished", self._sleeper, 20)

    def _sleeper(self) -> int | None:
        pid = self.process.pid
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if pid else []
        if not words or Path(f"/proc/{words[0]}/comm").read_text().strip() != "sleep":
            return None
        return int(words[0])

    def run(self, *words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a program on the machine; at most `timeout` s."""
        enter = ["nsenter", "--target", str(self._first), "--mount", "--net", "--pid", "--root", "--wd"]
        drop = [
            "setpriv",
            "--bounding-set",
            "-sys_time",
            "env",
            "-i",
            "HOME=/root",
            "LANG=C.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        return run([*enter, *drop, *words], timeout=timeout, check=False)

    def agent(self) -> subprocess.CompletedProcess[str]:
        """One run of the agent: 0 nothing to do, 2 changed, 1, 4 or 6 failed."""
        return self.run("puppet", "agent", "--test", "--waitforcert", "0", "--color", "false")

    def challenge(self, word: str) -> None:
        """Give the machine the challenge for its next certificate request."""
        attributes = yaml.safe_dump({"custom_attributes": {"challengePassword": word}})
        write = ["sh", "-c", 'printf "%s" "$1" >/etc/puppet/csr_attributes.yaml', "sh", attributes]
        assert self.run(*write).returncode == 0

    def close(self) -> None:
        """Switch it off."""
        self.process.kill()
        self.process.stop(1)
