//! `rapport serve`: the whole suite on this machine, until it is told to stop.

use super::{Failure, Shop, currency, progress};
use crate::{
    clock,
    demo::{self, Mark, Step},
    deployed::Deployed,
    numbers::grouped,
    suite::Suite,
};
use clap::Args;
use rapport_core::{auth::Keyring, catalog::Listing, ranking};

/// How to serve.
#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// The port of 127.0.0.1 to answer on; 0 takes one that is free.
    #[arg(long, env = "RAPPORT_PORT", default_value_t = 3000)]
    port: u16,
    /// Start empty where there is no shop yet, instead of opening the demo shop.
    #[arg(long)]
    no_demo: bool,
}

impl Default for Arguments {
    fn default() -> Self {
        Self { port: 3000, no_demo: false }
    }
}

/// Serves until SIGINT or SIGTERM.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    if shop.stack.is_some() {
        return Err(Failure::Usage("a stack serves itself; leave --stack out to serve a home".to_owned()));
    }
    let keys = super::keys::minted(shop).await?;
    let (suite, mark) = start(shop, &arguments).await?;
    let stopped = stopped();
    tokio::pin!(stopped);
    let unopened = mark.clone().filter(|mark| !mark.is_loaded());
    let is_new = unopened.is_some();
    if let Some(mark) = unopened {
        let opened = tokio::select! {
            opened = open_demo(shop, mark, &suite, &keys) => opened,
            () = &mut stopped => Ok(()),
        };
        if let Err(error) = opened {
            suite.stop().await;
            return Err(error);
        }
    }
    suite.functions().recommend.warm(clock::now()).await;
    say!("{}", greeting(shop, &suite, &keys, mark.is_some()).trim_end());
    let caught_up = async {
        if is_new && let Err(error) = demo::catch_up(&suite).await {
            tracing::warn!(%error, "the demo shop has not caught up; its jobs will");
        }
        std::future::pending().await
    };
    tokio::select! {
        () = stopped => {}
        () = caught_up => {}
    }
    suite.stop().await;
    Ok(())
}

/// Starts the suite. Whose shop it is decides about its settings, and that is known only once the stores are open.
async fn start(shop: &Shop, arguments: &Arguments) -> Result<(Suite<Deployed>, Option<Mark>), Failure> {
    let mut mark = None;
    let suite = Suite::start(&shop.home, arguments.port, async |aws, stores| {
        mark = match arguments.no_demo {
            true => demo::mark(&shop.home)?,
            false => demo::settle(&shop.home, aws, stores, shop.currency, clock::now()).await?,
        };
        let settings = shop.settings()?;
        let functions = Deployed::at_home(aws, settings);
        currency::agree(shop, aws, &functions, settings.currency).await?;
        Ok::<_, Failure>(functions)
    })
    .await?;
    Ok((suite, mark))
}

async fn open_demo(shop: &Shop, mark: Mark, suite: &Suite<Deployed>, keys: &Keyring) -> Result<(), Failure> {
    let bar = progress::bar("opening the demo shop");
    let tell = |step| match step {
        Step::Sent { done, of } => {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        }
        Step::Fold => bar.set_message("folding its year into profiles"),
        Step::Train => bar.set_message("learning from it"),
    };
    mark.load(&shop.home, suite, &keys.secret_key, tell).await?;
    bar.finish_and_clear();
    Ok(())
}

/// What a newcomer needs next: an address to open, a line to paste.
fn greeting(shop: &Shop, suite: &Suite<Deployed>, keys: &Keyring, is_demo: bool) -> String {
    let live = suite.functions().recommend.live_shop();
    let (url, key) = (suite.url(), &keys.write_key);
    let whose = if is_demo { format!("the demo shop {}", demo::NAME) } else { format!("the shop in {}", shop.home.display()) };
    let known = live.model().map_or_else(
        || "no model yet: `rapport import FILE…` a history, then `rapport train`".to_owned(),
        |model| format!("model {}, {} items, {} events", model.id(), live.len(), grouped(model.meta().events)),
    );
    let item = favourite(&live).map(|id| format!("&item={id}")).unwrap_or_default();
    let placement = if item.is_empty() { "home" } else { "product" };
    format!(
        "Rapport serves {whose} ({known}).\n\n  \
         open   {url}/#k={key}\n  \
         try    curl '{url}/v1/recommendations?placement={placement}{item}&k={key}'\n  \
         know   rapport customer --list{home}\n  \
         keys   {keys}\n\nCtrl-C stops it; everything stays in {path}.\n",
        home = if shop.home == std::path::Path::new(".rapport") { String::new() } else { format!(" --home {}", shop.home.display()) },
        keys = crate::home::keys(&shop.home).display(),
        path = shop.home.display(),
    )
}

/// An item that has something to show.
fn favourite(live: &ranking::Shop) -> Option<String> {
    let first = live.favourites().first()?;
    live.item(*first).map(|item| item.id().to_owned())
}

/// Resolves at SIGINT or SIGTERM.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
