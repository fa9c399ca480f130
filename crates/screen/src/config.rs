//! How the screen is started: flags, or variables of the environment of the same name.

use std::net::SocketAddr;

/// What `--help` prints.
pub const USAGE: &str = "\
screen [FLAGS]                each flag may be a variable, too: --listen is BOURSE_SCREEN_LISTEN
  --listen ADDRESS:PORT       127.0.0.1:8080 unless told otherwise; a proxy with TLS stands before any other
  --database DSN              of a login that is a member of bourse_gateway; nothing without it
  --monitor DSN               of a login that is a member of bourse_monitor: what admins see
  --connections N             to the database, 16
  --streams N                 viewers at once, 2000
  --door place | submit       whether orders go through place_order() or the sequencer's submit_order()
  --https yes | no            whether browsers come by https, so that the cookie never goes another way";

/// The flags, and what they are without being told.
const DEFAULTS: [(&str, &str); 7] = [
    ("listen", "127.0.0.1:8080"),
    ("database", ""),
    ("monitor", ""),
    ("connections", "16"),
    ("streams", "2000"),
    ("door", "place"),
    ("https", "no"),
];

/// The calls that an order goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// In the transaction of the request.
    Place,
    /// Through the sequencer.
    Submit,
}

/// What the flags say.
#[derive(Debug)]
pub struct Config {
    /// Where browsers come.
    pub listen: SocketAddr,
    /// Where the gateway's login connects.
    pub database: String,
    /// Where the monitor's login connects.
    pub monitor: Option<String>,
    /// How many connections at most.
    pub connections: usize,
    /// How many viewers at once.
    pub streams: usize,
    /// The way of an order.
    pub door: Door,
    /// Whether browsers come by https.
    pub https: bool,
}

impl Config {
    /// Reads flags, then what is missing from the environment; `None` when help was asked for.
    pub fn read(
        mut flags: impl Iterator<Item = String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let mut values = DEFAULTS.map(|(name, default)| {
            let variable = format!("BOURSE_SCREEN_{}", name.to_uppercase());
            environment(&variable).unwrap_or_else(|| default.to_owned())
        });
        while let Some(flag) = flags.next() {
            if flag == "--help" {
                return Ok(None);
            }
            let name = flag.strip_prefix("--").and_then(|name| DEFAULTS.iter().position(|(known, _)| *known == name));
            let at = name.ok_or_else(|| format!("there is no flag {flag}\n{USAGE}"))?;
            values[at] = flags.next().ok_or_else(|| format!("{flag} wants a value\n{USAGE}"))?;
        }
        let [listen, database, monitor, connections, streams, door, https] = values;
        let number = |text: &str, what: &str| match text.parse() {
            Ok(0) | Err(_) => Err(format!("--{what} is a number above 0, not {text}")),
            Ok(number) => Ok(number),
        };
        if database.is_empty() {
            return Err(format!("--database is missing\n{USAGE}"));
        }
        Ok(Some(Self {
            listen: listen.parse().map_err(|_| format!("--listen is ADDRESS:PORT, not {listen}"))?,
            database,
            monitor: Some(monitor).filter(|dsn| !dsn.is_empty()),
            connections: number(&connections, "connections")?,
            streams: number(&streams, "streams")?,
            door: match door.as_str() {
                "place" => Door::Place,
                "submit" => Door::Submit,
                _ => return Err(format!("--door is place or submit, not {door}")),
            },
            https: match https.as_str() {
                "yes" => true,
                "no" => false,
                _ => return Err(format!("--https is yes or no, not {https}")),
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &str) -> Result<Option<Config>, String> {
        Config::read(flags.split_whitespace().map(str::to_owned), |_| None)
    }

    #[test]
    fn nobody_else_is_listened_to_unless_told() {
        let config = read("--database dbname=bourse").expect("valid").expect("no help");
        assert!(config.listen.ip().is_loopback());
        assert_eq!((config.door, config.https, config.monitor), (Door::Place, false, None));
    }

    #[test]
    fn flags_go_before_the_environment() {
        let environment = |name: &str| (name == "BOURSE_SCREEN_STREAMS").then(|| "7".to_owned());
        let flags = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let with = |text: &str| Config::read(flags(text).into_iter(), environment).expect("valid").expect("no help");
        assert_eq!(with("--database x").streams, 7);
        assert_eq!(with("--database x --streams 9").streams, 9);
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(read("").is_err());
        assert!(read("--database x --door back").is_err());
        assert!(read("--database x --streams 0").is_err());
        assert!(read("--database x --colour red").expect_err("no such flag").contains("--colour"));
        assert!(read("--help").expect("help").is_none());
    }
}
