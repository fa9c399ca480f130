//! An SMTP and an HTTP server, small ones, which note what they have taken and are not always well.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use client_tests::{Failure, Random, Result};

/// How long a server takes for a message: a sender is killed in the midst of it.
const WORK: Duration = Duration::from_millis(20);

/// Of a hundred messages, how many a server does not take now, and how many it takes without a word.
#[derive(Clone, Copy)]
pub struct Mood {
    pub refuses: u64,
    pub hangs_up: u64,
}

/// What a server has taken, by key.
#[derive(Default)]
struct Taken {
    messages: HashMap<String, (usize, String)>,
    unsaid: usize,
}

/// What a server has taken.
#[derive(Clone, Default)]
pub struct Received(Arc<Mutex<Taken>>);

impl Received {
    fn take(&self, key: &str, message: &str, is_said: bool) {
        let mut taken = self.0.lock().expect("no panic");
        taken.messages.entry(key.to_owned()).or_insert((0, message.to_owned())).0 += 1;
        taken.unsaid += usize::from(!is_said);
    }

    /// How many keys, how many messages beyond the first of each, how many were taken without a word.
    pub fn counts(&self) -> (usize, usize, usize) {
        let taken = self.0.lock().expect("no panic");
        let all: usize = taken.messages.values().map(|(times, _)| times).sum();
        (taken.messages.len(), all - taken.messages.len(), taken.unsaid)
    }

    /// One of the messages.
    pub fn one(&self) -> String {
        let taken = self.0.lock().expect("no panic");
        taken.messages.values().next().map(|(_, message)| message.clone()).unwrap_or_default()
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Taken,
    Refused,
    TakenUnsaid,
}

impl Mood {
    fn outcome(self, random: &mut Random) -> Outcome {
        match random.below(100) {
            n if n < self.refuses => Outcome::Refused,
            n if n < self.refuses + self.hangs_up => Outcome::TakenUnsaid,
            _ => Outcome::Taken,
        }
    }
}

/// Listens, and serves every connection on a thread of its own until the program ends.
fn serve(
    handle: fn(TcpStream, &Received, Mood, &mut Random) -> std::io::Result<()>,
    mood: Mood,
) -> Result<(u16, Received)> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| Failure::new(error.to_string()))?;
    let port = listener.local_addr().map_err(|error| Failure::new(error.to_string()))?.port();
    let received = Received::default();
    let noted = received.clone();
    thread::spawn(move || {
        for (seed, stream) in (1..).zip(listener.incoming().flatten()) {
            let noted = noted.clone();
            // A sender that is killed hangs up: that is what is tested.
            thread::spawn(move || handle(stream, &noted, mood, &mut Random::new(seed)).unwrap_or_default());
        }
    });
    Ok((port, received))
}

/// A server that takes mail.
pub struct Mailbox {
    pub port: u16,
    pub received: Received,
}

impl Mailbox {
    pub fn open(mood: Mood) -> Result<Self> {
        let (port, received) = serve(mail, mood)?;
        Ok(Self { port, received })
    }
}

fn mail(stream: TcpStream, received: &Received, mood: Mood, random: &mut Random) -> std::io::Result<()> {
    let mut to = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    to.write_all(b"220 ready\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        match line.get(..4).unwrap_or(&line).to_ascii_uppercase().as_str() {
            "DATA" => {
                to.write_all(b"354 go on\r\n")?;
                let mut message = String::new();
                while let Some(line) = lines.next().transpose()?.filter(|line| line != ".") {
                    message.push_str(&line);
                    message.push('\n');
                }
                thread::sleep(WORK);
                let key = message.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or("none");
                match mood.outcome(random) {
                    Outcome::Refused => to.write_all(b"451 not now\r\n")?,
                    outcome => {
                        received.take(key, &message, outcome == Outcome::Taken);
                        if outcome == Outcome::TakenUnsaid {
                            return Ok(());
                        }
                        to.write_all(b"250 taken\r\n")?;
                    }
                }
            }
            "QUIT" => return to.write_all(b"221 bye\r\n"),
            _ => to.write_all(b"250 fine\r\n")?,
        }
    }
    Ok(())
}

/// A server of webhooks: what is posted to /orders it takes, and to /slow as well, but it never comes to an end.
pub struct Hook {
    pub port: u16,
    pub received: Received,
}

impl Hook {
    pub fn open(mood: Mood) -> Result<Self> {
        let (port, received) = serve(post, mood)?;
        Ok(Self { port, received })
    }
}

fn post(stream: TcpStream, received: &Received, mood: Mood, random: &mut Random) -> std::io::Result<()> {
    let mut to = stream.try_clone()?;
    let mut from = BufReader::new(stream);
    let (mut request, mut key, mut length) = (String::new(), String::new(), 0);
    from.read_line(&mut request)?;
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "" => break,
            "idempotency-key" => key = value.to_owned(),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => (),
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    thread::sleep(WORK);
    if request.starts_with("POST /slow ") {
        to.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
        loop {
            thread::sleep(WORK);
            to.write_all(b"x")?;
        }
    }
    if !request.starts_with("POST /orders ") {
        return to.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
    match mood.outcome(random) {
        Outcome::Refused => to.write_all(b"HTTP/1.1 503 Not Now\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
        outcome => {
            received.take(&key, &String::from_utf8_lossy(&body), outcome == Outcome::Taken);
            if outcome == Outcome::TakenUnsaid {
                return Ok(());
            }
            // Longer than what the database keeps.
            let id = "i".repeat(300);
            write!(to, "HTTP/1.1 200 OK\r\nX-Request-Id: {id}\r\nContent-Length: 0\r\n\r\n")
        }
    }
}
