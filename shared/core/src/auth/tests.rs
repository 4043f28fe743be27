//! What opens the door and what does not.

use super::{personal, signature, token, *};
use crate::digest::hmac_sha256;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_795_000_000_000);

fn keyring() -> Keyring {
    let mut keyring = Keyring::default();
    let mut random = [0; RANDOM_BYTES];
    for (index, byte) in random.iter_mut().enumerate() {
        *byte = (index % 251) as u8;
    }
    assert!(keyring.complete(&random), "an empty keyring has keys to mint");
    keyring.token_keys = vec![
        TokenKey { kid: "t1".into(), secret: "correct horse battery staple".into() },
        TokenKey { kid: "t2".into(), secret: "second".into() },
    ];
    keyring.more = vec![
        ExtraKey { key: "sk_ingest".into(), scopes: vec![Scope::Ingest], expires: None },
        ExtraKey { key: "sk_old".into(), scopes: vec![Scope::Read], expires: Some(NOW) },
        ExtraKey { key: "wk_old".into(), scopes: vec![Scope::Write], expires: Some(NOW.plus_ms(1)) },
        ExtraKey { key: "old shopify".into(), scopes: vec![Scope::Shopify], expires: Some(NOW.plus_days(1)) },
    ];
    keyring
}

fn basic(user_and_password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(user_and_password))
}

#[test]
fn keys_open_by_header_query_or_body() {
    let keyring = keyring();
    let ingest = Caller::Backend { scopes: vec![Scope::Ingest] };
    let check = |authorization: Option<&str>, query: Option<&str>, body: Option<&str>, expected: Result<Caller, AuthError>| {
        assert_eq!(
            authenticate(&keyring, Credentials { authorization, query, body }, NOW),
            expected,
            "{authorization:?} {query:?} {body:?}"
        );
    };
    check(None, None, None, Err(AuthError::Missing));
    check(Some(&basic("sk_ingest:")), None, None, Ok(ingest.clone()));
    check(Some(&basic("sk_ingest")), None, None, Ok(ingest.clone()));
    check(Some("bearer sk_ingest"), None, None, Ok(ingest));
    check(None, Some(&keyring.write_key), None, Ok(Caller::Browser));
    check(None, None, Some("wk_old"), Ok(Caller::Browser));
    check(Some("Bearer sk_old"), None, None, Err(AuthError::Wrong));
    check(Some("Bearer "), None, None, Err(AuthError::Wrong));
    check(Some("Basic !"), Some(&keyring.write_key), None, Err(AuthError::Wrong));
    check(None, Some(""), None, Err(AuthError::Wrong));
    // What verifies webhooks is no key to the house.
    check(Some("Bearer old shopify"), None, None, Err(AuthError::Wrong));
}

#[test]
fn nothing_opens_a_stack_without_keys() {
    let keyring = Keyring::parse(r#"{"origin_secret": "x"}"#).expect("a keyring");
    assert_eq!(keyring.caller("", NOW), None);
    assert!(signature::shopify(&keyring, Some(&BASE64_STANDARD.encode(hmac_sha256(b"", b"{}"))), b"{}", NOW).is_err());
}

#[test]
fn minting_fills_what_is_missing_and_nothing_else() {
    let mut keyring = Keyring::parse(r#"{"write_key": "wk_mine", "origin_secret": "cloud", "tomorrow": [1]}"#).expect("a keyring");
    assert!(keyring.complete(&[7; RANDOM_BYTES]));
    assert_eq!((keyring.write_key.as_str(), keyring.origin_secret.as_str()), ("wk_mine", "cloud"));
    let again = Keyring::parse(&keyring.document().expect("JSON")).expect("a keyring");
    assert_eq!(again, keyring, "unknown fields survive");
    assert!(!keyring.complete(&[8; RANDOM_BYTES]));
    assert!(!format!("{keyring:?}").contains("wk_mine"), "a log never shows a key");
}

/// The vectors of `docs/customer-tokens.md`.
#[test]
fn tokens_match_the_published_vectors() {
    let keyring = keyring();
    let minted = token::mint(&keyring.token_keys[0], "12748", NOW, token::DEFAULT_LIFE_SECS).expect("a token");
    let published = include_str!("../../../../docs/customer-tokens.md");
    assert!(published.contains(&minted), "the document should show {minted}");
    assert_eq!(token::verify(&keyring, &minted, NOW).map(|claims| claims.sub), Ok("12748".to_owned()));
}

#[test]
fn tokens_end_and_cannot_be_bent() {
    let keyring = keyring();
    let minted = token::mint(&keyring.token_keys[1], "12748", NOW, 60).expect("a token");
    assert!(token::verify(&keyring, &minted, NOW.plus_ms(59_999)).is_ok());
    assert_eq!(token::verify(&keyring, &minted, NOW.plus_ms(60_000)), Err(token::TokenError::Expired));
    assert_eq!(token::verify(&keyring, &minted, NOW.plus_ms(-301_000)), Err(token::TokenError::Misdirected));
    assert_eq!(token::verify(&keyring, &minted.replace("ct_1", "ct_2"), NOW), Err(token::TokenError::Malformed));
    assert_eq!(token::verify(&keyring, &minted.replace(".t2.", ".t1."), NOW), Err(token::TokenError::Forged));
    assert_eq!(token::verify(&keyring, &minted.replace(".t2.", ".t3."), NOW), Err(token::TokenError::Forged));
    let other = format!("ct_1.t2.{}", BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"1","aud":"rapport","iat":0,"exp":9999999999}"#));
    assert_eq!(
        token::verify(&keyring, &format!("{other}.{}", minted.rsplit('.').next().unwrap_or_default()), NOW),
        Err(token::TokenError::Forged)
    );
}

#[test]
fn standard_webhooks_follow_their_specification() {
    // The example of https://github.com/standard-webhooks/standard-webhooks, `libraries/*/tests`.
    let keyring = Keyring { webhook_secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(), ..Keyring::default() };
    let body = br#"{"test": 2432232314}"#;
    let headers = signature::StandardHeaders {
        id: Some("msg_p5jXN8AQM9LWM0D4loKWxJek"),
        timestamp: Some("1614265330"),
        signature: Some("v1,AAAA v2,xyz v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    };
    let at = Timestamp(1_614_265_330_000);
    assert_eq!(signature::standard(&keyring, headers, body, at), Ok(()));
    assert_eq!(signature::standard(&keyring, headers, body, at.plus_ms(300_001)), Err(signature::SignatureError::Stale));
    assert_eq!(signature::standard(&keyring, headers, b"{}", at), Err(signature::SignatureError::Forged));
    assert_eq!(
        signature::standard(&keyring, signature::StandardHeaders { id: None, ..headers }, body, at),
        Err(signature::SignatureError::Malformed)
    );
    assert_eq!(signature::standard(&Keyring::default(), headers, body, at), Err(signature::SignatureError::Forged));
}

#[test]
fn personal_ids_are_hidden_and_others_are_not() {
    let hidden = personal::hidden("k", " Ada@Example.org ");
    assert_eq!(hidden, personal::hidden("k", "ada@example.org"));
    assert_ne!(hidden, personal::hidden("another shop", "ada@example.org"));
    assert!(hidden.is_some_and(|hash| hash.len() == 67 && hash.starts_with("h1_") && !hash.contains("ada")));
    assert_eq!(personal::hidden("k", "+44 20 7946-0958"), personal::hidden("k", "+442079460958"));
    for id in ["12748", "user@", "@home", "a b@c.d", "+12", "442079460958", "gid://shopify/Customer/1"] {
        assert_eq!(personal::hidden("k", id).as_deref(), Some(id), "{id} is nobody's address");
    }
    assert_eq!(personal::hidden("k", "null"), None);
}

proptest! {
    #[test]
    fn a_changed_body_never_verifies(body in proptest::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let keyring = keyring();
        let now = NOW;
        let header = BASE64_STANDARD.encode(hmac_sha256(keyring.shopify_secret.as_bytes(), &body));
        prop_assert!(signature::shopify(&keyring, Some(&header), &body, now).is_ok());
        let rotated = BASE64_STANDARD.encode(hmac_sha256(b"old shopify", &body));
        prop_assert!(signature::shopify(&keyring, Some(&rotated), &body, now).is_ok(), "two secrets live while one is rotated");
        prop_assert!(signature::woocommerce(&keyring, Some(&header), &body, now).is_err(), "another sender's secret");
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= flip;
        prop_assert!(signature::shopify(&keyring, Some(&header), &changed, now).is_err());
        prop_assert!(signature::shopify(&keyring, Some(&rotated), &changed, now.plus_days(2)).is_err());
    }

    #[test]
    fn a_changed_token_never_verifies(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9._-]") {
        let keyring = keyring();
        let minted = token::mint(&keyring.token_keys[0], "12748", NOW, 60).expect("a token");
        let index = at.index(minted.len());
        let mut changed = minted.clone();
        changed.replace_range(index..=index, &letter);
        prop_assert!(changed == minted || token::verify(&keyring, &changed, NOW).is_err(), "{changed}");
    }
}
