create type state as enum ('open', 'sent');

create table orders (
  id       integer generated always as identity primary key,
  customer text not null unique,
  state    state not null default 'open',
  placed   date not null
);

create table order_lines (
  order_id integer not null references orders (id),
  article  varchar(8) not null,
  amount   integer not null check (amount > 0),
  primary key (order_id, article)
);
