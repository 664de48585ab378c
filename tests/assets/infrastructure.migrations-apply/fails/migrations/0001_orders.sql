-- what was ordered, and by whom
create table orders (
  id       integer generated always as identity primary key,
  customer text not null,
  placed   timestamptz not null default now()
);
