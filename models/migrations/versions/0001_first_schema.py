"""The first schema: register, slots, runs, steps, evidence, journal, outbox.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

from models.queries.journal import GENESIS
from models.records.base import UtcDateTime

revision = "0001"
down_revision = None

APPEND_ONLY_POSTGRESQL = """
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE TRIGGER journal_keeps_rows BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_keeps_table BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
"""
APPEND_ONLY_SQLITE = (
    "CREATE TRIGGER journal_keeps_rows_update BEFORE UPDATE ON journal "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "CREATE TRIGGER journal_keeps_rows_delete BEFORE DELETE ON journal "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
)


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job", sa.String(length=128), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "late start",
                "too long",
                "too short",
                "no success",
                "missed",
                "failed",
                name="alarmkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__alarm")),
    )
    op.create_index(
        "uq__alarm__one_open",
        "alarm",
        ["job", "kind"],
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "alert_policy",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__alert_policy")),
        sa.UniqueConstraint("digest", name=op.f("uq__alert_policy__digest")),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "sent back",
                "approved",
                "denied",
                "expired",
                "withdrawn",
                "void",
                name="approvalstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("requester", sa.String(length=128), nullable=False),
        sa.Column("beneficiary", sa.String(length=128), nullable=False),
        sa.Column("asked_by", sa.String(length=128), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("difference", sa.Text(), nullable=False),
        sa.Column("earliest_at", UtcDateTime(), nullable=True),
        sa.Column("latest_at", UtcDateTime(), nullable=True),
        sa.Column("scheme", sa.String(length=128), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("policy_sha256", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sent_back_at", UtcDateTime(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent back') = (sent_back_at IS NOT NULL)", name=op.f("ck__approval__sent_back_since_when")
        ),
        sa.CheckConstraint(
            "(state IN ('open', 'sent back')) = (decided_at IS NULL)", name=op.f("ck__approval__over_has_time")
        ),
        sa.CheckConstraint(
            "earliest_at IS NULL OR latest_at IS NULL OR earliest_at < latest_at",
            name=op.f("ck__approval__window_has_length"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__approval")),
        sa.UniqueConstraint("id", "requester", "beneficiary", name=op.f("uq__approval__id_requester_beneficiary")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix__approval__look_at"),
        "approval",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(op.f("ix__approval__requester_id"), "approval", ["requester", "id"], unique=False)
    op.create_index(op.f("ix__approval__subject"), "approval", ["subject"], unique=False)
    op.create_index(
        "ix__approval__undecided",
        "approval",
        ["scheme"],
        unique=False,
        sqlite_where=sa.text("state IN ('open', 'sent back')"),
        postgresql_where=sa.text("state IN ('open', 'sent back')"),
    )
    op.create_index(
        "uq__approval__one_undecided",
        "approval",
        ["subject"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'sent back')"),
        postgresql_where=sa.text("state IN ('open', 'sent back')"),
    )
    op.create_table(
        "approval_scheme",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__approval_scheme")),
        sa.UniqueConstraint("name", name=op.f("uq__approval_scheme__name")),
    )
    op.create_table(
        "assignment_turn",
        sa.Column("team", sa.String(length=128), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("team", name=op.f("pk__assignment_turn")),
    )
    op.create_table(
        "backup_plan",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__backup_plan")),
        sa.UniqueConstraint("name", name=op.f("uq__backup_plan__name")),
    )
    op.create_table(
        "calendar",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__calendar")),
        sa.UniqueConstraint("name", name=op.f("uq__calendar__name")),
    )
    op.create_table(
        "catalogue_item",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__catalogue_item")),
        sa.UniqueConstraint("name", name=op.f("uq__catalogue_item__name")),
    )
    op.create_table(
        "category",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__category")),
        sa.UniqueConstraint("name", name=op.f("uq__category__name")),
    )
    op.create_table(
        "ci",
        sa.Column("kind", sa.String(length=128), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__ci")),
        sa.UniqueConstraint("name", name=op.f("uq__ci__name")),
    )
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("delegate", sa.String(length=128), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("person <> delegate", name=op.f("ck__delegation__to_somebody_else")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck__delegation__has_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__delegation")),
    )
    op.create_index(op.f("ix__delegation__ends_at"), "delegation", ["ends_at"], unique=False)
    op.create_table(
        "escalation",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__escalation")),
        sa.UniqueConstraint("name", name=op.f("uq__escalation__name")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("sent_by", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__event")),
        sa.UniqueConstraint("name", "key", name=op.f("uq__event__name_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix__event__name_received_at"), "event", ["name", "received_at"], unique=False)
    op.create_index(op.f("ix__event__received_at"), "event", ["received_at"], unique=False)
    op.create_table(
        "event_handling",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__event_handling")),
        sa.UniqueConstraint("name", name=op.f("uq__event_handling__name")),
    )
    op.create_table(
        "event_source",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__event_source")),
        sa.UniqueConstraint("name", name=op.f("uq__event_source__name")),
    )
    op.create_table(
        "exemption",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__exemption")),
        sa.UniqueConstraint("name", name=op.f("uq__exemption__name")),
    )
    op.create_table(
        "handling",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__handling")),
        sa.UniqueConstraint("name", name=op.f("uq__handling__name")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("part", sa.String(length=128), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("part", name=op.f("pk__heartbeat")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("file", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("continued", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__import_run")),
    )
    op.create_index(op.f("ix__import_run__source_digest"), "import_run", ["source", "digest"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "watchbill",
                "alertmanager",
                "cloudevents",
                "pagerduty",
                "nagios",
                "icinga2",
                "monit",
                "ping",
                name="eventformat",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("quarantined_at", UtcDateTime(), nullable=True),
        sa.Column("processed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("count > 0", name=op.f("ck__inbox__has_events")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__inbox")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix__inbox__quarantined",
        "inbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("processed_at IS NULL AND quarantined_at IS NOT NULL"),
        postgresql_where=sa.text("processed_at IS NULL AND quarantined_at IS NOT NULL"),
    )
    op.create_index(op.f("ix__inbox__received_at"), "inbox", ["received_at"], unique=False)
    op.create_index(
        "ix__inbox__waiting",
        "inbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("processed_at IS NULL AND quarantined_at IS NULL"),
        postgresql_where=sa.text("processed_at IS NULL AND quarantined_at IS NULL"),
    )
    op.create_table(
        "inbox_source",
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("last_received_at", UtcDateTime(), nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("last_refused_at", UtcDateTime(), nullable=True),
        sa.Column("last_refusal", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk__inbox_source")),
    )
    op.create_table(
        "inbox_spool",
        sa.Column("spool", sa.String(length=128), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("spool", name=op.f("pk__inbox_spool")),
    )
    op.create_table(
        "job",
        sa.Column("planned_until", UtcDateTime(), nullable=True),
        sa.Column("planned_sha256", sa.String(), nullable=True),
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__job")),
        sa.UniqueConstraint("name", name=op.f("uq__job__name")),
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("tag", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=True),
        sa.Column("target", sa.String(length=128), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk__journal")),
        sa.UniqueConstraint("key", name=op.f("uq__journal__key")),
    )
    op.create_index(op.f("ix__journal__subject_seq"), "journal", ["subject", "seq"], unique=False)
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck__journal_head__only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__journal_head")),
    )
    op.create_table(
        "lookup_table",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__lookup_table")),
        sa.UniqueConstraint("name", name=op.f("uq__lookup_table__name")),
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__mail")),
        sa.UniqueConstraint("name", name=op.f("uq__mail__name")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("tag", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("receiver", sa.String(length=128), nullable=True),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("priority", sa.String(length=128), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("held_by", sa.Text(), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("dropped_at", UtcDateTime(), nullable=True),
        sa.Column("digest_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN sent_at IS NULL THEN 0 ELSE 1 END + CASE WHEN failed_at IS NULL THEN 0 ELSE 1 END + CASE WHEN dropped_at IS NULL THEN 0 ELSE 1 END + CASE WHEN digest_id IS NULL THEN 0 ELSE 1 END <= 1",
            name=op.f("ck__notice__ends_once"),
        ),
        sa.ForeignKeyConstraint(["digest_id"], ["notice.id"], name=op.f("fk__notice__digest_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__notice")),
        sa.UniqueConstraint("key", name=op.f("uq__notice__key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix__notice__created_at"), "notice", ["created_at"], unique=False)
    op.create_index(
        op.f("ix__notice__digest_id"),
        "notice",
        ["digest_id"],
        unique=False,
        sqlite_where=sa.text("digest_id IS NOT NULL"),
        postgresql_where=sa.text("digest_id IS NOT NULL"),
    )
    op.create_index(
        "ix__notice__held",
        "notice",
        ["receiver"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL AND failed_at IS NULL AND dropped_at IS NULL AND digest_id IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND failed_at IS NULL AND dropped_at IS NULL AND digest_id IS NULL"),
    )
    op.create_index(
        op.f("ix__notice__look_at"),
        "notice",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(op.f("ix__notice__subject"), "notice", ["subject"], unique=False)
    op.create_table(
        "part_lease",
        sa.Column("part", sa.String(length=128), nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk__part_lease")),
    )
    op.create_table(
        "pause",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job", sa.String(length=128), nullable=True),
        sa.Column("paused_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("paused_by", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__pause")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__person")),
        sa.UniqueConstraint("name", name=op.f("uq__person__name")),
    )
    op.create_table(
        "probe",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__probe")),
        sa.UniqueConstraint("name", name=op.f("uq__probe__name")),
    )
    op.create_table(
        "problem_handling",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__problem_handling")),
        sa.UniqueConstraint("name", name=op.f("uq__problem_handling__name")),
    )
    op.create_table(
        "promise",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__promise")),
        sa.UniqueConstraint("name", name=op.f("uq__promise__name")),
    )
    op.create_table(
        "receiver",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__receiver")),
        sa.UniqueConstraint("name", name=op.f("uq__receiver__name")),
    )
    op.create_table(
        "relation",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("verb", sa.String(length=128), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__relation")),
        sa.UniqueConstraint("source", "verb", "target", name=op.f("uq__relation__source_verb_target")),
    )
    op.create_table(
        "repository",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__repository")),
        sa.UniqueConstraint("name", name=op.f("uq__repository__name")),
    )
    op.create_table(
        "rota",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__rota")),
        sa.UniqueConstraint("name", name=op.f("uq__rota__name")),
    )
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__service")),
        sa.UniqueConstraint("name", name=op.f("uq__service__name")),
    )
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=128), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck__silence__ended_by_somebody")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck__silence__ends_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__silence")),
    )
    op.create_index(
        op.f("ix__silence__look_at"),
        "silence",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_table(
        "site",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__site")),
        sa.UniqueConstraint("name", name=op.f("uq__site__name")),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__team")),
        sa.UniqueConstraint("name", name=op.f("uq__team__name")),
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "incident",
                "problem",
                "request",
                name="ticketkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("service", sa.String(length=128), nullable=True),
        sa.Column("host", sa.String(length=128), nullable=True),
        sa.Column("category", sa.String(length=128), nullable=True),
        sa.Column("caller", sa.String(length=128), nullable=True),
        sa.Column("opened_by", sa.String(length=128), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("is_drill", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__ticket")),
        sa.UniqueConstraint("public_id", name=op.f("uq__ticket__public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix__ticket__opened_at"), "ticket", ["opened_at"], unique=False)
    op.create_index(op.f("ix__ticket__service_opened_at"), "ticket", ["service", "opened_at"], unique=False)
    op.create_table(
        "approval_step",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "open",
                "approved",
                "denied",
                "expired",
                "dropped",
                name="approvalstepstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("escalated_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state = 'waiting' OR state = 'dropped' OR opened_at IS NOT NULL",
            name=op.f("ck__approval_step__open_since_when"),
        ),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk__approval_step__approval_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__approval_step")),
        sa.UniqueConstraint("approval_id", "round", "place", name=op.f("uq__approval_step__approval_id_round_place")),
        sa.UniqueConstraint("id", "approval_id", name=op.f("uq__approval_step__id_approval_id")),
    )
    op.create_table(
        "imported_ticket",
        sa.Column("ticket_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column(
            "shape",
            sa.Enum(
                "one row per ticket",
                "one row per change",
                name="fileshape",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("left", sa.JSON(), nullable=False),
        sa.Column("last_state", sa.String(length=128), nullable=False),
        sa.Column("states", sa.JSON(), nullable=False),
        sa.Column(
            "made_sla",
            sa.Enum("met", "missed", name="sourceverdict", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("reopened_there", sa.Integer(), nullable=True),
        sa.Column("reassigned_there", sa.Integer(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.CheckConstraint("last_at >= first_at", name=op.f("ck__imported_ticket__time_goes_on")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk__imported_ticket__ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk__imported_ticket")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq__imported_ticket__source_external_id")),
    )
    op.create_table(
        "inbox_key",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("body", sa.String(length=64), nullable=False),
        sa.Column("inbox_id", sa.Integer(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk__inbox_key__inbox_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__inbox_key")),
        sa.UniqueConstraint("source", "key", name=op.f("uq__inbox_key__source_key")),
    )
    op.create_index(op.f("ix__inbox_key__received_at"), "inbox_key", ["received_at"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "in progress",
                "on hold",
                "resolved",
                "closed",
                "cancelled",
                name="incidentstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("impact", sa.String(length=128), nullable=False),
        sa.Column("urgency", sa.String(length=128), nullable=False),
        sa.Column("priority", sa.String(length=128), nullable=False),
        sa.Column("team", sa.String(length=128), nullable=True),
        sa.Column("owner", sa.String(length=128), nullable=True),
        sa.Column(
            "hold_reason",
            sa.Enum(
                "caller",
                "supplier",
                "change",
                "problem",
                name="holdreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("moved_with_parent", sa.Boolean(), nullable=False),
        sa.Column(
            "resolution_code",
            sa.Enum(
                "fixed",
                "workaround",
                "known error",
                "duplicate",
                "no fault found",
                "not reproducible",
                "cleared by itself",
                name="resolutioncode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_by", sa.String(length=128), nullable=True),
        sa.Column("close_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("correlation_key", sa.String(length=64), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'on hold') = (hold_reason IS NOT NULL)", name=op.f("ck__incident__held_has_reason")
        ),
        sa.CheckConstraint(
            "(state = 'resolved') = (close_at IS NOT NULL)", name=op.f("ck__incident__resolved_is_closed_some_day")
        ),
        sa.CheckConstraint(
            "(state IN ('closed', 'cancelled')) = (closed_at IS NOT NULL)", name=op.f("ck__incident__over_has_time")
        ),
        sa.CheckConstraint(
            "state <> 'closed' OR resolution_code IS NOT NULL", name=op.f("ck__incident__closed_has_code")
        ),
        sa.CheckConstraint(
            "state <> 'resolved' OR (resolved_at IS NOT NULL AND resolution_code IS NOT NULL)",
            name=op.f("ck__incident__resolved_has_solution"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('new', 'in progress', 'on hold') OR (resolved_at IS NULL AND resolution_code IS NULL)",
            name=op.f("ck__incident__open_has_no_solution"),
        ),
        sa.CheckConstraint(
            "(resolution_code IS NULL) = (resolution IS NULL)", name=op.f("ck__incident__code_has_words")
        ),
        sa.ForeignKeyConstraint(["id"], ["ticket.id"], name=op.f("fk__incident__id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__incident")),
    )
    op.create_index(
        op.f("ix__incident__close_at"),
        "incident",
        ["close_at"],
        unique=False,
        sqlite_where=sa.text("close_at IS NOT NULL"),
        postgresql_where=sa.text("close_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix__incident__correlation_key_closed_at"), "incident", ["correlation_key", "closed_at"], unique=False
    )
    op.create_index(
        op.f("ix__incident__look_at"),
        "incident",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(op.f("ix__incident__state_team"), "incident", ["state", "team"], unique=False)
    op.create_index(
        "uq__incident__one_open",
        "incident",
        ["correlation_key"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('closed', 'cancelled')"),
        postgresql_where=sa.text("state NOT IN ('closed', 'cancelled')"),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("team", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.name"], name=op.f("fk__membership__person")),
        sa.ForeignKeyConstraint(["team"], ["team.name"], name=op.f("fk__membership__team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__membership")),
        sa.UniqueConstraint("person", "team", name=op.f("uq__membership__person_team")),
    )
    op.create_table(
        "probe_standing",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("probe", sa.String(length=128), nullable=False),
        sa.Column("host", sa.String(length=128), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "ok",
                "warning",
                "critical",
                "unknown",
                name="probeverdict",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("worse", sa.Integer(), nullable=False),
        sa.Column("better", sa.Integer(), nullable=False),
        sa.Column("is_unknown", sa.Boolean(), nullable=False),
        sa.Column("unknown_since", UtcDateTime(), nullable=True),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("untold", sa.Integer(), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("memory", sa.JSON(), nullable=False),
        sa.CheckConstraint("verdict <> 'unknown'", name=op.f("ck__probe_standing__unknown_holds_beside")),
        sa.CheckConstraint(
            "is_unknown = (unknown_since IS NOT NULL)", name=op.f("ck__probe_standing__unknown_has_time")
        ),
        sa.ForeignKeyConstraint(["probe"], ["probe.name"], name=op.f("fk__probe_standing__probe")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__probe_standing")),
        sa.UniqueConstraint("probe", "host", name=op.f("uq__probe_standing__probe_host")),
    )
    op.create_table(
        "problem",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "assessed",
                "under investigation",
                "root cause known",
                "known error",
                "fix in progress",
                "watching",
                "resolved",
                "closed",
                "risk accepted",
                name="problemstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "origin",
            sa.Enum(
                "reactive",
                "proactive",
                "imported",
                name="problemorigin",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("impact", sa.String(length=128), nullable=False),
        sa.Column("urgency", sa.String(length=128), nullable=False),
        sa.Column("priority", sa.String(length=128), nullable=False),
        sa.Column("team", sa.String(length=128), nullable=True),
        sa.Column("owner", sa.String(length=128), nullable=True),
        sa.Column("target_at", UtcDateTime(), nullable=True),
        sa.Column("change_reference", sa.String(length=128), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("workaround", sa.Text(), nullable=True),
        sa.Column("workaround_at", UtcDateTime(), nullable=True),
        sa.Column("fix", sa.Text(), nullable=True),
        sa.Column("fixed_at", UtcDateTime(), nullable=True),
        sa.Column("watch_until", UtcDateTime(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("close_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "fixed",
                "duplicate",
                "no problem",
                name="problemoutcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("risk_until", UtcDateTime(), nullable=True),
        sa.Column("risk_words", sa.Text(), nullable=True),
        sa.Column("risk_by", sa.String(length=128), nullable=True),
        sa.Column("review_due_at", UtcDateTime(), nullable=True),
        sa.Column("reviewed_at", UtcDateTime(), nullable=True),
        sa.Column("review_well", sa.Text(), nullable=True),
        sa.Column("review_badly", sa.Text(), nullable=True),
        sa.Column("review_changes", sa.Text(), nullable=True),
        sa.Column("review_people", sa.Text(), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck__problem__over_has_time")),
        sa.CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name=op.f("ck__problem__over_has_outcome")),
        sa.CheckConstraint(
            "(state = 'resolved') = (close_at IS NOT NULL)", name=op.f("ck__problem__resolved_is_closed_some_day")
        ),
        sa.CheckConstraint(
            "(state = 'risk accepted') = (risk_until IS NOT NULL)", name=op.f("ck__problem__risk_has_end")
        ),
        sa.CheckConstraint(
            "(state = 'watching') = (watch_until IS NOT NULL)", name=op.f("ck__problem__watched_until_when")
        ),
        sa.CheckConstraint(
            "state <> 'known error' OR workaround IS NOT NULL", name=op.f("ck__problem__known_error_has_workaround")
        ),
        sa.CheckConstraint(
            "state <> 'resolved' OR resolved_at IS NOT NULL", name=op.f("ck__problem__resolved_has_time")
        ),
        sa.CheckConstraint(
            "state NOT IN ('root cause known', 'known error', 'fix in progress', 'watching', 'resolved') OR cause IS NOT NULL",
            name=op.f("ck__problem__cause_is_said"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('watching', 'resolved') OR fix IS NOT NULL", name=op.f("ck__problem__fixed_has_fix")
        ),
        sa.CheckConstraint("(fix IS NULL) = (fixed_at IS NULL)", name=op.f("ck__problem__fix_has_time")),
        sa.CheckConstraint(
            "(reviewed_at IS NULL) = (review_changes IS NULL)", name=op.f("ck__problem__review_has_words")
        ),
        sa.CheckConstraint("(risk_until IS NULL) = (risk_by IS NULL)", name=op.f("ck__problem__risk_has_bearer")),
        sa.CheckConstraint("(risk_until IS NULL) = (risk_words IS NULL)", name=op.f("ck__problem__risk_has_words")),
        sa.ForeignKeyConstraint(["id"], ["ticket.id"], name=op.f("fk__problem__id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__problem")),
    )
    op.create_index(
        op.f("ix__problem__look_at"),
        "problem",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(op.f("ix__problem__state_team"), "problem", ["state", "team"], unique=False)
    op.create_table(
        "request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting for approval",
                "sent back",
                "denied",
                "received",
                "in progress",
                "waiting",
                "fulfilled",
                "closed",
                "cancelled",
                name="requeststate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("priority", sa.String(length=128), nullable=False),
        sa.Column("team", sa.String(length=128), nullable=True),
        sa.Column("owner", sa.String(length=128), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(length=128), nullable=True),
        sa.Column("item_sha256", sa.String(length=64), nullable=True),
        sa.Column("requester", sa.String(length=128), nullable=True),
        sa.Column("beneficiary", sa.String(length=128), nullable=True),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("cost", sa.String(length=128), nullable=True),
        sa.Column("scheme", sa.String(length=128), nullable=True),
        sa.Column("promised_at", UtcDateTime(), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('closed', 'cancelled', 'denied')) = (closed_at IS NOT NULL)",
            name=op.f("ck__request__over_has_time"),
        ),
        sa.CheckConstraint(
            "state <> 'fulfilled' OR resolved_at IS NOT NULL", name=op.f("ck__request__fulfilled_has_time")
        ),
        sa.CheckConstraint(
            "state NOT IN ('received', 'in progress', 'waiting', 'waiting for approval', 'sent back', 'denied') OR resolved_at IS NULL",
            name=op.f("ck__request__open_is_not_fulfilled"),
        ),
        sa.CheckConstraint(
            "item IS NULL OR (item_sha256 IS NOT NULL AND requester IS NOT NULL AND beneficiary IS NOT NULL AND answers IS NOT NULL AND plan IS NOT NULL AND cost IS NOT NULL)",
            name=op.f("ck__request__order_is_whole"),
        ),
        sa.ForeignKeyConstraint(["id"], ["ticket.id"], name=op.f("fk__request__id")),
        sa.ForeignKeyConstraint(["parent_id"], ["request.id"], name=op.f("fk__request__parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__request")),
        sa.UniqueConstraint("requester", "key", name=op.f("uq__request__requester_key")),
    )
    op.create_index(op.f("ix__request__beneficiary_id"), "request", ["beneficiary", "id"], unique=False)
    op.create_index(op.f("ix__request__parent_id"), "request", ["parent_id"], unique=False)
    op.create_index(op.f("ix__request__requester_id"), "request", ["requester", "id"], unique=False)
    op.create_index(op.f("ix__request__state_team"), "request", ["state", "team"], unique=False)
    op.create_table(
        "slot",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job", sa.String(length=128), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "expected",
                "late",
                "started",
                "done",
                "caught up",
                "failed",
                "missed",
                "skipped",
                name="slotstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("planned_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("moved_from", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("caught_up", sa.Boolean(), nullable=False),
        sa.Column("was_late", sa.Boolean(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('expected', 'late')) = (settled_at IS NULL)", name=op.f("ck__slot__settled_when_not_waiting")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk__slot__event_id")),
        sa.ForeignKeyConstraint(["job"], ["job.name"], name=op.f("fk__slot__job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__slot")),
        sa.UniqueConstraint("job", "due_at", name=op.f("uq__slot__job_due_at")),
    )
    op.create_index(op.f("ix__slot__event_id"), "slot", ["event_id"], unique=False)
    op.create_index(op.f("ix__slot__state_due_at"), "slot", ["state", "due_at"], unique=False)
    op.create_table(
        "survey",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.CheckConstraint("(score IS NULL) = (answered_at IS NULL)", name=op.f("ck__survey__answer_has_time")),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck__survey__score_of_five")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk__survey__ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__survey")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq__survey__ticket_id")),
        sa.UniqueConstraint("token", name=op.f("uq__survey__token")),
    )
    op.create_table(
        "ticket_link",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column(
            "verb",
            sa.Enum(
                "parent of",
                "duplicate of",
                "caused by",
                "related to",
                name="linkverb",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.Column("linked_by", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk__ticket_link__ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__ticket_link")),
        sa.UniqueConstraint("ticket_id", "verb", "target", name=op.f("uq__ticket_link__ticket_id_verb_target")),
    )
    op.create_index(op.f("ix__ticket_link__target"), "ticket_link", ["target"], unique=False)
    op.create_index(
        "uq__ticket_link__one_original",
        "ticket_link",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("verb = 'duplicate of'"),
        postgresql_where=sa.text("verb = 'duplicate of'"),
    )
    op.create_index(
        "uq__ticket_link__one_parent",
        "ticket_link",
        ["target"],
        unique=True,
        sqlite_where=sa.text("verb = 'parent of'"),
        postgresql_where=sa.text("verb = 'parent of'"),
    )
    op.create_table(
        "work_note",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("audience", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk__work_note__ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__work_note")),
    )
    op.create_index(op.f("ix__work_note__ticket_id_id"), "work_note", ["ticket_id", "id"], unique=False)
    op.create_table(
        "alert_group",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("timing", sa.JSON(), nullable=False),
        sa.Column("topic", sa.String(length=200), nullable=True),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("has_guests", sa.Boolean(), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=True),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("candidate_at", UtcDateTime(), nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("accepted_by", sa.String(length=128), nullable=True),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("first_look_at", UtcDateTime(), nullable=True),
        sa.Column("looked_at", UtcDateTime(), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk__alert_group__incident_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["alert_policy.id"], name=op.f("fk__alert_group__policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__alert_group")),
        sa.UniqueConstraint("key", name=op.f("uq__alert_group__key")),
    )
    op.create_index(op.f("ix__alert_group__incident_id"), "alert_group", ["incident_id"], unique=False)
    op.create_index(
        op.f("ix__alert_group__look_at"),
        "alert_group",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix__alert_group__topic_id"),
        "alert_group",
        ["topic", "id"],
        unique=False,
        sqlite_where=sa.text("topic IS NOT NULL"),
        postgresql_where=sa.text("topic IS NOT NULL"),
    )
    op.create_table(
        "approval_seat",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.String(length=128), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("is_fixed", sa.Boolean(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["step_id"], ["approval_step.id"], name=op.f("fk__approval_seat__step_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__approval_seat")),
        sa.UniqueConstraint("step_id", "identity", name=op.f("uq__approval_seat__step_id_identity")),
    )
    op.create_index(
        "ix__approval_seat__free",
        "approval_seat",
        ["identity", "id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "escalation_order",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("ordered_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk__escalation_order__incident_id")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk__escalation_order")),
    )
    op.create_index(
        op.f("ix__escalation_order__look_at"),
        "escalation_order",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_table(
        "incident_clock",
        sa.Column("incident_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "agreement",
            sa.Enum("SLA", "OLA", "supplier contract", name="agreement", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "measure",
            sa.Enum(
                "time to own", "time to resolve", name="measure", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("promise", sa.String(length=128), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "held",
                "met",
                "breached",
                "stopped",
                "no target",
                name="clockstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("warn_at", UtcDateTime(), nullable=True),
        sa.Column("breached_at", UtcDateTime(), nullable=True),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("business_seconds", sa.Float(), nullable=False),
        sa.Column("actual_seconds", sa.Float(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "agreement = 'SLA' OR agreement = 'OLA' OR agreement = 'supplier contract'",
            name=op.f("ck__incident_clock__agreement"),
        ),
        sa.CheckConstraint(
            "state = 'running' OR state = 'held' OR state = 'met' OR state = 'breached' OR state = 'stopped' OR state = 'no target'",
            name=op.f("ck__incident_clock__state"),
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk__incident_clock__incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "agreement", "measure", name=op.f("pk__incident_clock")),
    )
    op.create_index(
        op.f("ix__incident_clock__due_at"),
        "incident_clock",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("stopped_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.create_table(
        "known_error",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "published",
                "retired",
                name="knownerrorstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("symptom", sa.Text(), nullable=False),
        sa.Column("recognise", sa.JSON(), nullable=False),
        sa.Column("root_cause", sa.Text(), nullable=True),
        sa.Column("workaround", sa.Text(), nullable=True),
        sa.Column("workaround_job", sa.String(length=128), nullable=True),
        sa.Column("check_job", sa.String(length=128), nullable=True),
        sa.Column("runs_itself", sa.Boolean(), nullable=False),
        sa.Column("risk", sa.Text(), nullable=True),
        sa.Column("permanent_fix", sa.Text(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("owner", sa.String(length=128), nullable=True),
        sa.Column("problem_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state <> 'published' OR review_on IS NOT NULL", name=op.f("ck__known_error__is_reviewed_some_day")
        ),
        sa.CheckConstraint(
            "state <> 'published' OR workaround IS NOT NULL OR workaround_job IS NOT NULL",
            name=op.f("ck__known_error__helps"),
        ),
        sa.CheckConstraint("NOT runs_itself OR workaround_job IS NOT NULL", name=op.f("ck__known_error__runs_a_job")),
        sa.CheckConstraint(
            "check_job IS NULL OR workaround_job IS NOT NULL", name=op.f("ck__known_error__checks_a_job")
        ),
        sa.ForeignKeyConstraint(["problem_id"], ["problem.id"], name=op.f("fk__known_error__problem_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__known_error")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix__known_error__look_at"),
        "known_error",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(op.f("ix__known_error__problem_id"), "known_error", ["problem_id"], unique=False)
    op.create_table(
        "major_incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "candidate",
                "accepted",
                "declined",
                "demoted",
                "reviewed",
                name="majorstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("proposed_by", sa.String(length=128), nullable=False),
        sa.Column("proposed_for", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=128), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("commander", sa.String(length=128), nullable=True),
        sa.Column("scribe", sa.String(length=128), nullable=True),
        sa.Column("liaison", sa.String(length=128), nullable=True),
        sa.Column("review_due_at", UtcDateTime(), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'candidate') = (decided_at IS NULL)", name=op.f("ck__major_incident__decided_when_no_candidate")
        ),
        sa.CheckConstraint(
            "(state = 'reviewed') = (review IS NOT NULL)", name=op.f("ck__major_incident__reviewed_has_words")
        ),
        sa.ForeignKeyConstraint(["id"], ["incident.id"], name=op.f("fk__major_incident__id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__major_incident")),
    )
    op.create_table(
        "problem_candidate",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "accepted",
                "dismissed",
                name="candidatestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("pattern", sa.JSON(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("service", sa.String(length=128), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=128), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("forget_after", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'accepted') = (problem_id IS NOT NULL)", name=op.f("ck__problem_candidate__accepted_has_problem")
        ),
        sa.CheckConstraint(
            "(state = 'dismissed') = (forget_after IS NOT NULL)",
            name=op.f("ck__problem_candidate__dismissed_is_forgotten_some_day"),
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck__problem_candidate__decided_has_time")
        ),
        sa.CheckConstraint(
            "state <> 'dismissed' OR reason IS NOT NULL", name=op.f("ck__problem_candidate__dismissed_has_reason")
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_by IS NULL)", name=op.f("ck__problem_candidate__decided_has_person")
        ),
        sa.ForeignKeyConstraint(["problem_id"], ["problem.id"], name=op.f("fk__problem_candidate__problem_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__problem_candidate")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix__problem_candidate__problem_id"), "problem_candidate", ["problem_id"], unique=False)
    op.create_index(op.f("ix__problem_candidate__state_id"), "problem_candidate", ["state", "id"], unique=False)
    op.create_index(
        "uq__problem_candidate__one_open",
        "problem_candidate",
        ["key"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "problem_note",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "symptom",
                "impact",
                "why",
                "cause",
                name="analysiskind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("(kind = 'why') = (number IS NOT NULL)", name=op.f("ck__problem_note__whys_are_numbered")),
        sa.CheckConstraint(
            "parent_id IS NULL OR kind = 'cause'", name=op.f("ck__problem_note__only_causes_are_a_tree")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["problem_note.id"], name=op.f("fk__problem_note__parent_id")),
        sa.ForeignKeyConstraint(["problem_id"], ["problem.id"], name=op.f("fk__problem_note__problem_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__problem_note")),
    )
    op.create_index(op.f("ix__problem_note__problem_id"), "problem_note", ["problem_id"], unique=False)
    op.create_index(
        "uq__problem_note__why",
        "problem_note",
        ["problem_id", "number"],
        unique=True,
        sqlite_where=sa.text("kind = 'why'"),
        postgresql_where=sa.text("kind = 'why'"),
    )
    op.create_table(
        "problem_task",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("added_by", sa.String(length=128), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(length=128), nullable=True),
        sa.CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name=op.f("ck__problem_task__done_has_person")),
        sa.ForeignKeyConstraint(["problem_id"], ["problem.id"], name=op.f("fk__problem_task__problem_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__problem_task")),
    )
    op.create_index(op.f("ix__problem_task__problem_id"), "problem_task", ["problem_id"], unique=False)
    op.create_table(
        "request_file",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk__request_file__request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__request_file")),
        sa.UniqueConstraint("request_id", "field", name=op.f("uq__request_file__request_id_field")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("job", sa.String(length=128), nullable=False),
        sa.Column("slot_id", sa.Integer(), nullable=True),
        sa.Column(
            "trigger",
            sa.Enum(
                "schedule",
                "catch-up",
                "manual",
                "retry",
                name="trigger",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "dispatched",
                "running",
                "waiting to retry",
                "ended",
                name="runstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "ok",
                "partial",
                "failed",
                "timed out",
                "killed",
                "kill unconfirmed",
                "missed",
                "skipped",
                "unknown",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("job_sha256", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(length=128), nullable=False),
        sa.Column("queued_at", UtcDateTime(), nullable=False),
        sa.Column("queue_reason", sa.Text(), nullable=True),
        sa.Column("start_by", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("worker", sa.String(length=128), nullable=True),
        sa.Column("kill_requested_at", UtcDateTime(), nullable=True),
        sa.Column("kill_requested_by", sa.String(length=128), nullable=True),
        sa.Column("retry_of", sa.Integer(), nullable=True),
        sa.Column("flow_run_id", sa.String(length=128), nullable=True),
        sa.Column("progress", sa.JSON(), nullable=True),
        sa.Column("recoveries", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck__run__ended_has_time")),
        sa.CheckConstraint("(state = 'ended') = (outcome IS NOT NULL)", name=op.f("ck__run__ended_has_outcome")),
        sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name=op.f("ck__run__running_has_lease")),
        sa.CheckConstraint(
            "(state = 'waiting to retry') = (next_attempt_at IS NOT NULL)", name=op.f("ck__run__retry_has_time")
        ),
        sa.ForeignKeyConstraint(["job"], ["job.name"], name=op.f("fk__run__job")),
        sa.ForeignKeyConstraint(["retry_of"], ["run.id"], name=op.f("fk__run__retry_of")),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk__run__slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__run")),
        sa.UniqueConstraint("public_id", name=op.f("uq__run__public_id")),
        sa.UniqueConstraint("slot_id", name=op.f("uq__run__slot_id")),
    )
    op.create_index(op.f("ix__run__job_ended_at"), "run", ["job", "ended_at"], unique=False)
    op.create_index(op.f("ix__run__job_queued_at"), "run", ["job", "queued_at"], unique=False)
    op.create_index(op.f("ix__run__state_queued_at"), "run", ["state", "queued_at"], unique=False)
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column(
            "event_class",
            sa.Enum("informational", "warning", "exception", name="eventclass", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "severity",
            sa.Enum("critical", "high", "warning", "low", "info", name="severity", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("service", sa.String(length=128), nullable=True),
        sa.Column("host", sa.String(length=128), nullable=True),
        sa.Column("scope", sa.String(length=160), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "firing",
                "resolved",
                "acknowledged",
                "suppressed",
                "pending",
                "informational",
                name="eventstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("firing", "acknowledged", "resolved", name="alertstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "standing",
            sa.Enum("open", "flapping", "held", "over", name="standing", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "muted_by",
            sa.Enum(
                "silence",
                "maintenance",
                "inhibition",
                "sender",
                "flapping",
                "threshold",
                "delay",
                name="mute",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("muted_reason", sa.Text(), nullable=True),
        sa.Column("muted_until", UtcDateTime(), nullable=True),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("fired_at", UtcDateTime(), nullable=False),
        sa.Column("firing_since", UtcDateTime(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("owner", sa.String(length=128), nullable=True),
        sa.Column("acknowledged_until", UtcDateTime(), nullable=True),
        sa.Column("flaps", sa.String(length=21), nullable=False),
        sa.Column("is_flapping", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Text(), nullable=False),
        sa.Column("is_reached", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("repeats", sa.String(length=32), nullable=False),
        sa.Column("policy_id", sa.Integer(), nullable=False),
        sa.Column("is_for_incident", sa.Boolean(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("is_guest", sa.Boolean(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column(
            "told",
            sa.Enum("firing", "acknowledged", "resolved", name="alertstate", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("is_drill", sa.Boolean(), nullable=False),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "event_class = 'informational' OR event_class = 'warning' OR event_class = 'exception'",
            name=op.f("ck__alert__event_class"),
        ),
        sa.CheckConstraint(
            "muted_by = 'silence' OR muted_by = 'maintenance' OR muted_by = 'inhibition' OR muted_by = 'sender' OR muted_by = 'flapping' OR muted_by = 'threshold' OR muted_by = 'delay'",
            name=op.f("ck__alert__muted_by"),
        ),
        sa.CheckConstraint(
            "severity = 'critical' OR severity = 'high' OR severity = 'warning' OR severity = 'low' OR severity = 'info'",
            name=op.f("ck__alert__severity"),
        ),
        sa.CheckConstraint(
            "standing <> 'open' OR (muted_by IS NULL AND state <> 'resolved')",
            name=op.f("ck__alert__open_fires_unmuted"),
        ),
        sa.CheckConstraint("standing <> 'over' OR state = 'resolved'", name=op.f("ck__alert__over_is_resolved")),
        sa.CheckConstraint(
            "standing = 'open' OR standing = 'flapping' OR standing = 'held' OR standing = 'over'",
            name=op.f("ck__alert__standing"),
        ),
        sa.CheckConstraint(
            "state = 'firing' OR state = 'acknowledged' OR state = 'resolved'", name=op.f("ck__alert__state")
        ),
        sa.CheckConstraint(
            "status = 'firing' OR status = 'resolved' OR status = 'acknowledged' OR status = 'suppressed' OR status = 'pending' OR status = 'informational'",
            name=op.f("ck__alert__status"),
        ),
        sa.CheckConstraint(
            "told = 'firing' OR told = 'acknowledged' OR told = 'resolved'", name=op.f("ck__alert__told")
        ),
        sa.CheckConstraint("(muted_by IS NULL) = (muted_reason IS NULL)", name=op.f("ck__alert__muted_has_reason")),
        sa.ForeignKeyConstraint(["group_id"], ["alert_group.id"], name=op.f("fk__alert__group_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk__alert__incident_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["alert_policy.id"], name=op.f("fk__alert__policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__alert")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq__alert__fingerprint")),
    )
    op.create_index(
        op.f("ix__alert__group_id_is_for_incident_standing_incident_id"),
        "alert",
        ["group_id", "is_for_incident", "standing", "incident_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix__alert__incident_id_standing"),
        "alert",
        ["incident_id", "standing"],
        unique=False,
        sqlite_where=sa.text("incident_id IS NOT NULL"),
        postgresql_where=sa.text("incident_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix__alert__look_at"),
        "alert",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(
        "ix__alert__not_over",
        "alert",
        ["id"],
        unique=False,
        sqlite_where=sa.text("standing <> 'over'"),
        postgresql_where=sa.text("standing <> 'over'"),
    )
    op.create_index(op.f("ix__alert__scope_created_at"), "alert", ["scope", "created_at"], unique=False)
    op.create_table(
        "approval_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("identity", sa.String(length=128), nullable=False),
        sa.Column("seat", sa.String(length=128), nullable=False),
        sa.Column("delegator", sa.String(length=128), nullable=True),
        sa.Column("chain", sa.JSON(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum("approve", "deny", name="approvalverdict", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("requester", sa.String(length=128), nullable=False),
        sa.Column("beneficiary", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "(identity = seat) = (delegator IS NULL)", name=op.f("ck__approval_decision__own_seat_or_delegated")
        ),
        sa.CheckConstraint(
            "delegator <> identity AND delegator <> requester AND delegator <> beneficiary",
            name=op.f("ck__approval_decision__not_what_was_delegated"),
        ),
        sa.CheckConstraint(
            "identity <> requester AND identity <> beneficiary", name=op.f("ck__approval_decision__not_about_their_own")
        ),
        sa.CheckConstraint(
            "seat <> requester AND seat <> beneficiary", name=op.f("ck__approval_decision__not_for_who_asks")
        ),
        sa.ForeignKeyConstraint(
            ["approval_id", "requester", "beneficiary"],
            ["approval.id", "approval.requester", "approval.beneficiary"],
            name=op.f("fk__approval_decision__approval_id_requester_beneficiary"),
        ),
        sa.ForeignKeyConstraint(
            ["step_id", "approval_id"],
            ["approval_step.id", "approval_step.approval_id"],
            name=op.f("fk__approval_decision__step_id_approval_id"),
        ),
        sa.ForeignKeyConstraint(
            ["step_id", "seat"],
            ["approval_seat.step_id", "approval_seat.identity"],
            name=op.f("fk__approval_decision__step_id_seat"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__approval_decision")),
        sa.UniqueConstraint("step_id", "identity", name=op.f("uq__approval_decision__step_id_identity")),
        sa.UniqueConstraint("step_id", "seat", name=op.f("uq__approval_decision__step_id_seat")),
    )
    op.create_index(op.f("ix__approval_decision__approval_id"), "approval_decision", ["approval_id"], unique=False)
    op.create_table(
        "candidate_trouble",
        sa.Column("candidate_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["problem_candidate.id"], name=op.f("fk__candidate_trouble__candidate_id")
        ),
        sa.PrimaryKeyConstraint("candidate_id", "subject", name=op.f("pk__candidate_trouble")),
    )
    op.create_index(op.f("ix__candidate_trouble__subject"), "candidate_trouble", ["subject"], unique=False)
    op.create_table(
        "known_error_key",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("known_error_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("service", sa.String(length=128), nullable=True),
        sa.Column("category", sa.String(length=128), nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["known_error_id"], ["known_error.id"], name=op.f("fk__known_error_key__known_error_id")
        ),
        sa.PrimaryKeyConstraint("key", "known_error_id", name=op.f("pk__known_error_key")),
    )
    op.create_index(op.f("ix__known_error_key__known_error_id"), "known_error_key", ["known_error_id"], unique=False)
    op.create_table(
        "known_error_use",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("known_error_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=128), nullable=True),
        sa.Column("category", sa.String(length=128), nullable=True),
        sa.Column("suggested_at", UtcDateTime(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("used_by", sa.String(length=128), nullable=True),
        sa.Column("worked", sa.Boolean(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("check_run_id", sa.Integer(), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(used_at IS NULL) = (used_by IS NULL)", name=op.f("ck__known_error_use__used_by_somebody")),
        sa.CheckConstraint(
            "(worked IS NULL) = (settled_at IS NULL)", name=op.f("ck__known_error_use__settled_has_verdict")
        ),
        sa.CheckConstraint("worked IS NULL OR used_at IS NOT NULL", name=op.f("ck__known_error_use__settled_was_used")),
        sa.ForeignKeyConstraint(["check_run_id"], ["run.id"], name=op.f("fk__known_error_use__check_run_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk__known_error_use__incident_id")),
        sa.ForeignKeyConstraint(
            ["known_error_id"], ["known_error.id"], name=op.f("fk__known_error_use__known_error_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk__known_error_use__run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__known_error_use")),
        sa.UniqueConstraint(
            "incident_id", "known_error_id", name=op.f("uq__known_error_use__incident_id_known_error_id")
        ),
    )
    op.create_index(op.f("ix__known_error_use__known_error_id"), "known_error_use", ["known_error_id"], unique=False)
    op.create_index(
        op.f("ix__known_error_use__look_at"),
        "known_error_use",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix__known_error_use__service_category_id"), "known_error_use", ["service", "category", "id"], unique=False
    )
    op.create_index(
        "ix__known_error_use__settled",
        "known_error_use",
        ["known_error_id"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NOT NULL"),
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    )
    op.create_table(
        "major_update",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("audience", sa.String(length=128), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["major_incident.id"], name=op.f("fk__major_update__incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__major_update")),
        sa.UniqueConstraint("incident_id", "audience", name=op.f("uq__major_update__incident_id_audience")),
    )
    op.create_index(
        op.f("ix__major_update__due_at"),
        "major_update",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column("deployment", sa.String(length=128), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("given_up_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk__outbox__run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__outbox")),
        sa.UniqueConstraint("key", name=op.f("uq__outbox__key")),
    )
    op.create_index(
        op.f("ix__outbox__next_try_at"),
        "outbox",
        ["next_try_at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
    )
    op.create_table(
        "probe_reading",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("standing_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "ok",
                "warning",
                "critical",
                "unknown",
                name="probeverdict",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("measures", sa.JSON(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk__probe_reading__run_id")),
        sa.ForeignKeyConstraint(
            ["standing_id"], ["probe_standing.id"], name=op.f("fk__probe_reading__standing_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__probe_reading")),
    )
    op.create_index(op.f("ix__probe_reading__run_id"), "probe_reading", ["run_id"], unique=False)
    op.create_index(op.f("ix__probe_reading__standing_id_id"), "probe_reading", ["standing_id", "id"], unique=False)
    op.create_table(
        "repository_check",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("repository", sa.String(length=128), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "ok",
                "partial",
                "failed",
                "timed out",
                "killed",
                "kill unconfirmed",
                "missed",
                "skipped",
                "unknown",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["repository"], ["repository.name"], name=op.f("fk__repository_check__repository")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk__repository_check__run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__repository_check")),
    )
    op.create_index(
        op.f("ix__repository_check__repository_started_at"),
        "repository_check",
        ["repository", "started_at"],
        unique=False,
    )
    op.create_table(
        "restore_point",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("plan", sa.String(length=128), nullable=False),
        sa.Column("repository", sa.String(length=128), nullable=False),
        sa.Column("host", sa.String(length=128), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("copy_of", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "taken",
                "listed",
                "read-checked",
                "proven",
                "expired",
                "bad",
                name="pointstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("added_bytes", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("anomalies", sa.JSON(), nullable=False),
        sa.Column("listed_at", UtcDateTime(), nullable=True),
        sa.Column("read_checked_at", UtcDateTime(), nullable=True),
        sa.Column("proven_at", UtcDateTime(), nullable=True),
        sa.Column("unwanted_since", UtcDateTime(), nullable=True),
        sa.Column("expired_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'expired') = (expired_at IS NOT NULL)", name=op.f("ck__restore_point__expired_has_time")
        ),
        sa.ForeignKeyConstraint(["copy_of"], ["restore_point.id"], name=op.f("fk__restore_point__copy_of")),
        sa.ForeignKeyConstraint(["plan"], ["backup_plan.name"], name=op.f("fk__restore_point__plan")),
        sa.ForeignKeyConstraint(["repository"], ["repository.name"], name=op.f("fk__restore_point__repository")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk__restore_point__run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__restore_point")),
        sa.UniqueConstraint("repository", "key", name=op.f("uq__restore_point__repository_key")),
    )
    op.create_index(op.f("ix__restore_point__plan_taken_at"), "restore_point", ["plan", "taken_at"], unique=False)
    op.create_table(
        "step",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=128), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("intended", "ended", name="stepstate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "ok",
                "partial",
                "failed",
                "timed out",
                "killed",
                "kill unconfirmed",
                "missed",
                "skipped",
                "unknown",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "fault",
            sa.Enum(
                "unreachable",
                "refused",
                "hangs",
                "wrong host key",
                "not let in",
                "lost mid-command",
                "busy",
                "deadline passed",
                "refused by us",
                "host not usable",
                "interrupted",
                "command failed",
                name="hostfault",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("intended_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("first_error_line", sa.Text(), nullable=True),
        sa.Column("attached", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(state = 'ended') = (outcome IS NOT NULL)", name=op.f("ck__step__ended_has_outcome")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk__step__run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__step")),
        sa.UniqueConstraint("key", name=op.f("uq__step__key")),
    )
    op.create_index(op.f("ix__step__run_id_attempt"), "step", ["run_id", "attempt"], unique=False)
    op.create_table(
        "task_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("task", sa.String(length=128), nullable=False),
        sa.Column("host", sa.String(length=128), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "ok",
                "partial",
                "failed",
                "timed out",
                "killed",
                "kill unconfirmed",
                "missed",
                "skipped",
                "unknown",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "fault",
            sa.Enum(
                "unreachable",
                "refused",
                "hangs",
                "wrong host key",
                "not let in",
                "lost mid-command",
                "busy",
                "deadline passed",
                "refused by us",
                "host not usable",
                "interrupted",
                "command failed",
                name="hostfault",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("flow_run_id", sa.String(length=36), nullable=True),
        sa.Column("task_run_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck__task_log__ended_has_outcome")),
        sa.ForeignKeyConstraint(["parent_id"], ["task_log.id"], name=op.f("fk__task_log__parent_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk__task_log__run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__task_log")),
    )
    op.create_index(op.f("ix__task_log__run_id"), "task_log", ["run_id"], unique=False)
    op.create_index(op.f("ix__task_log__started_at"), "task_log", ["started_at"], unique=False)
    op.create_table(
        "alert_change",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "fire",
                "fire again",
                "count up",
                "outlast",
                "acknowledge",
                "time out",
                "change",
                "mute",
                "raise",
                "start flapping",
                "stop flapping",
                "resolve",
                "expire",
                name="alertaction",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "source",
            sa.Enum("firing", "acknowledged", "resolved", name="alertstate", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column(
            "target",
            sa.Enum("firing", "acknowledged", "resolved", name="alertstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "action = 'fire' OR action = 'fire again' OR action = 'count up' OR action = 'outlast' OR action = 'acknowledge' OR action = 'time out' OR action = 'change' OR action = 'mute' OR action = 'raise' OR action = 'start flapping' OR action = 'stop flapping' OR action = 'resolve' OR action = 'expire'",
            name=op.f("ck__alert_change__action"),
        ),
        sa.CheckConstraint(
            "source = 'firing' OR source = 'acknowledged' OR source = 'resolved'", name=op.f("ck__alert_change__source")
        ),
        sa.CheckConstraint(
            "target = 'firing' OR target = 'acknowledged' OR target = 'resolved'", name=op.f("ck__alert_change__target")
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk__alert_change__alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__alert_change")),
    )
    op.create_index(op.f("ix__alert_change__alert_id_id"), "alert_change", ["alert_id", "id"], unique=False)
    op.create_index(op.f("ix__alert_change__at"), "alert_change", ["at"], unique=False)
    op.create_table(
        "alert_guest",
        sa.Column("group_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("alert_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "told",
            sa.Enum(
                "firing", "acknowledged", "resolved", name="told", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk__alert_guest__alert_id")),
        sa.ForeignKeyConstraint(["group_id"], ["alert_group.id"], name=op.f("fk__alert_guest__group_id")),
        sa.PrimaryKeyConstraint("group_id", "alert_id", name=op.f("pk__alert_guest")),
    )
    op.create_index(op.f("ix__alert_guest__alert_id"), "alert_guest", ["alert_id"], unique=False)
    op.create_table(
        "corrective_run",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(length=128), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("has_worked", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk__corrective_run__alert_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk__corrective_run__run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__corrective_run")),
        sa.UniqueConstraint(
            "alert_id", "episode", "job", "attempt", name=op.f("uq__corrective_run__alert_id_episode_job_attempt")
        ),
    )
    op.create_index(
        op.f("ix__corrective_run__look_at"),
        "corrective_run",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_table(
        "drill",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("restore_point_id", sa.Integer(), nullable=False),
        sa.Column("plan", sa.String(length=128), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "ok",
                "partial",
                "failed",
                "timed out",
                "killed",
                "kill unconfirmed",
                "missed",
                "skipped",
                "unknown",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("sandbox", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["backup_plan.name"], name=op.f("fk__drill__plan")),
        sa.ForeignKeyConstraint(["restore_point_id"], ["restore_point.id"], name=op.f("fk__drill__restore_point_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk__drill__run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__drill")),
    )
    op.create_index(op.f("ix__drill__plan_started_at"), "drill", ["plan", "started_at"], unique=False)
    op.create_table(
        "output",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("task_log_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.String(length=8), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("tail", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["task_log_id"], ["task_log.id"], name=op.f("fk__output__task_log_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk__output")),
    )
    op.create_index(op.f("ix__output__task_log_id"), "output", ["task_log_id"], unique=False)
    op.create_index(
        "uq__pause__one_open",
        "pause",
        [sa.text("coalesce(job, '*')")],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.execute(sa.text("INSERT INTO journal_head (id, seq, hash) VALUES (1, 0, :genesis)").bindparams(genesis=GENESIS))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(APPEND_ONLY_POSTGRESQL)
    else:
        for statement in APPEND_ONLY_SQLITE:
            op.execute(statement)
