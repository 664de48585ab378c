drop table order_lines;
drop table orders;
drop type state;
