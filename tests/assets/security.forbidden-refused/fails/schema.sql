create role agents;
create role auditors;
grant agents to current_user;

create table ticket (
  id    text primary key,
  owner text not null,
  open  boolean not null,
  body  text not null
);
insert into ticket
select 'T-' || n, case when n % 3 = 0 then 'agents' else 'ada' end, n % 2 = 0, 'the printer burns'
from generate_series(1, 30) n;

alter table ticket enable row level security;
alter table ticket force row level security;

create policy agents_read_open on ticket for select to agents using (open);
create policy agents_close_own on ticket for update to agents
  using (owner = current_user) with check (owner = current_user);
create policy auditors_read on ticket for select to auditors using (true);

grant select, update on ticket to agents;
grant select, delete on ticket to auditors;
