//! Databases that are made once and copied for every turn, so that each begins with the same.

use crate::cluster::Cluster;
use crate::failure::Result;
use crate::psql::Database;

/// Lets nobody enter a database any more: it can be copied.
pub fn close(cluster: &Cluster, name: &str) -> Result<()> {
    cluster.database("postgres").run(&format!(
        "ALTER DATABASE {name} ALLOW_CONNECTIONS false;\n\
         SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}';\n"
    ))
}

/// A new database that is a copy of another.
pub fn copy(cluster: &Cluster, from: &str, to: &str) -> Result<Database> {
    cluster
        .database("postgres")
        .run(&format!("DROP DATABASE IF EXISTS {to} WITH (FORCE);\nCREATE DATABASE {to} TEMPLATE {from};\n"))?;
    Ok(cluster.database(to))
}
