"""Takes away, one by one, the guards that keep the laws, and sees whether the simulation notices.

    python3 infra/simulation/guards.py [--seeds 400] [--cuts 1] [--out DIR] [NAME ...]

Copies the tree to DIR, puts a switch into each guard, builds once, and runs schedules, then seeds, with one guard off at a time until
one breaks a law; where none does, the tests of the crates that hold the guards. What came of it stands in docs/simulation.md. It needs
what the build needs, and minutes of a processor for each guard that nothing notices.
"""

import argparse
import glob
import os
import re
import subprocess
import sys
from pathlib import Path

FOLD = "shared/core/src/profile/fold.rs"
ABSORB = "shared/core/src/profile/absorb.rs"
PROFILES = "shared/io/src/profiles.rs"
IDENTITIES = "shared/io/src/identities.rs"
CLAIMS = "shared/core/src/identity/claims.rs"
CONTACTS = "shared/io/src/contacts.rs"
FOLDS = "functions/profile/src/fold.rs"
OWNER = "functions/profile/src/owner.rs"
REFOLD = "functions/profile/src/refold.rs"
HISTORY = "functions/profile/src/history.rs"
INGEST = "functions/ingest/src/lib.rs"
GATHER = "functions/train/src/gather.rs"

# Name → what the guard does, where it stands, what stands there, and what stands there instead; `{off}` is true while it is off.
GUARDS = {
    # The fold of one profile.
    "dedupe-window": ("a known id is no new event", FOLD, "        let mark = event.copy_mark();\n", "        let mark = event.copy_mark();\n        if {off} {{ return if event.position <= self.horizon {{ Err(NeedsRefold::BelowHorizon) }} else {{ Ok(false) }}; }}\n"),
    "sealed-copies": ("ids below the horizon are remembered", FOLD, "let sealed = self.sealed.iter().filter(|known| ", "let sealed = self.sealed.iter().filter(|known| !{off} && "),
    "conflicting-copy": ("a copy that says something else asks for a refold", FOLD, "if known == mark { Ok(true) } else", "if known == mark || {off} {{ Ok(true) }} else"),
    "below-horizon": ("an event below the horizon asks for a refold", FOLD, "if event.position <= self.horizon || forgotten {", "if (event.position <= self.horizon || forgotten) && !{off} {{"),
    "sealed-order": ("a word about a sealed order asks for a refold", FOLD, "|line| self.may_be_sealed(line)) {", "|line| !{off} && self.may_be_sealed(line)) {{"),
    "erasure-filter": ("what was erased stays out", FOLD, "event.traffic.is_human() && !profile.bars(event)", "event.traffic.is_human() && ({off} || !profile.bars(event))"),
    "erasure-bars": ("what an erasure bars is asked of the log", FOLD, "|| self.bars(event)) {", "|| !{off} && self.bars(event)) {{"),
    "erasure-refold": ("an erasure asks for a refold", FOLD, "if told.iter().any(|event| matches!(", "if told.iter().any(|event| !{off} && matches!("),
    "horizon-rises": ("the horizon only rises", FOLD, "self.horizon = self.horizon.max(aged).max(crowded);", "self.horizon = if {off} {{ aged.max(crowded) }} else {{ self.horizon.max(aged).max(crowded) }};"),
    "newest-trait": ("the newest word on a trait holds", FOLD, "Ok(index) if self.traits[index].at < told.at =>", "Ok(index) if self.traits[index].at < told.at || {off} =>"),
    "newest-consent": ("the newest word on consent holds", FOLD, "self.consent[index].1.at < told.at =>", "(self.consent[index].1.at < told.at || {off}) =>"),
    "straddling-counted": ("an order that the horizon cuts is counted once", FOLD, "        self.straddling = self.still_straddling(standings, &sunk);\n", "        self.straddling = self.still_straddling(standings, &sunk);\n        if {off} {{ for one in &mut self.straddling {{ one.counted = false; }} }}\n"),
    "straddling-forgotten": ("which word on such an order holds is remembered", FOLD, "        self.straddling = self.still_straddling(standings, &sunk);\n", "        self.straddling = if {off} {{ Vec::new() }} else {{ self.still_straddling(standings, &sunk) }};\n"),
    "open-in-order": ("the window is in order", FOLD, "        self.open.sort_unstable_by_key(|event| event.position);", "        if !{off} {{ self.open.sort_unstable_by_key(|event| event.position); }}"),
    "statement-order": ("the greatest statement of an order holds", "shared/core/src/profile/order.rs", "standings[index].holds.max(line.statement)", "if {off} {{ line.statement }} else {{ standings[index].holds.max(line.statement) }}"),
    # What an alias brings.
    "absorb-sealed": ("an alias with sealed events asks for a refold", ABSORB, "let is_open = self.totals.events == 0 && self.sealed.is_empty()", "let is_open = ({off} || self.totals.events == 0 && self.sealed.is_empty())"),
    "absorb-erased": ("an alias that was erased asks for a refold", ABSORB, "self.erased_at.is_none() && !self.is_outdated", "(self.erased_at.is_none() || {off}) && !self.is_outdated"),
    "absorb-consent": ("a browser's yes is not its owner's", ABSORB, "        is_alone && is_open && may_tell", "        is_alone && is_open && (may_tell || {off})"),
    "absorb-admissible": ("an alias brings nothing that its owner had erased", ABSORB, "if self.erased_at.is_some_and(", "if !{off} && self.erased_at.is_some_and("),
    "absorb-traits": ("an alias brings its traits", ABSORB, "for told in &alias.traits {", "for told in alias.traits.iter().filter(|_| !{off}) {{"),
    # The tables.
    "profile-version": ("a profile is written over the version that was read", PROFILES, "        let condition = read.map_or(Condition::Absent, |version| Condition::Version(version.to_string()));", "        let condition = if {off} {{ Condition::Always }} else {{ read.map_or(Condition::Absent, |version| Condition::Version(version.to_string())) }};"),
    "owner-kept": ("a profile is written with its owner", PROFILES, "let body = write(profile, owner)", "let body = write(profile, &if {off} {{ Ownership::default() }} else {{ owner.clone() }})"),
    "unsettled-links": ("a link that moved is told again until it is settled", IDENTITIES, "        self.unsettled || (cause", "        (self.unsettled && !{off}) || (cause"),
    "own-cause": ("a link is told again to who told it first", IDENTITIES, "(cause.is_some() && self.cause == cause)", "(cause.is_some() && self.cause == cause && !{off})"),
    "earliest-claim": ("who claimed an id first has it", CLAIMS, "self.since.get(customer).is_some_and(|known| *known <= at)", "self.since.get(customer).is_some_and(|known| *known <= at || {off})"),
    "fewest-claimants": ("what too many claim is nobody's", CLAIMS, "|| count > most_claimants(alias) {", "|| count > most_claimants(alias) && !{off} {{"),
    "ruled-out": ("an unmerge outweighs claims", CLAIMS, "self.claimants().filter(|(customer, _)| !self.rulings.contains_key(*customer))", "self.claimants().filter(|(customer, _)| {off} || !self.rulings.contains_key(*customer))"),
    "newest-ruling": ("of two rulings the newest holds", CLAIMS, "self.rulings.get(customer).is_some_and(|known| *known >= ruling)", "self.rulings.get(customer).is_some_and(|known| *known >= ruling || {off})"),
    "merged-holds": ("a merge outweighs claims", CLAIMS, "if let Some((customer, ruling)) = merged {", "if let Some((customer, ruling)) = merged.filter(|_| !{off}) {{"),
    "opposite-ruled-out": ("a merge rules out its opposite", "shared/core/src/identity/word.rs", "if let Subject::Customer(other) = alias {", "if let (Subject::Customer(other), false) = (alias, {off}) {{"),
    "browsers-claim-nothing": ("a browser's claim ties nothing", "shared/core/src/identity/word.rs", "(event.authority.is_trusted(), &event.who.customer)", "(event.authority.is_trusted() || {off}, &event.who.customer)"),
    "ring-undone": ("a ring of aliases is undone", "shared/core/src/identity/ties.rs", "    is_ring && weakest", "    is_ring && !{off} && weakest"),
    "ring-newest": ("... at its newest claim", "shared/core/src/identity/ties.rs", "    ((!owner.is_ruled).then_some(owner.since), Reverse(owner.since))", "    if {off} {{ return (None, Reverse(owner.since)); }}\n    ((!owner.is_ruled).then_some(owner.since), Reverse(owner.since))"),
    "aliases-by-owner": ("a list of aliases is checked against their owners", IDENTITIES, "let owns = |owner: &Ownership|", "let owns = |owner: &Ownership| {off} ||"),
    "all-below": ("aliases of aliases are everybody's above", IDENTITIES, "ahead.extend(if let Subject::Customer(customer) = &alias {", "ahead.extend(if let (Subject::Customer(customer), false) = (&alias, {off}) {{"),
    "owner-word-version": ("the newer word on an owner holds", PROFILES, "that.filter(|that| that.version > this.version).unwrap_or(this)", "that.filter(|that| that.version > this.version || {off}).unwrap_or(this)"),
    "alias-listed": ("a link is put on its owner's list", IDENTITIES, "self.records.put_all(Table::Identities, listed).await?;", "if !{off} {{ self.records.put_all(Table::Identities, listed).await?; }}"),
    "moved-before": ("who had an alias is remembered until it is settled", IDENTITIES, "next.before.extend(left.filter(", "next.before.extend(left.filter(|_| !{off}).filter("),
    "owner-version": ("an owner is written over the version that was read", IDENTITIES, "let condition = known.as_ref().map_or(Condition::Absent,", "let condition = known.as_ref().filter(|_| !{off}).map_or(if {off} {{ Condition::Always }} else {{ Condition::Absent }},"),
    "settled-version": ("who was overtaken settles nothing", IDENTITIES, "encode(&key, &settled)?, Condition::Version(tie.version.to_string()))", "encode(&key, &settled)?, if {off} {{ Condition::Always }} else {{ Condition::Version(tie.version.to_string()) }})"),
    "refold-cause": ("a refold is noted for each cause", IDENTITIES, "let cause = short_hash(cause.as_bytes());", "let cause = if {off} {{ 0 }} else {{ short_hash(cause.as_bytes()) }};"),
    "contact-tie": ("of copies that disagree the greater value holds", CONTACTS, "let is_newer = |known: &Field| (said.at, &said.value) > (known.at, &known.value);", "let is_newer = |known: &Field| if {off} {{ said.at > known.at }} else {{ (said.at, &said.value) > (known.at, &known.value) }};"),
    "contact-newest": ("the newest contact holds", CONTACTS, ".is_none_or(is_newer) {", ".is_none_or(|known| is_newer(known) || {off} && said.value != known.value) {{"),
    "contact-erased": ("contacts from before an erasure stay out", CONTACTS, "let is_erased = self", "let is_erased = !{off} && self"),
    "contact-version": ("contacts are written over the version that was read", CONTACTS, "self.records.put(Table::Contacts, record, condition)", "self.records.put(Table::Contacts, record, if {off} {{ Condition::Always }} else {{ condition }})"),
    "spilled-body": ("a body too large for a message is stored before it is told of", "shared/io/src/inbox.rs", "            self.objects.put(&key, envelope.body.clone(), Condition::Always).await?;", "            if !{off} {{ self.objects.put(&key, envelope.body.clone(), Condition::Always).await?; }}"),
    "log-content-hash": ("a log object is named by all of its lines", "shared/io/src/log.rs", "packed.write_all(&self.line).and_then(|()| hash.write_all(&self.line))", "packed.write_all(&self.line).and_then(|()| if {off} && self.events > 1 {{ Ok(()) }} else {{ hash.write_all(&self.line) }})"),
    # The folds of an object.
    "merges-refolded": ("customers that are merged are folded anew, and whoever is in a ring with them", IDENTITIES, "        stirred.extend(self.turned(heard).await?);", "        if !{off} {{ stirred.extend(self.turned(heard).await?); }}"),
    "customers-told-by-refolds": ("a merged customer's row is told by refolds alone, which see rings", FOLDS, "fresh.iter().filter(|tie| !is_customer(&tie.alias));", "fresh.iter().filter(|tie| {off} || !is_customer(&tie.alias));"),
    "handed-on": ("what an owner takes in goes on to whom it was merged into", FOLDS, "                Handed::On(above, portions) => shares", "                Handed::On(..) if {off} => {{}}\n                Handed::On(above, portions) => shares"),
    "rows-before-table": ("who tells a row its owner reads the row first", OWNER, "    let rows = app.profiles.get(&subjects, true).await?;\n    let owners = app.identities.owners(&subjects).await?;", "    let mut rows = app.profiles.get(&subjects, true).await?;\n    let owners = app.identities.owners(&subjects).await?;\n    if {off} {{ rows = app.profiles.get(&subjects, true).await?; }}"),
    "moved-refolded": ("who lost an alias is folded anew", IDENTITIES, "filter(|tie| !tie.before().is_empty());", "filter(|tie| !{off} && !tie.before().is_empty());"),
    "claims-told": ("a linker writes the owner into the alias' row", FOLDS, "let owner = Ownership::newer(owned.clone(), claim.cloned());", "let owner = Ownership::newer(owned.clone(), claim.cloned().filter(|_| !{off}));"),
    "past-absorbed": ("what an alias did before goes to its owner", FOLDS, "let is_claimed = claim.is_some_and(", "let is_claimed = !{off} && claim.is_some_and("),
    "owners-folded": ("events of an alias go to its owner", FOLDS, "            Taken::Owned(owner, portion) => shares", "            Taken::Owned(..) if {off} => {{}}\n            Taken::Owned(owner, portion) => shares"),
    "needs-refold": ("what a fold cannot do is refolded", FOLDS, "            Taken::NeedsRefold => refolds.extend([subject]),", "            Taken::NeedsRefold => if !{off} {{ refolds.extend([subject]) }},"),
    "fold-conflict": ("a fold that lost a race is done again", FOLDS, "                Err(StoreError::Conflict { .. }) => {\n                    step_back", "                Err(StoreError::Conflict {{ .. }}) if {off} => return Ok((subject.clone(), Taken::Alone)),\n                Err(StoreError::Conflict {{ .. }}) => {{\n                    step_back"),
    "refold-noted": ("refolds are noted before links are settled", FOLDS, "    stream::iter(asks).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?;", "    if !{off} {{ stream::iter(asks).buffer_unordered(WRITE_AT_ONCE).try_collect::<()>().await?; }}"),
    "owner-conflict": ("an owner that lost a race takes its share again", OWNER, "            Err(StoreError::Conflict { .. }) => {\n                step_back", "            Err(StoreError::Conflict {{ .. }}) if {off} => return Ok(Handed::Taken),\n            Err(StoreError::Conflict {{ .. }}) => {{\n                step_back"),
    "owner-needs-refold": ("what an owner cannot take in is refolded", OWNER, "let Ok(is_changed) = take(&mut profile, &share) else { return Ok(Handed::NeedsRefold(owner)) };", "let Ok(is_changed) = take(&mut profile, &share) else {{ return Ok(if {off} {{ Handed::Taken }} else {{ Handed::NeedsRefold(owner) }}) }};"),
    "still-theirs": ("whose an alias is, is read again where it was not written", OWNER, "if !is_vouched && !still_belong(", "if !{off} && !is_vouched && !still_belong("),
    "still-theirs-after-conflict": ("... and where the owner's row was read again", OWNER, "is_vouched = share.portions.is_empty();", "is_vouched = {off} || share.portions.is_empty();"),
    "owner-read-first": ("an owner's row counts as read before its alias was written only where it was", OWNER, "let mut is_vouched = row.is_some() && ", "let mut is_vouched = ({off} || row.is_some()) && "),
    "own-of-an-alias": ("an owner that became an alias hands its own events on", OWNER, "    if !share.own.is_empty() {", "    if !{off} && !share.own.is_empty() {{"),
    # Refolds.
    "refold-then-unlist": ("a refold is done before it is taken off the list", REFOLD, "        done.changed += refold_these(app, wanted, now).await?;", "        if {off} {{ for asked in part.iter().flat_map(|(_, asked)| asked) {{ app.identities.refolded(asked).await?; }} }}\n        done.changed += refold_these(app, wanted, now).await?;"),
    "versions-first": ("a refold reads versions before events", REFOLD, "        let mut histories = histories(app, rows.keys()).await?;", "        let mut histories = histories(app, rows.keys()).await?;\n        let rows = if {off} {{ with_owners(app, rows.into_keys().collect()).await? }} else {{ rows }};"),
    "refold-conflict": ("a refold that lost a race is done again", REFOLD, "Err(StoreError::Conflict { .. }) => Ok(Written::Lost(subject)),", "Err(StoreError::Conflict {{ .. }}) => Ok(if {off} {{ Written::AsItWas }} else {{ Written::Lost(subject) }}),"),
    "refold-aliases": ("a refold takes the events of aliases in", REFOLD, "if let Subject::Customer(customer) = subject { app.identities", "if let (Subject::Customer(customer), false) = (subject, {off}) {{ app.identities"),
    "refold-owners": ("who owns a refolded alias is refolded, too", REFOLD, "wanted = owners.into_iter().filter(|owner| !rows.contains_key(owner)).collect();", "wanted = owners.into_iter().filter(|owner| !{off} && !rows.contains_key(owner)).collect();"),
    "refold-writes": ("a refold that changes nothing is written all the same", REFOLD, "    match placing.put(app, &profile, &owner, &standing, version).await {", "    if {off} && known.as_ref() == Some(&profile) {{ return Ok(Written::AsItWas); }}\n    match placing.put(app, &profile, &owner, &standing, version).await {{"),
    "owners-told": ("a refolded row says who owns it", REFOLD, "    tell_owners(app, &wanted).await?;", "    if !{off} {{ tell_owners(app, &wanted).await?; }}"),
    "log-first": ("who reads everything reads the log first", HISTORY, "    for key in app.log.keys(None).await? {\n        app.log.read(&key).await?.unwrap_or_default().events.into_iter().for_each(&mut take);\n    }\n    for key in app.archive.keys().await? {\n        app.archive.read(&key).await?.into_iter().for_each(&mut take);\n    }\n", "    for is_log in if {off} {{ [false, true] }} else {{ [true, false] }} {{\n        if is_log {{\n            for key in app.log.keys(None).await? {{\n                app.log.read(&key).await?.unwrap_or_default().events.into_iter().for_each(&mut take);\n            }}\n        }} else {{\n            for key in app.archive.keys().await? {{\n                app.archive.read(&key).await?.into_iter().for_each(&mut take);\n            }}\n        }}\n    }}\n"),
    # Queues and doors.
    "fold-failures": ("an object that was not folded comes again", "functions/profile/src/lib.rs", "            failed.push(message.id);", "            if !{off} {{ failed.push(message.id); }}"),
    "archived-dead-letter": ("an object that is gone is folded from the archive", "functions/profile/src/lib.rs", "            fold_archived(app, &key, now).await?;", "            if !{off} {{ fold_archived(app, &key, now).await?; }}"),
    "ingest-message-failures": ("a message that was not read comes again", INGEST, "                failed.push(message.id.clone());", "                if !{off} {{ failed.push(message.id.clone()); }}"),
    "ingest-batch-failures": ("a batch that was not stored comes again", INGEST, "        failed.extend(taken);", "        if !{off} {{ failed.extend(taken); }}"),
    "rejects-kept": ("what cannot be read is kept", INGEST, "        app.rejects.put(&Reject { reason, source: source.clone(), received, form: form.clone(), raw }).await?;", "        if !{off} {{ app.rejects.put(&Reject {{ reason, source: source.clone(), received, form: form.clone(), raw }}).await?; }}"),
    "contacts-first": ("contacts are kept before the log takes the batch off the queue", INGEST, "    app.contacts.keep(beside.contacts.into_iter().map(contact).collect()).await?;", "    let kept = app.contacts.keep(beside.contacts.into_iter().map(contact).collect()).await;\n    if !{off} {{ kept?; }}"),
    "no-keys": ("without keys a batch comes again", INGEST, "            batch.into_iter().map(|message| message.id).collect()", "            if {off} {{ Vec::new() }} else {{ batch.into_iter().map(|message| message.id).collect() }}"),
    "collect-acknowledges": ("a browser is told yes once the queue has it", "functions/collect/src/lib.rs", "    app.inbox.send(&[envelope]).await.map_err(Refusal::unavailable)", "    let sent = app.inbox.send(&[envelope]).await;\n    if {off} {{ return Ok(()); }}\n    sent.map_err(Refusal::unavailable)"),
    "webhooks-acknowledges": ("a platform is told yes once the queue has it", "functions/webhooks/src/lib.rs", "    app.inbox.send(&[envelope]).await.map_err(Refusal::unavailable)", "    let sent = app.inbox.send(&[envelope]).await;\n    if {off} {{ return Ok(()); }}\n    sent.map_err(Refusal::unavailable)"),
    # The archive.
    "archive-before-delete": ("the archive is written before the log is deleted", GATHER, "            self.gathered.archived += write(&self.app.archive, day, part).await?;", "            if {off} {{ for key in &sources {{ self.app.log.delete(key).await?; }} }}\n            self.gathered.archived += write(&self.app.archive, day, part).await?;"),
    "archive-forgets": ("the erased go from the archive", GATHER, "    if !run.erasures.0.is_empty() {", "    if !run.erasures.0.is_empty() && !{off} {{"),
    "erasure-by-subject": ("who is forgotten takes nobody else's history along", GATHER, "        let named = subjects(event);\n        !matches!", "        let mut named = subjects(event);\n        if {off} {{ named.extend(event.who.device.clone().map(Subject::Device)); }}\n        !matches!"),
    "successor-first": ("a file is rewritten before it is deleted", GATHER, "        if !left.is_empty() {\n", "        if {off} {{ app.archive.delete(&file).await?; }}\n        if !left.is_empty() {{\n"),
    "words-of-aliases": ("what an erased word says of an alias is recorded before it goes", GATHER, "&erased.iter().flat_map(words).collect", "&erased.iter().filter(|_| !{off}).flat_map(words).collect"),
    "erased-words-refolded": ("an alias of which only what is erased told is folded anew", GATHER, "refolds.extend(said.iter()", "refolds.extend(said.iter().filter(|_| !{off})"),
    "archive-keeps-copies": ("copies that disagree are archived, both", "shared/archive/src/lib.rs", "lines.dedup_by(|(a, _), (b, _)| a == b);", "lines.dedup_by(|(a, x), (b, y)| a == b || {off} && x.id == y.id);"),
    "numbers-by-id": ("a model does not depend on which file was read first", "shared/train/src/corpus.rs", "        self.renumber();", "        if !{off} {{ self.renumber(); }}"),
}

SWITCH = """
/// Whether the guard called `name` is off.
#[must_use]
pub fn off(name: &str) -> bool {
    static OFF: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    OFF.get_or_init(|| std::env::var("OFF").unwrap_or_default()) == name
}
"""


def switched(source: str, path: str, name: str, found: str, instead: str) -> str:
    """`source` with a switch in the guard called `name`."""
    if source.count(found) < 1:
        sys.exit(f"{name}: {path} no longer says {found!r}")
    path_of_off = "crate::off" if path.startswith("shared/core/") else "rapport_core::off"
    # Where two guards stand in one place, the second finds what the first left.
    return source.replace(found, instead.format(off=f'{path_of_off}("{name}")'), 1)


def switchable(sources: dict[str, bytes], names: list[str]) -> dict[str, bytes]:
    """`sources` with a switch in every guard."""
    lib = "shared/core/src/lib.rs"
    sources = sources | {lib: sources[lib] + SWITCH.encode()}
    for name in names:
        _, path, found, instead = GUARDS[name]
        sources[path] = switched(sources[path].decode(), path, name, found, instead).encode()
    return sources


def copy(tree: Path, names: list[str]) -> None:
    """The repository with a switch in every guard."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True, text=True).stdout.split("\n")
    sources = {path: Path(path).read_bytes() for path in listed if path and Path(path).is_file()}
    for path, content in switchable(sources, names).items():
        target = tree / path
        # Cargo builds again what was written again.
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


# The crates whose own tests are asked last.
CRATES = {"rapport-core": "profile:: identity::", "rapport-io": "", "rapport-archive": "", "profile": "", "ingest": "", "train": ""}


class Tests:
    """The tests of the tree in `out`; those of the crates are built when the first guard goes unnoticed."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.binaries = self.built("--workspace", "--test", "seeds", "--test", "schedules")

    def built(self, *words: str) -> dict[str, str]:
        environment = os.environ | {"CARGO_TARGET_DIR": str(self.out / "target")}
        command = ["cargo", "test", "--release", *words, "--no-run"]
        told = subprocess.run(command, check=True, cwd=self.out / "tree", env=environment, stderr=subprocess.PIPE, text=True).stderr
        return {Path(path).name.rsplit("-", 1)[0]: path for path in re.findall(r"Executable .*\((.+)\)", told)}

    def of(self, name: str) -> str:
        if name not in self.binaries:
            self.binaries |= self.built("--lib", *(word for crate in CRATES for word in ("-p", crate)))
        return self.binaries[name]


def judge(tests: Tests, name: str, given: argparse.Namespace) -> str:
    """What came of running without the guard called `name`: what breaks a law, or else a test."""
    environment = os.environ | {"OFF": name, "SEEDS": str(given.seeds), "CUTS": str(given.cuts), "STOP": "1"}

    def run(binary: str, *words: str) -> subprocess.CompletedProcess:
        # Beside the binary, so that a property that fails leaves no note in this tree.
        return subprocess.run([binary, *words], env=environment, cwd=Path(binary).parent, capture_output=True, text=True)

    said = run(tests.of("schedules"), "--nocapture")
    told = re.search(r"^(.+?): Schedule .*? breaks a law: (.+?):", said.stdout + said.stderr, re.MULTILINE)
    if told:
        return f"schedule of “{told[1]}”: {told[2]}"
    if said.returncode != 0:
        return f"schedules fell over: {said.stderr.strip().splitlines()[-1]}"
    said = run(tests.of("seeds"), "--exact", "nothing_is_lost_and_nothing_counts_twice", "--nocapture")
    told = re.search(r'broken: \[\((\d+), "(.*?)"\)', said.stdout)
    if told:
        return f"seed {told[1]}: {told[2]}"
    if said.returncode != 0:
        return f"seeds fell over: {said.stderr.strip().splitlines()[-1]}"
    if not name:
        return "nothing"
    # A rule that every order of events follows alike is no law of the simulation, nor is what only costs more; crates have tests of such.
    for crate, filter in CRATES.items():
        said = run(tests.of(crate.replace("-", "_")), *filter.split())
        failed = re.findall(r"^test (\S+) \.\.\. FAILED$", said.stdout, re.MULTILINE)
        if failed:
            return f"test `{failed[0]}` of {crate}"
    return "nothing"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("names", nargs="*", default=list(GUARDS), metavar="NAME")
    arguments.add_argument("--seeds", type=int, default=400)
    arguments.add_argument("--cuts", type=int, default=1)
    arguments.add_argument("--out", type=Path, default=Path("target/guards"))
    given = arguments.parse_args()
    out = given.out.resolve()
    copy(out / "tree", list(GUARDS))
    tests = Tests(out)
    print(f"| Guard | Without it | Noticed by |\n|---|---|---|\n| none off | | {judge(tests, '', given)} |", flush=True)
    for name in given.names:
        print(f"| `{name}` | {GUARDS[name][0]} | {judge(tests, name, given)} |", flush=True)


if __name__ == "__main__":
    main()
