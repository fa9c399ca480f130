-- So many schedules (:schedules) of a hundred users, all due in the first second of a year.
INSERT INTO identity.users (name) SELECT format('user %s', n) FROM generate_series(1, 100) AS n;
SELECT count(jobs.create_schedule(u.id, format('schedule %s', n), 'report', 'bench', '0 0 1 1 *'))
FROM generate_series(1, :schedules) AS n
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM identity.users) AS u ON u.place = 1 + n % 100;
VACUUM (ANALYZE);
