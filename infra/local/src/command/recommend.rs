//! `rapport recommend`: what a visitor would be shown, and why.

use super::{Failure, Shop, ask::segment, shop::Open};
use clap::Args;
use http::Method;
use rapport_core::{id::ItemId, ranking};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// The fields of `POST /v1/recommendations`.
#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// Where the answer will stand: home, product, cart, search, category, email, or the shop's own name.
    #[arg(long)]
    placement: Option<String>,
    /// The customer's id.
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// The device's anonymous id.
    #[arg(long, value_name = "ID", alias = "device")]
    anonymous_id: Option<String>,
    /// The product looked at.
    #[arg(long, value_name = "ID")]
    item: Option<String>,
    /// What is in the cart; repeat it for more, or part them by commas.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    cart: Vec<String>,
    /// Recent items, newest last.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    session: Vec<String>,
    /// How many items, 1 to 100.
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// Narrows to a category.
    #[arg(long)]
    category: Option<String>,
    /// Never these.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    exclude: Vec<String>,
    /// Only what fits, for example `price_minor < 3000 and in_stock`.
    #[arg(long)]
    filter: Option<String>,
    /// Share of slots outside the habit, 0 to 0.5.
    #[arg(long)]
    discovery: Option<f32>,
}

/// Asks, and prints the answer.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let open = shop.open().await?;
    let told = ask(&open, &arguments).await;
    open.close().await;
    let (answer, unknown) = told?;
    match shop.json {
        true => say!("{answer:#}"),
        false => say!("{}{}", page(&answer).trim_end(), unknown.iter().map(|line| format!("\n  {line}")).collect::<String>()),
    }
    Ok(())
}

/// The answer, and a line for each name in the question that stands for nothing here: a storefront is answered all the same, but who types
/// wants to know.
async fn ask(open: &Open, arguments: &Arguments) -> Result<(Value, Vec<String>), Failure> {
    let answer = open.ask(Method::POST, "/v1/recommendations", Some(&arguments.body())).await?;
    let mut unknown = arguments.unknown_items(&open.functions().recommend.live_shop());
    if let Some(id) = &arguments.customer {
        match open.ask(Method::GET, &format!("/v1/customers/{}", segment(id)), None).await {
            Err(Failure::Answer { status: 404, .. }) => {
                unknown.push(format!("Nobody is called `{id}` here; this is what a stranger is shown."))
            }
            other => drop(other?),
        }
    }
    Ok((answer, unknown))
}

impl Arguments {
    fn unknown_items(&self, shop: &ranking::Shop) -> Vec<String> {
        let named = self.item.iter().chain(&self.cart).chain(&self.session);
        let is_known = |id: &str| ItemId::new(id).is_ok_and(|id| shop.index_of(&id).is_some());
        named.filter(|id| !is_known(id)).map(|id| format!("No item is called `{id}` here; it says nothing.")).collect()
    }

    /// As JSON, without what was not said.
    fn body(&self) -> Value {
        let placement = self.placement.clone().unwrap_or_else(|| match (&self.item, self.cart.is_empty()) {
            (Some(_), _) => "product".to_owned(),
            (None, false) => "cart".to_owned(),
            (None, true) => "home".to_owned(),
        });
        let mut body = Map::from_iter([("placement".to_owned(), placement.into()), ("limit".to_owned(), self.limit.into())]);
        let texts = [
            ("customer", &self.customer),
            ("anonymous_id", &self.anonymous_id),
            ("item", &self.item),
            ("category", &self.category),
            ("filter", &self.filter),
        ];
        body.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into()))));
        let lists = [("cart", &self.cart), ("session", &self.session), ("exclude", &self.exclude)];
        body.extend(lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name.to_owned(), list.clone().into())));
        body.extend(self.discovery.map(|share| ("discovery".to_owned(), share.into())));
        Value::Object(body)
    }
}

fn page(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut page = format!("{}, strategy {}", text(&answer["placement"]), text(&answer["strategy"]));
    if let Some(fallback) = answer["fallback"].as_str() {
        let _ = write!(page, " ({})", fallback.replace('_', " "));
    }
    let _ = writeln!(page, ", model {}", answer["model"].as_str().unwrap_or("none yet"));
    let items = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let title = |item: &Value| item["attributes"]["title"].as_str().unwrap_or_default().to_owned();
    let widest = |text: &dyn Fn(&Value) -> String| items.iter().map(|item| text(item).chars().count()).max().unwrap_or_default();
    let (ids, titles) = (widest(&|item| text(&item["id"])), widest(&title));
    for (place, item) in items.iter().enumerate() {
        let (id, title, why) = (text(&item["id"]), title(item), text(&item["why"]["text"]));
        let score = item["score"].as_f64().unwrap_or_default();
        let _ = writeln!(page, "{:>3}  {id:<ids$}  {score:.3}  {title:<titles$}  {why}", place + 1);
    }
    if items.is_empty() {
        page.push_str("  Nothing may be shown: is there a catalog or a history? `rapport import FILE…` brings one.\n");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use serde_json::json;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn the_placement_follows_from_what_is_said() {
        let body = |line: &[&str]| Line::parse_from([&["x"], line].concat()).arguments.body();
        assert_eq!(body(&[]), json!({ "placement": "home", "limit": 10 }));
        assert_eq!(body(&["--item", "a", "--limit", "3"]), json!({ "placement": "product", "item": "a", "limit": 3 }));
        assert_eq!(body(&["--cart", "a,b"]), json!({ "placement": "cart", "cart": ["a", "b"], "limit": 10 }));
        assert_eq!(body(&["--item", "a", "--placement", "email"])["placement"], "email");
    }
}
