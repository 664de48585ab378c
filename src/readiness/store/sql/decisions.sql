-- name: insert_decisions
-- One array a column; the first word on an id stands. Returns the ids that were new.
insert into decision (
    id, project, run, started_at, duration_ms, model, model_version, prompt_version, confidence, output_digest, attributes
)
select *
from unnest(
    %(id)s::text[], %(project)s::text[], %(run)s::text[], %(started_at)s::timestamptz[], %(duration_ms)s::float8[],
    %(model)s::text[], %(model_version)s::text[], %(prompt_version)s::text[], %(confidence)s::float8[],
    %(output_digest)s::text[], %(attributes)s::jsonb[]
)
on conflict (id) do nothing
returning id;

-- name: insert_decision_sources
-- One array a column.
insert into decision_source (decision_id, name, digest, score)
select * from unnest(%(decision_id)s::text[], %(name)s::text[], %(digest)s::text[], %(score)s::float8[])
on conflict (decision_id, name, digest) do nothing;

-- name: find_decisions
-- By a range of ids, which the primary key answers whatever the prefix; a pattern would not be planned with it.
select
    id, project, run, started_at, duration_ms, model, model_version, prompt_version, confidence, output_digest, attributes
from decision
where id collate "C" >= %(first)s and id collate "C" < %(beyond)s
order by id
limit %(limit)s;

-- name: newest_decisions
select
    id, project, run, started_at, duration_ms, model, model_version, prompt_version, confidence, output_digest, attributes
from decision
where project = %(project)s
order by started_at desc, id desc
limit %(limit)s;

-- name: sources_of_decisions
select decision_id, name, digest, score
from decision_source
where decision_id = any(%(ids)s::text[])
order by decision_id, score desc nulls last, name, digest;
