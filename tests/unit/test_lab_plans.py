"""What `make demo` asks of the appliance is there: it is told on virtual machines, which no quick test has."""

from __future__ import annotations

from lab.vms import demo
from oci.adapters.files import roles as role_files


def test_the_demo_brings_the_roles_that_its_machines_get_and_the_networks_of_these(tmp_path, monkeypatch) -> None:
    story = demo._new_story()
    monkeypatch.setattr(story.lab, "run_dir", tmp_path)
    known = role_files.load(tmp_path / "roles")
    assert not {plan.role for plan in demo.PLANS} <= set(known), "it brings no role: nothing is left to be seen"
    story._site_roles()
    known = role_files.load(tmp_path / "roles")
    ordered = {words[words.index("--purpose") + 1] for words in demo.WIRED.orders} | {"provisioning"}
    for plan in demo.PLANS:
        assert set(known[plan.role].networks) <= ordered, plan.role
