//! Hashes of Python's `bcrypt` 5.0.0 and `argon2-cffi`, and the policy of hashing anew.

use vault::password::{BCRYPT_MAX_BYTES, HashError, Scheme, Verdict};

const CHEAP: Scheme = Scheme::Argon2id { memory: 64, iterations: 1, parallelism: 1 };
const BCRYPT: Scheme = Scheme::Bcrypt { cost: 5 };

/// Made by Python.
const HASHES: [(&str, &str); 6] = [
    ("correct horse battery staple", "$2a$05$5q9pZazASJCIeclZlUUoc.UMx/7jw0y.xwnJEjlW1pmhv2VmCJhea"),
    ("correct horse battery staple", "$2b$05$vKD9pnIkJdOysdGh/Wezx.etP19Q/FAmK1aCEVy1XWdfgib4OQbiC"),
    ("pässwörd", "$2a$05$eirUm06blV5Gf5wI/lkBueAsfpnhs8.wcP.0KZRf/bsPMXd7DerW2"),
    ("pässwörd", "$2b$05$XtXINHgEwRHOkzZSpR.HK.Q9Dd8KannWqRxQCbbRIrT8J7kx1lSRa"),
    (
        "correct horse battery staple",
        "$argon2id$v=19$m=19456,t=2,p=1$QvAOMgkiD5eAlpWKMgDWiQ$BXv06E3y7vj24QINi1vRhM+WKA2QsRhlo1a5hqlk66A",
    ),
    ("pässwörd", "$argon2id$v=19$m=64,t=1,p=1$JTcBoK9wiYPxgve0UPhlvw$SZB00dht8UZizYXoDlktMI+cd7qoqO78KcSzDmdipDA"),
];

/// Made by Python's `bcrypt` 4.3.0 from 72 and from 112 bytes.
const LONG_HASHES: [(&str, usize, &str); 3] = [
    ("twelve bytes", 6, "$2b$05$JO9WeWZCs4ciiVXqGSctQu0qXwL3Ti1oB4/rzMnrerjWg9ZGc8TBK"),
    ("correct horse ", 8, "$2a$05$./06vaP9toL89F2oluTaquvZKltESMGWRVm2XIBIurv8GWnfAj6mO"),
    ("correct horse ", 8, "$2b$05$IvzKAY9WS9JNBL0SwkB00uPRen1oG9mKF3au7ba224DP2cF59smSG"),
];

#[test]
fn hashes_of_python_are_read() {
    for (password, hash) in HASHES {
        assert_ne!(CHEAP.verify(password, hash), Verdict::Wrong, "{hash}");
        for wrong in ["", "Correct horse battery staple", "passwörd", hash] {
            assert_eq!(CHEAP.verify(wrong, hash), Verdict::Wrong, "{wrong} for {hash}");
        }
    }
}

#[test]
fn a_hash_is_outdated_when_the_scheme_makes_another() {
    let argon2 = HASHES[5];
    let bcrypt = HASHES[3];
    assert_eq!(CHEAP.verify(argon2.0, argon2.1), Verdict::Right);
    assert_eq!(CHEAP.verify(bcrypt.0, bcrypt.1), Verdict::Outdated);
    assert_eq!(BCRYPT.verify(bcrypt.0, bcrypt.1), Verdict::Right);
    assert_eq!(BCRYPT.verify(argon2.0, argon2.1), Verdict::Outdated);
    assert_eq!(Scheme::Bcrypt { cost: 6 }.verify(bcrypt.0, bcrypt.1), Verdict::Outdated);
    let dearer = Scheme::Argon2id { memory: 128, iterations: 1, parallelism: 1 };
    assert_eq!(dearer.verify(argon2.0, argon2.1), Verdict::Outdated);
}

#[test]
fn what_is_hashed_verifies_and_salt_matters() {
    for scheme in [CHEAP, BCRYPT] {
        let hash = |salt: u8| scheme.hash("pässwörd", [salt; 16]).expect("a hash");
        assert_eq!(scheme.verify("pässwörd", &hash(1)), Verdict::Right);
        assert_eq!(scheme.verify("pässword", &hash(1)), Verdict::Wrong);
        assert_ne!(hash(1), hash(2));
        assert_eq!(hash(1), hash(1));
        assert!(hash(1).starts_with(if scheme == BCRYPT { "$2b$05$" } else { "$argon2id$v=19$m=64,t=1,p=1$" }));
    }
}

#[test]
fn bcrypt_takes_72_bytes_and_reads_hashes_that_were_cut_there() {
    let longest = "x".repeat(BCRYPT_MAX_BYTES);
    let hash = BCRYPT.hash(&longest, [1; 16]).expect("a hash");
    assert_eq!(BCRYPT_MAX_BYTES, 72);
    assert_eq!(BCRYPT.verify(&longest, &hash), Verdict::Right);
    assert_eq!(BCRYPT.verify(&longest[1..], &hash), Verdict::Wrong);
    // Nothing of ours is cut without a word; what others have cut is found by its first 72 bytes.
    assert_eq!(BCRYPT.hash(&format!("{longest}x"), [1; 16]), Err(HashError::TooLong));
    assert_eq!(BCRYPT.verify(&format!("{longest}x"), &hash), Verdict::Right);
    assert_eq!(CHEAP.verify(&format!("{longest}x"), &hash), Verdict::Outdated);
    assert_eq!(BCRYPT.verify(&format!("{}yx", &longest[1..]), &hash), Verdict::Wrong);
    for (password, times, hash) in LONG_HASHES {
        assert_eq!(BCRYPT.verify(&password.repeat(times), hash), Verdict::Right, "{hash}");
        assert_eq!(BCRYPT.verify(&password.repeat(5), hash), Verdict::Wrong, "{hash}");
    }
    // An argon2id hash of what bcrypt does not take stays as it is.
    let long = "x".repeat(1000);
    let hash = CHEAP.hash(&long, [1; 16]).expect("a hash");
    assert_eq!(BCRYPT.verify(&long, &hash), Verdict::Right);
}

#[test]
fn costs_that_cannot_be_are_refused() {
    assert_eq!(Scheme::Bcrypt { cost: 3 }.hash("x", [1; 16]), Err(HashError::Cost));
    // Every lane needs 8 KiB.
    let scheme = Scheme::Argon2id { memory: 8, iterations: 1, parallelism: 2 };
    assert_eq!(scheme.hash("x", [1; 16]), Err(HashError::Cost));
}

#[test]
fn what_is_no_hash_or_costs_too_much_fits_no_password() {
    for stored in [
        "",
        "secret",
        "$2b$",
        "$2b$16$vKD9pnIkJdOysdGh/Wezx.etP19Q/FAmK1aCEVy1XWdfgib4OQbiC",
        "$2x$05$vKD9pnIkJdOysdGh/Wezx.etP19Q/FAmK1aCEVy1XWdfgib4OQbiC",
        "$argon2id$v=19$m=4194304,t=2,p=1$QvAOMgkiD5eAlpWKMgDWiQ$BXv06E3y7vj24QINi1vRhM+WKA2QsRhlo1a5hqlk66A",
        "$argon2id$v=19$m=524288,t=1,p=1$QvAOMgkiD5eAlpWKMgDWiQ$BXv06E3y7vj24QINi1vRhM+WKA2QsRhlo1a5hqlk66A",
        "$argon2id$v=19$m=262144,t=5,p=1$QvAOMgkiD5eAlpWKMgDWiQ$BXv06E3y7vj24QINi1vRhM+WKA2QsRhlo1a5hqlk66A",
        "$argon2id$v=19$m=64,t=100000,p=1$JTcBoK9wiYPxgve0UPhlvw$SZB00dht8UZizYXoDlktMI+cd7qoqO78KcSzDmdipDA",
        "$scrypt$ln=17,r=8,p=1$QvAOMgkiD5eAlpWKMgDWiQ$BXv06E3y7vj24QINi1vRhM+WKA2QsRhlo1a5hqlk66A",
    ] {
        assert_eq!(CHEAP.verify("secret", stored), Verdict::Wrong, "{stored}");
    }
}
