"""The programs of the lab: DHCP, TFTP, web server, and the door to the operators' listener.

Each function returns a lab.process.Process that is not started yet.
"""

from __future__ import annotations

import socket as sockets
from collections.abc import Sequence
from pathlib import Path

from lab.ground.checkout import environment, module
from lab.ground.process import LabError, Process, run
from lab.ground.wires.net import Net
from lab.ground.wires.switch import BRIDGE
from oci import processes

_NGINX = """# Made by the lab.
daemon off;
pid {dir}/nginx.pid;
error_log stderr warn;
worker_processes 1;
user root;
events {{ worker_connections 512; }}
http {{
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  log_format lab '$msec $remote_addr "$request" $status $body_bytes_sent $request_time "$http_user_agent"';
  access_log {dir}/access.log lab;
  sendfile on;
  tcp_nopush on;
  server_tokens off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
{servers}
}}
"""


def dnsmasq(net: Net, run_dir: Path, place: Path) -> Process:
    """The DHCP server with the configuration file in the directory `place`, in the lab's namespace.

    It is started again when it ends, so that it takes up a new configuration when it is told to end.
    """
    argv = module("lab.ground.cached.keep", *processes.argv(processes.DNSMASQ, str(place)))
    return Process(processes.DNSMASQ.name, net.command(argv), run_dir, env=environment())


def timeserver(net: Net, run_dir: Path) -> Process:
    """The time server of the lab's machines."""
    argv = module("lab.ground.timeserver", "--address", net.address)
    return Process("timeserver", net.command(argv), run_dir, env=environment())


def tftpd(net: Net, run_dir: Path, root: Path) -> Process:
    """The TFTP server for the loaders below `root`: reads only, below that root only."""
    user = "tftp" if _has_user("tftp") else "nobody"
    argv = ["in.tftpd", "--foreground", "--ipv4", "--secure", "--user", user, "--address", f"{net.address}:69", str(root)]
    return Process("tftpd", net.command(argv), run_dir)


def _has_user(name: str) -> bool:
    return not run(["getent", "passwd", name], check=False).returncode


def nginx(name: str, run_dir: Path, servers: str, net: Net | None = None) -> Process:
    """An nginx with the given `server` blocks; inside the lab's namespace when `net` is given.

    Its configuration and access log lie in run_dir/nginx-NAME. Raises LabError when nginx refuses it.
    """
    directory = run_dir / f"nginx-{name}"
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "nginx.conf"
    config.write_text(_NGINX.format(dir=directory, servers=servers))
    argv = ["nginx", "-c", str(config), "-p", str(directory), "-e", "stderr"]
    inside = net.command(argv) if net else argv
    run([*inside, "-t"])
    return Process(f"nginx-{name}", inside, run_dir)


def expose(run_dir: Path, socket: Path, port: int, name: str = "door") -> Process:
    """Offer a UNIX socket (of a server inside the lab) at 127.0.0.1:`port` of the host, for a browser."""
    listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,backlog=64"
    return Process(name, ["socat", listen, f"UNIX-CONNECT:{socket}"], run_dir)


def offer(run_dir: Path, namespace: str, socket: Path, address: str) -> Process:
    """Offer a UNIX socket (of a server outside the lab) at port 80 of an `address` in a network namespace."""
    listen = f"TCP-LISTEN:80,bind={address},reuseaddr,fork,backlog=64"
    argv = ["ip", "netns", "exec", namespace, "socat", listen, f"UNIX-CONNECT:{socket}"]
    return Process("offer", argv, run_dir)


def free_port(wanted: int = 0) -> int:
    """A TCP port of 127.0.0.1 that is free now: `wanted` when it is, else any."""
    for port in (wanted, 0):
        with sockets.socket() as probe:
            probe.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise LabError("no TCP port of 127.0.0.1 is free; stop something that listens")


def socket_serves(path: Path) -> bool:
    """Whether somebody accepts connections on a UNIX socket."""
    with sockets.socket(sockets.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def listens(net: Net | None, port: int, kind: str = "tcp") -> bool:
    """Whether something listens on a `port`, in the lab's namespace or, without `net`, on the host."""
    return listens_in(net.namespace if net else "", port, kind)


def listens_in(namespace: str, port: int, kind: str = "tcp") -> bool:
    """Whether something listens on a `port` in a network namespace, or without one on the host."""
    argv = ["ss", "-Hln", "-t" if kind == "tcp" else "-u", f"sport = :{port}"]
    return bool(run(["ip", "netns", "exec", namespace, *argv] if namespace else argv).stdout.strip())


def capture(net: Net, run_dir: Path, name: str = "capture", words: Sequence[str] = ("udp", "or", "arp")) -> Process:
    """tcpdump on the provisioning bridge, to find out what a firmware really asks."""
    argv = ["tcpdump", "-l", "-n", "-tt", "-v", "-i", BRIDGE, *words]
    return Process(name, net.command(argv), run_dir)
