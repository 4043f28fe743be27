//! `rapport dead-letters`: the messages that a function failed on as often as its queue allows, and handing them to it once more.

use super::{Failure, Shop, progress, shop::Open};
use crate::numbers::grouped;
use clap::{Args, Subcommand, ValueEnum};
use rapport_io::{dead_letters::DeadLetter, layout::Line};
use serde_json::json;
use std::fmt::Write as _;

/// How much of a letter a page shows, in characters.
const SHOWN: usize = 100;

#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    then: Option<Then>,
}

#[derive(Clone, Debug, Subcommand)]
enum Then {
    /// Put them back where they came from.
    Redrive {
        /// Only those of this queue.
        #[arg(long)]
        queue: Option<Queue>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Queue {
    Inbox,
    Folds,
}

/// Lists, or hands over once more.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let done = match arguments.then {
        None => list(&open, shop.json).await,
        Some(Then::Redrive { queue }) => redrive(&open, queue, shop.json).await,
    };
    open.close().await;
    done
}

async fn list(open: &Open, as_json: bool) -> Result<(), Failure> {
    let spinner = progress::spinner("looking at the dead letters");
    let letters = open.aws.dead_letters.list().await?;
    spinner.finish_and_clear();
    match as_json {
        true => say!("{:#}", json!({ "count": letters.len(), "letters": letters })),
        false => say!("{}", page(&letters).trim_end()),
    }
    Ok(())
}

async fn redrive(open: &Open, queue: Option<Queue>, as_json: bool) -> Result<(), Failure> {
    let line = queue.map(|queue| match queue {
        Queue::Inbox => Line::Inbox,
        Queue::Folds => Line::Folds,
    });
    let spinner = progress::spinner("handing over");
    let sent = open.aws.dead_letters.redrive(line).await?;
    let folded = open.drain().await?;
    spinner.finish_and_clear();
    match (as_json, folded) {
        (true, _) => say!("{}", json!({ "sent": sent })),
        (false, true) => say!("{} handed over once more, and handled or dead again.", grouped(sent as u64)),
        (false, false) => say!("{} handed over once more; what comes of it shows within minutes.", grouped(sent as u64)),
    }
    Ok(())
}

fn page(letters: &[DeadLetter]) -> String {
    if letters.is_empty() {
        return "There are no dead letters. Once a day they are moved: `rapport rejected` lists those, too.".to_owned();
    }
    let mut page = format!("{:<6}  {:>10}  {:<36}  begins\n", "queue", "deliveries", "message");
    for DeadLetter { queue, id, deliveries, body } in letters {
        let begins: String = body.chars().take(SHOWN).collect();
        let _ = writeln!(page, "{queue:<6}  {deliveries:>10}  {id:<36}  {begins}");
    }
    let _ = write!(page, "\n{} in all. Read the log of the function, mend the cause, then `redrive`.", grouped(letters.len() as u64));
    page
}
