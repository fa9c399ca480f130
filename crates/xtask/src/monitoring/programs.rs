//! The programs, from Debian: those that are installed, or unpacked from their packages.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::unpacked;

const PACKAGES: [&str; 3] = ["prometheus", "prometheus-node-exporter", "prometheus-postgres-exporter"];
const REMEDY: &str = "apt-get install prometheus prometheus-node-exporter prometheus-postgres-exporter";

/// Where the programs are.
pub struct Programs {
    pub prometheus: PathBuf,
    pub promtool: PathBuf,
    pub node: PathBuf,
    pub postgres: PathBuf,
}

impl Programs {
    /// Fetches what is missing.
    pub fn prepare(project: &Project, folder: &Path) -> Result<Programs> {
        let installed = Programs::below(Path::new("/usr/bin"));
        if installed.are_there() {
            return Ok(installed);
        }
        let unpacked = Programs::below(&folder.join("debian/usr/bin"));
        if !unpacked.are_there() {
            unpacked::fetch(project, folder, &PACKAGES)?;
        }
        if unpacked.are_there() {
            return Ok(unpacked);
        }
        Err(Failure::new("the packages of Prometheus hold no programs", REMEDY))
    }

    fn below(folder: &Path) -> Programs {
        Programs {
            prometheus: folder.join("prometheus"),
            promtool: folder.join("promtool"),
            node: folder.join("prometheus-node-exporter"),
            postgres: folder.join("prometheus-postgres-exporter"),
        }
    }

    fn are_there(&self) -> bool {
        [&self.prometheus, &self.promtool, &self.node, &self.postgres].iter().all(|program| program.exists())
    }
}
