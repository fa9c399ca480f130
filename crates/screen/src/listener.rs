//! `NOTIFY bourse`, where `bourse.notify` is on: a hint to look at a market now. Every login can send one, and one may be
//! lost, so nothing is believed but what the tables say.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio_postgres::{AsyncMessage, NoTls};

use crate::database;
use crate::feed::Feeds;
use crate::problem::words;

/// How long until it is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// Listens for as long as the screen runs.
pub async fn listen(dsn: String, feeds: Arc<Feeds>) {
    loop {
        if let Err(error) = hear(&dsn, &feeds).await {
            eprintln!("screen: LISTEN: {error}");
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn hear(dsn: &str, feeds: &Feeds) -> Result<(), String> {
    let config = database::config(dsn)?;
    let (client, mut connection) = config.connect(NoTls).await.map_err(|error| words(&error))?;
    let mut messages = Box::pin(stream::poll_fn(move |context| connection.poll_message(context)));
    // The answer comes only while messages are read, so both at once.
    let mut asked = Box::pin(client.batch_execute("LISTEN bourse"));
    let mut listening = false;
    loop {
        tokio::select! {
            answer = &mut asked, if !listening => {
                answer.map_err(|error| words(&error))?;
                listening = true;
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(told))) => feeds.hint(told.payload()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(words(&error)),
                None => return Err("the connection has ended".to_owned()),
            }
        }
    }
}
