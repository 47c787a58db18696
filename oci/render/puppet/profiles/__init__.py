"""One file for each Puppet profile of the product, named like its class: `profile::ovn::central` is `ovn_central.py`. Each
exports PROFILE."""

from __future__ import annotations

from oci.domain.cluster.profiles import Profile
from oci.render.puppet.profiles.control import (
    glance,
    horizon,
    keystone,
    keystone_seed,
    neutron,
    nova,
    ovn_central,
    placement,
)
from oci.render.puppet.profiles.ground import base, haproxy, keepalived, mariadb, memcached, rabbitmq
from oci.render.puppet.profiles.hosts import neutron_common, nova_common, nova_compute, ovn_controller, ovn_metadata

PROFILES: dict[str, Profile] = {
    "profile::base": base.PROFILE,
    "profile::mariadb": mariadb.PROFILE,
    "profile::rabbitmq": rabbitmq.PROFILE,
    "profile::memcached": memcached.PROFILE,
    "profile::haproxy": haproxy.PROFILE,
    "profile::keepalived": keepalived.PROFILE,
    "profile::keystone": keystone.PROFILE,
    "profile::keystone::seed": keystone_seed.PROFILE,
    "profile::glance": glance.PROFILE,
    "profile::placement": placement.PROFILE,
    "profile::nova::common": nova_common.PROFILE,
    "profile::nova": nova.PROFILE,
    "profile::nova::compute": nova_compute.PROFILE,
    "profile::neutron::common": neutron_common.PROFILE,
    "profile::neutron": neutron.PROFILE,
    "profile::ovn::central": ovn_central.PROFILE,
    "profile::ovn::controller": ovn_controller.PROFILE,
    "profile::ovn::metadata": ovn_metadata.PROFILE,
    "profile::horizon": horizon.PROFILE,
}
