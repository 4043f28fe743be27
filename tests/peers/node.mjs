// Says what a shop's backend says, through Segment's own library for Node, unchanged.
// RAPPORT_URL and RAPPORT_KEY say where to and as whom.

import { Analytics } from "@segment/analytics-node";

const failures = [];
const segment = new Analytics({ writeKey: process.env.RAPPORT_KEY, host: process.env.RAPPORT_URL, maxRetries: 1 });
segment.on("error", (error) => failures.push(error));

const userId = "peer-node";
segment.identify({ userId, anonymousId: "device-node", traits: { email: "Grace@example.org", country: "US", name: "Grace" } });
segment.track({
  userId,
  event: "Product Added",
  properties: { product_id: "bread-1", name: "Sourdough", price: 10, currency: "EUR", quantity: 1 },
});
segment.page({ userId, name: "Baking", properties: { path: "/guides/baking" } });
segment.alias({ userId, previousId: "device-node-old" });
await segment.closeAndFlush();

if (failures.length > 0) {
  console.error("not delivered:", failures);
  process.exit(1);
}
