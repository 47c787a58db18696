"""Whether what the profiles of this machine set up works, one check for each name in OCI's records of profiles.

A file of /etc/oci/checks.d says `run(NAME, TOLD)`: it ends with 0 when all is well, else its first line of output says why
not, for a person. A check asks and changes nothing, waits for nothing, and has no secret on a command line or in its output.
"""

import configparser
import json
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

SECONDS = 15  # for one answer over the network
PATIENCE = 45  # for a program to end: Erlang alone takes long to begin where everybody else begins too
TLS = ssl.create_default_context()
# Who has a user in Keystone has it in such a file: (file, section), in the order in which they are looked for.
USERS = (
    ("/etc/nova/nova.conf", "keystone_authtoken"),
    ("/etc/nova/nova.conf", "service_user"),
    ("/etc/neutron/neutron.conf", "keystone_authtoken"),
    ("/etc/glance/glance-api.conf", "keystone_authtoken"),
    ("/etc/placement/placement.conf", "keystone_authtoken"),
)


class Sick(Exception):
    """Something does not work; the text says what."""


# -- what checks are made of


def says(*words, fine=True):
    """What a program prints. Raises Sick when it ends badly, where `fine` is wanted, or not in time."""
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise Sick(f"{words[0]} did not answer within {PATIENCE} s") from None
    except OSError as error:
        raise Sick(f"{words[0]} cannot be started: {error.strerror}") from None
    if fine and done.returncode:
        words = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()] or ["no word"]
        raise Sick(f"{done.args[0]} ended with {done.returncode}: {words[-1].strip()}")
    return done.stdout


def active(*units):
    """Raises Sick for the first unit of systemd that does not run."""
    states = says("systemctl", "is-active", *units, fine=False).split()
    for unit, state in zip(units, states, strict=False):
        if state != "active":
            raise Sick(f"the service {unit} is {state}; look at: journalctl -u {unit}")


def asked(url, fine=(200,), headers=None, method="GET", body=None):
    """The text that `url` answers. Raises Sick for another status than `fine`, and when nothing answers."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS, context=TLS) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read()
    except (OSError, ValueError) as error:
        raise Sick(f"{url} does not answer: {getattr(error, 'reason', error) or type(error).__name__}") from None
    if status not in fine:
        raise Sick(f"{url} answers with status {status}, wanted was {' or '.join(map(str, fine))}")
    return text.decode(errors="replace")


def connects(address, port):
    """Raises Sick when nobody listens there."""
    try:
        socket.create_connection((address, port), SECONDS).close()
    except OSError as error:
        raise Sick(f"nobody answers at {address} port {port}: {error.strerror or error}") from None


def listens(address, port):
    """Whether somebody listens there."""
    try:
        connects(address, port)
    except Sick:
        return False
    return True


def user():
    """The first user of Keystone whose configuration this machine has, by option; none when there is none."""
    for path, section in USERS:
        # Comments of such files hold everything; keys may be there twice.
        conf = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        if conf.read(path) and conf.has_option(section, "password"):
            return dict(conf.items(section))
    return {}


def token(identity, options):
    """A token of the user that `options` are of, from Keystone at `identity`, and what it says of it."""
    domain = {"name": options.get("user_domain_name", "Default")}
    body = {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": options["username"], "password": options["password"], "domain": domain}},
            },
            "scope": {"project": {"name": options.get("project_name", "services"), "domain": domain}},
        }
    }
    url = f"{identity}/v3/auth/tokens"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS, context=TLS) as answer:
            return answer.headers["X-Subject-Token"], json.load(answer)["token"]
    except urllib.error.HTTPError as error:
        error.close()
        raise Sick(f"{url} gives {options['username']} no token: status {error.code}") from None
    except (OSError, ValueError) as error:
        raise Sick(f"{url} does not answer: {getattr(error, 'reason', error) or type(error).__name__}") from None


def api(told, url, version=""):
    """What an API answers to a user who is known by a token of the front's Keystone."""
    options = user()
    if not options:
        raise Sick("this machine has no configuration with a user of Keystone to ask as")
    held, _ = token(f"https://{told['api']}/identity", options)
    headers = {"X-Auth-Token": held, "Accept": "application/json"}
    if version:
        headers["OpenStack-API-Version"] = version
    return json.loads(asked(url, headers=headers))


# -- the ground


def mariadb(told):
    active("mariadb")
    names = ("wsrep_local_state_comment", "wsrep_cluster_status", "wsrep_ready", "wsrep_connected")
    lines = says("mariadb", "-BNe", "SHOW GLOBAL STATUS LIKE 'wsrep%'").splitlines()
    found = dict(line.split("\t", 1) for line in lines if "\t" in line)
    for name, wanted in zip(names, ("Synced", "Primary", "ON", "ON"), strict=True):
        if found.get(name) != wanted:
            raise Sick(f"the member of Galera says {name} = {found.get(name, 'nothing')}, wanted is {wanted}")


def rabbitmq(told):
    active("rabbitmq-server")
    found = json.loads(says("rabbitmqctl", "--quiet", "cluster_status", "--formatter", "json"))
    own = f"rabbit@{told['hostname']}"
    if own not in found["running_nodes"]:
        raise Sick(f"{own} is not among the members that run: {', '.join(found['running_nodes'])}")
    # One that does not answer may be away, or is yet to come; one that does and is not known here began a queue of its own.
    known = {*found["running_nodes"], *found.get("disk_nodes", ()), *found.get("ram_nodes", ())}
    for other in told["members"]:
        if f"rabbit@{other}" not in known and listens(other, 5671):
            raise Sick(f"rabbit@{other} runs, and is in another cluster than {own}: each has half of the messages")
    if found.get("partitions"):
        raise Sick(f"the queue's cluster is split: {json.dumps(found['partitions'])}")
    if found.get("alarms"):
        raise Sick(f"the queue takes no message: {json.dumps(found['alarms'])[:200]}")
    connects(told["address"], 5671)


def memcached(told):
    active("memcached")
    try:
        with socket.create_connection((told["address"], 11211), SECONDS) as link:
            link.sendall(b"version\r\n")
            answer = link.recv(100)
    except OSError as error:
        raise Sick(f"memcached does not answer: {error.strerror or error}") from None
    if not answer.startswith(b"VERSION "):
        raise Sick(f"memcached answers {answer[:40]!r}")


def front(told):
    active("haproxy")
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(SECONDS)
        try:
            link.connect("/run/haproxy/admin.sock")
            link.sendall(b"show stat -1 4 -1\n")
            text = b"".join(iter(lambda: link.recv(65536), b"")).decode()
        except OSError as error:
            raise Sick(f"HAProxy's socket does not answer: {error.strerror or error}") from None
    head, *lines = text.lstrip("# ").splitlines()
    for line in filter(None, lines):
        row = dict(zip(head.split(","), line.split(","), strict=False))
        # Others may be away: each of them looks at its own.
        if row["svname"] in (told["fqdn"], told["hostname"]) and not row["status"].startswith(("UP", "no check")):
            why = row.get("last_chk") or "no answer"
            raise Sick(f"HAProxy finds {row['pxname']} of this machine {row['status']}: {why}")
    asked(f"https://{told['api']}/identity/v3")


def vip(told):
    active("keepalived")
    for address in told["addresses"]:
        connects(address, 443)


# -- the control side


def keystone(told):
    active("keystone")
    own = f"https://{told['fqdn']}:5000"
    asked(f"{own}/v3")
    options = user()
    if options:
        token(own, options)
        return
    # Nobody is known here: that a stranger is refused shows that users are looked for.
    try:
        token(own, {"username": "oci-nobody", "password": "none"})
    except Sick as error:
        if not str(error).endswith("status 401"):
            raise


def catalogue(told):
    options = user()
    if not options:
        raise Sick("this machine has no configuration with a user of Keystone to ask as")
    _, said = token(f"https://{told['api']}/identity", options)
    there = {
        (service["type"], endpoint["url"])
        for service in said.get("catalog", ())
        for endpoint in service["endpoints"]
        if endpoint["interface"] == "internal" and endpoint["region"] == told["region"]
    }
    for kind, path in told["types"].items():
        if (kind, f"https://{told['api']}{path}") not in there:
            raise Sick(f"Keystone's catalogue does not say that {kind} is at https://{told['api']}{path}")


def glance(told):
    active("glance-api")
    api(told, f"https://{told['fqdn']}:9293/v2/images?limit=1")


def placement(told):
    active("placement-api")
    api(told, f"https://{told['fqdn']}:8778/resource_classes", "placement 1.2")


def nova(told):
    active("nova-api", "nova-api-metadata", "nova-conductor", "nova-scheduler", "nova-novncproxy")
    own = f"https://{told['fqdn']}"
    asked(f"{own}:8775/")
    asked(f"{own}:6080/vnc_lite.html")
    found = api(told, f"{own}:8774/v2.1/os-services?host={told['hostname']}")["services"]
    states = {service["binary"]: service["state"] for service in found}
    for name in ("nova-conductor", "nova-scheduler"):
        if states.get(name) != "up":
            raise Sick(f"{name} of this machine is {states.get(name, 'unknown')} to Nova, though its service runs")


def ovn_central(told):
    active("ovn-northd", "ovn-ovsdb-server-nb", "ovn-ovsdb-server-sb")
    for which, name in (("nb", "OVN_Northbound"), ("sb", "OVN_Southbound")):
        text = says("ovn-appctl", "--timeout=10", "-t", f"/run/ovn/ovn{which}_db.ctl", "cluster/status", name)
        said = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        if said.get("Status") != "cluster member":
            raise Sick(f"{name} here is {said.get('Status', 'nothing')}, not a member of its cluster")
        if said.get("Leader", "unknown") == "unknown":
            raise Sick(f"{name} has no leader")
    status = says("ovn-appctl", "--timeout=10", "-t", "ovn-northd", "status")
    if status.split()[-1:] not in (["active"], ["standby"]):
        raise Sick(f"ovn-northd says: {status.strip()}")


def neutron(told):
    active("neutron-api", "neutron-periodic-workers", "neutron-ovn-maintenance-worker")
    own = f"https://{told['fqdn']}:9696/v2.0"
    api(told, f"{own}/networks?limit=1&fields=id")
    api(told, f"{own}/agents?host={told['hostname']}")


def horizon(told):
    active("apache2")
    url = f"https://{told['fqdn']}:8443/horizon/auth/login/"
    # It sends a visitor by HTTP to HTTPS.
    if "csrfmiddlewaretoken" not in asked(url, headers={"X-Forwarded-Proto": "https"}):
        raise Sick(f"{url} has no form to sign in by")


# -- where servers run


def nova_compute(told):
    active("libvirtd.socket", "libvirtd-tls.socket", "nova-compute")
    says("virsh", "--quiet", "--readonly", "--connect", "qemu:///system", "list", "--name")
    compute = f"https://{told['api']}/compute/v2.1"
    found = api(told, f"{compute}/os-services?host={told['hostname']}&binary=nova-compute")["services"]
    if not found or found[0]["state"] != "up":
        raise Sick(f"nova-compute of this machine is {found[0]['state'] if found else 'unknown'} to Nova")
    why = found[0].get("disabled_reason") or ""
    if found[0]["status"] != "enabled" and why.startswith("AUTO"):
        raise Sick(f"nova-compute has taken itself out of service: {why}")
    pattern = f"{compute}/os-hypervisors?hypervisor_hostname_pattern={told['hostname']}"
    listed = api(told, f"{pattern}&with_servers=false", "compute 2.53")["hypervisors"]
    if not any(one["hypervisor_hostname"].split(".")[0] == told["hostname"] for one in listed):
        raise Sick("Nova has not put this machine into a cell yet; its scheduler looks for new ones again and again")


def ovn_chassis(told):
    active("ovs-vswitchd", "ovsdb-server", "ovn-controller")
    status = says("ovn-appctl", "--timeout=10", "-t", "ovn-controller", "connection-status").strip()
    if status != "connected":
        raise Sick(f"ovn-controller is {status}: it does not reach OVN's southern database")
    for bridge in ("br-int", "br-ex"):
        kind = says("ovs-vsctl", "--timeout=10", "get", "bridge", bridge, "datapath_type").strip().strip('"')
        if (kind or "system") != told["datapath_type"]:
            raise Sick(f"the bridge {bridge} forwards by {kind}, wanted is {told['datapath_type']}")


def ovn_metadata(told):
    active("neutron-ovn-metadata-agent")
    # A question that nobody signed: refused by Nova itself, and by nobody before it.
    asked(f"https://{told['api']}/latest/meta-data/", (400, 403), {"X-Instance-ID": "0", "X-Tenant-ID": "0"})


CHECKS = {
    "mariadb.synced": mariadb,
    "rabbitmq.members": rabbitmq,
    "memcached.answers": memcached,
    "front.answers": front,
    "vip.held": vip,
    "keystone.token": keystone,
    "keystone.catalogue": catalogue,
    "glance.answers": glance,
    "placement.answers": placement,
    "nova.services": nova,
    "ovn.leader": ovn_central,
    "neutron.agents": neutron,
    "horizon.signin": horizon,
    "nova.compute": nova_compute,
    "ovn.chassis": ovn_chassis,
    "ovn.metadata": ovn_metadata,
}


def run(name, told):
    """Ends with 0 when all is well, else with 1, and says why not."""
    try:
        CHECKS[name](told)
    except Sick as error:
        print(error)
        sys.exit(1)
    except Exception as error:
        print(f"the check itself failed, which is an error of OCI: {type(error).__name__}: {error}")
        sys.exit(1)
    sys.exit(0)
