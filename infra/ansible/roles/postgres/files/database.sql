-- The ledger's database. Cannot run inside a transaction; run only when it does not exist.
CREATE DATABASE ledger OWNER ledger_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8';
