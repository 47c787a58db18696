"""The composition root: the only file that names the adapters."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from oci import config as configuration
from oci.adapters.cloud.openstack import OpenStackClouds
from oci.adapters.dnsmasq import Dnsmasq
from oci.adapters.files import authorities as authority_files
from oci.adapters.files import firstboot as firstboot_files
from oci.adapters.files import roles as role_files
from oci.adapters.files.guests import FileGuests
from oci.adapters.files.images import FileImages
from oci.adapters.files.secrets import FileSealer
from oci.adapters.host import OwnHost
from oci.adapters.issuer import X509Issuer
from oci.adapters.power.ipmi import Ipmi
from oci.adapters.puppetca import HttpPuppetCa
from oci.config import Config
from oci.context import Actor, Ctx, Outside
from oci.db import schema
from oci.db.session import engine, sessions
from oci.domain import levels

APPLIANCE = Actor(levels.APPLIANCE, levels.APPLIANCE)
NOBODY = Actor(levels.NOBODY, levels.NOBODY)


@dataclass(frozen=True)
class Appliance:
    """Everything a surface needs: call `ctx(actor)` once per request."""

    config: Config
    outside: Outside
    make_session: sessionmaker[Session]

    def ctx(self, actor: Actor = NOBODY) -> Ctx:
        return Ctx(self.config, self.outside.today(), self.make_session, actor)


def appliance(config: Config | None = None, poke: Callable[[int], None] | None = None) -> Appliance:
    """The real appliance of `config` (default: the configuration file)."""
    config = config or configuration.load()
    if poke is None:
        from oci import worker

        poke = worker.poke
    ca = config.path("state_dir", "pki", "ca.pem")
    read_roles = role_files.RoleFiles(Path(config.roles_dir))
    roles, _bad_roles = read_roles()
    authorities, bad_authorities = authority_files.read(config.ca_certificates)
    outside = Outside(
        power=Ipmi(config.path("run_dir")),
        dhcp=Dnsmasq(config.path("dhcp_config"), config.path("run_dir", "dnsmasq.pid")),
        puppet_ca=HttpPuppetCa(
            config.puppet_ca_url, config.path("puppet_ssl_dir"), config.puppet_server, config.puppet_address
        ),
        images=FileImages(
            config.path("images_dir"), configuration.shipped("discovery", "build"), configuration.puppet_modules(config)
        ),
        sealer=FileSealer(config.path("state_dir", "secret.key")),
        issuer=X509Issuer(),
        clouds=OpenStackClouds(),
        guests=FileGuests(
            config.path("images_dir", "live"), configuration.shipped("discovery", "guest-init"), config.check_image
        ),
        host=OwnHost(
            config.path("state_dir"),
            config.path("state_dir", "pki"),
            lambda: (schema.current(config.database_url), schema.head(str(configuration.shipped("migrations")))),
        ),
        poke=poke,
        roles=roles,
        ca_pem=ca.read_bytes() if ca.exists() else b"",
        authorities=authorities,
        firstboot=firstboot_files.read(configuration.shipped(*firstboot_files.FOLDER)),
        host_names=(socket.gethostname(),),
        troubles=tuple(bad_authorities),
        role_files=read_roles,
    )
    return Appliance(config, outside, sessions(engine(config.database_url)))


def operators(made: Appliance | None = None) -> Flask:
    """The WSGI application for people and programs: REST under /v1, pages elsewhere."""
    from oci.api.operators import create
    from webui import blueprint

    app = create(made or appliance())
    app.register_blueprint(blueprint())
    return app


def machines(made: Appliance | None = None) -> Flask:
    """The WSGI application for machines."""
    from oci.api.machines import create

    return create(made or appliance())


def puppet(made: Appliance | None = None) -> Flask:
    """The WSGI application for the Puppet server, on a unix socket only."""
    from oci.api.puppet import create

    return create(made or appliance())
