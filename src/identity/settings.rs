//! Settings of passwords, codes and the vault: none of them can be set by a session that is not a superuser's. And
//! `bourse.user_id` ([`spoken`]), which anybody can.

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use vault::password::Scheme;

use crate::pg::{session, spoken};

/// How new passwords are hashed.
#[derive(Clone, Copy, Debug, PostgresGucEnum)]
enum Algorithm {
    #[name = c"argon2id"]
    Argon2id,
    #[name = c"bcrypt"]
    Bcrypt,
}

static ALGORITHM: GucSetting<Algorithm> = GucSetting::<Algorithm>::new(Algorithm::Argon2id);
static ARGON2_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(19_456);
static ARGON2_ITERATIONS: GucSetting<i32> = GucSetting::<i32>::new(2);
static ARGON2_PARALLELISM: GucSetting<i32> = GucSetting::<i32>::new(1);
static BCRYPT_COST: GucSetting<i32> = GucSetting::<i32>::new(12);
static CODE_LIFETIME: GucSetting<i32> = GucSetting::<i32>::new(600);
static CODE_WINDOW: GucSetting<i32> = GucSetting::<i32>::new(900);
static CODE_SENDS: GucSetting<i32> = GucSetting::<i32>::new(3);
static CODE_TRIES: GucSetting<i32> = GucSetting::<i32>::new(5);
static KEY_FILE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static KEY_COMMAND: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Makes the settings known.
pub fn register() {
    spoken::define();
    passwords();
    codes();
    // Without a preload PostgreSQL takes no setting of the postmaster's level. The vault then has no key: what a
    // session puts into a placeholder of this name is never read.
    if session::is_preloading() {
        keys();
    }
}

fn passwords() {
    GucRegistry::define_enum_guc(
        c"bourse.password_algorithm",
        c"How new passwords and verification codes are hashed: argon2id or bcrypt.",
        c"Hashes of the other kind still verify, and are made anew when their user logs in.",
        &ALGORITHM,
        GucContext::Suset,
        GucFlags::default(),
    );
    // Any memory goes with any number of lanes (8 kB each), and none costs more than a stored hash may.
    integer(c"bourse.argon2_memory", c"Memory of an argon2id hash.", &ARGON2_MEMORY, 64, 1 << 16, GucFlags::UNIT_KB);
    integer(
        c"bourse.argon2_iterations",
        c"Passes of an argon2id hash.",
        &ARGON2_ITERATIONS,
        1,
        16,
        GucFlags::default(),
    );
    integer(
        c"bourse.argon2_parallelism",
        c"Lanes of an argon2id hash.",
        &ARGON2_PARALLELISM,
        1,
        8,
        GucFlags::default(),
    );
    integer(
        c"bourse.bcrypt_cost",
        c"Logarithm of the rounds of a bcrypt hash.",
        &BCRYPT_COST,
        4,
        15,
        GucFlags::default(),
    );
}

fn codes() {
    integer(
        c"bourse.code_lifetime",
        c"How long a verification code lives.",
        &CODE_LIFETIME,
        30,
        86_400,
        GucFlags::UNIT_S,
    );
    integer(
        c"bourse.code_window",
        c"The time over which the sends and tries of verification codes are counted.",
        &CODE_WINDOW,
        60,
        86_400,
        GucFlags::UNIT_S,
    );
    integer(
        c"bourse.code_sends",
        c"Codes for one user and provider in that time.",
        &CODE_SENDS,
        1,
        1000,
        GucFlags::default(),
    );
    integer(
        c"bourse.code_tries",
        c"Tries for one user and provider in that time.",
        &CODE_TRIES,
        1,
        1000,
        GucFlags::default(),
    );
}

fn keys() {
    let hidden = GucFlags::SUPERUSER_ONLY;
    GucRegistry::define_string_guc(
        c"bourse.vault_key_file",
        c"The file with the keys of the vault, outside the data directory.",
        c"One Fernet key a line, the newest first. Read again after a reload of the configuration.",
        &KEY_FILE,
        GucContext::Postmaster,
        hidden,
    );
    GucRegistry::define_string_guc(
        c"bourse.vault_key_command",
        c"The shell command that prints the keys of the vault.",
        c"Instead of bourse.vault_key_file. Run again after a reload of the configuration.",
        &KEY_COMMAND,
        GucContext::Postmaster,
        hidden,
    );
}

/// A number that only a superuser sets.
fn integer(
    name: &'static std::ffi::CStr,
    description: &'static std::ffi::CStr,
    setting: &'static GucSetting<i32>,
    least: i32,
    most: i32,
    flags: GucFlags,
) {
    GucRegistry::define_int_guc(name, description, c"", setting, least, most, GucContext::Suset, flags);
}

/// How new passwords are hashed.
pub fn scheme() -> Scheme {
    let number = |setting: &GucSetting<i32>| setting.get().unsigned_abs();
    match ALGORITHM.get() {
        Algorithm::Argon2id => Scheme::Argon2id {
            memory: number(&ARGON2_MEMORY),
            iterations: number(&ARGON2_ITERATIONS),
            parallelism: number(&ARGON2_PARALLELISM),
        },
        Algorithm::Bcrypt => Scheme::Bcrypt { cost: number(&BCRYPT_COST) },
    }
}

/// The file with the keys, when it is set.
pub fn key_file() -> Option<CString> {
    KEY_FILE.get().filter(|file| !file.is_empty())
}

/// The command that prints the keys, when it is set.
pub fn key_command() -> Option<CString> {
    KEY_COMMAND.get().filter(|command| !command.is_empty())
}
