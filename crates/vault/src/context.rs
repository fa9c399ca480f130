//! Whose secret a token holds. Fernet signs nothing but the plaintext, so a token that is copied to another row
//! would still open there: the context stands in the plaintext and is compared when it is opened.

use zeroize::Zeroizing;

use crate::fernet::NotAToken;
use crate::ring::KeyRing;

/// The first line of every plaintext: the format, and what it is for.
const MAGIC: &str = "pg_bourse/1";

/// Where a secret belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context<'a> {
    /// The user.
    pub user: i64,
    /// The exchange, for example `BINANCE`.
    pub exchange: &'a str,
    /// Whether it is for the exchange's test network.
    pub is_testnet: bool,
    /// What the secret is, for example `api_secret`.
    pub purpose: &'a str,
}

/// Why a token does not give its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// None of the keys has made it, or somebody has changed it.
    NotAToken,
    /// It is a good token of another user, exchange, network or purpose.
    OtherContext,
}

impl From<NotAToken> for Refused {
    fn from(_: NotAToken) -> Refused {
        Refused::NotAToken
    }
}

impl Context<'_> {
    /// Seals a secret for this context.
    pub fn seal(&self, ring: &KeyRing, secret: &str, now: u64, iv: [u8; 16]) -> String {
        let plaintext = Zeroizing::new([self.header().as_bytes(), secret.as_bytes()].concat());
        ring.seal(&plaintext, now, iv)
    }

    /// The secret of a token that was sealed for this context.
    pub fn open(&self, ring: &KeyRing, token: &str) -> Result<Zeroizing<String>, Refused> {
        let plaintext = ring.open(token)?;
        let secret = plaintext.strip_prefix(self.header().as_bytes()).ok_or(Refused::OtherContext)?;
        let secret = str::from_utf8(secret).map_err(|_| Refused::OtherContext)?;
        Ok(Zeroizing::new(secret.to_owned()))
    }

    /// Five lines. Line breaks in a field are escaped, so no two contexts have the same header and the secret
    /// begins at one place only, whatever it holds.
    fn header(&self) -> String {
        let network = if self.is_testnet { "testnet" } else { "mainnet" };
        let (exchange, purpose) = (self.exchange.escape_default(), self.purpose.escape_default());
        format!("{MAGIC}\n{}\n{exchange}\n{network}\n{purpose}\n", self.user)
    }
}
