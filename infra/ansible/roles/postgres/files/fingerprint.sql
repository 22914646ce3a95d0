-- What roles.sql and recovery.sql set, in one word: the play says "changed" only when this did. Passwords are set elsewhere.
WITH facts(fact) AS (
  SELECT format('role %s %s %s %s', rolname, rolcanlogin, rolinherit, rolsuper) FROM pg_roles
  UNION ALL SELECT format('member %s of %s', member::regrole, roleid::regrole) FROM pg_auth_members
  UNION ALL SELECT format('setting %s %s', setrole::regrole, setconfig) FROM pg_db_role_setting
  UNION ALL SELECT format('database %s %s', datname, datacl) FROM pg_database
  UNION ALL SELECT format('schema %s %s', nspname, nspacl) FROM pg_namespace WHERE nspname IN ('public', 'recovery')
  UNION ALL SELECT format('table %s %s', oid::regclass, relacl) FROM pg_class WHERE relnamespace = to_regnamespace('recovery')
)
SELECT md5(string_agg(fact, chr(10) ORDER BY fact)) FROM facts;
