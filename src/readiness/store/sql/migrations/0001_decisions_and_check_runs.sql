-- Decisions with what they rested on, and the checks that were run.
-- Collation "C" lets the primary keys answer for prefixes, whatever the collation of the database.

create table decision (
    id             text collate "C" primary key check (id ~ '^[0-9a-f]{32}-[0-9a-f]{16}$'),
    project        text not null,
    run            text,
    started_at     timestamptz not null,
    duration_ms    double precision,
    model          text,
    model_version  text,
    prompt_version text,
    confidence     double precision,
    output_digest  text,
    attributes     jsonb not null default '{}'
);

create index decision_newest on decision (project, started_at desc, id desc);

create table decision_source (
    decision_id text collate "C" not null references decision (id) on delete cascade,
    name        text not null,
    digest      text not null default '',
    score       double precision,
    primary key (decision_id, name, digest)
);

create table check_run (
    id         text collate "C" primary key,
    project    text not null,
    tree       text not null,
    as_of      timestamptz not null,
    layer_held smallint not null,
    outcome    text not null,
    exit_code  smallint not null
);

create index check_run_newest on check_run (project, as_of desc, id desc);
