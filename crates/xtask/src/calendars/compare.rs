//! Sessions of one calendar, ours and somebody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::failure::{Failure, Result};

/// A session as both sides tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// In local times.
    pub text: String,
    /// Opening, close, and breaks, in seconds since 1970: with the clocks that each side believes in.
    pub instants: String,
    /// How long it is open.
    pub minutes: String,
}

/// The sessions of one calendar, by date.
pub type Sessions = BTreeMap<String, Session>;

/// What one library says of one calendar.
#[derive(Debug)]
pub struct Peer {
    /// The library, and the calendar's name there.
    pub name: String,
    /// Its sessions.
    pub sessions: Sessions,
    calendar: String,
    first: String,
    last: String,
}

/// What the libraries say.
#[derive(Debug)]
pub struct Peers(Vec<Peer>);

/// A date on which two sides do not say the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The date.
    pub date: String,
    /// What we say.
    pub ours: String,
    /// What they say.
    pub theirs: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\t{}\t{}", self.date, self.ours, self.theirs)
    }
}

/// Rows of calendar, date, and the three parts of a session, in the order of the calendars.
pub fn by_calendar(rows: Vec<Vec<String>>) -> Result<Vec<(String, Sessions)>> {
    let mut found: Vec<(String, Sessions)> = Vec::new();
    for row in rows {
        let [calendar, date, text, instants, minutes] = <[String; 5]>::try_from(row).map_err(|row| no_session(&row))?;
        if found.last().is_none_or(|(name, _)| *name != calendar) {
            found.push((calendar, Sessions::new()));
        }
        if let Some((_, sessions)) = found.last_mut() {
            sessions.insert(date, Session { text, instants, minutes });
        }
    }
    Ok(found)
}

fn no_session(fields: &[impl AsRef<str>]) -> Failure {
    let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
    Failure::new(format!("no session: {}", fields.join("\t")), "compare what is printed with what is read")
}

impl Peers {
    /// Reads what `peers.py` writes.
    pub fn read(text: &str) -> Result<Self> {
        let mut peers: Vec<Peer> = Vec::new();
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            match (fields.as_slice(), peers.last_mut()) {
                ([calendar, name, "covers", first, last], _) => peers.push(Peer {
                    name: (*name).to_owned(),
                    sessions: Sessions::new(),
                    calendar: (*calendar).to_owned(),
                    first: (*first).to_owned(),
                    last: (*last).to_owned(),
                }),
                ([_, name, date, text, instants, minutes], Some(peer)) if peer.name == *name => {
                    let [text, instants, minutes] = [text, instants, minutes].map(|field| (*field).to_owned());
                    peer.sessions.insert((*date).to_owned(), Session { text, instants, minutes });
                }
                _ => return Err(no_session(&fields)),
            }
        }
        Ok(Self(peers))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Peer> {
        self.0.iter()
    }

    /// Those with this calendar.
    pub fn of<'a>(&'a self, calendar: &'a str) -> impl Iterator<Item = &'a Peer> {
        self.0.iter().filter(move |peer| peer.calendar == calendar)
    }
}

impl Peer {
    /// How many of our sessions lie in the years that it knows.
    pub fn compared(&self, ours: &Sessions) -> usize {
        ours.keys().filter(|date| self.covers(date)).count()
    }

    fn covers(&self, date: &str) -> bool {
        (self.first.as_str()..=self.last.as_str()).contains(&date)
    }

    /// The dates on which it says something else than we do.
    pub fn differences(&self, ours: &Sessions) -> Vec<Difference> {
        let dates: BTreeSet<&String> =
            ours.keys().chain(self.sessions.keys()).filter(|date| self.covers(date)).collect();
        dates.into_iter().filter_map(|date| difference(date, ours.get(date), self.sessions.get(date))).collect()
    }
}

fn difference(date: &str, ours: Option<&Session>, theirs: Option<&Session>) -> Option<Difference> {
    let told = |session: Option<&Session>| session.map_or_else(|| "no session".to_owned(), |one| one.text.clone());
    let whole = |session: Option<&Session>| {
        session.map_or_else(String::new, |one| format!("{} at {}, {} minutes", one.text, one.instants, one.minutes))
    };
    // The same clock on the wall at another moment, or another sum of the same hours, can be no matter of opinion.
    let is_same_text = told(ours) == told(theirs);
    let say = if is_same_text { whole } else { told };
    (ours != theirs).then(|| Difference { date: date.to_owned(), ours: say(ours), theirs: say(theirs) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "XNYS\tlib XNYS\tcovers\t2020-01-01\t2020-12-31\n\
                        XNYS\tlib XNYS\t2020-01-02\t09:30 to 16:00\t1 2\t390\n\
                        XNYS\tlib XNYS\t2020-01-03\t09:30 to 16:00\t3 4\t390\n\
                        XNYS\tlib XNYS\t2020-01-06\t09:30 to 16:00\t5 6\t390\n";

    fn ours(rows: &[[&str; 5]]) -> Sessions {
        let rows = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        by_calendar(rows).map_or_else(|_| Sessions::new(), |mut found| found.remove(0).1)
    }

    #[test]
    fn every_date_of_either_side_is_compared_within_what_the_peer_covers() {
        let ours = ours(&[
            ["XNYS", "2020-01-02", "09:30 to 16:00", "1 2", "390"],
            ["XNYS", "2020-01-03", "09:30 to 13:00", "3 4", "210"],
            ["XNYS", "2020-01-04", "09:30 to 16:00", "7 8", "390"],
            ["XNYS", "2021-01-04", "09:30 to 16:00", "9 9", "390"],
        ]);
        let peers = Peers::read(TOLD).unwrap_or_else(|failure| panic!("{failure}"));
        let peer = peers.of("XNYS").next().unwrap_or_else(|| panic!("no peer"));
        let found: Vec<String> = peer.differences(&ours).iter().map(ToString::to_string).collect();
        let expected = [
            "2020-01-03\t09:30 to 13:00\t09:30 to 16:00",
            "2020-01-04\t09:30 to 16:00\tno session",
            "2020-01-06\tno session\t09:30 to 16:00",
        ];
        assert_eq!(found, expected);
        assert_eq!(peer.compared(&ours), 3);
    }

    #[test]
    fn the_same_hours_at_another_moment_differ() {
        let session = |instants: &str, minutes: &str| Session {
            text: "09:30 to 16:00".to_owned(),
            instants: instants.to_owned(),
            minutes: minutes.to_owned(),
        };
        let (ours, same) = (session("1 2", "390"), session("1 2", "390"));
        assert_eq!(difference("2020-01-02", Some(&ours), Some(&same)), None);
        for other in [session("3601 2", "390"), session("1 2", "389")] {
            let found = difference("2020-01-02", Some(&ours), Some(&other));
            assert!(found.is_some_and(|one| one.ours.contains("1 2, 390 minutes") && one.ours != one.theirs));
        }
    }

    #[test]
    fn what_is_no_session_is_refused() {
        assert!(Peers::read("XNYS\tlib XNYS\t2020-01-02\t09:30 to 16:00\t1 2\t390\n").is_err());
        assert!(Peers::read("nonsense\n").is_err());
    }
}
