-- name: insert_check_runs
-- One array a column; the first word on an id stands. Returns the ids that were new.
insert into check_run (id, project, tree, as_of, layer_held, outcome, exit_code)
select *
from unnest(
    %(id)s::text[], %(project)s::text[], %(tree)s::text[], %(as_of)s::timestamptz[], %(layer_held)s::smallint[],
    %(outcome)s::text[], %(exit_code)s::smallint[]
)
on conflict (id) do nothing
returning id;

-- name: find_check_runs
select id, project, tree, as_of, layer_held, outcome, exit_code
from check_run
where id collate "C" >= %(first)s and id collate "C" < %(beyond)s
order by id
limit %(limit)s;

-- name: newest_check_runs
select id, project, tree, as_of, layer_held, outcome, exit_code
from check_run
where project = %(project)s
order by as_of desc, id desc
limit %(limit)s;
