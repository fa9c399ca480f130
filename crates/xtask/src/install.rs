//! The release build of the extension, installed into the PostgreSQL it was built for.

use crate::failure::Result;
use crate::progress;
use crate::project::Project;
use crate::setup;

/// Builds and installs; through sudo when the server's library folder is not ours to write.
pub fn run(project: &Project) -> Result<()> {
    let mut command = project.cargo();
    command
        .args(["pgrx", "install", "--release", "--pg-config"])
        .arg(project.pg_config())
        .args(project.feature_flags());
    if !setup::is_writable(&project.pg_folder("--pkglibdir")?)? {
        command.arg("--sudo");
    }
    progress::run(
        project,
        "build and install the extension",
        &mut command,
        "mend what the compiler says; `cargo xtask setup` checks the surroundings",
    )
}
