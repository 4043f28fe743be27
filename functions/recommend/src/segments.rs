//! Segments as the shopkeeper meets them: the list with sizes, members, definitions, a rule tried before it is saved, and the part of
//! a customer's view that says where they belong and why.

use crate::{
    App,
    answer::{self, Failure},
    caller,
    lookup::read_json,
    wire::{self, DefineSegment, Flaw, PreviewRule},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{StatusCode, header};
use rapport_core::{
    auth::Scope,
    features::{Basis, CutOffs, Facts},
    profile::Subject,
    segment::{MOST_SEGMENTS, Rule, Segment, SegmentError, Segments, Standing, ready},
    spreadsheet,
    time::Timestamp,
};
use rapport_io::{StoreError, profiles::Member, segments::Definitions};
use rapport_lambda::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, fmt::Write as _};

const LARGEST_BODY: usize = 16 * 1024;
const NO_SEGMENT: Failure = Failure::NotFound("there is no segment with this name; GET /v1/segments lists them");
/// Members of a page, unless the caller says so, and at most.
const MEMBERS: (usize, usize) = (100, 1_000);
/// Customers that a preview shows at most.
const LARGEST_SAMPLE: usize = 100;
/// Pages of profiles that a preview looks at, of up to a megabyte each; beyond, its count is a part.
const PREVIEW_PAGES: usize = 40;

/// Where a list of members goes on.
#[derive(Serialize, Deserialize)]
struct Cursor {
    /// The page to read.
    page: Option<String>,
    /// The last one told of that page.
    after: Option<String>,
}

/// `GET /v1/segments`.
pub(crate) async fn list(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Read, "read"), now)?;
    let (definitions, cut_offs) = tokio::try_join!(app.segments.definitions(), app.segments.cut_offs())?;
    let cut_offs = cut_offs.unwrap_or_else(|| CutOffs::prior(app.config.currency));
    // By name: (how many, what they paid).
    let (mut sizes, mut next) = (BTreeMap::<String, (u64, i64)>::new(), None);
    loop {
        let page = app.profiles.members(next).await?;
        for Member { standing, paid, .. } in &page.rows {
            let paid = paid.iter().find(|(currency, _)| *currency == app.config.currency).map_or(0, |(_, minor)| *minor);
            for membership in &standing.memberships {
                let (size, revenue) = sizes.entry(membership.segment.to_string()).or_default();
                (*size, *revenue) = (*size + 1, revenue.saturating_add(paid));
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    let version = definitions.version;
    let own = definitions.own.clone();
    let segments = Segments::with(definitions.own);
    let told = segments.iter().map(|segment| {
        let is_ready = !own.iter().any(|own| own.name == segment.name);
        let mut told = described(segment);
        told["ready"] = is_ready.into();
        let (size, revenue) = sizes.get(segment.name.as_str()).copied().unwrap_or_default();
        (told["size"], told["revenue_minor"]) = (size.into(), revenue.into());
        told["value_minor"] = (size > 0).then(|| (revenue as f64 / size as f64).round() as i64).into();
        told
    });
    let body = json!({ "segments": told.collect::<Vec<_>>(), "cut_offs": cut_offs, "currency": app.config.currency.code() });
    Ok(with_version(answer::private(StatusCode::OK, &body), version))
}

/// `GET /v1/segments/{name}/members`: as JSON, or as CSV where that is asked for.
pub(crate) async fn members(app: &App, request: &Request, name: &str, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Read, "read"), now)?;
    Segments::with(app.segments.definitions().await?.own).named(name).ok_or(NO_SEGMENT)?;
    let (limit, cursor) = paging(request.uri().query().unwrap_or_default())?;
    let (members, next) = page_of_members(app, name, limit, cursor).await?;
    let wants_csv =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/csv"));
    if !wants_csv {
        let members: Vec<Json> = members
            .iter()
            .map(|(subject, since)| json!({ "id": subject.id(), "kind": subject.kind(), "since": since.to_string() }))
            .collect();
        return Ok(answer::private(StatusCode::OK, &json!({ "segment": name, "members": members, "next": next })));
    }
    let mut csv = String::from("id,kind,since\n");
    for (subject, since) in &members {
        let _ = writeln!(csv, "{},{},{since}", cell(subject.id()), subject.kind());
    }
    let mut response = answer::respond(StatusCode::OK, "text/csv; charset=utf-8", "private, no-store", csv);
    if let Some(next) = next {
        answer::set(&mut response, header::LINK, &format!("</v1/segments/{name}/members?limit={limit}&cursor={next}>; rel=\"next\""));
    }
    Ok(response)
}

async fn page_of_members(
    app: &App,
    name: &str,
    limit: usize,
    cursor: Option<Cursor>,
) -> Result<(Vec<(Subject, Timestamp)>, Option<String>), Failure> {
    let Cursor { mut page, mut after } = cursor.unwrap_or(Cursor { page: None, after: None });
    let mut members = Vec::new();
    loop {
        let read = app.profiles.members(page.clone()).await.map_err(|error| match error {
            StoreError::Refused { .. } if page.is_some() => bad_cursor(),
            error => error.into(),
        })?;
        let belongs = |standing: &Standing| standing.membership(name).map(|membership| membership.since);
        for Member { subject, standing, .. } in &read.rows {
            let is_told = after.as_ref().is_some_and(|after| subject.to_string() <= *after);
            let Some(since) = belongs(standing).filter(|_| !is_told) else { continue };
            if members.len() == limit {
                let last = members.last().map(|(subject, _): &(Subject, Timestamp)| subject.to_string());
                return Ok((members, Some(encoded(&Cursor { page, after: last.or(after) }))));
            }
            members.push((subject.clone(), since));
        }
        // A page that was told to its last row: those told of the next begin anew.
        (page, after) = (read.next, None);
        if page.is_none() {
            return Ok((members, None));
        }
        if members.len() == limit {
            return Ok((members, Some(encoded(&Cursor { page, after }))));
        }
    }
}

/// `PUT /v1/segments/{name}`. With `If-Match` only over the version named; without, over whatever is there.
pub(crate) async fn put(app: &App, request: &Request, name: &str, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Catalog, "catalog"), now)?;
    let told: DefineSegment = read_json(request.body(), LARGEST_BODY)?;
    let segment = Segment {
        name: name.into(),
        rule: rule(app, &told.rule, now).await?,
        title: told.title,
        description: told.description,
        active: told.active,
    };
    let segment = segment.checked().map_err(refused)?;
    let Definitions { mut own, version } = app.segments.definitions().await?;
    let expected = request.headers().get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    if expected.is_some_and(|expected| expected != "*" && expected.trim_matches('"') != version.to_string()) {
        return Err(Failure::Outdated);
    }
    match own.iter().position(|known| known.name == segment.name) {
        Some(place) => own[place] = segment.clone(),
        None if own.len() >= MOST_SEGMENTS => return Err(refused(SegmentError::Many)),
        None => own.push(segment.clone()),
    }
    let version = app.segments.put_definitions(own, version).await.map_err(|error| match error {
        StoreError::Conflict { .. } => Failure::Outdated,
        error => error.into(),
    })?;
    Ok(with_version(answer::private(StatusCode::OK, &described(&segment)), version))
}

/// `POST /v1/segments/preview`: how many a rule would mean, and some of them with the evidence.
pub(crate) async fn preview(app: &App, request: &Request, now: Timestamp) -> Result<Response, Failure> {
    caller::require(&*app.keyring(now).await?, request.headers(), (Scope::Read, "read"), now)?;
    let told: PreviewRule = read_json(request.body(), LARGEST_BODY)?;
    let rule = rule(app, &told.rule, now).await?;
    let limit = told.limit.unwrap_or(10).min(LARGEST_SAMPLE);
    let cut_offs = app.segments.cut_offs().await?.unwrap_or_else(|| CutOffs::prior(app.config.currency));
    app.live.keep_fresh(now).await;
    let shop = app.live.shop();
    let (mut count, mut looked_at, mut sample, mut next) = (0, 0, Vec::new(), None);
    for _ in 0..PREVIEW_PAGES {
        let (people, more) = app.profiles.people(next).await?;
        let own = people.iter().filter(|(_, stored)| !stored.is_owned()).filter_map(|(_, stored)| stored.profile.as_ref().ok());
        for profile in own.filter(|profile| !profile.is_empty() && profile.may_personalize(app.config.consent)) {
            let facts = Facts::of(profile, Basis { currency: app.config.currency, cut_offs: &cut_offs, catalog: shop.model() });
            looked_at += 1;
            if rule.holds(&facts, now) {
                count += 1;
                if sample.len() < limit {
                    let evidence: Vec<String> = rule.evidence(&facts, now).iter().map(ToString::to_string).collect();
                    sample.push(json!({ "id": profile.subject.id(), "kind": profile.subject.kind(), "evidence": evidence }));
                }
            }
        }
        next = more;
        if next.is_none() {
            break;
        }
    }
    let body = json!({ "rule": rule.to_string(), "count": count, "looked_at": looked_at, "complete": next.is_none(), "sample": sample });
    Ok(answer::private(StatusCode::OK, &body))
}

/// All segments of the shop, and where quintiles and tiers begin.
pub(crate) async fn definitions(app: &App) -> Result<(Segments, CutOffs), Failure> {
    let (definitions, cut_offs) = tokio::try_join!(app.segments.definitions(), app.segments.cut_offs())?;
    Ok((Segments::with(definitions.own), cut_offs.unwrap_or_else(|| CutOffs::prior(app.config.currency))))
}

/// Where the customer of `facts` belongs, by name; and for each since when and why. Worked out now; what is stored adds the beginnings. Nowhere
/// for who may not be in any.
pub(crate) fn of_customer(facts: &Facts<'_>, may_belong: bool, (segments, before): (&Segments, &Standing), now: Timestamp) -> (Json, Json) {
    if !may_belong {
        return (json!([]), json!([]));
    }
    let standing = Standing::after(before, segments, facts, now);
    let told = standing.memberships.iter().filter_map(|membership| {
        let segment = segments.named(&membership.segment)?;
        let evidence: Vec<String> = segment.rule.evidence(facts, now).iter().map(ToString::to_string).collect();
        let until = segment.rule.next_change_at(facts, now).map(|at| at.to_string());
        let entered = membership.transition(&facts.profile().subject).id;
        Some(json!({
            "segment": segment.name, "title": title(segment), "since": membership.since.to_string(), "entered": entered,
            "evidence": evidence, "next_change_at": until
        }))
    });
    let names: Vec<&str> = standing.memberships.iter().map(|membership| membership.segment.as_str()).collect();
    (json!(names), Json::Array(told.collect()))
}

/// Everything held of a standing, in words.
pub(crate) fn exported(subject: &Subject, standing: &Standing) -> Json {
    let memberships = standing
        .memberships
        .iter()
        .map(|one| json!({ "segment": one.segment, "since": one.since.to_string(), "entered": one.transition(subject).id }));
    let left =
        standing.left.iter().map(|one| json!({ "segment": one.segment, "at": one.at.to_string(), "left": one.transition(subject).id }));
    let next = standing.next_change_at.map(|at| at.to_string());
    json!({ "memberships": memberships.collect::<Vec<_>>(), "left": left.collect::<Vec<_>>(), "next_change_at": next })
}

/// A rule that can mean somebody here.
async fn rule(app: &App, text: &str, now: Timestamp) -> Result<Rule, Failure> {
    let rule = Rule::parse(text).map_err(|error| Flaw { field: "rule", message: format!("is no rule: {error}") })?;
    if rule.asks_model() {
        app.live.keep_fresh(now).await;
        let shop = app.live.shop();
        let personas = shop.model().and_then(|model| model.meta().personas.as_ref());
        if let Some(missing) = personas.and_then(|personas| rule.missing_persona(personas)) {
            return Err(Flaw { field: "rule", message: format!("means nobody: {missing}") }.into());
        }
    }
    Ok(rule)
}

fn refused(error: SegmentError) -> Failure {
    let field = match error {
        SegmentError::Long(field) => field,
        SegmentError::Name(_) | SegmentError::Many => "name",
    };
    Flaw { field, message: format!("is refused: {error}") }.into()
}

fn described(segment: &Segment) -> Json {
    let rule = segment.rule.to_string();
    json!({ "name": segment.name, "title": title(segment), "description": segment.description, "rule": rule, "active": segment.active })
}

/// What people call it: its own title, or that of the ready one it replaced, or the name.
fn title(segment: &Segment) -> String {
    if !segment.title.is_empty() {
        return segment.title.clone();
    }
    ready().into_iter().find(|known| known.name == segment.name).map_or_else(|| segment.name.to_string(), |known| known.title)
}

/// A cell of a CSV file.
fn cell(text: &str) -> String {
    let cell = spreadsheet::text(text);
    if cell.contains([',', '"', '\n', '\r']) || cell != text { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.into_owned() }
}

fn paging(query: &str) -> Result<(usize, Option<Cursor>), Failure> {
    let (mut limit, mut cursor) = (MEMBERS.0, None);
    for (name, value) in wire::pairs(query) {
        match name.as_str() {
            "limit" => {
                let told = value.parse().ok().filter(|limit| (1..=MEMBERS.1).contains(limit));
                limit = told.ok_or_else(|| Flaw { field: "limit", message: format!("must be a number from 1 to {}", MEMBERS.1) })?;
            }
            "cursor" => {
                let bytes = BASE64_URL_SAFE_NO_PAD.decode(&value).ok();
                cursor = Some(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(bad_cursor)?);
            }
            _ => {}
        }
    }
    Ok((limit, cursor))
}

fn bad_cursor() -> Failure {
    Flaw { field: "cursor", message: "must be the `next` of an answer of this path".to_owned() }.into()
}

fn encoded(cursor: &Cursor) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

fn with_version(mut response: Response, version: u64) -> Response {
    answer::set(&mut response, header::ETAG, &format!("\"{version}\""));
    response
}
