// Takes messages as a workflow of Teams does, and has Microsoft's own library for cards read them. What it would not show is refused.
const http = require("node:http");
const { AdaptiveCard, Image, SerializationContext, TextBlock, TextSize, Versions } = require(`${process.argv[2]}/node_modules/adaptivecards/dist/adaptivecards.js`);

const [port, secret] = process.argv.slice(3);
const CARD = "application/vnd.microsoft.card.adaptive";
const shown = [];

/** The card as it is shown; throws what is wrong with it. */
function read(attachment) {
  if (attachment.contentType !== CARD) throw new Error(`the attachment is ${attachment.contentType}`);
  const context = new SerializationContext(Versions.v1_4);
  const card = new AdaptiveCard();
  card.parse(attachment.content, context);
  const wrong = Array.from({ length: context.eventCount }, (_, i) => context.getEventAt(i).message);
  wrong.push(...card.validateProperties().validationEvents.map((event) => event.message));
  const items = Array.from({ length: card.getItemCount() }, (_, i) => card.getItemAt(i));
  wrong.push(...items.filter((item) => item instanceof Image && !item.url).map(() => "a picture has no address"));
  if (wrong.length || !items.length) throw new Error(wrong.join("; ") || "the card is empty");
  return items.map((item) => {
    if (item instanceof TextBlock) return { text: item.text, size: TextSize[item.size] ?? null, wraps: item.wrap };
    if (item instanceof Image) return { picture: item.url, alt: item.altText ?? "" };
    return { type: item.getJsonTypeName() };
  });
}

function take(body) {
  const message = JSON.parse(body);
  if (message.type !== "message" || !message.attachments?.length) throw new Error("it is no message with a card");
  shown.push(...message.attachments.map(read));
}

const server = http.createServer((request, answer) => {
  const url = new URL(request.url, "http://localhost");
  const say = (status, said) => answer.writeHead(status, { "content-type": "application/json" }).end(said && JSON.stringify(said));
  if (url.pathname === "/shown") return say(200, shown);
  if (request.method !== "POST" || url.searchParams.get("sig") !== secret) return say(401, { error: { code: "DirectApiAuthorizationRequired" } });
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    try {
      take(Buffer.concat(pieces).toString());
      say(202);
    } catch (error) {
      say(400, { error: { code: "InvalidCard", message: error.message } });
    }
  });
});
server.listen(Number(port), "127.0.0.1");
