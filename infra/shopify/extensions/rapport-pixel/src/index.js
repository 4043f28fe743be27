// Tells Rapport what a visitor looks at, puts in the cart and buys. It runs in Shopify's sandbox, on the checkout too, and only where
// the visitor allowed analytics. Everything it says is a claim: the orders' webhooks are what counts as revenue.

import { register } from "@shopify/web-pixels-extension";

const product = (variant) => ({
  product_id: variant.product?.id ?? variant.id,
  sku: variant.sku ?? undefined,
  name: variant.product?.title,
  brand: variant.product?.vendor,
  category: variant.product?.type || undefined,
  price: variant.price?.amount,
  currency: variant.price?.currencyCode,
});

const line = (item) => ({ ...product(item.variant ?? item.merchandise ?? {}), quantity: item.quantity });

// Shopify's events, and what each is in Segment's words.
const EVENTS = {
  product_viewed: (data) => ["Product Viewed", product(data.productVariant)],
  collection_viewed: (data) => ["Product List Viewed", { category: data.collection?.title }],
  search_submitted: (data) => ["Products Searched", { query: data.searchResult?.query }],
  product_added_to_cart: (data) => data.cartLine && ["Product Added", line(data.cartLine)],
  product_removed_from_cart: (data) => data.cartLine && ["Product Removed", line(data.cartLine)],
  checkout_completed: ({ checkout }) => [
    "Order Completed",
    {
      order_id: checkout.order?.id,
      revenue: checkout.subtotalPrice?.amount,
      shipping: checkout.shippingLine?.price?.amount,
      tax: checkout.totalTax?.amount,
      currency: checkout.currencyCode,
      products: checkout.lineItems.map(line),
    },
  ],
};

register(({ analytics, init, settings, customerPrivacy }) => {
  let privacy = init.customerPrivacy;
  customerPrivacy?.subscribe("visitorConsentCollected", (event) => {
    privacy = event.customerPrivacy;
  });

  const send = (message) =>
    fetch(`${settings.host}/v1/beacon?k=${settings.writeKey}`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: JSON.stringify({ batch: [message], sentAt: new Date().toISOString() }),
      keepalive: true,
    }).catch(() => {}); // A shopper never notices that nobody listens.

  const message = (event, rest) => ({
    messageId: event.id,
    anonymousId: event.clientId,
    timestamp: event.timestamp,
    context: { customerPrivacy: privacy, page: { path: event.context?.document?.location?.pathname } },
    ...rest,
  });

  analytics.subscribe("page_viewed", (event) => send(message(event, { type: "page" })));
  for (const [name, told] of Object.entries(EVENTS)) {
    analytics.subscribe(name, (event) => {
      const said = told(event.data);
      if (said) send(message(event, { type: "track", event: said[0], properties: said[1] }));
    });
  }
});
