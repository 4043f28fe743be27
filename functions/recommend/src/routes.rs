//! Which path means what: one list that the router matches and that `/openapi.json` is written from.

use http::Method;

/// Everything that can be asked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// An answer for a visitor.
    Recommend,
    /// The caller's items, in order.
    Rank,
    /// Alike an item.
    Similar,
    /// Goes with an item.
    Together,
    /// A living profile.
    Customer,
    /// Everything held about a customer.
    Export,
    /// Forget a customer.
    Erase,
    /// What became of an erasure.
    Erasure,
    /// What a customer agreed to.
    Consent,
    /// What a customer agrees to from now on.
    SetConsent,
    /// An id that is a customer's, too.
    Merge,
    /// An id that is not a customer's after all.
    Unmerge,
    /// The kinds of shoppers.
    Personas,
    /// New and changed items.
    PutItems,
    /// The merchandising rules.
    Rules,
    /// Other merchandising rules.
    PutRules,
    /// The segments, with sizes.
    Segments,
    /// Who belongs to a segment.
    Members,
    /// A segment with another rule, or a new one.
    PutSegment,
    /// Whom a rule would mean.
    Preview,
    /// What is live, and how it scored.
    Model,
    /// What the shop's data looks like.
    Audit,
    /// This list, for machines.
    OpenApi,
    /// The page for people.
    Page,
}

/// Why no route fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// No such path.
    Path,
    /// The path, with another method.
    Method,
}

/// Method, path, route, who may call it, what it does.
pub const ROUTES: [(Method, &str, Route, &str, &str); 25] = [
    (Method::GET, "/v1/recommendations", Route::Recommend, "write", "What this device should see, by query string"),
    (Method::POST, "/v1/recommendations", Route::Recommend, "write", "What this visitor should see, by JSON"),
    (Method::POST, "/v1/rank", Route::Rank, "write", "The caller's own items, in order"),
    (Method::GET, "/v1/similar/{item}", Route::Similar, "none", "Items alike one; cacheable"),
    (Method::GET, "/v1/together/{item}", Route::Together, "none", "Items that go with one; cacheable"),
    (Method::GET, "/v1/customers/{id}", Route::Customer, "read", "The living profile"),
    (Method::GET, "/v1/customers/{id}/export", Route::Export, "privacy", "Everything held, for a data-subject request"),
    (Method::DELETE, "/v1/customers/{id}", Route::Erase, "privacy", "Forget the customer"),
    (Method::GET, "/v1/erasures/{receipt}", Route::Erasure, "privacy", "What became of an erasure, store by store"),
    (Method::GET, "/v1/customers/{id}/consent", Route::Consent, "privacy", "What the customer agreed to"),
    (Method::PUT, "/v1/customers/{id}/consent", Route::SetConsent, "privacy", "What the customer agrees to from now on"),
    (Method::POST, "/v1/customers/{id}/merge", Route::Merge, "admin", "Another id is this customer's, whatever senders say"),
    (Method::POST, "/v1/customers/{id}/unmerge", Route::Unmerge, "admin", "Another id is not this customer's, whatever senders say"),
    (Method::GET, "/v1/personas", Route::Personas, "read", "The kinds of shoppers, with their cards and their history"),
    (Method::PUT, "/v1/catalog/items", Route::PutItems, "catalog", "New and changed items, as a JSON array"),
    (Method::GET, "/v1/rules", Route::Rules, "catalog", "The merchandising rules, with their ETag"),
    (Method::PUT, "/v1/rules", Route::PutRules, "catalog", "Other merchandising rules; honours If-Match"),
    (Method::GET, "/v1/segments", Route::Segments, "read", "The segments with their rules and sizes, with their ETag"),
    (Method::GET, "/v1/segments/{name}/members", Route::Members, "read", "Who belongs to a segment; CSV by Accept"),
    (Method::PUT, "/v1/segments/{name}", Route::PutSegment, "catalog", "A segment with another rule, or a new one; honours If-Match"),
    (Method::POST, "/v1/segments/preview", Route::Preview, "read", "Whom a rule would mean, before it is saved"),
    (Method::GET, "/v1/models/current", Route::Model, "read", "What is live, how it scored, on what data"),
    (Method::GET, "/v1/data-audit", Route::Audit, "read", "Sources, freshness, gaps, jumps, duplicates and rejects of the shop's data"),
    (Method::GET, "/openapi.json", Route::OpenApi, "none", "This document"),
    (Method::GET, "/", Route::Page, "none", "A page for people"),
];

/// The route of `method` and `path`, and what stands in the path's braces, still percent-encoded.
///
/// # Errors
/// [`Miss`] tells an unknown path from a wrong method.
pub fn find<'a>(method: &Method, path: &'a str) -> Result<(Route, Option<&'a str>), Miss> {
    let mut miss = Miss::Path;
    for (expected, pattern, route, ..) in &ROUTES {
        let Some(argument) = matches(pattern, path) else { continue };
        // HEAD is GET without a body, which the front leaves out.
        if expected == method || (*expected == Method::GET && *method == Method::HEAD) {
            return Ok((*route, argument));
        }
        miss = Miss::Method;
    }
    Err(miss)
}

/// `Some(argument)` when `path` has the form of `pattern`, which has at most one pair of braces.
fn matches<'a>(pattern: &str, path: &'a str) -> Option<Option<&'a str>> {
    let Some((before, rest)) = pattern.split_once('{') else { return (pattern == path).then_some(None) };
    let (_, after) = rest.split_once('}')?;
    let argument = path.strip_prefix(before)?.strip_suffix(after)?;
    (!argument.is_empty() && !argument.contains('/')).then_some(Some(argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_by_its_own_path() {
        for (method, pattern, route, ..) in &ROUTES {
            let path = pattern.replace("{item}", "85123A").replace("{id}", "12748").replace("{receipt}", "er_1").replace("{name}", "loyal");
            assert_eq!(find(method, &path).map(|(found, _)| found), Ok(*route), "{method} {path}");
        }
    }

    #[test]
    fn near_misses_miss() {
        for (method, path, miss) in [
            (Method::GET, "/v1/similar/", Miss::Path),
            (Method::GET, "/v1/similar/a/b", Miss::Path),
            (Method::GET, "/v1/nothing", Miss::Path),
            (Method::POST, "/v1/similar/a", Miss::Method),
            (Method::PATCH, "/v1/rules", Miss::Method),
        ] {
            assert_eq!(find(&method, path), Err(miss), "{method} {path}");
        }
        assert_eq!(find(&Method::GET, "/v1/customers/a%2Fb"), Ok((Route::Customer, Some("a%2Fb"))));
    }
}
