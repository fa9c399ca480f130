//! The control file, which is what dpkg and apt know of a package, and its own list of changes.

use super::Package;

/// Nobody can be written to yet, and Debian wants an address.
const MAINTAINER: &str = "The pg_bourse authors <authors@pg-bourse.invalid>";

/// The text, of a package whose files need these packages and so many KiB.
pub fn text(package: &Package, libraries: &str, size: u64) -> String {
    let Package { name, version, architecture, major, .. } = package;
    format!(
        "\
Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: {MAINTAINER}
Installed-Size: {size}
Depends: postgresql-{major}, {libraries}
Section: database
Priority: optional
Description: exchange inside PostgreSQL {major}
 Orders are funded, matched and settled in the transaction that sends them.
 With them come users and logins, a vault for credentials, a trail of what
 was done, calendars, jobs, messages, and metrics of what was earned.
 .
 After the package has been installed, a superuser calls in each database
 CREATE EXTENSION pg_bourse; SELECT bourse.install();
"
    )
}

/// What has changed in the packaging, which is all that Debian's own list of changes is for; of this date.
pub fn changes(package: &Package, date: &str) -> String {
    let Package { name, version, .. } = package;
    format!(
        "{name} ({version}) unstable; urgency=medium\n\n  * What is new stands in changelog.gz.\n\n -- {MAINTAINER}  {date}\n"
    )
}

/// Cargo's version as dpkg compares it, and the first packaging of it. What a hyphen begins comes before the release: to
/// dpkg a tilde says that.
pub fn version(cargo: &str) -> String {
    format!("{}-1", cargo.replacen('-', "~", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_file_names_what_apt_installs_first() {
        let text = text(&Package::example(), "libc6 (>= 2.34), libgcc-s1 (>= 4.2)", 28_000);
        let begin =
            "Package: postgresql-15-bourse\nVersion: 0.1.0-1\nArchitecture: amd64\nMaintainer: The pg_bourse authors ";
        assert!(text.starts_with(begin), "{text}");
        assert!(text.contains("\nInstalled-Size: 28000\n"));
        assert!(text.contains("\nDepends: postgresql-15, libc6 (>= 2.34), libgcc-s1 (>= 4.2)\n"));
        let (fields, description) = text.split_once("\nDescription: ").expect("a description");
        assert!(fields.lines().all(|line| line.split_once(": ").is_some_and(|(_, value)| !value.is_empty())));
        let (summary, rest) = description.split_once('\n').expect("a summary");
        assert!(summary.len() <= 60 && rest.lines().all(|line| line.starts_with(' ') && line.len() <= 80), "{rest}");
        assert!(text.ends_with('\n') && !text.contains("\n\n"), "one paragraph");
    }

    #[test]
    fn what_comes_before_a_release_does_so_for_dpkg() {
        assert_eq!(version("1.2.0"), "1.2.0-1");
        assert_eq!(version("1.2.0-rc.1"), "1.2.0~rc.1-1");
        assert_eq!(version("1.2.0-rc-1+b"), "1.2.0~rc-1+b-1");
    }
}
