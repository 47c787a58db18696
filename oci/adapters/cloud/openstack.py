"""A cloud, by OpenStack's own library (openstacksdk over keystoneauth1), which is imported when a cloud is asked: that takes
seconds, and neither pages nor `ocicli` need it.

No named cloud is used: clouds.yaml and OS_* of whoever runs this would take the place of what is said here without a word.
The front is reached at its address, so that no DNS is needed; its certificate is compared with its name all the same.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from oci.adapters.cloud import echo
from oci.domain.cloud.access import Access
from oci.ports import CloudRefused, OutsideError, Thing

CALL_SECONDS = 60
# At their lowest level they write whole answers into the log, among them keys to consoles.
for _name in ("keystoneauth", "openstack", "urllib3", "stevedore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class _AtAddress(HTTPAdapter):
    """Reaches the host `name` at `address`, and compares its certificate with `name`."""

    def __init__(self, name: str, address: str) -> None:
        self._name, self._address = name, address
        super().__init__()

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["host"] != self._name:
            return host, pool
        return {**host, "host": self._address}, {**pool, "server_hostname": self._name, "assert_hostname": self._name}

    def add_headers(self, request: Any, **_more: Any) -> None:
        request.headers["Host"] = urlsplit(str(request.url)).netloc.rpartition("@")[2]


@dataclass(frozen=True)
class _Kind:
    """How things of one kind are called by the library: its proxy, its noun, its plural, and where it keeps a name."""

    proxy: str
    noun: str
    plural: str
    everywhere: str = ""  # the query that lists those of all projects
    name: str = "name"
    exactly: str = ""  # the query that lists those of one name


KINDS = {
    "image": _Kind("image", "image", "images", exactly="name"),
    "flavor": _Kind("compute", "flavor", "flavors"),
    "network": _Kind("network", "network", "networks", exactly="name"),
    "subnet": _Kind("network", "subnet", "subnets", exactly="name"),
    "group": _Kind("network", "security_group", "security_groups", exactly="name"),
    "router": _Kind("network", "router", "routers", exactly="name"),
    "port": _Kind("network", "port", "ports", exactly="name"),
    "floating": _Kind("network", "ip", "ips", name="description", exactly="description"),
    "server": _Kind("compute", "server", "servers", everywhere="all_projects"),
}
_NOBODY_BEHIND = (502, 503, 504)
"""What a proxy answers for a service that does not (RFC 9110, sections 15.6.3 to 15.6.5)."""
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What the library raises for an answer that is JSON, and not what it expects."""
_STATES = {"ACTIVE": "ready", "ERROR": "broken", "KILLED": "broken"}


def _state(kind: str, found: Any) -> str:
    """The one of a server or an image; everything else is ready when it is there."""
    return _STATES.get(str(found.status).upper(), "making") if kind in ("server", "image") else "ready"


def _facts(kind: str, found: Any) -> dict[str, Any]:
    if kind == "port":
        return {"addresses": [one["ip_address"] for one in found.fixed_ips or ()]}
    if kind == "floating":
        return {"address": found.floating_ip_address}
    if kind == "server":
        fault = (found.to_dict().get("fault") or {}).get("message", "")
        return {"host": found.compute_host or "", "fault": fault}
    return {}


class OpenStackClouds:
    """The way to clouds."""

    def open(self, access: Access) -> OpenStackCloud:
        """The cloud behind `access`. Nobody is asked yet."""
        return OpenStackCloud(access)


class OpenStackCloud:
    """One cloud. What it says never holds the password."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy, no ~/.netrc and no bundle of whoever runs this
        self._http.mount("https://", _AtAddress(access.name, access.address))
        # The library below takes a CA as a file and in no other way.
        number, self._ca = tempfile.mkstemp(prefix="oci-ca-", suffix=".pem")
        weakref.finalize(self, Path(self._ca).unlink, missing_ok=True)
        with os.fdopen(number, "w") as file:
            file.write(access.ca)
        self._connection: Any = None

    @contextlib.contextmanager
    def _asking(self, what: str) -> Iterator[Any]:
        """The library's connection. What it raises becomes OutsideError, or CloudRefused for what is refused for good."""
        from keystoneauth1.exceptions import ClientException
        from openstack.exceptions import SDKException

        try:
            if self._connection is None:
                self._connection = self._connect()
            yield self._connection
        except (SDKException, ClientException, requests.RequestException, OSError) as error:
            status = getattr(error, "status_code", None) or getattr(error, "http_status", None) or 0
            # What is refused by who asks or how may be said again in vain; what is in use, too much or not there yet not.
            final = status in (400, 401, 403, 413)
            kind = CloudRefused if final else OutsideError
            raise kind(what, self._words(error), "") from None
        except _UNREADABLE as error:
            why = f"its answer is not one of OpenStack's ({type(error).__name__}: {self._words(error)})"
            raise OutsideError(what, why, "") from None

    def _words(self, error: BaseException) -> str:
        text = " ".join(str(error).split()).replace(self._access.password, "***")
        return text[:300] or type(error).__name__

    def _connect(self) -> Any:
        from keystoneauth1 import session
        from keystoneauth1.identity import v3
        from openstack.connection import Connection

        access = self._access
        signing = v3.Password(
            auth_url=f"{access.auth_url}/v3",
            username=access.username,
            password=access.password,
            project_name=access.project,
            user_domain_id=access.domain,
            project_domain_id=access.domain,
        )
        asked = session.Session(auth=signing, session=self._http, verify=self._ca, timeout=CALL_SECONDS)
        connect: Any = Connection
        return connect(session=asked, region_name=access.region, app_name="oci")

    def endpoints(self) -> Mapping[str, str]:
        with self._asking("signing in failed") as connection:
            found = connection.session.auth.get_access(connection.session).service_catalog
            urls = found.get_endpoints_data(interface="public", region_name=self._access.region)
            return {kind: str(ends[0].url) for kind, ends in sorted(urls.items()) if ends}

    def answers(self, url: str) -> None:
        if urlsplit(url).scheme != "https":
            raise CloudRefused(f"{url} is no address over TLS", "whoever listens on the way reads along", "")
        try:
            answer = self._http.get(url, verify=self._ca, timeout=CALL_SECONDS, allow_redirects=False, stream=True)
            answer.close()
        except requests.exceptions.SSLError as error:
            raise CloudRefused(f"{url} shows a certificate that is not the cluster's", self._words(error), "") from None
        except (requests.RequestException, OSError) as error:
            raise OutsideError(f"{url} does not answer", self._words(error), "") from None
        if answer.status_code in _NOBODY_BEHIND:
            raise OutsideError(f"{url} does not answer", f"its front says {answer.status_code} {answer.reason}", "")

    def services(self) -> Mapping[str, str]:
        with self._asking("Nova did not tell its services") as connection:
            found = list(connection.compute.services(binary="nova-compute"))
        return {_short(one.host): _why_not(one) for one in found}

    def outside(self) -> str:
        with self._asking("Neutron did not tell its networks") as connection:
            found = sorted(connection.network.networks(is_router_external=True), key=lambda one: str(one.name))
        return str(found[0].id) if found else ""

    def _every(self, connection: Any, kind: str, **query: Any) -> Iterator[Any]:
        known = KINDS[kind]
        more = {known.everywhere: True} if known.everywhere else {}
        yield from getattr(getattr(connection, known.proxy), known.plural)(**more, **query)

    def _thing(self, kind: str, found: Any) -> Thing:
        return Thing(str(found.id), str(getattr(found, KINDS[kind].name) or ""), _state(kind, found), _facts(kind, found))

    def find(self, kind: str, beginning: str) -> list[Thing]:
        with self._asking(f"the list of each {kind} did not come") as connection:
            things = [self._thing(kind, found) for found in self._every(connection, kind)]
        return [thing for thing in things if thing.name.startswith(beginning)]

    def look(self, kind: str, id: str) -> Thing | None:
        from openstack.exceptions import NotFoundException

        known = KINDS[kind]
        with self._asking(f"the {kind} was not told") as connection:
            try:
                found = getattr(getattr(connection, known.proxy), f"get_{known.noun}")(id)
            except NotFoundException:
                return None
            return None if str(getattr(found, "status", "")).lower() == "deleted" else self._thing(kind, found)

    def _named(self, kind: str, name: str) -> Thing | None:
        """The first that is called so; a large cloud need not list all that it has."""
        query = {KINDS[kind].exactly: name} if KINDS[kind].exactly else {}
        with self._asking(f"the list of each {kind} did not come") as connection:
            things = [self._thing(kind, found) for found in self._every(connection, kind, **query)]
        return next((thing for thing in things if thing.name == name), None)

    def make(self, kind: str, name: str, wanted: Mapping[str, Any]) -> Thing:
        known = self._named(kind, name)
        if known is None:
            with self._asking(f"the {kind} {name} was not made") as connection:
                known = self._thing(kind, _MAKERS[kind](connection, name, wanted))
        elif kind == "image" and known.state == "making":
            self.drop(kind, known.id)  # whoever uploaded it was killed: nothing more comes
            raise OutsideError(f"the image {name} was uploaded in part", "it is removed and uploaded again", "")
        if kind in _FINISHERS:
            with self._asking(f"the {kind} {name} was not finished") as connection:
                _FINISHERS[kind](connection, known.id, wanted)
        return (self.look(kind, known.id) or known) if kind == "server" else known

    def drop(self, kind: str, id: str) -> None:
        known = KINDS[kind]
        with self._asking(f"the {kind} was not removed") as connection:
            if kind == "router":
                for port in connection.network.ports(device_id=id):
                    if str(port.device_owner or "").startswith("network:router_interface"):
                        connection.network.remove_interface_from_router(id, port_id=port.id)
            getattr(getattr(connection, known.proxy), f"delete_{known.noun}")(id, ignore_missing=True)

    def log(self, server: str) -> str:
        with self._asking("its console log cannot be read") as connection:
            found = connection.compute.get_server_console_output(server)
        return str((found or {}).get("output") or "")

    def console(self, server: str) -> str:
        with self._asking("it has no console") as connection:
            found = connection.compute.create_console(server, console_type="novnc", console_protocol="vnc")
        return str(found["url"]).partition("?")[0]

    def ping(self, address: str) -> bool:
        return echo.answers(address)


def _short(host: object) -> str:
    return str(host).split(".")[0]


def _why_not(service: Any) -> str:
    if str(service.state).lower() != "up":
        return f"the compute service of {service.host} is down"
    if str(service.status).lower() != "enabled":
        return f"the compute service of {service.host} is disabled: {service.disabled_reason or 'no reason is told'}"
    return ""


def _image(connection: Any, name: str, wanted: Mapping[str, Any]) -> Any:
    data = {"filename": wanted["path"]} if "path" in wanted else {"data": wanted["data"]}
    layout = wanted["format"] if wanted["format"] in ("aki", "ari") else "bare"
    found = connection.image.create_image(
        name,
        disk_format=wanted["format"],
        container_format=layout,
        allow_duplicates=True,
        meta=dict(wanted.get("properties", {})),
        **data,
    )
    return connection.image.get_image(found.id)


def _server(connection: Any, name: str, wanted: Mapping[str, Any]) -> Any:
    services = connection.compute.services(binary="nova-compute")
    return connection.compute.create_server(
        name=name,
        image_id=wanted["image"],
        flavor_id=wanted["flavor"],
        networks=[{"port": wanted["port"]}],
        # Nova's own name of the host, which may be the long one. Asked for so, with the microversion that the library
        # takes for it (2.74), the scheduler and Placement have their say.
        host=next((one.host for one in services if _short(one.host) == wanted["host"]), wanted["host"]),
        user_data=wanted["user_data"],
        config_drive=False,
    )


_MAKERS: Mapping[str, Callable[[Any, str, Mapping[str, Any]], Any]] = {
    "image": _image,
    "flavor": lambda c, name, w: c.compute.create_flavor(name=name, ram=w["ram"], vcpus=w["vcpus"], disk=w["disk"]),
    "network": lambda c, name, _w: c.network.create_network(name=name),
    "subnet": lambda c, name, w: c.network.create_subnet(
        name=name, network_id=w["network"], cidr=w["cidr"], ip_version=4, enable_dhcp=True
    ),
    "group": lambda c, name, _w: c.network.create_security_group(name=name, description="a check of this cloud"),
    "router": lambda c, name, w: c.network.create_router(
        name=name, **({"external_gateway_info": {"network_id": w["outside"]}} if w["outside"] else {})
    ),
    "port": lambda c, name, w: c.network.create_port(name=name, network_id=w["network"], security_group_ids=[w["group"]]),
    "floating": lambda c, name, w: c.network.create_ip(
        description=name, floating_network_id=w["outside"], port_id=w["port"]
    ),
    "server": _server,
}


def _let_in(connection: Any, id: str, wanted: Mapping[str, Any]) -> None:
    """The rules of a security group that are not there yet."""
    there = {
        rule.protocol
        for rule in connection.network.security_group_rules(security_group_id=id)
        if rule.direction == "ingress" and rule.ether_type == "IPv4"
    }
    for protocol in wanted["protocols"]:
        if protocol not in there:
            connection.network.create_security_group_rule(
                security_group_id=id, direction="ingress", ether_type="IPv4", protocol=protocol
            )


def _attach(connection: Any, id: str, wanted: Mapping[str, Any]) -> None:
    """A router's leg in the subnet, if it has none."""
    for port in connection.network.ports(device_id=id):
        if any(one["subnet_id"] == wanted["subnet"] for one in port.fixed_ips or ()):
            return
    connection.network.add_interface_to_router(id, subnet_id=wanted["subnet"])


_FINISHERS: Mapping[str, Callable[[Any, str, Mapping[str, Any]], None]] = {"group": _let_in, "router": _attach}
