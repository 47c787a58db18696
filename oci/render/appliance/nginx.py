"""The appliance's server blocks for nginx: machines, operators, and Debian's packages for the machines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from oci.processes import MACHINES, OPERATORS

MADE = "# Made by `oci-admin site` from the settings; changes here are overwritten."
_LISTEN = re.compile(r"[0-9A-Fa-f.:\[\]]{2,45}|unix:(?:/[A-Za-z0-9_.-]+)+")
_PATH = re.compile(r"(?:/[A-Za-z0-9_.-]+)+")
# Scheme, host, port, and the path that ours is exchanged for; or the socket of a proxy that has our own path.
_URL = re.compile(r"(?P<base>https?://(?P<host>[A-Za-z0-9.-]+)(?P<port>:[0-9]{1,5})?)(?P<path>(?:/[A-Za-z0-9_.~+-]+)*)")
_LOCAL = re.compile(r"http://unix:(?:/[A-Za-z0-9_.-]+)+")
_CACHE_SIZE, _CACHE_DAYS = "8g", 60


class BadSiteValue(ValueError):
    """A value that must not get into the web server's configuration; says which, why and what would do."""


@dataclass(frozen=True)
class Upstream:
    """Packages that are passed on: `path` of ours, such as /debian, and the `url` where they come from."""

    path: str
    url: str


@dataclass(frozen=True)
class Site:
    """What the server blocks are made from.

    `machines` and `operators` are addresses to listen on (IPv4, IPv6 in brackets, or unix:PATH); an empty
    `operators` means every address that is not the machines'. The sockets are those of the two gunicorns.
    `resolvers` are DNS servers that are asked for the names of `upstreams` when a package is asked for,
    and not when nginx starts: an appliance without DNS still boots machines. `cache` is a directory.
    """

    machines: str
    images: str
    loaders: str
    machines_socket: str
    operators_socket: str
    server_certificate: str
    server_key: str
    operators_certificate: str
    operators_key: str
    operators: str = ""
    upstreams: tuple[Upstream, ...] = ()
    resolvers: tuple[str, ...] = ()
    cache: str = ""


def site(values: Mapping[str, str], **more: Any) -> Site:
    """The site of an appliance with these settings of `oci.config`. `more` are other fields of Site, and win."""
    pki, run = f"{values['state_dir']}/pki", values["run_dir"]
    fields = {
        "machines": values["server_address"],
        "operators": values["operators_address"],
        "images": values["images_dir"],
        "loaders": values["tftp_dir"],
        "machines_socket": f"{run}/{MACHINES.socket}",
        "operators_socket": f"{run}/{OPERATORS.socket}",
        "server_certificate": f"{pki}/server.pem",
        "server_key": f"{pki}/server.key",
        "operators_certificate": f"{pki}/operators.pem",
        "operators_key": f"{pki}/operators.key",
    }
    return Site(**{**fields, **more})


def _word(what: str, pattern: re.Pattern[str], value: str, example: str) -> str:
    if not pattern.fullmatch(value):
        raise BadSiteValue(f"{what} {value!r} cannot stand in the web server's configuration; it must look like {example}")
    return value


def _path(what: str, value: str) -> str:
    return _word(what, _PATH, value, "/var/lib/oci/images")


def _proxy(socket: str, *more: str) -> str:
    headers = (
        "proxy_http_version 1.1;",
        "proxy_set_header Host $host;",
        "proxy_set_header X-Real-IP $remote_addr;",
        "proxy_read_timeout 120s;",
        "proxy_request_buffering on;",
        *more,
    )
    return " ".join((f"proxy_pass http://unix:{_path('socket', socket)}:;", *headers))


def _tls(certificate: str, key: str) -> Iterator[str]:
    yield f"    ssl_certificate {_path('certificate', certificate)};"
    yield f"    ssl_certificate_key {_path('key', key)};"
    yield "    ssl_protocols TLSv1.2 TLSv1.3;"


def _pass_on(upstream: Upstream, cached: bool) -> Iterator[str]:
    """The locations of one upstream. What an index names by hash or version never changes; an index does."""
    path, url = _path("path", upstream.path), upstream.url.rstrip("/")
    if _LOCAL.fullmatch(url):
        common = f"proxy_pass {url}; proxy_set_header Host localhost; proxy_http_version 1.1;"
    else:
        _word("mirror", _URL, url, "http://mirror.example.net/debian")
        found = _URL.fullmatch(url)
        assert found
        variable = "$oci_" + re.sub(r"[^a-z]", "_", path.strip("/"))
        common = (
            f"set {variable} {found['base']}; rewrite ^{path}/(.*)$ {found['path']}/$1 break; "
            f"proxy_pass {variable}; proxy_http_version 1.1; "
            f"proxy_set_header Host {found['host']}{found['port'] or ''}; "
            f"proxy_ssl_server_name on; proxy_ssl_name {found['host']};"
        )
    keep = (
        (
            f" proxy_cache oci; proxy_cache_valid 200 {_CACHE_DAYS}d; proxy_cache_lock on; "
            "proxy_ignore_headers Cache-Control Expires Set-Cookie;"
        )
        if cached
        else ""
    )
    yield f"    location {path}/ {{ {common} }}"
    yield f"    location ~ ^{path}/(pool/|.*/by-hash/) {{ {common}{keep} }}"


def machine_blocks(site: Site) -> str:
    """The blocks for machines: boot answers and files on port 80, everything else on port 443. Raises BadSiteValue."""
    listen = _word("address", _LISTEN, site.machines, "10.0.0.1")
    images = _path("images", site.images)
    lines = [
        "server {",
        f"    listen {listen}:80;",
        "    client_max_body_size 64k;",
        f"    location /boot/ {{ {_proxy(site.machines_socket)} }}",
        f"    location /live/ {{ alias {images}/live/; }}",
        f"    location ~ ^/images/(root(?:-[a-z][a-z0-9]*)?)\\.tar\\.zst$ {{ alias {images}/$1/root.tar.zst; }}",
        f"    location /loaders/ {{ alias {_path('loaders', site.loaders)}/; }}",
    ]
    if site.resolvers:
        servers = " ".join(_word("DNS server", _LISTEN, one, "192.0.2.53") for one in site.resolvers)
        lines.append(f"    resolver {servers} valid=300s; resolver_timeout 5s;")
    for upstream in site.upstreams:
        lines += _pass_on(upstream, bool(site.cache))
    lines += [
        "}",
        "server {",
        f"    listen {listen}:443 ssl;",
        *_tls(site.server_certificate, site.server_key),
        "    client_max_body_size 8m;",
        "    location /boot/ { return 404; }",
        f"    location / {{ {_proxy(site.machines_socket)} }}",
        "}",
    ]
    return "\n".join(lines) + "\n"


def operator_blocks(site: Site) -> str:
    """The blocks for operators: HTTPS, and on port 80 the way to it. Raises BadSiteValue."""
    address = _word("address", _LISTEN, site.operators, "192.0.2.10") if site.operators else ""
    local = address.startswith("unix:")
    before = f"{address}:" if address and not local else ""
    lines: list[str] = []
    if not local:
        lines += ["server {", f"    listen {before}80;", "    return 301 https://$host$request_uri;", "}"]
    lines += [
        "server {",
        f"    listen {address if local else f'{before}443'} ssl;",
        *_tls(site.operators_certificate, site.operators_key),
        "    client_max_body_size 1m;",
        f"    location / {{ {_proxy(site.operators_socket, 'proxy_set_header X-Forwarded-Proto https;')} }}",
        "}",
    ]
    return "\n".join(lines) + "\n"


def render(site: Site) -> str:
    """The whole file for nginx's sites-enabled. The same site gives the same text. Raises BadSiteValue."""
    cache = ""
    if site.cache and site.upstreams:
        cache = (
            f"proxy_cache_path {_path('cache', site.cache)} keys_zone=oci:10m levels=1:2 max_size={_CACHE_SIZE} "
            f"inactive={_CACHE_DAYS}d use_temp_path=off;\n"
        )
    return f"{MADE}\n{cache}{machine_blocks(site)}{operator_blocks(site)}"
