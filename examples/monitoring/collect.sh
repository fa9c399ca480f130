#!/bin/sh
# Writes what bourse.openmetrics() says of a database into a file that Prometheus' node exporter reads. The first
# argument is the folder, the others are databases; the login, a member of bourse_monitor, is what PGUSER says.
set -eu
folder=$1
shift
for database; do
    # A reader sees the old file or the new one, never half of it. A database that does not answer has none.
    file=$folder/bourse_$database.prom
    if psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$database" -c 'SELECT bourse.openmetrics()' -o "$file.new"; then
        chmod 644 "$file.new"
        mv "$file.new" "$file"
    else
        rm -f "$file.new" "$file"
    fi
done
