//! The differences that we know of.

use crate::calendars::compare::{Difference, Peer};
use crate::failure::{Failure, Result};

/// A row of `differences.tsv`: from a first to a last date, so many sessions differ in this way.
#[derive(Debug)]
pub struct Listed {
    calendar: String,
    peer: String,
    first: String,
    last: String,
    sessions: usize,
    ours: String,
    theirs: String,
    found: usize,
}

/// Reads the file. Each row says who is right, or that nobody knows yet, and where that comes from.
pub fn read(text: &str) -> Result<Vec<Listed>> {
    text.lines().skip(1).map(|line| row(line).ok_or_else(|| malformed(line))).collect()
}

fn malformed(line: &str) -> Failure {
    let columns = "calendar, peer, first, last, sessions, ours, theirs, right (ours or open), source";
    Failure::new(format!("tests/calendars/differences.tsv: {line}"), format!("the columns are {columns}"))
}

fn row(line: &str) -> Option<Listed> {
    let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
    let [calendar, peer, first, last, sessions, ours, theirs, right, source] = <[String; 9]>::try_from(fields).ok()?;
    // Where they are right the calendar has to change, not the list.
    let is_judged = ["ours", "open"].contains(&right.as_str()) && !source.trim().is_empty();
    let sessions = sessions.parse().ok().filter(|sessions| is_judged && *sessions > 0)?;
    Some(Listed { calendar, peer, first, last, sessions, ours, theirs, found: 0 })
}

impl Listed {
    /// Whether this difference is meant; then it is counted.
    pub fn takes(&mut self, calendar: &str, peer: &Peer, difference: &Difference) -> bool {
        let is_meant = self.calendar == calendar
            && self.peer == peer.name
            && (&self.first..=&self.last).contains(&&difference.date)
            && self.ours == difference.ours
            && self.theirs == difference.theirs;
        self.found += usize::from(is_meant);
        is_meant
    }

    /// What is wrong with the row once all has been compared.
    pub fn fault(&self) -> Option<String> {
        let Self { calendar, peer, first, last, sessions, ours, theirs, found } = self;
        let row = format!("{calendar}\t{peer}\t{first}\t{last}\t{sessions}\t{ours}\t{theirs}");
        (found != sessions).then(|| format!("listed, but {found} sessions differ so: {row}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendars::compare::Peers;

    const HEAD: &str = "calendar\tpeer\tfirst\tlast\tsessions\tours\ttheirs\tright\tsource\n";

    fn difference(date: &str) -> Difference {
        Difference { date: date.to_owned(), ours: "a".to_owned(), theirs: "b".to_owned() }
    }

    #[test]
    fn a_row_takes_what_it_lists_and_is_wrong_when_the_number_is() {
        let text = format!("{HEAD}C\tlib\t2020-01-01\t2020-01-31\t2\ta\tb\tours\thttps://example.org\n");
        let mut rows = read(&text).unwrap_or_else(|failure| panic!("{failure}"));
        let peers =
            Peers::read("C\tlib\tcovers\t2020-01-01\t2020-12-31\n").unwrap_or_else(|failure| panic!("{failure}"));
        let peer = peers.all().next().unwrap_or_else(|| panic!("no peer"));
        assert!(rows[0].takes("C", peer, &difference("2020-01-02")));
        assert!(!rows[0].takes("D", peer, &difference("2020-01-02")));
        assert!(!rows[0].takes("C", peer, &difference("2020-02-01")));
        assert!(rows[0].fault().is_some_and(|fault| fault.contains("1 sessions differ")));
        assert!(rows[0].takes("C", peer, &difference("2020-01-31")));
        assert_eq!(rows[0].fault(), None);
    }

    #[test]
    fn a_row_needs_a_judgement_and_a_source() {
        let row = |right: &str, source: &str| {
            read(&format!("{HEAD}C\tlib\t2020-01-01\t2020-01-01\t1\ta\tb\t{right}\t{source}\n"))
        };
        assert!(row("ours", "https://example.org").is_ok());
        assert!(row("open", "not announced").is_ok());
        assert!(row("theirs", "https://example.org").is_err());
        assert!(row("ours", " ").is_err());
    }
}
