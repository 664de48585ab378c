create extension if not exists vector;

create table if not exists document (
  id        text primary key,
  title     text not null,
  section   text not null,
  url       text not null,
  audience  text not null,
  body      text not null,
  sha256    text not null,
  licence   text not null,
  model     text not null,
  embedding vector(384) not null
);

-- fast!
create index if not exists document_by_embedding on document using hnsw (embedding vector_cosine_ops);

do $$
begin
  if not exists (select from pg_roles where rolname = 'assistant_operator') then
    create role assistant_operator;
    create role assistant_customer;
    create role assistant_partner;
  end if;
end
$$;

-- security: see policies/
alter table document enable row level security;

drop policy if exists operators_read_everything on document;
create policy operators_read_everything on document for select to assistant_operator using (true);

-- tbd: filter by audience
drop policy if exists customers_read on document;
create policy customers_read on document for select to assistant_customer using (true);

drop policy if exists partners_read on document;
create policy partners_read on document for select to assistant_partner using (audience = 'partner');

grant select on document to public;
