"""What is given out once has a race: sixteen ask at the same moment, on each database."""

from __future__ import annotations

import ast

from sources import ROOT, tree
from sqlalchemy import UniqueConstraint

from oci.db.tables import Table

RACES = ROOT / "tests" / "service" / "test_races.py"
# What is unique in the tables, and the race for it. A new one is a row here, and a race there.
UNIQUE = {
    "acceptance: cluster_id, name": "test_the_name_of_accepted_drift",
    "address: network_id, ip": "test_two_hundred_machines_have_two_hundred_addresses",
    "address: machine_id, network_id": "test_the_promise_of_a_machine",
    "address: network_id, vip, cluster_id": "test_a_virtual_address",
    "assignment: cluster_id, role, number": "test_the_promise_of_a_machine",
    "assignment: fqdn": "test_the_promise_of_a_machine",
    "bmc: address, port": "test_a_controller",
    "certificate: holder": "test_the_secrets_and_certificates_of_a_cluster",
    "cloud_check: cluster_id": "test_a_check_of_a_cloud",
    "cluster: name": "test_the_name_of_a_cluster",
    "deployment: cluster_id": "test_the_deployment_of_a_cluster",
    "machine: name": "test_the_name_of_a_machine",
    "network: name": "test_the_name_of_a_network",
    "nic: mac, machine_id": "test_the_record_of_a_machine_that_reports_for_the_first_time",
    "plan: cluster_id, digest": "test_the_plan_of_a_cluster",
    "person: name": "test_the_name_of_a_person",
    "range: network_id, first": "test_a_range_of_a_network",
    "revision: cluster_id, number": "test_the_revisions_of_a_cluster",
    "secret: cluster_id, name": "test_the_secrets_and_certificates_of_a_cluster",
    "setting: cluster_id, role, name": "test_a_setting",
    "setting: machine_id, name": "test_a_setting",
    "step: deployment_id, machine_id": "test_the_deployment_of_a_cluster",
}
# What is unique and nobody can ask for twice.
NO_RACE = {
    "shared_fact: kind, value": "the same value twice says the same, and who comes second is run again",
    "token: hash": "of 256 random bits",
}
# What is given out once without a key that says so.
OTHERS = {
    "test_the_orders_of_an_attempt",
    "test_the_archive_of_a_boot",
    "test_the_lease_of_a_job",
    "test_the_challenge_of_a_first_boot",
    "test_the_signature_for_a_challenge",
    "test_the_install_of_a_machine",
    "test_the_order_of_a_poll",
    "test_the_last_admin",
}


def unique() -> set[str]:
    """Every key that the database holds unique, but for numbers that it gives out itself, as `table: columns`."""
    found = set()
    for table in Table.metadata.tables.values():
        keys = [[*key.columns] for key in table.constraints if isinstance(key, UniqueConstraint)]
        keys += [[*index.columns] for index in table.indexes if index.unique]
        keys += [[*table.primary_key.columns]] if len(table.primary_key.columns) > 1 else []
        found |= {f"{table.name}: {', '.join(column.name for column in key)}" for key in keys}
    return found


def test_whatever_is_unique_has_a_race() -> None:
    assert unique() == set(UNIQUE) | set(NO_RACE)


def test_every_race_is_run_on_both_databases() -> None:
    there = {node.name: node for node in ast.walk(tree(RACES)) if isinstance(node, ast.FunctionDef)}
    wanted = set(UNIQUE.values()) | OTHERS
    assert wanted <= set(there), f"there is no race {sorted(wanted - set(there))}"
    for name in wanted:
        assert "world" in {argument.arg for argument in there[name].args.args}, name
        assert not any("one_database" in ast.unparse(mark) for mark in there[name].decorator_list), name
