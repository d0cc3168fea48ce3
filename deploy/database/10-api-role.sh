#!/bin/sh
# Runs once, when the database is made: the API's role gets its password here, its rights from the migrations.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --set password="$SANTORIO_API_DATABASE_PASSWORD" \
     --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role santorio_api login password :'password';
create database dagster;
SQL
