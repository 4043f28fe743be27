//! `rapport keys`: what lets callers in. The document lies in the home's `keys.json` or the stack's secret.

use super::{Failure, Shop};
use crate::{home, stores::secrets::write_private};
use clap::{Args, Subcommand, ValueEnum};
use rapport_core::{
    auth::{ExtraKey, Insiders, Keyring, RANDOM_BYTES, Scope},
    digest::content_hash,
    time::{DAY_MS, Timestamp},
};
use rapport_io::{
    aws::{Aws, Options},
    layout,
};
use std::io;

/// How long a rotated key goes on working, unless said otherwise.
const OVERLAP_DAYS: i64 = 7;
/// Shortest secret of a platform that is taken, in characters: shorter ones can be guessed.
const SHORTEST_SECRET: usize = 16;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the keys (the default).
    Show,
    /// Make the keys that are missing, or one more for a backend that may do less than everything.
    Mint {
        /// What the further key may do: ingest, read, catalog, privacy, admin; part several by commas.
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', value_parser = backend_scope)]
        scopes: Vec<Scope>,
    },
    /// Replace a key; the old one works on for a while.
    Rotate {
        /// Which.
        name: Name,
        /// How many days the old one works on.
        #[arg(long, default_value_t = OVERLAP_DAYS, value_parser = clap::value_parser!(i64).range(0..=365))]
        overlap_days: i64,
    },
    /// Put in place a secret that a platform made; the old one works on for a while.
    Set {
        /// Which.
        name: Name,
        /// The secret, as the platform shows it.
        secret: String,
        /// How many days the old one works on.
        #[arg(long, default_value_t = OVERLAP_DAYS, value_parser = clap::value_parser!(i64).range(0..=365))]
        overlap_days: i64,
    },
    /// Say who belongs to the shop, so that what they do teaches nothing. A list that is given takes the place of the one before.
    Insiders {
        /// A network that the shop's own browsers are in: 203.0.113.0/24, or one address.
        #[arg(long = "network", value_name = "NETWORK")]
        networks: Vec<String>,
        /// A customer who is staff, by the shop's id, their e-mail address or their phone number.
        #[arg(long = "customer", value_name = "ID")]
        customers: Vec<String>,
        /// A domain of the shop's own e-mail addresses.
        #[arg(long = "domain", value_name = "DOMAIN")]
        domains: Vec<String>,
        /// Nobody any more.
        #[arg(long, conflicts_with_all = ["networks", "customers", "domains"])]
        none: bool,
    },
    /// End a rotated or further key now.
    Revoke {
        /// The key itself.
        key: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    WriteKey,
    SecretKey,
    ShopifySecret,
    WoocommerceSecret,
    WebhookSecret,
    StripeSecret,
    KlaviyoSecret,
    MailchimpSecret,
}

impl Name {
    fn field(self, keyring: &mut Keyring) -> &mut String {
        match self {
            Self::WriteKey => &mut keyring.write_key,
            Self::SecretKey => &mut keyring.secret_key,
            Self::ShopifySecret => &mut keyring.shopify_secret,
            Self::WoocommerceSecret => &mut keyring.woocommerce_secret,
            Self::WebhookSecret => &mut keyring.webhook_secret,
            Self::StripeSecret => &mut keyring.stripe_secret,
            Self::KlaviyoSecret => &mut keyring.klaviyo_secret,
            Self::MailchimpSecret => &mut keyring.mailchimp_secret,
        }
    }

    fn scopes(self) -> Vec<Scope> {
        match self {
            Self::WriteKey => vec![Scope::Write],
            Self::SecretKey => Scope::BACKEND.to_vec(),
            Self::ShopifySecret => vec![Scope::Shopify],
            Self::WoocommerceSecret => vec![Scope::Woocommerce],
            Self::WebhookSecret => vec![Scope::Webhook],
            Self::StripeSecret => vec![Scope::Stripe],
            Self::KlaviyoSecret => vec![Scope::Klaviyo],
            Self::MailchimpSecret => vec![Scope::Mailchimp],
        }
    }
}

pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    print(shop, &changed(shop, arguments.action.unwrap_or(Action::Show)).await?)
}

/// All keys of the shop; those that are missing are made.
pub(super) async fn minted(shop: &Shop) -> Result<Keyring, Failure> {
    changed(shop, Action::Mint { scopes: Vec::new() }).await
}

async fn changed(shop: &Shop, action: Action) -> Result<Keyring, Failure> {
    let safe = Safe::of(shop).await;
    let before = safe.read().await?;
    let mut keyring = before.clone().unwrap_or_default();
    change(&mut keyring, action, &random()?, crate::clock::now())?;
    if before.as_ref() != Some(&keyring) {
        safe.write(&keyring).await?;
    }
    Ok(keyring)
}

/// Whatever was asked, a shop ends up with all keys: a home's first `rapport keys` makes them.
fn change(keyring: &mut Keyring, action: Action, random: &[u8; RANDOM_BYTES], now: Timestamp) -> Result<(), Failure> {
    match action {
        Action::Show => {}
        Action::Mint { scopes } => mint(keyring, scopes, random),
        Action::Rotate { name, overlap_days } => rotate(keyring, name, now.plus_ms(overlap_days * DAY_MS)),
        Action::Set { name, secret, overlap_days } => set(keyring, name, &secret, now.plus_ms(overlap_days * DAY_MS))?,
        Action::Insiders { networks, customers, domains, none } => {
            insiders(keyring, Insiders { networks, customers, domains }, none)?;
        }
        Action::Revoke { key } => revoke(keyring, &key)?,
    }
    keyring.complete(random);
    Ok(())
}

/// Adds a key with `scopes`; none adds nothing.
fn mint(keyring: &mut Keyring, scopes: Vec<Scope>, random: &[u8; RANDOM_BYTES]) {
    if !scopes.is_empty() {
        // The main keys are made of these bytes as they are; a hash of them all is nobody's.
        let key = format!("sk_{}", content_hash(random));
        keyring.more.push(ExtraKey { key, scopes, expires: None });
    }
}

fn backend_scope(name: &str) -> Result<Scope, String> {
    let known = serde_json::from_value(name.into()).ok().filter(|scope| Scope::BACKEND.contains(scope));
    known.ok_or_else(|| "it is ingest, read, catalog, privacy or admin".to_owned())
}

/// The old key moves aside, and the empty place is filled as a missing key is.
fn rotate(keyring: &mut Keyring, name: Name, expires: Timestamp) {
    let key = std::mem::take(name.field(keyring));
    if !key.is_empty() {
        keyring.more.push(ExtraKey { key, scopes: name.scopes(), expires: Some(expires) });
    }
}

/// A key of Rapport's own is only ever made here: others' might be guessed.
fn set(keyring: &mut Keyring, name: Name, secret: &str, expires: Timestamp) -> Result<(), Failure> {
    if matches!(name, Name::WriteKey | Name::SecretKey) {
        return Err(Failure::Usage("that key is made here; `rapport keys rotate` replaces it".to_owned()));
    }
    let secret = secret.trim();
    if secret.len() < SHORTEST_SECRET || secret.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Failure::Usage(format!("a secret has at least {SHORTEST_SECRET} characters and no white space")));
    }
    if name.field(keyring) != secret {
        rotate(keyring, name, expires);
        secret.clone_into(name.field(keyring));
    }
    Ok(())
}

/// Takes the lists that say something in place of those that were there.
fn insiders(keyring: &mut Keyring, said: Insiders, none: bool) -> Result<(), Failure> {
    said.check().map_err(|wrong| Failure::Usage(wrong.to_string()))?;
    if none {
        keyring.insiders = Insiders::default();
    }
    let known = &mut keyring.insiders;
    for (known, said) in [(&mut known.networks, said.networks), (&mut known.customers, said.customers), (&mut known.domains, said.domains)]
    {
        if !said.is_empty() {
            *known = said;
        }
    }
    Ok(())
}

fn revoke(keyring: &mut Keyring, key: &str) -> Result<(), Failure> {
    let before = keyring.more.len();
    keyring.more.retain(|extra| extra.key != key);
    match keyring.more.len() < before {
        true => Ok(()),
        false => Err(Failure::Usage(
            "that is none of the rotated or further keys; `rapport keys rotate NAME` replaces a main one first".to_owned(),
        )),
    }
}

fn random() -> Result<[u8; RANDOM_BYTES], Failure> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Random(error.to_string()))?;
    Ok(bytes)
}

fn print(shop: &Shop, keyring: &Keyring) -> Result<(), Failure> {
    if shop.json {
        say!("{}", keyring.document()?);
        return Ok(());
    }
    for (name, key, what) in [
        ("write_key", &keyring.write_key, "for browsers; public"),
        ("secret_key", &keyring.secret_key, "for the shop's backend; keep it there"),
        ("shopify_secret", &keyring.shopify_secret, "Shopify signs with it"),
        ("woocommerce_secret", &keyring.woocommerce_secret, "WooCommerce signs with it"),
        ("webhook_secret", &keyring.webhook_secret, "senders of Standard Webhooks sign with it"),
        ("stripe_secret", &keyring.stripe_secret, "Stripe signs with it"),
        ("klaviyo_secret", &keyring.klaviyo_secret, "Klaviyo signs with it"),
        ("mailchimp_secret", &keyring.mailchimp_secret, "ends the address that Mailchimp calls: /webhooks/mailchimp?secret=…"),
    ] {
        say!("{name:<20}{key:<68}{what}");
    }
    for extra in &keyring.more {
        let may: Vec<String> = extra.scopes.iter().map(|scope| format!("{scope:?}").to_lowercase()).collect();
        let until = extra.expires.map(|at| format!(", until {at}")).unwrap_or_default();
        say!("{:<20}{:<68}for {}{until}", "further", extra.key, may.join(", "));
    }
    let Insiders { networks, customers, domains } = &keyring.insiders;
    for (what, list) in [("network", networks), ("customer", customers), ("domain", domains)] {
        list.iter().for_each(|one| say!("{:<20}{one:<68}the shop's own {what}: teaches nothing", "insiders"));
    }
    Ok(())
}

/// Where the document lies.
enum Safe {
    File(std::path::PathBuf),
    Stack { aws: Box<Aws>, name: String },
}

impl Safe {
    async fn of(shop: &Shop) -> Self {
        match &shop.stack {
            None => Self::File(home::keys(&shop.home)),
            Some(stack) => {
                let aws = Aws::connect(Options { stack: stack.clone(), ..Options::default() }).await;
                Self::Stack { aws: Box::new(aws), name: layout::keys_secret(stack) }
            }
        }
    }

    async fn read(&self) -> Result<Option<Keyring>, Failure> {
        let document = match self {
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(document) => Some(document),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(source) => return Err(Failure::File { path: path.clone(), source }),
            },
            Self::Stack { aws, name } => aws.secrets.get(name).await?,
        };
        Ok(document.as_deref().map(Keyring::parse).transpose()?)
    }

    async fn write(&self, keyring: &Keyring) -> Result<(), Failure> {
        let document = keyring.document()?;
        match self {
            Self::File(path) => {
                let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
                let written = folder.and_then(|()| write_private(path, document.as_bytes()));
                written.map_err(|source| Failure::File { path: path.clone(), source })
            }
            Self::Stack { aws, name } => Ok(aws.secrets.put(name, &document).await?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::auth::Caller;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn minted() -> Keyring {
        let mut keyring = Keyring::default();
        change(&mut keyring, Action::Mint { scopes: vec![] }, &[1; RANDOM_BYTES], NOW).unwrap();
        keyring
    }

    #[test]
    fn a_rotated_key_works_on_for_the_overlap() {
        let mut keyring = minted();
        let old = keyring.secret_key.clone();
        change(&mut keyring, Action::Rotate { name: Name::SecretKey, overlap_days: 7 }, &[2; RANDOM_BYTES], NOW).unwrap();
        let is_backend = |key: &str, days| matches!(keyring.caller(key, NOW.plus_days(days)), Some(Caller::Backend { .. }));
        assert_ne!(keyring.secret_key, old);
        assert!(is_backend(&keyring.secret_key, 0) && is_backend(&old, 6));
        assert!(!is_backend(&old, 8), "the overlap is over");
    }

    #[test]
    fn only_rotated_keys_can_be_revoked() {
        let mut keyring = minted();
        let old = keyring.write_key.clone();
        let revoke = |keyring: &mut Keyring, key: &str| change(keyring, Action::Revoke { key: key.to_owned() }, &[3; RANDOM_BYTES], NOW);
        assert!(matches!(revoke(&mut keyring, &old), Err(Failure::Usage(_))), "the shop's pages still use it");
        change(&mut keyring, Action::Rotate { name: Name::WriteKey, overlap_days: 7 }, &[2; RANDOM_BYTES], NOW).unwrap();
        revoke(&mut keyring, &old).unwrap();
        assert!(keyring.caller(&old, NOW).is_none());
    }

    #[test]
    fn a_platforms_secret_is_put_in_place_and_the_old_one_verifies_on() {
        let mut keyring = minted();
        let old = keyring.stripe_secret.clone();
        let mut set = |name, secret: &str| {
            let action = Action::Set { name, secret: secret.to_owned(), overlap_days: 7 };
            change(&mut keyring, action, &[2; RANDOM_BYTES], NOW).map(|()| keyring.clone())
        };
        assert!(set(Name::SecretKey, "sk_something_of_my_own").is_err(), "keys to the house are made here");
        assert!(set(Name::StripeSecret, "whsec 1234567890123").is_err() && set(Name::StripeSecret, "short").is_err());
        let keyring = set(Name::StripeSecret, " whsec_of_stripes_own ").unwrap();
        let live = |days| keyring.signing_secrets(Scope::Stripe, NOW.plus_days(days)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(live(6), ["whsec_of_stripes_own".to_owned(), old]);
        assert_eq!(live(8), ["whsec_of_stripes_own"]);
    }

    #[test]
    fn who_belongs_to_the_shop_is_said_list_by_list() {
        let mut keyring = minted();
        let mut say = |networks: &[&str], domains: &[&str], none: bool| {
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
            let action = Action::Insiders { networks: owned(networks), customers: vec![], domains: owned(domains), none };
            change(&mut keyring, action, &[2; RANDOM_BYTES], NOW).map(|()| keyring.insiders.clone())
        };
        assert!(say(&["10.0.0.0/40"], &[], false).is_err(), "it would never match");
        say(&["10.0.0.0/8"], &["shop.example"], false).unwrap();
        let Insiders { networks, domains, .. } = say(&["192.0.2.1"], &[], false).unwrap();
        assert_eq!((networks, domains), (vec!["192.0.2.1".to_owned()], vec!["shop.example".to_owned()]));
        assert!(say(&[], &[], true).unwrap().is_empty());
    }

    #[test]
    fn minting_twice_changes_nothing() {
        let mut keyring = minted();
        change(&mut keyring, Action::Mint { scopes: vec![] }, &[9; RANDOM_BYTES], NOW).unwrap();
        assert!(keyring == minted());
    }

    #[test]
    fn a_further_key_may_do_what_it_was_minted_for_and_can_be_revoked() {
        let mut keyring = minted();
        change(&mut keyring, Action::Mint { scopes: vec![backend_scope("ingest").unwrap()] }, &[4; RANDOM_BYTES], NOW).unwrap();
        let key = keyring.more[0].key.clone();
        let caller = keyring.caller(&key, NOW).unwrap();
        assert!(caller.may(Scope::Ingest) && !caller.may(Scope::Read));
        change(&mut keyring, Action::Revoke { key: key.clone() }, &[5; RANDOM_BYTES], NOW).unwrap();
        assert!(keyring.caller(&key, NOW).is_none());
        assert!(["write", "shopify", "everything"].iter().all(|name| backend_scope(name).is_err()), "those are not a backend's");
    }
}
