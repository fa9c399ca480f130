//! Fernet tokens: AES-128-CBC, then HMAC-SHA256 over all of it, in base64 with the URL alphabet.
//! The format is that of <https://github.com/fernet/spec>.

use aes::Aes128;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const VERSION: u8 = 0x80;
const BLOCK: usize = 16;
const MAC: usize = 32;
/// Version, time and IV.
const HEADER: usize = 1 + 8 + BLOCK;
/// How many seconds the clock of whoever made a token may be ahead.
const CLOCK_SKEW: u64 = 60;

/// A key that cannot be: not 32 bytes in base64 with the URL alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAKey;

/// A token that this key did not make, or that somebody has changed. Says no more, for it may be told to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAToken;

/// A Fernet key: 16 bytes that sign, 16 that encrypt. Wiped from memory when it goes.
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// Reads a key as `Fernet.generate_key()` of Python writes it.
    pub fn parse(text: &str) -> Result<Key, NotAKey> {
        let bytes = Zeroizing::new(URL_SAFE.decode(text).map_err(|_| NotAKey)?);
        let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| NotAKey)?;
        Ok(Key(Zeroizing::new(*bytes)))
    }

    /// A name for the key that tells nothing about it: 16 hexadecimal digits of a digest.
    pub fn id(&self) -> String {
        let digest = Sha256::new().chain_update(b"pg_bourse vault key id\0").chain_update(*self.0).finalize();
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Makes a token. `iv` is random and never used twice; `now` is in seconds since 1970.
    pub fn seal(&self, plaintext: &[u8], now: u64, iv: [u8; BLOCK]) -> String {
        let mut token = Vec::with_capacity(HEADER + plaintext.len() + BLOCK + MAC);
        token.push(VERSION);
        token.extend_from_slice(&now.to_be_bytes());
        token.extend_from_slice(&iv);
        let cipher = cbc::Encryptor::<Aes128>::new(self.encryption().into(), &iv.into());
        token.extend_from_slice(&cipher.encrypt_padded_vec::<Pkcs7>(plaintext));
        let mac = self.mac(&token).finalize().into_bytes();
        token.extend_from_slice(&mac);
        URL_SAFE.encode(token)
    }

    /// The plaintext of a token, however old.
    pub fn open(&self, token: &str) -> Result<Zeroizing<Vec<u8>>, NotAToken> {
        let token = URL_SAFE.decode(token).map_err(|_| NotAToken)?;
        // The least is a header, one block and the signature.
        if token.len() < HEADER + BLOCK + MAC || token[0] != VERSION {
            return Err(NotAToken);
        }
        let (signed, mac) = token.split_at(token.len() - MAC);
        self.mac(signed).verify_slice(mac).map_err(|_| NotAToken)?;
        let (header, encrypted) = signed.split_at(HEADER);
        let iv: [u8; BLOCK] = header[HEADER - BLOCK..].try_into().map_err(|_| NotAToken)?;
        let cipher = cbc::Decryptor::<Aes128>::new(self.encryption().into(), &iv.into());
        cipher.decrypt_padded_vec::<Pkcs7>(encrypted).map(Zeroizing::new).map_err(|_| NotAToken)
    }

    /// The plaintext of a token that is at most `ttl` seconds old and not from the future.
    pub fn open_fresh(&self, token: &str, now: u64, ttl: u64) -> Result<Zeroizing<Vec<u8>>, NotAToken> {
        let plaintext = self.open(token)?;
        let made = made_at(token).ok_or(NotAToken)?;
        if made.saturating_add(ttl) < now || made > now.saturating_add(CLOCK_SKEW) {
            return Err(NotAToken);
        }
        Ok(plaintext)
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let [signing, _] = halves(&self.0);
        // A key shorter than a block of the hash is padded with zeros: HMAC's own rule.
        let mut block = Zeroizing::new([0; 64]);
        block[..signing.len()].copy_from_slice(signing);
        Hmac::<Sha256>::new((&*block).into()).chain_update(bytes)
    }

    fn encryption(&self) -> &[u8; 16] {
        let [_, encryption] = halves(&self.0);
        encryption
    }
}

/// When a token was made, in seconds since 1970. Anybody can read it; only [`Key::open`] proves it.
pub fn made_at(token: &str) -> Option<u64> {
    let token = URL_SAFE.decode(token).ok()?;
    let time: [u8; 8] = token.get(1..9)?.try_into().ok()?;
    (token[0] == VERSION).then(|| u64::from_be_bytes(time))
}

fn halves(key: &[u8; 32]) -> [&[u8; 16]; 2] {
    // Both halves have 16 bytes: an array of 32 has two chunks of them.
    let (chunks, _) = key.as_chunks::<16>();
    [&chunks[0], &chunks[1]]
}
