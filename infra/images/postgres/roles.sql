-- Roles and databases of the cluster, as infra/local makes them natively. The server's image runs this once, on an empty volume, as the superuser.
-- Passwords come from the environment: they stand in no file and in no command line.
\getenv owner POSTGRES_OWNER_PASSWORD
\getenv collector POSTGRES_COLLECTOR_PASSWORD
\getenv cdc POSTGRES_CDC_PASSWORD
\getenv reader POSTGRES_READER_PASSWORD
\getenv operator POSTGRES_OPERATOR_PASSWORD
\getenv validator POSTGRES_VALIDATOR_PASSWORD
\getenv registry POSTGRES_REGISTRY_PASSWORD

-- The owner makes databases (tests clone a template) and looks after replication slots.
CREATE ROLE aegis_owner WITH LOGIN CREATEDB REPLICATION PASSWORD :'owner';
CREATE ROLE aegis_collector WITH LOGIN PASSWORD :'collector';
CREATE ROLE aegis_cdc WITH LOGIN REPLICATION PASSWORD :'cdc';
CREATE ROLE aegis_reader WITH LOGIN PASSWORD :'reader';
CREATE ROLE aegis_operator WITH LOGIN PASSWORD :'operator';
CREATE ROLE aegis_validator WITH LOGIN PASSWORD :'validator';
CREATE ROLE registry WITH LOGIN PASSWORD :'registry';
GRANT pg_monitor, pg_signal_backend TO aegis_owner;

CREATE DATABASE aegis OWNER aegis_owner;
REVOKE ALL ON DATABASE aegis FROM PUBLIC;
GRANT CONNECT ON DATABASE aegis TO aegis_collector, aegis_cdc, aegis_reader, aegis_operator, aegis_validator;

-- Last: the health check asks for it, so a script that failed half-way never counts as healthy.
CREATE DATABASE registry OWNER registry;
REVOKE ALL ON DATABASE registry FROM PUBLIC;
