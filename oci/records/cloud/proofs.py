"""What each step of a check does in the cloud. Nothing here touches the database.

An act may be done twice, and by another worker than the one who began: what it makes is found again by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oci.domain.cloud import guest, proof
from oci.domain.cloud.proof import FAILED, LEFT, OK, Result
from oci.domain.quantities import counted
from oci.ports import Cloud, CloudRefused, Guests, OutsideError, Thing
from oci.render.clients.guest import COMMAND_LINE, DISK_BYTES, ramdisk, user_data

INSIDE = "inside"
"""Of what is kept of a check: nobody outside of the cloud is to be asked."""
SUBNET = "192.0.2.0/24"
"""TEST-NET-1 (RFC 5737): no network of a site, so that a router leads to none by mistake."""
GATEWAY = "192.0.2.1"
MEMORY_MIB, OWN_MIB = 256, 512
"""Of a guest of ours, and of an image of the site's own."""
GONE_FIRST = ("floating", "server", "router", "port", "subnet", "network", "group", "flavor", "image")
"""What hangs on others goes before them."""
_OURS = re.compile(rf"{re.escape(proof.MARK)}[0-9]+(-.*)?")
SILENT = "the guest is this site's own image (setting check_image), which tells nothing of itself"


class Busy(Exception):
    """Not over yet; the text says what is waited for."""


class LeftOut(Exception):
    """It cannot be checked here; the text says why."""


@dataclass
class Scene:
    """A check at work: its cloud, its name, the ids of what it made, and how far its steps have come.

    `made` is by kind, or by kind and compute with a blank between.
    """

    cloud: Cloud
    guests: Guests
    number: int
    made: dict[str, str]
    results: list[Result] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The beginning of the name of everything that it makes."""
        return f"{proof.MARK}{self.number}"

    def make(self, kind: str, wanted: Mapping[str, Any], compute: str = "", part: str = "") -> Thing:
        """Make one thing; `part` tells it from others of its kind. Raises Busy while it is in the making, OutsideError."""
        name = "-".join(filter(None, (self.name, compute, part)))
        thing = self.cloud.make(kind, name, wanted)
        self.made[" ".join(filter(None, (kind, compute, part)))] = thing.id
        if thing.state == "broken":
            raise CloudRefused(f"{kind} {name} is broken", str(thing.facts.get("fault", "")) or "no reason is told", "")
        if thing.state == "making":
            raise Busy(f"{kind} {name} is in the making")
        return thing

    @property
    def why_inside(self) -> str:
        """Why nobody outside of the cloud is asked to reach a guest."""
        return "it was ordered so" if self.made.get(INSIDE) else "the cloud has no network that leads out"

    def wave(self, compute: str) -> list[str]:
        """The other computes whose guests run at the same time."""
        computes = list(dict.fromkeys(result.compute for result in self.results if result.compute))
        return [other for wave in proof.waves(computes) if compute in wave for other in wave if other != compute]

    def told(self, compute: str) -> guest.Told:
        """What the guest on `compute` said so far. Raises LeftOut for one that says nothing, OutsideError."""
        if self.made.get("silent"):
            raise LeftOut(SILENT)
        return guest.read(self.cloud.log(self.made[f"server {compute}"]))


def token(scene: Scene, _compute: str) -> str:
    """Sign in."""
    scene.cloud.endpoints()
    return ""


def catalogue(scene: Scene, _compute: str) -> str:
    """Ask every endpoint for an answer, whatever it says."""
    urls = scene.cloud.endpoints()
    if missing := [kind for kind in proof.SERVICE_TYPES if kind not in urls]:
        raise Busy(f"the catalogue names no endpoint for {', '.join(missing)}")
    for url in urls.values():
        scene.cloud.answers(url)
    return f"{counted(len(urls), 'endpoint')}: {', '.join(sorted(urls))}"


def _ours(scene: Scene, kind: str) -> list[Thing]:
    return [thing for thing in scene.cloud.find(kind, proof.MARK) if _OURS.fullmatch(thing.name)]


def tidy(scene: Scene, _compute: str) -> str:
    """Remove all that a check made, this one or an earlier one: there is one at a time in a cloud."""
    seen: list[str] = []
    for kind in GONE_FIRST:
        things = _ours(scene, kind)
        for thing in things:
            seen.append(f"{kind} {thing.name}")
            scene.cloud.drop(kind, thing.id)
        if things and kind == "server":
            break  # its port and its image are in use until it is gone
    if seen:
        raise Busy(f"still there: {', '.join(seen[:5])}{' and others' if len(seen) > 5 else ''}")
    return ""


def image(scene: Scene, _compute: str) -> str:
    """Upload what the guest boots from."""
    parts = scene.guests.parts()
    if parts.disk:
        scene.made["silent"] = "yes"
        scene.make("image", {"format": parts.format, "path": parts.disk})
        return f"{parts.disk} ({parts.format})"
    kernel = scene.make("image", {"format": "aki", "data": parts.kernel}, part="kernel")
    initrd = scene.make("image", {"format": "ari", "data": ramdisk(parts.initrd, parts.init)}, part="initrd")
    properties = {"kernel_id": kernel.id, "ramdisk_id": initrd.id, "os_command_line": COMMAND_LINE}
    scene.make("image", {"format": "raw", "data": bytes(DISK_BYTES), "properties": properties})
    return "the appliance's live kernel, with a program of its own"


def flavor(scene: Scene, _compute: str) -> str:
    """Make a small one."""
    parts = scene.guests.parts()
    memory = OWN_MIB if parts.disk else MEMORY_MIB
    scene.make("flavor", {"ram": memory, "vcpus": 1, "disk": parts.disk_gib})
    return f"{memory} MiB, 1 processor, {parts.disk_gib} GiB"


def network(scene: Scene, _compute: str) -> str:
    """A network of the project, which OVN carries between computes."""
    made = scene.make("network", {})
    scene.make("subnet", {"network": made.id, "cidr": SUBNET})
    return SUBNET


def group(scene: Scene, _compute: str) -> str:
    """Let echo requests in; nothing else is asked of a guest."""
    scene.make("group", {"protocols": ("icmp",)})
    return "echo requests may come in"


def router(scene: Scene, _compute: str) -> str:
    """A gateway for the subnet, which leads out where the cloud has a network that does."""
    outside = "" if scene.made.get(INSIDE) else scene.cloud.outside()
    scene.made["outside"] = outside
    scene.make("router", {"subnet": scene.made["subnet"], "outside": outside})
    return "it leads out" if outside else scene.why_inside


def service(scene: Scene, compute: str) -> str:
    """See that Nova may place a server there."""
    known = scene.cloud.services()
    if compute not in known:
        raise Busy(f"Nova knows no compute service on {compute}")
    if known[compute]:
        raise Busy(known[compute])
    return ""


def port(scene: Scene, compute: str) -> str:
    """A place in the network, with an address."""
    wanted = {"network": scene.made["network"], "group": scene.made["group"]}
    addresses = scene.make("port", wanted, compute).facts.get("addresses") or []
    if not addresses:
        raise CloudRefused(f"the port of {compute} has no address", "Neutron gave it none", "")
    scene.made[f"address {compute}"] = str(addresses[0])
    return str(addresses[0])


def server(scene: Scene, compute: str) -> str:
    """Boot a guest on that very compute, through the scheduler."""
    peers = [scene.made[f"address {other}"] for other in scene.wave(compute) if f"address {other}" in scene.made]
    wanted = {
        "image": scene.made["image"],
        "flavor": scene.made["flavor"],
        "port": scene.made[f"port {compute}"],
        "host": compute,
        "user_data": user_data(peers),
    }
    host = str(scene.make("server", wanted, compute).facts.get("host", ""))
    if host and host.split(".")[0] != compute:
        raise CloudRefused(f"the server runs on {host}", f"it was asked for on {compute}", "")
    return ""


def console(scene: Scene, compute: str) -> str:
    """The page that shows its screen."""
    url = scene.cloud.console(scene.made[f"server {compute}"])
    scene.cloud.answers(url)
    return url


def lease(scene: Scene, compute: str) -> str:
    """Compare what its console says with the address of its port."""
    told, wanted = scene.told(compute), scene.made[f"address {compute}"]
    if told.lease and told.lease != wanted:
        raise CloudRefused(f"the guest has the address {told.lease}", f"its port has {wanted}", "")
    if not told.lease:
        raise Busy(told.cannot or ("it has booted, and has no lease yet" if told.up else "its console says nothing yet"))
    return told.lease


def metadata(scene: Scene, compute: str) -> str:
    """Compare what it was told by metadata with its server."""
    told, wanted = scene.told(compute), scene.made[f"server {compute}"]
    if told.instance and told.instance != wanted:
        raise CloudRefused(f"metadata says that it is {told.instance}", f"its server is {wanted}", "")
    if not told.instance:
        raise Busy(told.cannot or "no metadata came yet")
    return ""


def gateway(scene: Scene, compute: str) -> str:
    """What it says of its gateway, a port of OVN's router."""
    told = scene.told(compute)
    if GATEWAY not in told.reached:
        raise Busy(told.cannot or f"it has no answer from {GATEWAY} yet")
    return GATEWAY


def ping(scene: Scene, compute: str) -> str:
    """Have it asked: by this appliance at an address outside where there is one, else by the guests on other computes."""
    words = scene.why_inside
    if scene.made.get("outside"):
        wanted = {"outside": scene.made["outside"], "port": scene.made[f"port {compute}"]}
        address = str(scene.make("floating", wanted, compute).facts["address"])
        try:
            if scene.cloud.ping(address):
                return f"{address}, from this appliance"
        except OutsideError as no_way:
            words = str(no_way)
        else:
            raise Busy(f"{address} does not answer this appliance; is there a way from here to the cloud's outside?")
    return _asked_by_others(scene, compute, words)


def _asked_by_others(scene: Scene, compute: str, words: str) -> str:
    states = {result.key: result for result in scene.results}
    # Who got no metadata does not know whom to ask.
    able = [other for other in scene.wave(compute) if not (told := states["metadata", other]).ended or told.state == OK]
    if not able:
        raise LeftOut(f"nobody could ask it: {words}, and no other guest runs")
    for other in able:
        if states["metadata", other].state == OK and scene.made[f"address {compute}"] in scene.told(other).reached:
            return f"{scene.made[f'address {compute}']}, from the guest on {other}"
    raise Busy(f"no other guest has an answer from {scene.made[f'address {compute}']} yet")


def away(scene: Scene, compute: str) -> str:
    """Delete the server, then its place in the network."""
    for kind in ("floating", "server", "port"):
        id = scene.made.get(f"{kind} {compute}", "")
        if id and scene.cloud.look(kind, id) is not None:
            scene.cloud.drop(kind, id)
            if kind == "server":
                raise Busy("the server is being deleted")
    return ""


def removed(scene: Scene, _compute: str) -> str:
    """As `tidy`."""
    return tidy(scene, "")


ACTS: Mapping[str, Callable[[Scene, str], str]] = {
    "token": token,
    "catalogue": catalogue,
    "tidy": tidy,
    "image": image,
    "flavor": flavor,
    "network": network,
    "group": group,
    "router": router,
    "service": service,
    "port": port,
    "server": server,
    "console": console,
    "lease": lease,
    "metadata": metadata,
    "gateway": gateway,
    "ping": ping,
    "away": away,
    "removed": removed,
}


def act(scene: Scene, result: Result, clock: Callable[[], float]) -> Result:
    """Do or look at one step; how far it has come. Never raises for what happens in the cloud."""
    begun = proof.begun(result, clock())
    try:
        why = ACTS[result.step](scene, result.compute)
    except Busy as busy:
        return proof.still(begun, str(busy), clock())
    except LeftOut as left:
        return proof.ended(begun, LEFT, str(left), clock())
    except CloudRefused as refused:
        return proof.ended(begun, FAILED, _words(refused), clock())
    except OutsideError as trouble:
        return proof.still(begun, _words(trouble), clock())
    return proof.ended(begun, OK, why, clock())


def _words(trouble: OutsideError) -> str:
    return ". ".join(filter(None, (f"{trouble.what}: {trouble.why}", trouble.instead)))


def one_round(scene: Scene, clock: Callable[[], float], keep: Callable[[Sequence[Result]], None]) -> bool:
    """Do or look at every step whose turn it is, and `keep` each as it comes; whether one of them ended."""
    moved = False
    for key in [result.key for result in proof.due(scene.results)]:
        number = next(i for i, result in enumerate(scene.results) if result.key == key)
        scene.results[number] = done = act(scene, scene.results[number], clock)
        moved = moved or done.ended
        scene.results = proof.settle(scene.results)
        keep(scene.results)
    return moved
