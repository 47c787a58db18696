"""Everything that is given out once is given out once, however many ask at the same moment, on either database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import clouds
import cloudy
import yaml
from argon2 import PasswordHasher
from sqlalchemy import func, select
from test_path import HASH, MAC, NOBODY, boot, csr, discovered, installing, prepare, report
from wired import wire

from oci.app import APPLIANCE
from oci.context import Actor
from oci.db import tables
from oci.domain.cluster.roles import parse
from oci.problems import Conflict, Forbidden, Gone, Problem
from oci.records.people import passwords
from oci.schemas.activity.events import EventQuery
from oci.schemas.cloud.checks import ProofIn
from oci.schemas.cloud.declarations import ApplyIn
from oci.schemas.clusters.clusters import ClusterIn
from oci.schemas.clusters.networks import AddressIn, NetworkIn, RangeIn
from oci.schemas.clusters.settings import SettingIn
from oci.schemas.deploy.deployments import DeployIn, WhyIn
from oci.schemas.deploy.drift import AcceptDriftIn
from oci.schemas.deploy.plans import PlanIn
from oci.schemas.machines.machines import AssignIn, BmcIn
from oci.schemas.people.people import PersonIn
from oci.services.activity import events, jobs
from oci.services.cloud import checks, declarations
from oci.services.clusters import addresses, clusters, networks, settings
from oci.services.deploy import deployments, drift, looks, plans
from oci.services.machines import look, verbs
from oci.services.path import boots, puppet, reports, works
from oci.services.people import people

THREADS = 16
DEADLINE = 300  # seconds until a race that stands still is a failure
BMC = BmcIn(address="10.78.0.1", username="admin", password="sesame")


def at_once(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """What each of THREADS calls gave: its value, or the Problem that it was refused with. They begin together."""
    calls = list(calls)
    line = threading.Barrier(len(calls))

    def go(call: Callable[[], Any]) -> Any:
        line.wait(DEADLINE)
        return answer(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result(DEADLINE) for done in [pool.submit(go, call) for call in calls]]


def answer(call: Callable[[], Any]) -> Any:
    """The value, or the Problem; one that is the appliance's own fault (5xx) is no answer."""
    try:
        return call()
    except Problem as problem:
        assert problem.status < 500, f"{problem.status}: {problem}"
        return problem


def the_one(answers: list[Any], refusal: type[Problem]) -> Any:
    """The only value among `answers`; all others were refused with `refusal`."""
    values = [one for one in answers if not isinstance(one, Problem)]
    assert len(values) == 1, f"{len(values)} of {len(answers)} were given it"
    assert all(type(one) is refusal for one in answers if isinstance(one, Problem)), answers
    return values[0]


def count(world, table, *conditions) -> int:
    with world.appliance.make_session() as db:
        return db.scalar(select(func.count()).select_from(table).where(*conditions))


def configuring(world) -> str:
    """The token of an attempt whose disk is written."""
    token = works.claim(world.ctx(NOBODY), installing(world), "install")["TOKEN"]
    works.done(world.ctx(NOBODY), token)
    return str(token)


def test_the_orders_of_an_attempt(world) -> None:
    token = installing(world)
    orders = the_one(at_once([lambda: works.claim(world.ctx(NOBODY), token, "install") for _ in range(THREADS)]), Conflict)
    assert works.phase(world.ctx(NOBODY), orders["TOKEN"], "check", 1, "") is None


def test_the_archive_of_a_boot(world) -> None:
    script = boots.script(world.ctx(NOBODY), boots.Asker(mac=MAC))
    boot_id = script.split("oci.boot=")[1].split()[0]
    archive = the_one(at_once([lambda: boots.site(world.ctx(NOBODY), boot_id, "10.77.0.9") for _ in range(THREADS)]), Gone)
    token = archive.split(b"Bearer ")[1].split(b"\n")[0].decode()
    assert reports.receive(world.ctx(NOBODY), token, report(), HASH) == 1


def test_the_lease_of_a_job(world) -> None:
    verbs.enrol(world.ctx(), MAC, BMC)
    (job_id,) = jobs.due(world.ctx(APPLIANCE))
    leases = at_once([lambda n=n: jobs.take(world.ctx(APPLIANCE), f"w{n}", job_id) for n in range(THREADS)])
    (lease,) = [one for one in leases if one is not None and not isinstance(one, Problem)]
    with world.appliance.make_session() as db:
        job = db.get(tables.Job, job_id)
        assert (job.state, job.lease_owner, job.attempts) == ("running", lease.owner, 1)


def test_the_one_voice_that_a_controller_hears(world) -> None:
    """Two jobs of one machine are two rows, and all the same only one of them is done at a time."""
    verbs.enrol(world.ctx(), MAC, BMC)
    verbs.power(world.ctx(), "1", "on")
    ids = jobs.due(world.ctx(APPLIANCE))
    assert len(ids) == 2
    at_once([lambda n=n: jobs.take(world.ctx(APPLIANCE), f"w{n}", ids[n % 2]) for n in range(THREADS)])
    assert count(world, tables.Job, tables.Job.state == "running") == 1


def test_the_challenge_of_a_first_boot(world) -> None:
    token = configuring(world)
    words = [
        one["CHALLENGE"]
        for one in at_once([lambda: puppet.challenge(world.ctx(NOBODY), token) for _ in range(THREADS)])
        if not isinstance(one, Problem)
    ]
    assert words and count(world, tables.Challenge) == 1
    requests = [csr("compute1.lab.test", word) for word in words]
    signed = [answer(lambda pem=pem: puppet.autosign(world.ctx(APPLIANCE), "compute1.lab.test", pem)) for pem in requests]
    the_one(signed, Forbidden)


def test_the_signature_for_a_challenge(world) -> None:
    word = puppet.challenge(world.ctx(NOBODY), configuring(world))["CHALLENGE"]
    pem = csr("compute1.lab.test", word)
    answers = at_once([lambda: puppet.autosign(world.ctx(APPLIANCE), "compute1.lab.test", pem) for _ in range(THREADS)])
    the_one(answers, Forbidden)


def test_the_record_of_a_machine_that_reports_for_the_first_time(world) -> None:
    tokens = [boot(world) for _ in range(THREADS)]
    numbers = [
        one
        for one in at_once(
            [lambda token=token: reports.receive(world.ctx(NOBODY), token, report(), HASH) for token in tokens]
        )
        if not isinstance(one, Problem)
    ]
    assert len(set(numbers)) == 1 == count(world, tables.Machine)


def test_the_record_of_a_machine_that_is_enrolled(world) -> None:
    made = the_one(at_once([lambda: verbs.enrol(world.ctx(), MAC) for _ in range(THREADS)]), Conflict)
    assert made.macs == [MAC] and count(world, tables.Machine) == 1


def test_the_name_of_a_network(world) -> None:
    orders = [
        NetworkIn(name="prov", cidr=f"10.{n}.0.0/24", first=f"10.{n}.0.11", last=f"10.{n}.0.20") for n in range(80, 96)
    ]
    the_one(at_once([lambda order=order: networks.create_network(world.ctx(), order) for order in orders]), Conflict)


def test_the_addresses_of_a_network(world) -> None:
    """Their names differ; that they overlap no constraint of a table can say."""
    orders = [NetworkIn(name=f"n{n}", cidr="10.80.0.0/24", first="10.80.0.11", last="10.80.0.20") for n in range(THREADS)]
    the_one(at_once([lambda order=order: networks.create_network(world.ctx(), order) for order in orders]), Conflict)


def test_a_range_of_a_network(world) -> None:
    prepare(world)
    order = RangeIn(first="10.77.0.100", last="10.77.0.109", use="vip")
    the_one(at_once([lambda: networks.add_range(world.ctx(), "prov", order) for _ in range(THREADS)]), Conflict)
    assert count(world, tables.Range) == 2


def test_a_virtual_address(world) -> None:
    """It has one address on a network; and sixteen of different names have sixteen."""
    prepare(world)
    networks.add_range(world.ctx(), "prov", RangeIn(first="10.77.0.100", last="10.77.0.131", use="vip"))
    orders = [AddressIn(vip="api", cluster="c1") for _ in range(THREADS)]
    the_one(at_once([lambda order=order: addresses.hold_address(world.ctx(), "prov", order) for order in orders]), Conflict)
    orders = [AddressIn(vip=f"v{n}", cluster="c1") for n in range(THREADS)]
    held = at_once([lambda order=order: addresses.hold_address(world.ctx(), "prov", order) for order in orders])
    assert len({one.address for one in held}) == THREADS
    assert {one.vip for one in held} == {f"v{n}.lab.test" for n in range(THREADS)}


def test_a_setting(world) -> None:
    """Whoever comes last says what it is; it is set once."""
    prepare(world)
    discovered(world)
    for scope in ({"cluster": "c1"}, {"cluster": "c1", "role": "compute"}, {"machine": "1"}):
        orders = [SettingIn(value=str(n), **scope) for n in range(2, 2 + THREADS)]
        said = at_once([lambda order=order: settings.set_setting(world.ctx(), "attempts", order) for order in orders])
        assert not [one for one in said if isinstance(one, Problem)], said
    assert count(world, tables.Setting) == 3


def test_the_secrets_and_certificates_of_a_cluster(world, monkeypatch) -> None:
    """Sixteen machines ask for their first classification: one secret, one certificate of the cluster, one of each."""
    prepare_for(world, THREADS)
    wire(monkeypatch)
    role = parse("cache", {"name": "cache", "profiles": ["profile::test"]})
    world.outside(roles={**world.appliance.outside.roles, "cache": role})
    order = AssignIn(cluster="c1", role="cache")
    fqdns = [verbs.assign(world.ctx(), str(number + 1), order).fqdn for number in range(THREADS)]
    texts = at_once([lambda fqdn=fqdn: puppet.classify(world.ctx(APPLIANCE), fqdn) for fqdn in fqdns])
    told = [yaml.safe_load(text)["classes"]["profile::test"] for text in texts]
    for name in ("test.key", "keystone.fernet.0", "api.crt"):
        assert len({one[name] for one in told}) == 1, name
    assert len({one["host.crt"] for one in told}) == THREADS
    assert (count(world, tables.Secret), count(world, tables.Certificate)) == (2, THREADS + 1)


def test_the_deployment_of_a_cluster(world) -> None:
    """One at a time, each machine in it once; and another when that has ended."""
    prepare_for(world, 2)
    cloudy.hold_api(world)
    for number in ("1", "2"):
        verbs.assign(world.ctx(), number, AssignIn(cluster="c1", role="compute"))
    for _ in range(2):
        order = DeployIn(plan=plans.show_plan(world.ctx(), "c1", PlanIn()).digest)
        the_one(
            at_once([lambda order=order: deployments.deploy(world.ctx(), "c1", order) for _ in range(THREADS)]), Conflict
        )
        the_one(at_once([lambda: deployments.abort(world.ctx(), "c1", WhyIn()) for _ in range(THREADS)]), Conflict)
    assert (count(world, tables.Deployment), count(world, tables.Step)) == (2, 4)


def test_the_plan_of_a_cluster(world) -> None:
    """Sixteen that look at it see one plan, which is kept once."""
    cloudy.cluster(world, controller=1)
    seen = at_once([lambda: plans.show_plan(world.ctx(), "c1", PlanIn()) for _ in range(THREADS)])
    assert len({one.digest for one in seen}) == 1 and count(world, tables.Plan) == 1


def test_the_revisions_of_a_cluster(world) -> None:
    """Sixteen apply another document each, and half as many change the same by a verb: numbers without a gap, and each is
    what whoever made it was told."""
    prepare(world)
    text = declarations.export(world.ctx(), "c1").document
    declarations.apply(world.ctx(), ApplyIn(document=f"{text}settings: {{attempts: 2}}\n"))
    orders = [ApplyIn(document=f"{text}settings: {{attempts: {n}}}\n", note=f"{n}") for n in range(3, 3 + THREADS)]
    applies = [lambda order=order: declarations.apply(world.ctx(), order).revision for order in orders]
    wanted = [SettingIn(value=str(700 + n), cluster="c1") for n in range(THREADS // 2)]
    sets = [lambda order=order: settings.set_setting(world.ctx(), "install_seconds", order) for order in wanted]
    said = at_once([*applies, *sets])
    assert not [one for one in said if isinstance(one, Problem)], said
    with world.appliance.make_session() as db:
        rows = list(db.scalars(select(tables.Revision).order_by(tables.Revision.number)))
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    notes = {row.number: row.note for row in rows if row.kind == "applied"}
    assert {said[n - 3]: f"{n}" for n in range(3, 3 + THREADS)} == {number: note for number, note in notes.items() if note}
    kinds = [row.kind for row in rows]
    assert kinds.count("applied") == THREADS + 1 and kinds[0] == "by verbs", "the cluster was made by verbs"


def test_the_name_of_accepted_drift(world) -> None:
    """One of sixteen is given the name; and sixteen that order a look at a machine for the first time order one."""
    (name,) = cloudy.cluster(world, controller=1)
    orders = [AcceptDriftIn(name="ours", resource=f"File[/{n}]", reason="it is so", days=1) for n in range(THREADS)]
    the_one(at_once([lambda order=order: drift.accept(world.ctx(), "c1", order) for order in orders]), Conflict)
    made = at_once([lambda: looks.look(world.ctx(), name) for _ in range(THREADS)])
    assert not [one for one in made if isinstance(one, Problem)]
    assert (count(world, tables.RunOrder), count(world, tables.Look)) == (1, 1)


def test_the_order_of_a_poll(world) -> None:
    """Sixteen order a run, which is one; and sixteen that ask with the same token are told it once."""
    (name,) = cloudy.cluster(world, controller=1)
    made = at_once([lambda: verbs.run_puppet(world.ctx(), name) for _ in range(THREADS)])
    assert not [one for one in made if isinstance(one, Problem)] and count(world, tables.RunOrder) == 1
    told = at_once([lambda: cloudy.poll(world, name) for _ in range(THREADS)])
    assert len([one for one in told if one.order]) == 1, told


def test_the_name_of_a_cluster(world) -> None:
    prepare(world)
    orders = [ClusterIn(name="c2", domain=f"d{n}.test", network="prov") for n in range(THREADS)]
    the_one(at_once([lambda order=order: clusters.create_cluster(world.ctx(), order) for order in orders]), Conflict)


def test_the_name_of_a_machine(world) -> None:
    prepare_for(world, THREADS)
    order = AssignIn(cluster="c1", role="compute", hostname="node1")
    answers = at_once([lambda n=n: verbs.assign(world.ctx(), str(n + 1), order) for n in range(THREADS)])
    the_one(answers, Conflict)
    refused = [str(one) for one in answers if isinstance(one, Conflict)]
    assert all("node1.lab.test is already the name of another machine" in text for text in refused)


def test_the_promise_of_a_machine(world) -> None:
    """It may be promised anew; then the last one wins, and nothing is left of the others."""
    prepare_for(world, 1)
    orders = [AssignIn(cluster="c1", role="compute", hostname=f"node{n}") for n in range(THREADS)]
    made = at_once([lambda order=order: verbs.assign(world.ctx(), "1", order) for order in orders])
    now = look.show(world.ctx(), "1")
    assert (now.fqdn, now.address) in {(one.fqdn, one.address) for one in made if not isinstance(one, Problem)}
    assert count(world, tables.Address) == 1 == count(world, tables.Assignment)


def test_the_install_of_a_machine(world) -> None:
    prepare(world)
    discovered(world)
    verbs.assign(world.ctx(), "1", AssignIn(cluster="c1", role="compute"))
    the_one(at_once([lambda: verbs.install(world.ctx(), "1") for _ in range(THREADS)]), Conflict)
    assert count(world, tables.Work) == 1


def test_a_controller(world) -> None:
    prepare_for(world, THREADS)
    answers = at_once([lambda n=n: verbs.set_bmc(world.ctx(), str(n + 1), BMC) for n in range(THREADS)])
    the_one(answers, Conflict)
    refused = [str(one) for one in answers if isinstance(one, Conflict)]
    assert all("the controller 10.78.0.1 port 623 belongs to machine-" in text for text in refused)


def test_a_check_of_a_cloud(world) -> None:
    clouds.deploy(world)
    answers = at_once([lambda: checks.order(world.ctx(), "cloud", ProofIn()) for _ in range(THREADS)])
    the_one(answers, Conflict)
    assert count(world, tables.CloudCheck) == count(world, tables.Job) == 1


def prepare_for(world, many: int) -> None:
    """A cluster, and that many machines that nobody has yet."""
    networks.create_network(world.ctx(), NetworkIn(name="prov", cidr="10.77.0.0/24", first="10.77.0.11", last="10.77.0.210"))
    clusters.create_cluster(world.ctx(), ClusterIn(name="c1", domain="lab.test", network="prov"))
    with world.appliance.make_session() as db:
        for number in range(1, many + 1):
            values = {"state_since": 0.0, "created": 0.0, "inventory": {}, "state": "discovered"}
            db.add(tables.Machine(name=f"machine-{number}", pulse=tables.Pulse(), bmc=tables.Bmc(), **values))
            db.flush()
        db.commit()


def test_two_hundred_machines_have_two_hundred_addresses(world) -> None:
    """The range has no more than that: not one is lost either."""
    prepare_for(world, 200)
    order = AssignIn(cluster="c1", role="compute")
    with ThreadPoolExecutor(THREADS) as pool:
        made = list(pool.map(lambda n: answer(lambda: verbs.assign(world.ctx(), str(n), order)), range(1, 201)))
    assert [one for one in made if isinstance(one, Problem)] == []
    assert {one.address for one in made} == {f"10.77.0.{n}" for n in range(11, 211)}
    assert {one.hostname for one in made} == {f"compute{n}" for n in range(1, 201)}


def test_the_last_admin(world) -> None:
    """Each of them may go as long as another stays, so not all of them may."""
    names = [f"ada{n}" for n in range(THREADS)]
    for name in names:
        world_person(world, name)
    answers = at_once([lambda name=name: people.disable_person(world.ctx(APPLIANCE), name) for name in names])
    refused = [one for one in answers if isinstance(one, Problem)]
    assert len(refused) == 1 and "is the last admin" in str(refused[0])


def world_person(world, name: str) -> None:
    with world.appliance.make_session() as db:
        db.add(tables.Person(name=name, level="admin", password_hash="", disabled=False, created=0))
        db.commit()


def test_who_follows_the_events_by_their_numbers_misses_none(world) -> None:
    """A number that is given out first must not be seen last."""
    told: list[int] = []
    over = threading.Event()

    def follow() -> None:
        cursor, last = 0, False
        while not last:
            last = over.is_set()
            page = events.list_events(world.ctx(Actor("vera", "viewer")), EventQuery(after=cursor, limit=1000))
            told.extend(event.id for event in page.events)
            cursor = page.next

    follower = threading.Thread(target=follow)
    follower.start()
    try:
        for start in range(0, 48, THREADS):
            at_once(
                [
                    lambda n=n: boots.script(world.ctx(NOBODY), boots.Asker(mac=f"52:54:00:77:01:{n:02x}"))
                    for n in range(start, start + THREADS)
                ]
            )
    finally:
        over.set()
        follower.join(DEADLINE)
    with world.appliance.make_session() as db:
        assert told == list(db.scalars(select(tables.Event.id).order_by(tables.Event.id))) and len(told) >= 48


def test_the_name_of_a_person(world, monkeypatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    order = PersonIn(name="ada", level="viewer", password="correct horse battery")
    made = at_once([lambda: people.add_person(world.ctx(APPLIANCE), order) for _ in range(THREADS)])
    assert the_one(made, Conflict).name == "ada"
