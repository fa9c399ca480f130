//! `examples/sender` sends through real SMTP and HTTP servers, which are not always well, and is killed in mid-send.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, PORT, Random, Result, Session, finish};

use super::receivers::{Hook, Mailbox, Mood, Received};

const MESSAGES: usize = 60;
const KILLS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(120);

/// The example's folder.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/sender")
}

/// A Python that has what the example requires, made once for all tests of this program.
fn python() -> Result<PathBuf> {
    static MADE: std::sync::Mutex<bool> = std::sync::Mutex::new(false);
    let environment = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/sender/python");
    let mut made = MADE.lock().map_err(|_| Failure::new("another test has failed to make the environment"))?;
    if !*made {
        finish(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let requirements = folder().join("requirements.txt");
        finish(Command::new(environment.join("bin/pip")).args(["install", "--quiet", "-r"]).arg(requirements))?;
        *made = true;
    }
    Ok(environment.join("bin/python"))
}

/// The database of a test, with a login that is a sender.
struct House {
    database: Database,
    root: Session,
    python: PathBuf,
}

impl House {
    fn open(name: &str) -> Result<House> {
        let python = python()?;
        let database = Database::fresh(name)?;
        database.login("test_sender", "bourse_sender")?;
        let root = database.connect()?;
        Ok(House { database, root, python })
    }

    /// Has these messages go to a channel whose config this is.
    fn enqueue(&mut self, channel: &str, config: &str, recipient: &str, count: usize) -> Result<()> {
        self.root.run(&format!(
            "INSERT INTO messaging.channel_configs (channel, config, timeout_seconds, max_retries, rate_limit_per_minute)
                 VALUES ('{channel}', '{config}', 2, 99, 1000000);
             SELECT messaging.enqueue_message('order_filled', '{{{channel}}}', recipient_id => '{recipient}',
                 content => jsonb_build_object('order_id', n, 'amount', '1', 'symbol', 'BTC', 'price', n),
                 template_name => 'order_filled', max_retries => 99) FROM generate_series(1, {count}) n"
        ))
    }

    fn sender(&self, channel: &str, by: &str, more: &[&str]) -> Result<Child> {
        let mut command = Command::new(&self.python);
        command.arg(folder().join("sender.py")).args(["--channel", channel, "--by", by, "--pause", "0.1"]).args(more);
        command
            .env("PGHOST", &self.database.server.host)
            .env("PGPORT", PORT.to_string())
            .env("PGUSER", "test_sender")
            .env("PGDATABASE", &self.database.name)
            .stderr(Stdio::inherit());
        command.spawn().map_err(|error| Failure::new(format!("the sender does not start: {error}")))
    }

    /// Sends until nothing is due.
    fn send_all(&self, channel: &str, by: &str, more: &[&str]) -> Result<()> {
        let status = self.sender(channel, by, &[&["--once"], more].concat())?.wait();
        assert!(status.is_ok_and(|status| status.success()), "--once ends when nothing is due");
        Ok(())
    }

    fn left(&mut self) -> Result<i64> {
        self.root.number("SELECT count(*) FROM messaging.deliveries WHERE claimable_at IS NOT NULL")
    }

    /// Until nothing waits any more. What was refused is due again now, not after a while.
    fn drained(&mut self) -> Result<()> {
        let began = Instant::now();
        while self.left()? > 0 {
            self.root
                .run("UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE status = 'pending'")?;
            if began.elapsed() > PATIENCE {
                return Err(Failure::new(format!("after {PATIENCE:?} {} are left", self.left()?)));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Kills a sender again and again, then lets one send the rest. How often it was killed while it was at something.
    fn harry(&mut self, channel: &str, by: &str) -> Result<()> {
        let mut random = Random::new(7);
        for _ in 0..KILLS {
            let mut sender = self.sender(channel, by, &["--lease", "1"])?;
            thread::sleep(Duration::from_millis(300 + random.below(500)));
            sender.kill().and_then(|()| sender.wait()).map_err(|error| Failure::new(error.to_string()))?;
        }
        let mut sender = self.sender(channel, by, &["--lease", "1"])?;
        let drained = self.drained();
        sender.kill().and_then(|()| sender.wait()).map_err(|error| Failure::new(error.to_string()))?;
        drained
    }

    /// All are delivered, as the database says and as the receivers do. What came more than once came with its key: as
    /// often as the sender was killed, or the receiver did not say that it had taken it.
    fn all_came(&mut self, received: &Received) -> Result<()> {
        let (keys, doubles, unsaid) = received.counts();
        assert_eq!(keys, MESSAGES, "as many keys as messages");
        assert!(doubles <= KILLS + unsaid, "{doubles} doubles of {KILLS} kills, and {unsaid} that were not answered");
        let delivered = "SELECT count(*) FROM messaging.messages WHERE status = 'DELIVERED'";
        assert_eq!(self.root.number(delivered)?, MESSAGES as i64);
        let told = "SELECT count(*) FROM messaging.system_health WHERE system = 'notification'
                        AND num_nonnulls(last_success, last_failure) = 2";
        assert_eq!(self.root.number(told)?, 1, "attempts tell of their channel");
        self.root.verify_is_empty()
    }
}

#[test]
fn mails_come_once_whoever_is_killed() -> Result<()> {
    let mailbox = Mailbox::open(Mood { refuses: 10, hangs_up: 5 })?;
    let mut house = House::open("sender_mail")?;
    let config = format!(r#"{{"host": "127.0.0.1", "port": {}, "sender": "bourse@example.org"}}"#, mailbox.port);
    house.enqueue("email", &config, "ann@example.org", MESSAGES)?;
    house.harry("email", "smtp")?;
    house.all_came(&mailbox.received)?;
    let mail = mailbox.received.one();
    assert!(mail.contains("Subject: Your order ") && mail.contains("To: ann@example.org"), "{mail}");
    Ok(())
}

#[test]
fn webhooks_are_called_once_whoever_is_killed() -> Result<()> {
    let hook = Hook::open(Mood { refuses: 10, hangs_up: 5 })?;
    let mut house = House::open("sender_webhook")?;
    let config = format!(r#"{{"url": "http://127.0.0.1:{}/orders"}}"#, hook.port);
    house.enqueue("webhook", &config, "chat:1", MESSAGES)?;
    house.harry("webhook", "webhook")?;
    house.all_came(&hook.received)
}

/// Of what will never work nothing is tried again, and the next channel of the message has its turn.
#[test]
fn what_is_wrong_for_good_is_not_tried_again() -> Result<()> {
    let hook = Hook::open(Mood { refuses: 0, hangs_up: 0 })?;
    let mut house = House::open("sender_permanent")?;
    house.enqueue("webhook", &format!(r#"{{"url": "http://127.0.0.1:{}/gone"}}"#, hook.port), "chat:1", 1)?;
    house.send_all("webhook", "webhook", &[])?;
    let told = "SELECT m.status, d.attempt, d.last_error FROM messaging.messages m JOIN messaging.deliveries d
                ON d.message_id = m.id";
    assert_eq!(house.root.line(told)?, "FAILED|1|404 Not Found");
    let channel = "SELECT status, failure_count FROM messaging.v_channel_health_summary WHERE channel = 'webhook'";
    assert_eq!(house.root.line(channel)?, "UNKNOWN|0", "the channel is not to blame");
    Ok(())
}

/// SIGTERM: what it is at is finished, and the rest given back without an attempt.
#[test]
fn a_sender_that_is_asked_to_end_gives_its_batch_back() -> Result<()> {
    let hook = Hook::open(Mood { refuses: 0, hangs_up: 0 })?;
    let mut house = House::open("sender_term")?;
    house.enqueue("webhook", &format!(r#"{{"url": "http://127.0.0.1:{}/orders"}}"#, hook.port), "chat:1", 50)?;
    let mut sender = house.sender("webhook", "webhook", &["--batch", "50"])?;
    let began = Instant::now();
    while hook.received.counts().0 < 3 && began.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(5));
    }
    finish(Command::new("kill").arg(sender.id().to_string()))?;
    assert!(sender.wait().is_ok_and(|status| status.success()));
    let (keys, doubles, _) = hook.received.counts();
    assert!((3..50).contains(&keys) && doubles == 0, "{keys} were sent, {doubles} twice");
    let waiting = "SELECT count(*), max(attempt) FROM messaging.deliveries WHERE status = 'pending'
                       AND claimable_at <= clock_timestamp()";
    assert_eq!(house.root.line(waiting)?, format!("{}|0", 50 - keys));
    Ok(())
}

/// Whatever users say, and are called: what can be sent is, the rest fails for good, and the sender goes on.
#[test]
fn nobody_ends_a_sender_by_what_he_writes() -> Result<()> {
    let mailbox = Mailbox::open(Mood { refuses: 0, hangs_up: 0 })?;
    let mut house = House::open("sender_words")?;
    house.root.run(&format!(
        r#"INSERT INTO messaging.channel_configs (channel, config)
           VALUES ('email', '{{"host": "127.0.0.1", "port": {}, "sender": "bourse@example.org"}}')"#,
        mailbox.port
    ))?;
    house.root.run(
        r#"SELECT identity.register('user ' || n, email) FROM unnest(ARRAY[
               'ann@example.org', '_:a@=,"', ':%[@_;)"', '(<;a).@<', 'http://127.0.0.1/?@x.org'])
               WITH ORDINALITY e (email, n) ORDER BY n;
           SELECT messaging.enqueue_message('x', '{email}', '{"text": "to all"}', u.id::text, max_retries => 9)
           FROM identity.users u ORDER BY u.id;
           SELECT messaging.enqueue_message('x', '{email}', c::jsonb, 'bob@example.org', max_retries => 9)
           FROM unnest(ARRAY['{"digest_key": 1, "messages": 5}', '{"digest_key": 1, "messages": [{}]}',
               '{"subject": "a\nBcc: all@example.org"}', '{"subject": [1], "text": {"a": null}}']) c;
           SELECT messaging.enqueue_message('x', '{email}', '{}');
           SELECT messaging.enqueue_message('x', '{email}', '{"amount": {}}', 'bob@example.org', template_name => t)
           FROM unnest('{order_filled,../sender}'::text[]) t;
           -- As if the platform had made them: nobody else may.
           SELECT messaging.enqueue_message('note', '{email}', c::jsonb, 'bob@example.org', max_retries => 9)
           FROM unnest(ARRAY['{"messages": 5}', '{"messages": [{}]}']) c;
           UPDATE messaging.messages SET message_type = 'digest' WHERE message_type = 'note'"#,
    )?;
    house.send_all("email", "smtp", &[])?;
    let told = "SELECT string_agg(status, ',' ORDER BY id), max(retry_count) FROM messaging.messages";
    let users = "DELIVERED,FAILED,FAILED,FAILED,FAILED";
    let words = "DELIVERED,DELIVERED,FAILED,DELIVERED";
    assert_eq!(house.root.line(told)?, format!("{users},{words},FAILED,FAILED,FAILED,FAILED,FAILED|0"));
    Ok(())
}

/// A URL is taken of the hosts of the config only, and a user's number never becomes one.
#[test]
fn nobody_has_a_sender_call_another_host() -> Result<()> {
    let (ours, other) = (Hook::open(Mood { refuses: 0, hangs_up: 0 })?, Hook::open(Mood { refuses: 0, hangs_up: 0 })?);
    let mut house = House::open("sender_hosts")?;
    house.root.run(&format!(
        r#"INSERT INTO messaging.channel_configs (channel, config) VALUES
               ('webhook', '{{"url": "http://127.0.0.1:{}/orders"}}');
           SELECT identity.register('eve', 'http://127.0.0.1:{}/orders?@x.org') AS eve;
           SELECT messaging.enqueue_message('x', '{{webhook}}', '{{}}', to_whom, max_retries => 0)
           FROM unnest(ARRAY[(SELECT id::text FROM identity.users), 'http://127.0.0.1:{0}/orders',
                             'http://127.0.0.1:{1}/orders', 'http://127.0.0.1:{0}@127.0.0.1:{1}/orders',
                             'http://h:99999/x', 'http://[::1/x', 'file:///etc/passwd']) to_whom"#,
        ours.port, other.port
    ))?;
    house.send_all("webhook", "webhook", &[])?;
    let told = "SELECT string_agg(status, ',' ORDER BY id) FROM messaging.messages";
    assert_eq!(house.root.line(told)?, "DELIVERED,DELIVERED,FAILED,FAILED,FAILED,FAILED,FAILED");
    assert_eq!((ours.received.counts().0, other.received.counts().0), (2, 0));
    Ok(())
}

/// However slowly the other side answers, an attempt ends before its lease does.
#[test]
fn a_slow_server_is_given_up_before_the_lease_ends() -> Result<()> {
    let hook = Hook::open(Mood { refuses: 0, hangs_up: 0 })?;
    let mut house = House::open("sender_slow")?;
    house.enqueue("webhook", &format!(r#"{{"url": "http://127.0.0.1:{}/slow"}}"#, hook.port), "chat:1", 1)?;
    house.send_all("webhook", "webhook", &["--lease", "2"])?;
    let told = "SELECT d.status, d.attempt, d.last_error FROM messaging.deliveries d";
    assert_eq!(house.root.line(told)?, "pending|1|the other side is too slow");
    Ok(())
}

/// A sender that has nothing to do says that its channel is there, and is there again after its server was not.
#[test]
fn an_idle_sender_gives_signs_of_life() -> Result<()> {
    let mailbox = Mailbox::open(Mood { refuses: 0, hangs_up: 0 })?;
    let mut house = House::open("sender_idle")?;
    let config = format!(r#"{{"host": "127.0.0.1", "port": {}, "sender": "bourse@example.org"}}"#, mailbox.port);
    house.enqueue("email", &config, "ann@example.org", 1)?;
    let mut sender = house.sender("email", "smtp", &["--look", "0.2"])?;
    let looked = "SELECT coalesce(max(success_count), 0) FROM messaging.system_health WHERE component = 'email'";
    let mut last = 0;
    for cut in [false, true, true] {
        if cut {
            house.root.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE usename = 'test_sender' AND datname = current_database()",
            )?;
        }
        let began = Instant::now();
        while house.root.number(looked)? < last + 2 {
            assert!(began.elapsed() < PATIENCE, "nothing is heard of the sender");
            thread::sleep(Duration::from_millis(50));
        }
        last = house.root.number(looked)?;
    }
    sender.kill().and_then(|()| sender.wait()).map_err(|error| Failure::new(error.to_string()))?;
    Ok(())
}
