create extension vector;

create table chunk (
  id        int primary key,
  tenant    text not null,
  embedding vector(8) not null
);
insert into chunk
select n, case when n % 100 = 7 then 'small' when n % 5 = 0 then 'middle' else 'large' end,
  (select array_agg(sin(n * 7 + m * n * 3) order by m) from generate_series(1, 8) m)::vector
from generate_series(1, 300) n;

create index chunk_nearest on chunk using hnsw (embedding vector_l2_ops);

alter table chunk enable row level security;
alter table chunk force row level security;
create policy own_chunks on chunk using (tenant = current_setting('desk.tenant'));
