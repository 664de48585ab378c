-- Run once by the owner of the server: the assistant's own role, which makes a role for each of its readers.
create role assistant login nosuperuser nobypassrls createrole;
create database assistant owner assistant;
\connect assistant
create extension vector;
