//! Signatures: vectors that the vendors' own libraries made, and a great many requests that were signed and then bent.

use super::*;
use crate::random::SplitMix;

const NOW: Timestamp = Timestamp(1_795_339_800_000);
/// Not ASCII, so that bytes and characters differ.
const BODY: &str = r#"{"id":"evt_1","object":"event","note":"café 🍞"}"#;

fn keyring() -> Keyring {
    Keyring {
        shopify_secret: "shpss_secret".into(),
        woocommerce_secret: "wcs_secret".into(),
        webhook_secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
        stripe_secret: "whsec_test_secret".into(),
        klaviyo_secret: "klaviyo-secret-1234".into(),
        mailchimp_secret: "mcs_secret".into(),
        ..Keyring::default()
    }
}

/// Python's `stripe` 16.1.0: `WebhookSignature._compute_signature(f"{t}.{body}", "whsec_test_secret")` at t = 1795339800, and the whole
/// header accepted by its `WebhookSignature.verify_header`. The `v0` is of the kind that Stripe sends for test events.
#[test]
fn stripes_own_library_is_believed() {
    let header = "t=1795339800,v1=b3681946a78f2833e6e9d0bc3f7f054547f39274a75b9a40ee2dde243e472fa2,v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39";
    let verdict = |header: &str, now| stripe(&keyring(), Some(header), BODY.as_bytes(), now);
    assert_eq!(verdict(header, NOW), Ok(()));
    assert_eq!(sign_stripe("whsec_test_secret", 1_795_339_800, BODY.as_bytes()), header[..header.len() - 68]);
    let rolled = header.replace("v1=", "v1=00ff,v1=");
    assert_eq!(verdict(&rolled, NOW), Ok(()), "while a secret is rolled there are two");
    for (ms, expected) in
        [(300_000, Ok(())), (-300_000, Ok(())), (300_001, Err(SignatureError::Stale)), (-300_001, Err(SignatureError::Stale))]
    {
        assert_eq!(verdict(header, NOW.plus_ms(ms)), expected, "{ms} ms from now");
    }
    assert_eq!(verdict(&header.replace("v1=", "v0="), NOW), Err(SignatureError::Forged), "only v1 proves anything");
    for header in ["", "v1=b3", "t=,v1=b3", "t=soon,v1=b3"] {
        assert_eq!(verdict(header, NOW), Err(SignatureError::Malformed), "{header}");
    }
}

/// Python's `standardwebhooks` 1.1.0: `Webhook(secret).sign("msg_1", 2026-11-22T09:30:00Z, body)`.
#[test]
fn the_standards_own_library_is_believed() {
    let headers = StandardHeaders {
        id: Some("msg_1"),
        timestamp: Some("1795339800"),
        signature: Some("v1,mvP17gITDKbdJXjRfOKpca5nTm6x9tToHq5FWWcmpoI="),
    };
    assert_eq!(standard(&keyring(), headers, BODY.as_bytes(), NOW), Ok(()));
}

/// Accepted by `webhooks.validate` of `@shopify/shopify-api` 12.3.0 for Node (which says `invalid_hmac` with another first letter). WooCommerce's
/// `WC_Webhook::generate_signature` is the same `base64(hmac_sha256(body, secret))`.
#[test]
fn what_shopifys_own_library_accepts_is_believed() {
    let header = "awQmOSnxLRqUn6Ibu1Z8jFm3vWTXwH0FqSd5jpPWXFM=";
    assert_eq!(shopify(&keyring(), Some(header), BODY.as_bytes(), NOW), Ok(()));
    assert_eq!(
        shopify(&keyring(), Some("bwQmOSnxLRqUn6Ibu1Z8jFm3vWTXwH0FqSd5jpPWXFM="), BODY.as_bytes(), NOW),
        Err(SignatureError::Forged)
    );
}

/// Klaviyo has no library for this: Python's `hmac`, fed as its guide says (`m = hmac.new(secret, body, sha256); m.update(timestamp)`).
#[test]
fn klaviyos_recipe_is_believed() {
    let check = |tag: &str, timestamp: &str, body: &str, now| klaviyo(&keyring(), Some(tag), Some(timestamp), body.as_bytes(), now);
    for (timestamp, tag) in [
        ("Sun, 22 Nov 2026 09:30:00 GMT", "2d6f94b2498699f53da0287689da99e5e05a399633368e88dc925ccb13421bb4"),
        ("2026-11-22T09:30:00+00:00", "dbb9ba4d57b4c803e10a24cb4f293c98e3d339aab9b4e9ff59065d46f4dd8f09"),
    ] {
        assert_eq!(check(tag, timestamp, BODY, NOW), Ok(()));
        assert_eq!(check(tag, timestamp, BODY, NOW.plus_ms(300_001)), Err(SignatureError::Stale));
        assert_eq!(check(tag, "2026-11-22T09:30:01+00:00", BODY, NOW), Err(SignatureError::Forged));
    }
    // The header's clock five hours off, as has been seen; the body's is right.
    let body = r#"{"meta":{"timestamp":"2026-11-22T09:29:58.101159+00:00"},"data":[]}"#;
    let tag = sign_klaviyo("klaviyo-secret-1234", "Sun, 22 Nov 2026 14:30:00 GMT", body.as_bytes());
    assert_eq!(check(&tag, "Sun, 22 Nov 2026 14:30:00 GMT", body, NOW), Ok(()));
    assert_eq!(check(&tag, "Sun, 22 Nov 2026 14:30:00 GMT", body, NOW.plus_ms(400_000)), Err(SignatureError::Stale));
}

#[test]
fn mailchimps_address_is_its_only_proof() {
    assert_eq!(mailchimp(&keyring(), Some("mcs_secret"), NOW), Ok(()));
    for offered in [Some(""), Some("mcs_secre"), Some("mcs_secrets"), Some("wcs_secret"), None] {
        assert!(mailchimp(&keyring(), offered, NOW).is_err(), "{offered:?}");
    }
    assert!(mailchimp(&Keyring::default(), Some(""), NOW).is_err(), "a shop without keys lets nobody in");
}

/// A signed request, taken apart.
#[derive(Clone, Debug)]
struct Signed {
    body: Vec<u8>,
    id: String,
    timestamp: String,
    tag: String,
}

#[derive(Clone, Copy, Debug)]
enum Scheme {
    Shopify,
    Woocommerce,
    Standard,
    Stripe,
    Klaviyo,
}

impl Scheme {
    const ALL: [Self; 5] = [Self::Shopify, Self::Woocommerce, Self::Standard, Self::Stripe, Self::Klaviyo];

    fn sign(self, body: &[u8]) -> Signed {
        let (keys, secs) = (keyring(), NOW.epoch_secs());
        let last = |header: String, mark: &str| header.rsplit_once(mark).expect("a tag").1.to_owned();
        let tag = match self {
            Self::Shopify => sign_body(&keys.shopify_secret, body),
            Self::Woocommerce => sign_body(&keys.woocommerce_secret, body),
            Self::Standard => last(sign_standard(&keys.webhook_secret, "msg_1", secs, body), "v1,"),
            Self::Stripe => last(sign_stripe(&keys.stripe_secret, secs, body), "v1="),
            Self::Klaviyo => sign_klaviyo(&keys.klaviyo_secret, &secs.to_string(), body),
        };
        Signed { body: body.to_vec(), id: "msg_1".into(), timestamp: secs.to_string(), tag }
    }

    fn accepts(self, signed: &Signed) -> bool {
        let (keys, Signed { body, id, timestamp, tag }) = (keyring(), signed);
        let verdict = match self {
            Self::Shopify => shopify(&keys, Some(tag), body, NOW),
            Self::Woocommerce => woocommerce(&keys, Some(tag), body, NOW),
            Self::Standard => {
                let signature = format!("v1,{tag}");
                let headers = StandardHeaders { id: Some(id), timestamp: Some(timestamp), signature: Some(&signature) };
                standard(&keys, headers, body, NOW)
            }
            Self::Stripe => stripe(&keys, Some(&format!("t={timestamp},v1={tag}")), body, NOW),
            Self::Klaviyo => klaviyo(&keys, Some(tag), Some(timestamp), body, NOW),
        };
        verdict.is_ok()
    }

    /// Whether the two say the same to this scheme: what it does not sign, the case of hex digits, white space around a header and
    /// further parts of Stripe's list may differ.
    fn same(self, left: &Signed, right: &Signed) -> bool {
        let is_timed = !matches!(self, Self::Shopify | Self::Woocommerce);
        let said = |text: &str| match self {
            Self::Stripe => text.split(',').next().unwrap_or_default().trim().to_owned(),
            _ => text.trim().to_owned(),
        };
        left.body == right.body
            && said(&left.tag).eq_ignore_ascii_case(&said(&right.tag))
            && (!is_timed || said(&left.timestamp) == said(&right.timestamp))
            && (!matches!(self, Self::Standard) || left.id == right.id)
    }
}

/// Bends one to three things.
fn bent(signed: &Signed, random: &mut SplitMix) -> Signed {
    let mut bent = signed.clone();
    for _ in 0..=random.below(3) {
        match random.below(4) {
            0 | 1 => bend(&mut bent.body, random, false),
            2 => bent.tag = bend_text(&bent.tag, random),
            _ if random.below(4) == 0 => bent.id = bend_text(&bent.id, random),
            _ => bent.timestamp = bend_text(&bent.timestamp, random),
        }
    }
    bent
}

fn bend_text(text: &str, random: &mut SplitMix) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bend(&mut bytes, random, true);
    String::from_utf8(bytes).expect("ASCII stays ASCII")
}

/// Changes, inserts, deletes, repeats, swaps or cuts.
fn bend(bytes: &mut Vec<u8>, random: &mut SplitMix, ascii: bool) {
    let at = random.below(bytes.len().max(1));
    let byte = if ascii { b' ' + random.below(95) as u8 } else { random.below(256) as u8 };
    match random.below(6) {
        0 if !bytes.is_empty() => bytes[at] = byte,
        1 if !bytes.is_empty() => drop(bytes.remove(at)),
        2 if !bytes.is_empty() => bytes.insert(at, bytes[at]),
        3 if at > 0 => bytes.swap(at, at - 1),
        4 if random.below(20) == 0 => bytes.truncate(at),
        _ => bytes.insert(at, byte),
    }
}

/// `RAPPORT_MUTATIONS` says how many for each scheme; a million takes some seconds.
#[test]
fn nothing_that_was_bent_is_believed() {
    let wanted = std::env::var("RAPPORT_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(100_000);
    for scheme in Scheme::ALL {
        let signed = scheme.sign(BODY.as_bytes());
        assert!(scheme.accepts(&signed), "{scheme:?} believes what was signed");
        let (mut random, mut tried) = (SplitMix::new(scheme as u64), 0);
        while tried < wanted {
            let bent = bent(&signed, &mut random);
            if scheme.same(&signed, &bent) {
                continue;
            }
            assert!(!scheme.accepts(&bent), "{scheme:?} believed {bent:?}");
            tried += 1;
        }
    }
}

/// Each scheme's secret opens its own door only, and a tag made for one scheme opens no other.
#[test]
fn no_proof_opens_another_senders_door() {
    for made in Scheme::ALL {
        for shown in Scheme::ALL {
            let signed = made.sign(BODY.as_bytes());
            assert_eq!(shown.accepts(&signed), made as u8 == shown as u8, "{made:?} shown to {shown:?}");
        }
    }
}
