"""first"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "classification",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "conflict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("machines", sa.JSON(), nullable=False),
        sa.Column("boot_id", sa.String(length=32), nullable=False),
        sa.Column("opened", sa.Float(), nullable=False),
        sa.Column("seen", sa.Float(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conflict_boot_id"), ["boot_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conflict_closed"), ["closed"], unique=False)
        batch_op.create_index(batch_op.f("ix_conflict_key"), ["key"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("cluster_id", sa.Integer(), nullable=True),
        sa.Column("boot_id", sa.String(length=32), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_boot_id"), ["boot_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_cluster_id"), ["cluster_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_machine_id"), ["machine_id"], unique=False)

    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("run_after", sa.Float(), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=False),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Float(), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=False),
        sa.Column("result", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_finished"), ["finished"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index("job_due", ["state", "run_after"], unique=False)
        batch_op.create_index("job_subject", ["subject", "lane", "state"], unique=False)

    op.create_table(
        "machine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_since", sa.Float(), nullable=False),
        sa.Column("deadline", sa.Float(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("convergence", sa.String(length=8), nullable=False),
        sa.Column("converged_at", sa.Float(), nullable=True),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("serial", sa.String(length=128), nullable=False),
        sa.Column("vendor", sa.String(length=128), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("firmware", sa.String(length=8), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("cores", sa.Integer(), nullable=False),
        sa.Column("disk_bytes", sa.BigInteger(), nullable=False),
        sa.Column("board_serial", sa.String(length=128), nullable=False),
        sa.Column("chassis_serial", sa.String(length=128), nullable=False),
        sa.Column("inventory", sa.JSON(), nullable=False),
        sa.Column("disk_last", sa.JSON(), nullable=False),
        sa.Column("disk_wish", sa.JSON(), nullable=False),
        sa.Column("mark", sa.String(length=36), nullable=False),
        sa.Column("report_digest", sa.String(length=64), nullable=False),
        sa.Column("says", sa.JSON(), nullable=False),
        sa.Column("returns", sa.JSON(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    with op.batch_alter_table("machine", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_machine_board_serial"), ["board_serial"], unique=False)
        batch_op.create_index(batch_op.f("ix_machine_deadline"), ["deadline"], unique=False)
        batch_op.create_index(batch_op.f("ix_machine_serial"), ["serial"], unique=False)
        batch_op.create_index(batch_op.f("ix_machine_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_machine_uuid"), ["uuid"], unique=False)

    op.create_table(
        "network",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=True),
        sa.Column("cidr", sa.String(length=64), nullable=False),
        sa.Column("vlan", sa.Integer(), nullable=False),
        sa.Column("mtu", sa.Integer(), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("dns", sa.String(length=255), nullable=False),
        sa.Column("routes", sa.JSON(), nullable=False),
        sa.Column("place", sa.String(length=63), nullable=False),
        sa.Column("serves", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    with op.batch_alter_table("network", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_network_cluster_id"), ["cluster_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_network_purpose"), ["purpose"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "shared_fact",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=128), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value"),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_source"), ["source"], unique=False)

    op.create_table(
        "watch",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("what", sa.String(length=500), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column("instead", sa.String(length=500), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("seen", sa.Float(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "bmc",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("password", sa.String(length=500), nullable=False),
        sa.Column("mac", sa.String(length=17), nullable=False),
        sa.Column("reported", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("machine_id"),
    )
    with op.batch_alter_table("bmc", schema=None) as batch_op:
        batch_op.create_index(
            "bmc_controller",
            ["address", "port"],
            unique=True,
            sqlite_where=sa.text("address != ''"),
            postgresql_where=sa.text("address != ''"),
        )
        batch_op.create_index(batch_op.f("ix_bmc_mac"), ["mac"], unique=False)
        batch_op.create_index(batch_op.f("ix_bmc_reported"), ["reported"], unique=False)

    op.create_table(
        "boot",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("mac", sa.String(length=17), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("asked", sa.Float(), nullable=False),
        sa.Column("fetched", sa.Float(), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("boot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_boot_asked"), ["asked"], unique=False)
        batch_op.create_index(batch_op.f("ix_boot_mac"), ["mac"], unique=False)
        batch_op.create_index(batch_op.f("ix_boot_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_boot_token_hash"), ["token_hash"], unique=False)

    op.create_table(
        "challenge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("certname", sa.String(length=255), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("issued", sa.Float(), nullable=False),
        sa.Column("used", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("challenge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_challenge_certname"), ["certname"], unique=False)
        batch_op.create_index(batch_op.f("ix_challenge_machine_id"), ["machine_id"], unique=False)

    op.create_table(
        "cluster",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("domain", sa.String(length=190), nullable=False),
        sa.Column("network_id", sa.Integer(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["network.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "difference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("resource", sa.String(length=300), nullable=False),
        sa.Column("property", sa.String(length=100), nullable=False),
        sa.Column("has", sa.String(length=100), nullable=False),
        sa.Column("should", sa.String(length=100), nullable=False),
        sa.Column("place", sa.String(length=300), nullable=False),
        sa.Column("first_seen", sa.Float(), nullable=False),
        sa.Column("last_seen", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("difference", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_difference_machine_id"), ["machine_id"], unique=False)

    op.create_table(
        "look",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Float(), nullable=True),
        sa.Column("looked", sa.Float(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String(length=500), nullable=False),
        sa.Column("more", sa.Integer(), nullable=False),
        sa.Column("told", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("machine_id"),
    )
    with op.batch_alter_table("look", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_look_asked"), ["asked"], unique=False)

    op.create_table(
        "nic",
        sa.Column("mac", sa.String(length=17), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mac", "machine_id"),
    )
    with op.batch_alter_table("nic", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nic_machine_id"), ["machine_id"], unique=False)

    op.create_table(
        "pulse",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Float(), nullable=True),
        sa.Column("presence", sa.String(length=16), nullable=False),
        sa.Column("power", sa.String(length=8), nullable=False),
        sa.Column("power_seen", sa.Float(), nullable=True),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("boot_id", sa.String(length=32), nullable=False),
        sa.Column("report_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("machine_id"),
    )
    with op.batch_alter_table("pulse", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pulse_boot_id"), ["boot_id"], unique=False)
        batch_op.create_index("pulse_presence", ["presence", "seen"], unique=False)

    op.create_table(
        "range",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("network_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.String(length=64), nullable=False),
        sa.Column("last", sa.String(length=64), nullable=False),
        sa.Column("use", sa.String(length=8), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "first"),
    )
    with op.batch_alter_table("range", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_range_network_id"), ["network_id"], unique=False)

    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("received", sa.Float(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_machine_id"), ["machine_id"], unique=False)

    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("noop", sa.Boolean(), nullable=False),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("log", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index("run_of_machine", ["machine_id", "id"], unique=False)

    op.create_table(
        "run_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("ordered", sa.Float(), nullable=False),
        sa.Column("given", sa.Float(), nullable=True),
        sa.Column("taken", sa.Float(), nullable=True),
        sa.Column("heard", sa.Float(), nullable=True),
        sa.Column("moved", sa.Float(), nullable=True),
        sa.Column("doing", sa.String(length=200), nullable=False),
        sa.Column("ended", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("run_order", schema=None) as batch_op:
        batch_op.create_index("run_order_of_machine", ["machine_id", "id"], unique=False)
        batch_op.create_index("run_order_open", ["ended", "machine_id"], unique=False)

    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_table(
        "work",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("boot_id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("ended_hash", sa.String(length=64), nullable=False),
        sa.Column("started", sa.Float(), nullable=False),
        sa.Column("queued", sa.Float(), nullable=True),
        sa.Column("admitted", sa.Float(), nullable=True),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("server", sa.String(length=190), nullable=False),
        sa.Column("claimed", sa.Float(), nullable=True),
        sa.Column("finished", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("phase", sa.String(length=32), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("phase_since", sa.Float(), nullable=True),
        sa.Column("doing", sa.String(length=200), nullable=False),
        sa.Column("seen", sa.Float(), nullable=True),
        sa.Column("moved", sa.Float(), nullable=True),
        sa.Column("restarted", sa.Float(), nullable=True),
        sa.Column("troubled", sa.Float(), nullable=True),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("log_bytes", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("approved", sa.String(length=64), nullable=False),
        sa.Column("left", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("work", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_ended_hash"), ["ended_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_token_hash"), ["token_hash"], unique=False)
        batch_op.create_index("work_open", ["machine_id", "finished"], unique=False)
        batch_op.create_index("work_queue", ["finished", "admitted", "started"], unique=False)
        batch_op.create_index("work_room", ["finished", "admitted", "place", "server"], unique=False)

    op.create_table(
        "acceptance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("resource", sa.String(length=300), nullable=False),
        sa.Column("property", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=63), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("ended", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cluster_id", "name"),
    )
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_acceptance_machine_id"), ["machine_id"], unique=False)

    op.create_table(
        "address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("network_id", sa.Integer(), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=33), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("vip", sa.String(length=63), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["cluster.id"],
        ),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["network.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("machine_id", "network_id"),
        sa.UniqueConstraint("network_id", "ip"),
        sa.UniqueConstraint("network_id", "vip", "cluster_id"),
    )
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.create_index("address_key", ["network_id", "key"], unique=False)
        batch_op.create_index(batch_op.f("ix_address_cluster_id"), ["cluster_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_address_machine_id"), ["machine_id"], unique=False)

    op.create_table(
        "assignment",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hostname", sa.String(length=63), nullable=False),
        sa.Column("fqdn", sa.String(length=255), nullable=False),
        sa.Column("interfaces", sa.JSON(), nullable=False),
        sa.Column("disks", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("poll_hash", sa.String(length=64), nullable=False),
        sa.Column("pinned", sa.String(length=64), nullable=False),
        sa.Column("settled", sa.String(length=64), nullable=False),
        sa.Column("ailing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["cluster.id"],
        ),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("machine_id"),
        sa.UniqueConstraint("cluster_id", "role", "number"),
        sa.UniqueConstraint("fqdn"),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_cluster_id"), ["cluster_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assignment_poll_hash"), ["poll_hash"], unique=False)

    op.create_table(
        "authority",
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("root_key", sa.String(), nullable=False),
        sa.Column("intermediate", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("made", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster_id"),
    )
    op.create_table(
        "certificate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("made", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("holder"),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certificate_cluster_id"), ["cluster_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_machine_id"), ["machine_id"], unique=False)

    op.create_table(
        "cloud_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("ordered", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=True),
        sa.Column("finished", sa.Float(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("computes", sa.JSON(), nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.Column("made", sa.JSON(), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("cloud_check", schema=None) as batch_op:
        batch_op.create_index(
            "cloud_check_open",
            ["cluster_id"],
            unique=True,
            sqlite_where=sa.text("finished IS NULL"),
            postgresql_where=sa.text("finished IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_cloud_check_cluster_id"), ["cluster_id"], unique=False)

    op.create_table(
        "deployment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.String(length=12), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("moved", sa.Float(), nullable=False),
        sa.Column("deadline", sa.Float(), nullable=False),
        sa.Column("ended", sa.Float(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.create_index(
            "deployment_open",
            ["cluster_id"],
            unique=True,
            sqlite_where=sa.text("ended IS NULL"),
            postgresql_where=sa.text("ended IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_deployment_cluster_id"), ["cluster_id"], unique=False)

    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=12), nullable=False),
        sa.Column("made", sa.Float(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cluster_id", "digest"),
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("back", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("changes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cluster_id", "number"),
    )
    op.create_table(
        "secret",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("made", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cluster_id", "name"),
    )
    op.create_table(
        "setting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=63), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cluster_id", "role", "name"),
        sa.UniqueConstraint("machine_id", "name"),
    )
    op.create_table(
        "step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("role", sa.String(length=63), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("wanted", sa.String(length=64), nullable=False),
        sa.Column("promise", sa.String(length=64), nullable=False),
        sa.Column("destroys", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.Float(), nullable=True),
        sa.Column("installed", sa.Float(), nullable=True),
        sa.Column("converged", sa.Float(), nullable=True),
        sa.Column("ended", sa.Float(), nullable=True),
        sa.Column("ordered", sa.Integer(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("check_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("failure", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.String(length=300), nullable=False),
        sa.Column("page", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deployment_id", "machine_id"),
    )
    with op.batch_alter_table("step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_step_machine_id"), ["machine_id"], unique=False)
        batch_op.create_index("step_lasted", ["role", "kind", "ended"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("step", schema=None) as batch_op:
        batch_op.drop_index("step_lasted")
        batch_op.drop_index(batch_op.f("ix_step_machine_id"))

    op.drop_table("step")
    op.drop_table("setting")
    op.drop_table("secret")
    op.drop_table("revision")
    op.drop_table("plan")
    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deployment_cluster_id"))
        batch_op.drop_index(
            "deployment_open", sqlite_where=sa.text("ended IS NULL"), postgresql_where=sa.text("ended IS NULL")
        )

    op.drop_table("deployment")
    with op.batch_alter_table("cloud_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cloud_check_cluster_id"))
        batch_op.drop_index(
            "cloud_check_open", sqlite_where=sa.text("finished IS NULL"), postgresql_where=sa.text("finished IS NULL")
        )

    op.drop_table("cloud_check")
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certificate_machine_id"))
        batch_op.drop_index(batch_op.f("ix_certificate_cluster_id"))

    op.drop_table("certificate")
    op.drop_table("authority")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_poll_hash"))
        batch_op.drop_index(batch_op.f("ix_assignment_cluster_id"))

    op.drop_table("assignment")
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_address_machine_id"))
        batch_op.drop_index(batch_op.f("ix_address_cluster_id"))
        batch_op.drop_index("address_key")

    op.drop_table("address")
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_acceptance_machine_id"))

    op.drop_table("acceptance")
    with op.batch_alter_table("work", schema=None) as batch_op:
        batch_op.drop_index("work_room")
        batch_op.drop_index("work_queue")
        batch_op.drop_index("work_open")
        batch_op.drop_index(batch_op.f("ix_work_token_hash"))
        batch_op.drop_index(batch_op.f("ix_work_machine_id"))
        batch_op.drop_index(batch_op.f("ix_work_ended_hash"))

    op.drop_table("work")
    op.drop_table("token")
    with op.batch_alter_table("run_order", schema=None) as batch_op:
        batch_op.drop_index("run_order_open")
        batch_op.drop_index("run_order_of_machine")

    op.drop_table("run_order")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index("run_of_machine")

    op.drop_table("run")
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_machine_id"))

    op.drop_table("report")
    with op.batch_alter_table("range", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_range_network_id"))

    op.drop_table("range")
    with op.batch_alter_table("pulse", schema=None) as batch_op:
        batch_op.drop_index("pulse_presence")
        batch_op.drop_index(batch_op.f("ix_pulse_boot_id"))

    op.drop_table("pulse")
    with op.batch_alter_table("nic", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_nic_machine_id"))

    op.drop_table("nic")
    with op.batch_alter_table("look", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_look_asked"))

    op.drop_table("look")
    with op.batch_alter_table("difference", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_difference_machine_id"))

    op.drop_table("difference")
    op.drop_table("cluster")
    with op.batch_alter_table("challenge", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_challenge_machine_id"))
        batch_op.drop_index(batch_op.f("ix_challenge_certname"))

    op.drop_table("challenge")
    with op.batch_alter_table("boot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_boot_token_hash"))
        batch_op.drop_index(batch_op.f("ix_boot_machine_id"))
        batch_op.drop_index(batch_op.f("ix_boot_mac"))
        batch_op.drop_index(batch_op.f("ix_boot_asked"))

    op.drop_table("boot")
    with op.batch_alter_table("bmc", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bmc_reported"))
        batch_op.drop_index(batch_op.f("ix_bmc_mac"))
        batch_op.drop_index(
            "bmc_controller", sqlite_where=sa.text("address != ''"), postgresql_where=sa.text("address != ''")
        )

    op.drop_table("bmc")
    op.drop_table("watch")
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_source"))
        batch_op.drop_index(batch_op.f("ix_sign_in_at"))

    op.drop_table("sign_in")
    op.drop_table("shared_fact")
    op.drop_table("person")
    with op.batch_alter_table("network", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_network_purpose"))
        batch_op.drop_index(batch_op.f("ix_network_cluster_id"))

    op.drop_table("network")
    with op.batch_alter_table("machine", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_machine_uuid"))
        batch_op.drop_index(batch_op.f("ix_machine_state"))
        batch_op.drop_index(batch_op.f("ix_machine_serial"))
        batch_op.drop_index(batch_op.f("ix_machine_deadline"))
        batch_op.drop_index(batch_op.f("ix_machine_board_serial"))

    op.drop_table("machine")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("job_subject")
        batch_op.drop_index("job_due")
        batch_op.drop_index(batch_op.f("ix_job_machine_id"))
        batch_op.drop_index(batch_op.f("ix_job_finished"))

    op.drop_table("job")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_machine_id"))
        batch_op.drop_index(batch_op.f("ix_event_kind"))
        batch_op.drop_index(batch_op.f("ix_event_cluster_id"))
        batch_op.drop_index(batch_op.f("ix_event_boot_id"))
        batch_op.drop_index(batch_op.f("ix_event_at"))

    op.drop_table("event")
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conflict_key"))
        batch_op.drop_index(batch_op.f("ix_conflict_closed"))
        batch_op.drop_index(batch_op.f("ix_conflict_boot_id"))

    op.drop_table("conflict")
    op.drop_table("classification")
