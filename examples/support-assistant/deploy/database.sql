-- Run once by the owner of the server: the assistant's own role, which no policy lets pass row level security.
create role assistant login nosuperuser nobypassrls;
create database assistant owner assistant;
\connect assistant
create extension vector;
